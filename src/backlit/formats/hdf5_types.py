"""What the numbers of an HDF5 file are, and how many: the descriptions of dtypes and shapes, read in plain Python.

A closed table of numbers and texts; compound, enumerated, opaque and other types are named, never read.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

import numpy as np

from ..arrays import DType, Shape

CLASSES = (
    "integers", "floats", "times", "text", "bit fields", "opaque data", "compounds", "references", "an enumeration",
    "lists", "arrays",
)  # fmt: skip
LONG_TEXT = "text of any length"
TEXTS = ("text", LONG_TEXT)
IEEE: dict[
    tuple[int, ...], str
] = {  # (precision, place of the exponent, its bits, place of the mantissa, its bits, bias): the dtype
    (16, 10, 5, 0, 10, 15): "f2",
    (32, 23, 8, 0, 23, 127): "f4",
    (64, 52, 11, 0, 52, 1023): "f8",
}


class Type(NamedTuple):
    """What one element is: its bytes, what to call it, and its dtype if it is a number."""

    size: int
    name: str
    dtype: DType | None = None


def read_type(content: memoryview) -> Type:
    """Return the type that a datatype message describes (HDF5 File Format Specification, IV.A.2.d)."""
    first, low, high, _, size = struct.unpack("<BBBBI", content[:8])
    kind = first & 15
    order = ">" if low & 1 else "<"
    if kind == 0:
        offset, precision = struct.unpack("<HH", content[8:12])
        if size in (1, 2, 4, 8) and (offset, precision) == (0, 8 * size):
            return _number(f"{order}{'i' if low & 8 else 'u'}{size}")
    elif kind == 1:
        offset, *fields = struct.unpack("<HHBBBBI", content[8:20])
        name = IEEE.get(tuple(fields))
        if name is not None and offset == 0 and size == int(name[1]) and low & 0x40 == 0 and high == 8 * size - 1:
            return _number(order + name)
    elif kind == 9 and low & 15 == 1 and size == 16:
        return Type(size, LONG_TEXT)
    elif kind == 3 and size > 0:
        return Type(size, "text")
    return Type(size, f"{CLASSES[kind] if kind < len(CLASSES) else 'something'} of {size} bytes")


def _number(name: str) -> Type:
    dtype = np.dtype(name)
    return Type(dtype.itemsize, dtype.name, dtype)


def read_space(content: memoryview) -> Shape | None:
    """Return the shape that a dataspace message describes (IV.A.2.b), None for one without any elements."""
    version, rank = content[0], content[1]
    if version not in (1, 2) or rank > 32:
        raise ValueError(f"a shape of version {version} and rank {rank} is not read")
    if version == 2 and content[3] == 2:
        return None
    return struct.unpack(f"<{rank}Q", content[8 if version == 1 else 4 :][: 8 * rank])
