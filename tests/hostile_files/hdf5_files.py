"""HDF5 files that lead elsewhere: links, storage in other files, filters, circles and claims (CVE-2026-1669).

Each array stands where the first weight of the network belongs, in a `.weights.h5` file and inside a `.keras` archive.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from typing import Any

import h5py
import numpy as np

from benchmarks.fuzz.readers import legacy_h5, small_model, written

from .archives import keras_file

Case = tuple[str, Callable[[], bytes]]
PLACE = "layers/dense/vars/0"
VALUE = np.zeros((3, 2), np.float32)


def good() -> bytes:
    return written(".weights.h5", small_model(False).save_weights)


def changed(change: Callable[[h5py.File], Any]) -> bytes:
    """Return a good file of weights without its first array, after `change`."""
    file = io.BytesIO(good())
    with h5py.File(file, "r+") as store:
        del store[PLACE]
        change(store)
    return file.getvalue()


def put(*arguments: Any, **options: Any) -> Callable[[h5py.File], Any]:
    return lambda store: store.create_dataset(PLACE, *arguments, **options)


def link(target: Any) -> Callable[[h5py.File], Any]:
    def change(store: h5py.File) -> None:
        store["layers/dense/vars"]["0"] = target

    return change


def virtual(store: h5py.File) -> None:
    layout = h5py.VirtualLayout((3, 2), "float32")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (3, 2))
    store.create_virtual_dataset(PLACE, layout)


def group_outside(store: h5py.File) -> None:
    del store["layers"]
    store["layers"] = h5py.ExternalLink("/etc/passwd", "/layers")


def circle(store: h5py.File) -> None:
    for name in "abcdefgh":
        store[f"layers/{name}"] = store["layers"]
        store[f"layers/dense/{name}"] = store["layers"]


def deep(store: h5py.File) -> None:
    store.create_group("/".join("x" * 500))


CHANGES: dict[str, Callable[[h5py.File], Any]] = {
    "an external link": link(h5py.ExternalLink("/etc/passwd", "x")),
    "a soft link": link(h5py.SoftLink("/layers/dense/vars/1")),
    "a soft link to itself": link(h5py.SoftLink("/layers/dense/vars/0")),
    "a group in another file": group_outside,
    "storage in another file": put((3, 2), "float32", external=[("/etc/passwd", 0, 24)]),
    "a virtual array": virtual,
    "a filter": put(data=VALUE, compression="gzip"),
    "a checksum filter": put(data=VALUE, fletcher32=True),
    "pieces": put(data=VALUE, chunks=(1, 1)),
    "a terabyte": put((2**20, 2**18), "float32"),
    "nothing on disk": put((3, 2), "float32"),
    "texts": put(data=np.array([["a", "b"]] * 3, object), dtype=h5py.string_dtype()),
    "compounds": put(data=np.zeros((3, 2), [("a", "f4")])),
    "references": put((3, 2), h5py.ref_dtype),
    "an enumeration": put(data=VALUE.astype(bool)),
    "complex numbers": put(data=VALUE.astype(complex)),
    "integers": put(data=VALUE.astype(int)),
    "no elements": put(data=h5py.Empty("float32")),
    "a group": lambda store: store.create_group(PLACE),
}
WALKS = {"a circle of groups": circle, "groups in groups": deep}


def patched(data: bytes, old: bytes, new: Callable[[int], bytes], nth: int = 0) -> bytes:
    """Change the bytes at the nth place where `old` stands."""
    place = -1
    for _ in range(nth + 1):
        place = data.index(old, place + 1)
    replacement = new(place)
    return data[:place] + replacement + data[place + len(replacement) :]


def heap(size: int) -> bytes:
    """Let the text of a configuration claim another length than its heap has."""
    data = legacy_h5()[0]
    place = data.index(b"model_config\0")
    text = data.index(struct.pack("<I", len(small_model(False).to_json())), place)
    return data[:text] + struct.pack("<I", size) + data[text + 4 :]


def circular_tree() -> bytes:
    """Let the index of the root group have itself as its child."""
    return patched(good(), b"TREE", lambda place: b"TREE\0\1\1\0" + b"\xff" * 16 + bytes(8) + struct.pack("<Q", place))


def circular_header() -> bytes:
    """Let the first object's header go on in itself."""
    data = good()
    root = struct.unpack("<Q", data[64:72])[0]
    more = struct.pack("<HHBxxx", 0x10, 16, 0) + struct.pack("<QQ", root + 16, 24)
    return data[: root + 16] + more + data[root + 16 + len(more) :]


def many_texts() -> bytes:
    """Let an attribute hold one long text two thousand times."""
    file = io.BytesIO(legacy_h5()[0])
    with h5py.File(file, "r+") as store:
        store["model_weights"].attrs["layer_names"] = np.array(["x" * 50_000] + ["y"] * 1999, object)
    data = file.getvalue()
    place = data.index(struct.pack("<I", 50_000))
    return data[:place] + data[place : place + 16] * 2000 + data[place + 32_000 :]


def damaged_heap() -> bytes:
    return patched(legacy_h5()[0], b"GCOL", lambda place: b"GCOL\7")


CASES: dict[str, Case] = {
    **{f"weights.h5: {name}": ("weights.h5", lambda c=change: changed(c)) for name, change in CHANGES.items()},
    **{f"weights.h5: {name}": ("weights.h5", lambda c=change: changed(c)) for name, change in WALKS.items()},
    **{
        f"keras: weights that are {name}": ("keras", lambda c=CHANGES[name]: keras_file(weights=changed(c)))
        for name in ("an external link", "storage in another file", "a virtual array", "a terabyte", "a filter")
    },
    "h5: a text of four gigabytes": ("h5", lambda: heap(2**32 - 1)),
    "h5: a text longer than its heap": ("h5", lambda: heap(60_000)),
    "h5: one text many times": ("h5", many_texts),
    "h5: a damaged heap of texts": ("h5", damaged_heap),
    "weights.h5: an index in a circle": ("weights.h5", circular_tree),
    "weights.h5: a header in a circle": ("weights.h5", circular_header),
    "weights.h5: half a file": ("weights.h5", lambda: good()[:3000]),
    "weights.h5: a pickle": ("weights.h5", lambda: b"\x80\x04cos\nsystem\n(S'touch pwned'\ntR."),
    "weights.h5: only its first bytes": ("weights.h5", lambda: b"\x89HDF\r\n\x1a\n" + b"\xff" * 200),
}
