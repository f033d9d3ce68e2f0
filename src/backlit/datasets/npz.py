"""Reading `.npz` files from anywhere: plain arrays only, no pickles, and every damage is a named `DataError`.

Arrays larger than memory that are not compressed stay in the file, as maps that `fit` reads in blocks.

`read` is for any archive of arrays, `read_dataset` for the four arrays of a data set of the user's own.
"""

from __future__ import annotations

import math
import os
import struct
import zipfile
import zlib
from typing import BinaryIO

import numpy as np

from ..arrays import Array
from ..errors import DataError
from ..training.maps import map_limit
from .catalog import ROLES

_DAMAGE = (OSError, ValueError, EOFError, KeyError, NotImplementedError, zipfile.BadZipFile, zlib.error, struct.error)
_KINDS = "buif"


def read(path: str | os.PathLike[str], names: tuple[str, ...] = ROLES) -> dict[str, Array]:
    """Return those of `names` that the archive holds, each a numeric array; anything else raises `DataError`."""
    try:
        with open(path, "rb") as file:
            return _members(file, names, path)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}. Expected {', '.join(names)}.") from None


def _members(file: BinaryIO, names: tuple[str, ...], path: str | os.PathLike[str]) -> dict[str, Array]:
    try:
        archive = np.load(file, allow_pickle=False)
    except _DAMAGE as error:
        raise DataError(f"{path} is not a readable .npz file ({error}). Write one with numpy.savez.") from None
    if not isinstance(archive, np.lib.npyio.NpzFile):
        raise DataError(f"{path} holds a single array, expected a .npz archive with {', '.join(names)}.")
    with archive:
        return {name: _member(archive, name, path) for name in names if name in archive.files}


def _member(archive: np.lib.npyio.NpzFile, name: str, path: str | os.PathLike[str]) -> Array:
    try:
        array = _mapped(archive, name, path)
        array = archive[name] if array is None else array
    except _DAMAGE as error:
        raise DataError(f"{name} in {path} cannot be read ({error}). Pickled objects are never loaded.") from None
    if array.dtype.kind not in _KINDS:
        raise DataError(f"{name} in {path} has dtype {array.dtype}, expected numbers (integer, float or bool).")
    return array


def _mapped(archive: np.lib.npyio.NpzFile, name: str, path: str | os.PathLike[str]) -> Array | None:
    """Return a member as a map of the file if it has more bytes than `map_limit()` and lies there as it is, else None.

    What is mapped is not compared with its checksum: that would be one more pass over a file larger than memory.
    """
    assert archive.zip is not None
    info = archive.zip.getinfo(f"{name}.npy")
    if info.compress_type != zipfile.ZIP_STORED or info.file_size <= map_limit():
        return None
    with open(path, "rb") as file:
        file.seek(info.header_offset + 26)  # the local header ends with two texts, whose lengths stand here
        file.seek(sum(struct.unpack("<HH", file.read(4))), os.SEEK_CUR)
        version = np.lib.format.read_magic(file)
        reader = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, is_fortran, dtype = reader(file)
        fits = file.tell() + math.prod(shape) * dtype.itemsize <= os.fstat(file.fileno()).st_size
        if is_fortran or dtype.hasobject or not fits:
            return None
        return np.memmap(path, dtype, "r", file.tell(), shape)


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
