"""The IDX format of the MNIST family: two zero bytes, a type, a rank, the sizes, then the numbers, all big-endian.

Reading accepts plain and gzip files and never trusts a size in a file further than the bytes that are there.
"""

from __future__ import annotations

import gzip
import hashlib
import math
import os
import struct
import zlib
from pathlib import Path

import numpy as np

from ..arrays import Array, Shape
from ..errors import DataError
from ..files import write_file
from ..zips import MOST_EXPANSION

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_CODES = {np.dtype(name).newbyteorder("="): code for code, name in TYPES.items()}
_GZIP = b"\x1f\x8b"
_SMALL = 2**24  # bytes that any file may unpack to, however small it is: images of mostly zeros


def header(dtype: np.dtype[np.generic], shape: Shape) -> bytes:
    """Return the bytes before the numbers: `header(np.dtype("uint8"), (60000, 28, 28))` is 16 bytes long."""
    code = _CODES.get(np.dtype(dtype).newbyteorder("="))
    if code is None or len(shape) > 255:
        raise DataError(f"IDX holds {', '.join(map(str, _CODES))} of rank up to 255, got {dtype} of shape {shape}.")
    return struct.pack(f">HBB{len(shape)}I", 0, code, len(shape), *shape)


def digest(array: Array) -> str:
    """Return the SHA-256 of the IDX file that holds `array`, without writing it."""
    big_endian = np.ascontiguousarray(array, array.dtype.newbyteorder(">"))
    found = hashlib.sha256(header(array.dtype, array.shape))
    found.update(big_endian.reshape(-1).view(np.uint8).data)
    return found.hexdigest()


def is_gzip(data: bytes) -> bool:
    """Say whether the bytes start a gzip file."""
    return data[:2] == _GZIP


def unpack(data: bytes, where: str | os.PathLike[str], most: int | None = None) -> bytes:
    """Return the bytes of a gzip file, or `data` itself when it is none; `DataError` if damaged or too long."""
    if not is_gzip(data):
        return data
    member = zlib.decompressobj(wbits=31)
    try:
        plain = member.decompress(data, 0 if most is None else most + 1)
    except zlib.error as error:
        raise DataError(f"{where} is a damaged gzip file ({error}). Delete it and fetch it again.") from None
    if most is not None and len(plain) > most:
        raise DataError(f"{where} unpacks to more than the {most} bytes allowed. Delete it and fetch it again.")
    if not member.eof:
        raise DataError(f"{where} is a truncated gzip file: it ends after {len(plain)} unpacked bytes. Fetch it again.")
    return plain


def parse(data: bytes, where: str | os.PathLike[str]) -> Array:
    """Return the array in unpacked IDX bytes, read-only, in the machine's byte order; `DataError` names the file."""
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] not in TYPES:
        raise DataError(
            f"{where} is not an IDX file: expected a start of 00 00 08 .., got {data[:4].hex(' ') or 'nothing'}."
        )
    dtype, rank = np.dtype(TYPES[data[2]]), data[3]
    start = 4 + 4 * rank
    if len(data) < start:
        raise DataError(f"{where} is truncated: {len(data)} bytes, and the header alone of rank {rank} has {start}.")
    shape = struct.unpack(f">{rank}I", data[4:start])
    expected = start + dtype.itemsize * math.prod(shape)
    if len(data) != expected:
        state = "truncated" if len(data) < expected else "too long"
        raise DataError(f"{where} is {state}: {len(data)} bytes, and shape {shape} of {dtype.name} has {expected}.")
    try:
        array = np.frombuffer(data, dtype, offset=start).reshape(shape)
    except ValueError as error:  # more axes than an array may have, or a giant of no numbers
        raise DataError(f"{where} has shape {shape}, which no array has ({error}).") from None
    return array if dtype.isnative or dtype.itemsize == 1 else array.astype(dtype.newbyteorder("="))


def read(path: str | os.PathLike[str]) -> Array:
    """Return the array of an IDX file, gzip or not; a missing, truncated or foreign file raises `DataError`."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from None
    return parse(unpack(data, path, max(_SMALL, MOST_EXPANSION * len(data))), path)


def write(path: str | os.PathLike[str], array: Array, level: int = 9) -> None:
    """Write `array` as IDX, packed if the name ends in .gz: the same bytes every time, soon at `level` 1, few at 9."""
    data = header(array.dtype, array.shape) + np.ascontiguousarray(array, array.dtype.newbyteorder(">")).tobytes()
    write_file(path, gzip.compress(data, level, mtime=0) if str(path).endswith(".gz") else data)
