"""The `.npz` file: a model as plain NumPy arrays, which `numpy.load(path, allow_pickle=False)` reads.

Written by NumPy; read member by member, each refused by its header before its numbers are unpacked.
"""

from __future__ import annotations

import io
import math
import struct
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ..arrays import Array, DType, Shape
from ..errors import ModelFileError
from ..files import StrPath
from . import flat
from .listing import listing
from .whole_file import read_bytes, write_bytes

TEXT = "description"  # the JSON text, as bytes: NumPy's own texts take four times the room
_MAX_TEXT = 64 * 2**20
_MAX_MEMBERS = 100_000
_HEADER = 10_000  # bytes that the description of one array may have
_DAMAGE = (
    OSError, ValueError, EOFError, KeyError, NotImplementedError, RuntimeError, SyntaxError, TypeError, OverflowError,
    zipfile.BadZipFile, zlib.error, struct.error,
)  # fmt: skip


def save(model: Any, path: StrPath, notes: Mapping[str, Any] | None = None) -> None:
    """Write a built model, atomically."""
    arrays, text = flat.contents(model, notes)
    _write(path, arrays | {TEXT: np.frombuffer(text.encode(), np.uint8)})


def save_weights(model: Any, path: StrPath) -> None:
    """Write the weights of a built model alone, atomically."""
    _write(path, flat.weights(model))


def load(path: StrPath, custom_objects: Mapping[str, Any] | None = None, compile: bool = True) -> Any:
    """Return the model that `save` wrote; other files raise `ModelFileError`."""
    return flat.restored(_Archive(path), custom_objects, compile)


def load_weights(model: Any, path: StrPath) -> None:
    """Give a built model the weights in a file: all of them, or none and `ModelFileError`."""
    flat.fill_from(_Archive(path), model)


def notes(path: StrPath) -> dict[str, Any]:
    """Return the notes in a file."""
    return flat.notes_of(_Archive(path))


def _write(path: StrPath, arrays: Mapping[str, Array]) -> None:
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **arrays)  # pyright: ignore[reportArgumentType]
    write_bytes(path, file.getvalue())


def summary(path: StrPath) -> str:
    """Return the arrays in a file, one a line."""
    archive = _Archive(path)
    return listing((name, *archive.header(name)) for name in archive.names())


class _Archive:
    """An open `.npz` file in memory."""

    def __init__(self, path: StrPath) -> None:
        data = read_bytes(path)
        self.name, self.size = str(path), len(data)
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except _DAMAGE as error:
            raise self._refuse(f"is no intact .npz archive ({error})") from None
        members = self._zip.namelist()
        if len(members) > _MAX_MEMBERS or len(set(members)) < len(members):
            raise self._refuse(f"has {len(members)} members, some twice or too many")

    def names(self) -> Iterable[str]:
        """Return the names of the arrays."""
        found = [name.removesuffix(".npy") for name in self._zip.namelist()]
        return [name for name in found if name != TEXT]

    def text(self) -> str | None:
        """Return the description, None where there is none."""
        if f"{TEXT}.npy" not in self._zip.namelist():
            return None
        length = self._zip.getinfo(f"{TEXT}.npy").file_size
        if length > _MAX_TEXT:
            raise self._refuse(f"has a description of {length} bytes, expected at most {_MAX_TEXT}")
        found = self._read(TEXT)
        try:
            return found.tobytes().decode("utf-8")
        except UnicodeDecodeError as error:
            raise self._refuse(f"has a description that is no text ({error})") from None

    def header(self, name: str) -> tuple[Shape, str]:
        """Return shape and dtype of an array, without reading its numbers."""
        try:
            with self._zip.open(f"{name}.npy") as member:
                shape, _, dtype = _described(member)
        except _DAMAGE as error:
            raise self._refuse(f"has {name!r}, which cannot be read ({error})") from None
        return shape, str(dtype)

    def array(self, name: str, shape: Shape, dtype: DType) -> Array:
        """Return an array of that shape; any other raises `ModelFileError` before its numbers are unpacked."""
        if f"{name}.npy" not in self._zip.namelist():
            raise self._refuse(f"lacks {name!r}")
        found = self.header(name)[0]
        if found != tuple(shape):
            raise ModelFileError(f"{self.name}: {name!r} has shape {found}, expected {tuple(shape)}.")
        return flat.fitting(self.name, name, self._read(name), shape, dtype)

    def _read(self, name: str) -> Array:
        info = self._zip.getinfo(f"{name}.npy")
        try:
            with self._zip.open(info) as member:
                shape, is_fortran, dtype = _described(member)
                size = math.prod(shape) * dtype.itemsize
                if dtype.hasobject or dtype.kind not in "fiu" or not 0 <= info.file_size - size <= _HEADER:
                    raise ValueError(f"{dtype} of shape {shape} in {info.file_size} bytes")
                data = member.read(size + 1)  # reading past the end is what compares the checksum
                if len(data) != size:
                    raise ValueError(f"{len(data)} bytes, expected {size}")
        except _DAMAGE as error:
            raise self._refuse(f"has {name!r}, which cannot be read ({error})") from None
        return np.frombuffer(data, dtype).reshape(shape, order="F" if is_fortran else "C")

    def _refuse(self, reason: str) -> ModelFileError:
        return ModelFileError(f"{self.name} {reason}. Use an intact copy.")


def _described(member: Any) -> tuple[Shape, bool, DType]:
    version = np.lib.format.read_magic(member)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(member, max_header_size=_HEADER)
    if version == (2, 0):
        return np.lib.format.read_array_header_2_0(member, max_header_size=_HEADER)
    raise ValueError(f"version {version} of the format, expected 1.0 or 2.0")
