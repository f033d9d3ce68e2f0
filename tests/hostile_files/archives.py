"""Zip archives that lie: about sizes, names and what they hold; for `.keras`, `.npz` models and `.npz` data.

CVE-2026-0897 (bombs), CVE-2026-12479 (names that climb out of a folder) and pickles in the place of arrays.
"""

from __future__ import annotations

import functools
import io
import pickle  # noqa: TID251 - to show that it is refused
import struct
import zipfile
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from benchmarks.fuzz.readers import small_model, written

Case = tuple[str, Callable[[], bytes]]
METADATA, CONFIG, WEIGHTS = "metadata.json", "config.json", "model.weights.h5"
STORED, DEFLATED = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED


@functools.cache
def good_members() -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(written(".keras", small_model(False).save))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(members: Iterable[tuple[Any, bytes]], method: int = STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return file.getvalue()


def keras_file(config: bytes | None = None, weights: bytes | None = None, method: int = STORED, **more: bytes) -> bytes:
    members = dict(good_members())
    members |= {} if config is None else {CONFIG: config}
    members |= {} if weights is None else {WEIGHTS: weights}
    return zipped([*members.items(), *more.items()], method)


def with_member(name: str, data: bytes = b"x") -> bytes:
    return zipped([*good_members().items(), (name, data)])


def in_place(data: bytes, old: bytes, new: bytes) -> bytes:
    """Change a name in the archive itself, to what `zipfile` would not write."""
    assert len(old) == len(new)
    assert old in data
    return data.replace(old, new)


def twice() -> bytes:
    return in_place(with_member("config.jsoo"), b"config.jsoo", CONFIG.encode())


def claiming(data: bytes, name: str, size: int) -> bytes:
    """Let the central directory claim another unpacked size."""
    place = data.rindex(name.encode()) - 46
    assert data[place : place + 4] == b"PK\1\2"
    return data[: place + 24] + struct.pack("<I", size) + data[place + 28 :]


def overlapping() -> bytes:
    """Let a thousand entries share the bytes of one member (Fifield, A better zip bomb)."""
    data = keras_file(weights=bytes(10**6), method=DEFLATED)
    start = data.index(b"PK\1\2")
    end = data.rindex(b"PK\5\6")
    entries = [data[start:end]]
    one = data[data.rindex(WEIGHTS.encode()) - 46 : data.rindex(WEIGHTS.encode()) + len(WEIGHTS)]
    entries += [one.replace(WEIGHTS.encode(), f"a{i:015d}".encode()) for i in range(1000)]
    directory = b"".join(entries)
    tail = bytearray(data[end:])
    struct.pack_into("<HHII", tail, 8, 1003, 1003, len(directory), start)
    return data[:start] + directory + bytes(tail)


def npy(header: str, data: bytes = b"", version: bytes = b"\1\0") -> bytes:
    text = header.encode("latin1").ljust(118) + b"\n"
    length = struct.pack("<H" if version == b"\1\0" else "<I", len(text))
    return b"\x93NUMPY" + version + length + text + data


def npy_of(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


class Explodes:
    def __reduce__(self) -> Any:
        return print, ("pwned",)


def objects() -> bytes:
    return npy_of(np.array([Explodes(), 1], object))


def giant(shape: str = "(1099511627776,)") -> bytes:
    return npy(f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}", b"1234")


ARRAYS: dict[str, Callable[[], bytes]] = {
    "a pickle": objects,
    "more numbers than bytes": giant,
    "a size beyond every integer": lambda: giant(f"({10**30},)"),
    "a negative size": lambda: giant("(-1,)"),
    "a size that is code": lambda: giant("(__import__('os').getpid(),)"),
    "a shape of many axes": lambda: giant("(" + "1," * 70 + ")"),
    "brackets in the header": lambda: npy("(" * 5000),
    "minus signs in the header": lambda: npy("{'descr': " + "-" * 9000 + "1}"),
    "a long header": lambda: npy(" " * 20_000_000, version=b"\2\0"),
    "a dtype with fields": lambda: npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", b"1234"),
    "a dtype that is giant": lambda: npy("{'descr': '<V1000000000', 'fortran_order': False, 'shape': (), }"),
    "text": lambda: npy_of(np.array(["a", "b"])),
    "half an array": lambda: npy_of(np.arange(100.0))[:300],
    "nothing": lambda: b"",
}


def bomb_of(name: str, size: int = 2 * 10**7) -> bytes:
    return zipped([(name, npy_of(np.zeros(size, np.uint8)))], DEFLATED)


def data_archive(member: bytes, method: int = STORED) -> bytes:
    return zipped([("x_train.npy", member), ("y_train.npy", npy_of(np.arange(2)))], method)


def model_archive(member: bytes) -> bytes:
    data = written(".npz", small_model(False).save)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    return zipped((members | {"layers/dense/kernel.npy": member}).items())


CASES: dict[str, Case] = {
    "keras: config that is a bomb": ("keras", lambda: keras_file(config=b" " * 2 * 10**7, method=DEFLATED)),
    "keras: weights that are a bomb": ("keras", lambda: keras_file(weights=bytes(2 * 10**7), method=DEFLATED)),
    "keras: a claim of four gigabytes": ("keras", lambda: claiming(keras_file(), WEIGHTS, 2**32 - 2)),
    "keras: a claim of less": ("keras", lambda: claiming(keras_file(), WEIGHTS, 10)),
    "keras: members that overlap": ("keras", overlapping),
    "keras: many members": ("keras", lambda: zipped((f"m{i}", b"") for i in range(12_000))),
    "keras: a zip in a zip": ("keras", lambda: keras_file(weights=keras_file())),
    "keras: a name that climbs": ("keras", lambda: with_member("../../pwned")),
    "keras: an absolute name": ("keras", lambda: with_member("/etc/pwned")),
    "keras: a name of Windows": ("keras", lambda: with_member("C:\\pwned")),
    "keras: a folder": ("keras", lambda: with_member("assets/pwned")),
    "keras: a long name": ("keras", lambda: with_member("m" * 300)),
    "keras: a name of other letters": ("keras", lambda: with_member("m\u202egnp.exe")),
    "keras: a name with a line's end": ("keras", lambda: with_member("pwned\n")),
    "keras: a name that is the folder above": ("keras", lambda: in_place(with_member("qq"), b"qq", b"..")),
    "keras: the same name twice": ("keras", lambda: twice()),
    "keras: without weights": ("keras", lambda: zipped(list(good_members().items())[:2])),
    "keras: an unknown method": ("keras", lambda: keras_file(method=zipfile.ZIP_LZMA)),
    "keras: an encrypted member": ("keras", lambda: _encrypted()),
    "keras: half a file": ("keras", lambda: keras_file()[:-500]),
    "keras: a pickle": ("keras", lambda: pickle.dumps(Explodes())),
    "keras: a torch file": ("keras", lambda: zipped([("archive/data.pkl", pickle.dumps(Explodes()))])),
    "keras: compressed nonsense": ("keras", lambda: _nonsense()),
    "npz: a bomb": ("npz", lambda: bomb_of("layers/dense/kernel.npy")),
    "npz: a text that is a bomb": ("npz", lambda: bomb_of("description.npy")),
    "npz: a name that climbs": ("npz", lambda: zipped([("../../pwned.npy", npy_of(np.zeros(3)))])),
    "npz: many members": ("npz", lambda: zipped((f"m{i}.npy", b"") for i in range(12_000))),
    "npz: a pickle": ("npz", lambda: pickle.dumps(Explodes())),
    "arrays: a bomb": ("arrays", lambda: bomb_of("x_train.npy", 8 * 10**7)),
    "arrays: a name that climbs": ("arrays", lambda: zipped([("../x_train.npy", npy_of(np.zeros(3)))])),
    "arrays: many members": ("arrays", lambda: zipped((f"m{i}.npy", b"") for i in range(12_000))),
    **{f"npz: {name}, as weights": ("npz", lambda m=make: model_archive(m())) for name, make in ARRAYS.items()},
    **{f"arrays: {name}": ("arrays", lambda m=make: data_archive(m())) for name, make in ARRAYS.items()},
    **{f"array: {name}": ("array", make) for name, make in ARRAYS.items()},
}  # fmt: skip


def _encrypted() -> bytes:
    data = bytearray(keras_file())
    place = data.rindex(WEIGHTS.encode()) - 46
    data[place + 8] |= 1
    return bytes(data)


def _nonsense() -> bytes:
    """Let a member be no deflated data."""
    data = keras_file(weights=b"A" * 3000)
    for start, offset in ((data.index(WEIGHTS.encode()) - 30, 8), (data.rindex(WEIGHTS.encode()) - 46, 10)):
        data = data[: start + offset] + struct.pack("<H", DEFLATED) + data[start + offset + 2 :]
    return data
