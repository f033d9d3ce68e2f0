"""The wire format of protocol buffers, as far as event files need it: a message is the bytes of its fields, in order.

Source: "Encoding", protobuf.dev. A field is its number and wire type, then its value; a message inside another and text
are bytes with their length before them.
"""

from __future__ import annotations

import struct

VARINT, FIXED64, BYTES = 0, 1, 2


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


def double(field: int, value: float) -> bytes:
    """Return a number of 64 bits."""
    return varint(field << 3 | FIXED64) + struct.pack("<d", value)


def content(field: int, value: bytes | str) -> bytes:
    """Return a message inside this one, text (as UTF-8) or bytes."""
    data = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | BYTES) + varint(len(data)) + data


def shape(sizes: tuple[int, ...]) -> bytes:
    """Return a TensorShapeProto: dim = 2, each with its size = 1."""
    return b"".join(content(2, whole(1, size)) for size in sizes)
