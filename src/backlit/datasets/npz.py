"""Reading `.npz` files from anywhere: plain arrays only, no pickles, and every damage is a named `DataError`.

Arrays larger than memory are maps that `fit` reads in blocks: of the archive itself, or, if it is compressed, of a file
of ours into which they are unpacked once.

`read` is for any archive of arrays, `read_dataset` for the four arrays of a data set of the user's own.
"""

from __future__ import annotations

import os
import struct
import zipfile
from typing import IO, BinaryIO

import numpy as np

from .. import npy, zips
from ..arrays import Array
from ..errors import DataError
from ..training.maps import map_limit
from .catalog import ROLES
from .mapped_file import MappedFile, NoRoom

AT_ONCE = 2**24  # bytes unpacked at a time
_MOST_MEMBERS = 10_000
_SMALL = 64 * 2**20  # bytes that an array may have however well it was packed: mostly zeros


def read(path: str | os.PathLike[str], names: tuple[str, ...] = ROLES) -> dict[str, Array]:
    """Return those of `names` that the archive holds, each a numeric array; anything else raises `DataError`."""
    try:
        file = open(path, "rb")  # noqa: SIM115 - what goes wrong further on has other words
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}. Expected {', '.join(names)}.") from None
    with file:
        return _members(file, names, path)


def _members(file: BinaryIO, names: tuple[str, ...], path: str | os.PathLike[str]) -> dict[str, Array]:
    if file.read(len(npy.MAGIC)) == npy.MAGIC:
        raise DataError(f"{path} holds a single array, expected a .npz archive with {', '.join(names)}.")
    try:
        archive = zips.opened(file, _MOST_MEMBERS)
    except zips.DAMAGE as error:
        raise DataError(f"{path} is not a readable .npz file ({error}). Write one with numpy.savez.") from None
    with archive:
        there = {info.filename: info for info in archive.infolist()}
        return {name: _member(archive, there[f"{name}.npy"], path) for name in names if f"{name}.npy" in there}


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: str | os.PathLike[str]) -> Array:
    try:
        array = _mapped(info, path)
        if array is None:
            with zips.member(archive, info, _SMALL) as file:
                read = _unpacked if info.file_size > map_limit() else npy.read_array
                array = read(file, info.file_size)
    except NoRoom:
        raise
    except zips.DAMAGE as error:
        name = info.filename.removesuffix(".npy")
        raise DataError(f"{name} in {path} cannot be read ({error}). Pickled objects are never loaded.") from None
    return array


def _mapped(info: zipfile.ZipInfo, path: str | os.PathLike[str]) -> Array | None:
    """Return a member as a map of the file if it has more bytes than `map_limit()` and lies there as it is, else None.

    What is mapped is not compared with its checksum: that would be one more pass over a file larger than memory.
    """
    if info.compress_type != zipfile.ZIP_STORED or info.file_size <= map_limit():
        return None
    with open(path, "rb") as file:
        file.seek(info.header_offset + 26)  # the local header ends with two texts, whose lengths stand here
        file.seek(sum(struct.unpack("<HH", file.read(4))), os.SEEK_CUR)
        start = file.tell()
        header = npy.read_header(file)
        if header.size != info.file_size or start + header.size > os.fstat(file.fileno()).st_size:
            return None  # reading it says what is wrong
        return np.memmap(path, header.dtype, "r", start + header.start, header.shape, header.order)


def _unpacked(file: IO[bytes], size: int) -> Array:
    """Return a compressed array as a map of a file of ours, which goes with it; its checksum is compared on the way."""
    header = npy.read_header(file)
    if header.size != size:
        raise ValueError(f"{header.dtype} of shape {header.shape} has {header.size} bytes, not {size}")
    with MappedFile("arrays", size - header.start) as room:
        done = 0
        while part := file.read(AT_ONCE):
            room.put(done, part)
            done += len(part)
        if header.start + done != size:
            raise ValueError(f"it ends after {header.start + done} bytes, expected {size}")
        return room.shown(header.dtype, header.shape, order=header.order)


def read_dataset(path: str | os.PathLike[str]) -> dict[str, Array]:
    """Return `x_train, y_train, x_test, y_test` of an archive that has at least the first two.

    Without test arrays the last sixth of the rows (at least one) is split off as the test set, in the file's order.
    Missing keys, one test array without the other, no rows, or lengths that differ raise `DataError`.
    """
    found = read(path)
    missing = [name for name in ROLES[:2] if name not in found]
    if ("x_test" in found) != ("y_test" in found):
        missing += [name for name in ROLES[2:] if name not in found]
    if missing:
        have = ", ".join(found) or "none of them"
        raise DataError(
            f"{path} lacks {' and '.join(missing)} (it has {have}). Expected x_train, y_train and, both or neither, "
            "x_test, y_test."
        )
    for part in ("train", "test") if "x_test" in found else ("train",):
        _check_pair(path, part, found[f"x_{part}"], found[f"y_{part}"])
    return found if "x_test" in found else _split(path, found)


def _check_pair(path: str | os.PathLike[str], part: str, x: Array, y: Array) -> None:
    if x.ndim < 1 or y.ndim < 1 or len(x) != len(y) or len(x) == 0:
        raise DataError(
            f"{path}: x_{part} has shape {x.shape} and y_{part} has shape {y.shape}. "
            "Expected the same number of rows, at least one."
        )


def _split(path: str | os.PathLike[str], found: dict[str, Array]) -> dict[str, Array]:
    x, y = found["x_train"], found["y_train"]
    if len(x) < 2:
        raise DataError(f"{path} has one row and no x_test, y_test. Expected two rows or more to split.")
    kept = len(x) - max(1, len(x) // 6)
    return {"x_train": x[:kept], "y_train": y[:kept], "x_test": x[kept:], "y_test": y[kept:]}
