"""The wire format of protocol buffers: a message is the bytes of its fields, in order.

Source: "Encoding", protobuf.dev. A field is its number and wire type, then its value; a message inside another and text
are bytes with their length before them. Which field means what is known by those who write and read: event files and
ONNX.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import TypeAlias

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
FIXED = {FIXED64: 8, FIXED32: 4}
LONGEST = 10  # bytes of a varint: 64 bits, seven in each

Field: TypeAlias = tuple[int, int, "int | memoryview"]  # its number, its wire type, an integer or the bytes


def varint(value: int) -> bytes:
    """Return seven bits a byte, lowest first, the eighth set while more follow; negative numbers as 64 bits."""
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def whole(field: int, value: int) -> bytes:
    """Return an integer, truth value or enumeration; 0 is what an absent field means, and is left out."""
    return varint(field << 3 | VARINT) + varint(value) if value else b""


def wholes(field: int, values: Iterable[int]) -> bytes:
    """Return integers of a repeated field, one by one, as the writers of the second syntax do; a 0 is written."""
    return b"".join(varint(field << 3 | VARINT) + varint(value) for value in values)


def double(field: int, value: float) -> bytes:
    """Return a number of 64 bits."""
    return varint(field << 3 | FIXED64) + struct.pack("<d", value)


def single(field: int, value: float) -> bytes:
    """Return a number of 32 bits."""
    return varint(field << 3 | FIXED32) + struct.pack("<f", value)


def content(field: int, value: bytes | str) -> bytes:
    """Return a message inside this one, text (as UTF-8) or bytes."""
    data = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | BYTES) + varint(len(data)) + data


def fields(data: bytes | memoryview) -> Iterator[Field]:
    """Yield the fields of a message in order; nothing is copied. Bytes that are no message raise `ValueError`."""
    view, place = memoryview(data), 0
    while place < len(view):
        tag, place = _varint(view, place)
        number, wire = tag >> 3, tag & 7
        if not 0 < number < 1 << 29:
            raise ValueError(f"a field of number {number}")
        if wire == VARINT:
            value, place = _varint(view, place)
            yield number, wire, value
            continue
        if wire == BYTES:
            length, place = _varint(view, place)
        elif wire in FIXED:
            length = FIXED[wire]
        else:
            raise ValueError(f"a field of wire type {wire}")
        if length > len(view) - place:
            raise ValueError(f"a field of {length} bytes where {len(view) - place} are left")
        yield number, wire, view[place : place + length]
        place += length


def varints(data: memoryview) -> list[int]:
    """Return integers that lie one after the other, the packed way to write a repeated field; else `ValueError`."""
    found: list[int] = []
    place = 0
    while place < len(data):
        value, place = _varint(data, place)
        found.append(value)
    return found


def _varint(view: memoryview, place: int) -> tuple[int, int]:
    value = 0
    for i, byte in enumerate(view[place : place + LONGEST]):
        value |= (byte & 0x7F) << 7 * i
        if byte < 0x80:
            if value >> 64:
                break
            return value, place + i + 1
    raise ValueError("a number that does not end")


def signed(value: int) -> int:
    """Return a varint as the int64 it stands for."""
    return value - (1 << 64) if value >> 63 else value
