"""Binary files whose headers lie: `.safetensors`, checkpoints and IDX.

Overlapping or missing ranges, sizes that overflow, names twice, and digests that are right over content that is not.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import struct
from collections.abc import Callable
from typing import Any

import numpy as np

from backlit.datasets import idx
from backlit.formats.checkpoint import HEAD, MAGIC
from benchmarks.fuzz.readers import READERS, small_model, written

Case = tuple[str, Callable[[], bytes]]


def tensor(start: int, end: int, shape: Any = (2,), dtype: str = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end]}


def tensors(header: Any, data: bytes = b"", length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def good() -> bytes:
    return written(".safetensors", small_model(False).save)


def good_header() -> dict[str, Any]:
    data = good()
    return json.loads(data[8 : 8 + struct.unpack("<Q", data[:8])[0]])


def with_header(change: Callable[[dict[str, Any]], Any]) -> bytes:
    data = good()
    header = good_header()
    change(header)
    return tensors(header, data[8 + struct.unpack("<Q", data[:8])[0] :])


SAFETENSORS: dict[str, Callable[[], bytes]] = {
    "a header longer than the file": lambda: tensors({}, length=10**6),
    "a header of 2**63 bytes": lambda: tensors({}, length=2**63),
    "a header of 2**64 - 1 bytes": lambda: tensors({}, length=2**64 - 1),
    "ranges that overlap": lambda: tensors({"a": tensor(0, 8), "b": tensor(4, 12)}, bytes(12)),
    "a hole": lambda: tensors({"a": tensor(0, 8), "b": tensor(12, 20)}, bytes(20)),
    "a range that ends before it begins": lambda: tensors({"a": tensor(8, 0)}, bytes(8)),
    "a range beyond the file": lambda: tensors({"a": tensor(0, 2**40, (2**38,))}, bytes(8)),
    "more bytes than ranges": lambda: tensors({"a": tensor(0, 8)}, bytes(16)),
    "a shape of another size": lambda: tensors({"a": tensor(0, 8, (3,))}, bytes(8)),
    "a shape that overflows": lambda: tensors({"a": tensor(0, 8, (2**33, 2**33))}, bytes(8)),
    "a negative shape": lambda: tensors({"a": tensor(0, 8, (-2,))}, bytes(8)),
    "a name twice": lambda: tensors(b'{"a":%s,"a":%s}' % ((json.dumps(tensor(0, 8)).encode(),) * 2), bytes(8)),
    "an unknown dtype": lambda: tensors({"a": tensor(0, 8, dtype="PICKLE")}, bytes(8)),
    "a header that is a list": lambda: tensors([], b""),
    "deep brackets": lambda: tensors(b"[" * 100_000),
    "a pickle": lambda: b"\x80\x04cos\nsystem\n(S'touch pwned'\ntR.",
    "a description that is no text": lambda: with_header(lambda h: h["__metadata__"].update(backlit=5)),
    "a description of another network": lambda: with_header(lambda h: h["__metadata__"].update(backlit='{"model": 5}')),
    "a weight of another shape": lambda: with_header(lambda h: h["layers/dense/kernel"].update(shape=[2, 3])),
    "a weight of another dtype": lambda: with_header(lambda h: h["layers/dense/kernel"].update(dtype="I32")),
    "a weight too many": lambda: with_header(lambda h: h.update(more=tensor(0, 0, (0,)))),
}


def sealed(body: bytes) -> bytes:
    """Return a checkpoint with the right digest over any body."""
    return MAGIC + hashlib.sha256(body).digest() + body


def snapshot(change: Callable[[dict[str, Any]], Any]) -> bytes:
    """Return a checkpoint with other facts, and the right digest."""
    body = READERS["checkpoint"].good()[0][HEAD:]
    size = struct.unpack("<Q", body[:8])[0]
    header = json.loads(body[8 : 8 + size])
    facts = json.loads(header["__metadata__"]["facts"])
    change(facts)
    header["__metadata__"]["facts"] = json.dumps(facts)
    return sealed(tensors(header, body[8 + size :]))


CHECKPOINTS: dict[str, Callable[[], bytes]] = {
    "another digest": lambda: MAGIC + bytes(32) + READERS["checkpoint"].good()[0][HEAD:],
    "a pickle with a digest": lambda: sealed(b"\x80\x04cos\nsystem\n(S'touch pwned'\ntR."),
    "an empty body": lambda: sealed(b"xx"),
    "a header of 2**63 bytes": lambda: sealed(tensors({}, length=2**63)),
    "ranges that overlap": lambda: sealed(SAFETENSORS["ranges that overlap"]()),
    "no facts": lambda: sealed(good()),
    "facts that are a list": lambda: sealed(tensors({"__metadata__": {"facts": "[]"}})),
    "facts in deep brackets": lambda: sealed(tensors({"__metadata__": {"facts": "[" * 100_000}})),
    "another format": lambda: snapshot(lambda facts: facts.update(format=10**9)),
    "an epoch that is text": lambda: snapshot(lambda facts: facts.update(epoch="os.system")),
    "an epoch that is infinite": lambda: snapshot(lambda facts: facts.update(epoch=1e999)),
    "no epoch": lambda: snapshot(lambda facts: facts.pop("epoch")),
    "scalars that are none": lambda: snapshot(lambda facts: facts.update(scalars=["weights/0"])),
    "scalars of nowhere": lambda: snapshot(lambda facts: facts.update(scalars=["../x"])),
    "other callbacks": lambda: snapshot(lambda facts: facts.update(callbacks={"dict": {"0 LambdaCallback": 1}})),
    "callbacks that are text": lambda: snapshot(lambda facts: facts.update(callbacks="os.system")),
    "callbacks in an array": lambda: snapshot(lambda facts: facts.update(callbacks={"array": "weights/0"})),
    "an array of nowhere": lambda: snapshot(lambda facts: facts.update(callbacks={"array": ["x"]})),
}

ROWS = idx.header(np.dtype("uint8"), (3, 2, 2)) + bytes(12)
IDX: dict[str, Callable[[], bytes]] = {
    "a bomb": lambda: gzip.compress(idx.header(np.dtype("uint8"), (3 * 10**7,)) + bytes(3 * 10**7), 9, mtime=0),
    "a bomb without a header": lambda: gzip.compress(bytes(3 * 10**7), 9, mtime=0),
    "a bomb in a bomb": lambda: gzip.compress(gzip.compress(bytes(3 * 10**7), 9, mtime=0), mtime=0),
    "more numbers than bytes": lambda: idx.header(np.dtype("uint8"), (2**31, 2**31)),
    "a packed claim": lambda: gzip.compress(idx.header(np.dtype("float64"), (2**32 - 1,)), mtime=0),
    "255 axes": lambda: b"\0\0\x08\xff" + b"\xff" * 1020,
    "255 axes of one": lambda: b"\0\0\x08\xff" + b"\0\0\0\1" * 255 + b"x",
    "a giant of no numbers": lambda: idx.header(np.dtype("uint8"), (2**32 - 1, 2**32 - 1, 0)),
    "an unknown type": lambda: b"\0\0\x42\1\0\0\0\1x",
    "half a header": lambda: b"\0\0\x08\3\0\0",
    "a byte too many": lambda: ROWS + b"x",
    "half a gzip file": lambda: gzip.compress(ROWS, mtime=0)[:-9],
    "a damaged gzip file": lambda: gzip.compress(ROWS, mtime=0)[:12] + bytes(20),
    "nothing": lambda: b"",
    "a pickle": lambda: b"\x80\x04cos\nsystem\n(S'touch pwned'\ntR.",
}

CASES: dict[str, Case] = {
    **{f"safetensors: {name}": ("safetensors", make) for name, make in SAFETENSORS.items()},
    **{f"checkpoint: {name}": ("checkpoint", make) for name, make in CHECKPOINTS.items()},
    **{f"idx: {name}": ("idx", make) for name, make in IDX.items()},
}
