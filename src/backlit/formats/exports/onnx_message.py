"""The messages of ONNX, written and read: as much of `onnx.proto` as our own graphs need.

Source: onnx.proto of the ONNX repository, IR version 8. The numbers of fields stand beside what writes them, in
ascending order, so that other writers give the same bytes for the same content.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..._version import __version__
from ...arrays import Array, DType, Shape
from ...protobuf import content, fields, signed, single, varints, whole, wholes

IR_VERSION = 8
OPSET = 17  # the first with LayerNormalization; onnxruntime 1.12 and later
TYPES = {
    "float32": 1, "uint8": 2, "int8": 3, "uint16": 4, "int16": 5, "int32": 6, "int64": 7, "bool": 9, "float16": 10,
    "float64": 11, "uint32": 12, "uint64": 13,
}  # fmt: skip
DTYPES = {number: name for name, number in TYPES.items()}
FLOAT, INT, STRING, INTS = 1, 2, 3, 7  # of AttributeProto.AttributeType
EXTERNAL = 1  # of TensorProto.DataLocation
BATCH = "batch"
MOST_AXES = 32  # of NumPy 1.26


def model(graph: bytes, metadata: Mapping[str, str]) -> bytes:
    """Return a ModelProto: ir_version = 1, producer = 2 and 3, graph = 7, opset_import = 8, metadata_props = 14."""
    head = whole(1, IR_VERSION) + content(2, "backlit") + content(3, __version__)
    props = b"".join(content(14, content(1, key) + content(2, value)) for key, value in metadata.items())
    return head + content(7, graph) + content(8, content(1, "") + whole(2, OPSET)) + props


def graph(
    name: str, nodes: Iterable[bytes], tensors: Iterable[bytes], inputs: Iterable[bytes], outputs: Iterable[bytes]
) -> bytes:
    """Return a GraphProto: node = 1, name = 2, initializer = 5, input = 11, output = 12."""
    return b"".join((
        *(content(1, one) for one in nodes), content(2, name), *(content(5, one) for one in tensors),
        *(content(11, one) for one in inputs), *(content(12, one) for one in outputs),
    ))  # fmt: skip


def node(kind: str, name: str, inputs: Iterable[str], outputs: Iterable[str], attrs: Mapping[str, Any]) -> bytes:
    """Return a NodeProto: input = 1, output = 2, name = 3, op_type = 4, attribute = 5."""
    ends = (*(content(1, one) for one in inputs), *(content(2, one) for one in outputs))
    return (
        b"".join(ends)
        + content(3, name)
        + content(4, kind)
        + b"".join(content(5, attribute(key, value)) for key, value in attrs.items())
    )


def attribute(name: str, value: Any) -> bytes:
    """Return an AttributeProto: name = 1, f = 2, i = 3, ints = 8, type = 20."""
    if isinstance(value, float):
        return content(1, name) + single(2, value) + whole(20, FLOAT)
    if isinstance(value, int):
        return content(1, name) + wholes(3, [value]) + whole(20, INT)
    return content(1, name) + wholes(8, value) + whole(20, INTS)


def tensor(name: str, array: Array) -> bytes:
    """Return a TensorProto: dims = 1, data_type = 2, name = 8, raw_data = 9."""
    plain = np.asarray(array, array.dtype.newbyteorder("<"), order="C")
    sizes = wholes(1, array.shape)
    return sizes + whole(2, TYPES[array.dtype.name]) + content(8, name) + content(9, plain.tobytes())


def value(name: str, shape: Iterable[int | None], dtype: DType) -> bytes:
    """Return a ValueInfoProto: name = 1, type = 2 (tensor_type = 1: elem_type = 1, shape = 2 of dim = 1)."""
    sizes = b"".join(content(1, content(2, BATCH) if size is None else wholes(1, [size])) for size in shape)
    return content(1, name) + content(2, content(1, whole(1, TYPES[dtype.name]) + content(2, sizes)))


@dataclass
class ModelFile:
    """What is read of a model: its graph as it lies there, the initializers in it by name, and the metadata."""

    graph: memoryview = field(default_factory=lambda: memoryview(b""))
    metadata: dict[str, str] = field(default_factory=dict)
    arrays: dict[str, Array] = field(default_factory=dict)


def read(data: bytes) -> ModelFile:
    """Return what a ModelProto holds; arrays are views of `data`. Bytes that are no model raise `ValueError`."""
    found = ModelFile()
    for number, _, inner in fields(data):
        if number == 7 and found.graph:
            raise ValueError("two graphs")
        if number == 7:
            found.graph = _bytes(inner)
        if number == 14:
            key, text = _entry(_bytes(inner))
            if key in found.metadata:
                raise ValueError(f"two entries {key!r}")
            found.metadata[key] = text
    if not found.graph:
        raise ValueError("no graph")
    for number, _, inner in fields(found.graph):
        if number == 5:
            name, array = _tensor(_bytes(inner))
            if name in found.arrays:
                raise ValueError(f"two tensors {name!r}")
            found.arrays[name] = array
    return found


def _entry(data: memoryview) -> tuple[str, str]:
    parts = {number: _text(inner) for number, _, inner in fields(data) if number in (1, 2)}
    return parts.get(1, ""), parts.get(2, "")


def _tensor(data: memoryview) -> tuple[str, Array]:
    name, kind, sizes, raw = "", 0, list[int](), memoryview(b"")
    for number, _, inner in fields(data):
        if number == 1:
            sizes += [inner] if isinstance(inner, int) else varints(inner)
        elif number == 2:
            kind = _number(inner)
        elif number == 8:
            name = _text(inner)
        elif number == 9:
            raw = _bytes(inner)
        elif number == 13 or (number == 14 and inner == EXTERNAL):
            raise ValueError("numbers that lie in another file")
    return name, _array(name, kind, tuple(map(signed, sizes)), raw)


def _array(name: str, kind: int, shape: Shape, raw: memoryview) -> Array:
    if kind not in DTYPES:
        raise ValueError(f"{name!r} of type {kind}")
    dtype = np.dtype(DTYPES[kind]).newbyteorder("<")
    if len(shape) > MOST_AXES or min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != len(raw):
        raise ValueError(f"{name!r} of shape {shape} in {len(raw)} bytes")
    return np.frombuffer(raw, dtype).reshape(shape)


def _bytes(value: int | memoryview) -> memoryview:
    if isinstance(value, int):
        raise ValueError("a number where a message belongs")
    return value


def _number(value: int | memoryview) -> int:
    if not isinstance(value, int):
        raise ValueError("bytes where a number belongs")
    return value


def _text(value: int | memoryview) -> str:
    return str(_bytes(value), "utf-8")
