"""The `.npy` format, read in plain Python: a header that says what the numbers are, and the numbers.

NumPy compiles the header as an expression of Python and makes room for whatever it claims; here it is matched, and
compared with the bytes that are there before any room is made. `zips` reads the archives such files come in.
"""

from __future__ import annotations

import math
import re
from typing import IO, Literal, NamedTuple

import numpy as np

from .arrays import Array, DType, Shape

MAGIC = b"\x93NUMPY"
_LONGEST = 10_000  # bytes of a header
_ENTRIES = re.compile(
    r"\s*\{(?:\s*(?:'descr':\s*'(?P<descr>[^']*)'|'fortran_order':\s*(?P<order>True|False)"
    r"|'shape':\s*\((?P<shape>[\d,\s]*)\))\s*(?:,|(?=\})))*\s*\}\s*"
)
_NUMBERS = re.compile(r"[<>=|]?(?:\?|b1|[iu][1248]|f[248])")


class Header(NamedTuple):
    """What a `.npy` file says of its numbers, and where they begin."""

    shape: Shape
    is_fortran: bool
    dtype: DType
    start: int

    @property
    def size(self) -> int:
        """How many bytes the file has if it is whole."""
        return self.start + math.prod(self.shape) * self.dtype.itemsize

    @property
    def order(self) -> Literal["C", "F"]:
        """Which axis runs fastest: the last ("C") or the first ("F")."""
        return "F" if self.is_fortran else "C"

    def arranged(self, data: bytes) -> Array:
        """Return the numbers in `data` as an array."""
        return np.frombuffer(data, self.dtype).reshape(self.shape, order=self.order)


def read_header(file: IO[bytes]) -> Header:
    """Return the header at the beginning of a file; anything but an array of plain numbers raises `ValueError`."""
    start = file.read(8)
    if start[:6] != MAGIC or start[6:] not in (b"\1\0", b"\2\0", b"\3\0"):
        raise ValueError("it does not begin as a .npy file does")
    wide = 2 if start[6] == 1 else 4
    length = int.from_bytes(file.read(wide), "little")
    if length > _LONGEST:
        raise ValueError(f"its header has {length} bytes, expected at most {_LONGEST}")
    text = file.read(length).decode("latin1")
    found = _ENTRIES.fullmatch(text)
    if len(text) < length or found is None or None in found.groups():
        raise ValueError(f"its header is {text.strip()[:80]!r}")
    if not _NUMBERS.fullmatch(found["descr"]):
        raise ValueError(f"dtype {found['descr'][:20]!r}, expected numbers: integers, floats or bool")
    shape = tuple(int(one) for one in found["shape"].split(",") if one.strip())
    return Header(shape, found["order"] == "True", np.dtype(found["descr"]), 8 + wide + length)


def read_array(file: IO[bytes], size: int) -> Array:
    """Return the array in a file of `size` bytes; a file that claims another size raises `ValueError`."""
    header = read_header(file)
    if header.size != size:
        raise ValueError(f"{header.dtype} of shape {header.shape} has {header.size} bytes, not {size}")
    data = file.read(size - header.start + 1)  # reading past the end is what compares the checksum in an archive
    if len(data) != size - header.start:
        raise ValueError(f"it ends after {header.start + len(data)} bytes, expected {size}")
    return header.arranged(data)
