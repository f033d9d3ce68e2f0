"""The `.npz` file: a model as plain NumPy arrays, which `numpy.load(path, allow_pickle=False)` reads.

Written by NumPy; read member by member, each refused by its header before its numbers are unpacked.
"""

from __future__ import annotations

import io
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from typing import IO, Any

import numpy as np

from .. import npy, zips
from ..arrays import Array, DType, Shape
from ..errors import ModelFileError
from ..files import StrPath
from . import flat
from .listing import listing
from .whole_file import read_bytes, write_bytes

TEXT = "description"  # the JSON text, as bytes: NumPy's own texts take four times the room
_MAX_TEXT = 64 * 2**20
_MAX_MEMBERS = 10_000
_SMALL = 2**20  # bytes that an array may have however well it was packed: a bias of zeros


def save(model: Any, path: StrPath, notes: Mapping[str, Any] | None = None) -> None:
    """Write a built model, atomically."""
    arrays, text = flat.contents(model, notes)
    _write(path, arrays | {TEXT: np.frombuffer(text.encode(), np.uint8)})


def save_weights(model: Any, path: StrPath) -> None:
    """Write the weights of a built model alone, atomically."""
    _write(path, flat.weights(model))


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
        with self._refusing("is no intact .npz archive"):
            self._zip = zips.opened(io.BytesIO(data), _MAX_MEMBERS)
        self._members = {info.filename.removesuffix(".npy"): info for info in self._zip.infolist()}

    def names(self) -> Iterable[str]:
        """Return the names of the arrays."""
        return [name for name in self._members if name != TEXT]

    def text(self) -> str | None:
        """Return the description, None where there is none."""
        if TEXT not in self._members:
            return None
        length = self._members[TEXT].file_size
        if length > _MAX_TEXT:
            raise self._refuse(f"has a description of {length} bytes, expected at most {_MAX_TEXT}")
        with self._refusing("has a description that is no text"):
            return self._read(TEXT).tobytes().decode("utf-8")

    def header(self, name: str) -> tuple[Shape, str]:
        """Return shape and dtype of an array, without reading its numbers."""
        with self._refusing(f"has {name!r}, which cannot be read"), self._opened(name) as member:
            found = npy.read_header(member)
        return found.shape, str(found.dtype)

    def array(self, name: str, shape: Shape, dtype: DType) -> Array:
        """Return an array of that shape; any other raises `ModelFileError` before its numbers are unpacked."""
        if name not in self._members:
            raise self._refuse(f"lacks {name!r}")
        found = self.header(name)[0]
        if found != tuple(shape):
            raise ModelFileError(f"{self.name}: {name!r} has shape {found}, expected {tuple(shape)}.")
        return flat.fitting(self.name, name, self._read(name), shape, dtype)

    def _read(self, name: str) -> Array:
        with self._refusing(f"has {name!r}, which cannot be read"), self._opened(name) as member:
            return npy.read_array(member, self._members[name].file_size)

    def _opened(self, name: str) -> IO[bytes]:
        return zips.member(self._zip, self._members[name], small=_SMALL)

    @contextmanager
    def _refusing(self, what: str) -> Generator[None]:
        try:
            yield
        except ModelFileError:
            raise
        except zips.DAMAGE as error:
            raise self._refuse(f"{what} ({error})") from None

    def _refuse(self, reason: str) -> ModelFileError:
        return ModelFileError(f"{self.name} {reason}. Use an intact copy.")


load, load_weights, notes = flat.reading(_Archive)
