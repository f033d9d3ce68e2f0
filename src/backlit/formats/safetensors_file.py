"""The `.safetensors` file: weights that other libraries read, with the network as JSON in its metadata.

The library checks offsets and coverage; the header is read here too, because it must not name anything twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ..arrays import Array, DType, Shape
from ..errors import ModelFileError
from ..files import StrPath
from . import flat
from .listing import listing
from .whole_file import read_bytes, write_bytes

TEXT = "backlit"  # the key of the metadata that holds the description
_MAX_HEADER = 100_000_000  # as in the library


def save(model: Any, path: StrPath, notes: Mapping[str, Any] | None = None) -> None:
    """Write a built model, atomically."""
    arrays, text = flat.contents(model, notes)
    _write(path, arrays, {"format": "np", TEXT: text})


def save_weights(model: Any, path: StrPath) -> None:
    """Write the weights of a built model alone, atomically."""
    _write(path, flat.weights(model), {"format": "np"})


def summary(path: StrPath) -> str:
    """Return the arrays in a file, one a line."""
    file = _File(path)
    return listing((name, file.arrays[name].shape, str(file.arrays[name].dtype)) for name in file.names())


def _write(path: StrPath, arrays: Mapping[str, Array], metadata: dict[str, str]) -> None:
    from safetensors.numpy import save as packed

    plain = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    write_bytes(path, packed(plain, metadata))


class _File:
    """A `.safetensors` file in memory."""

    def __init__(self, path: StrPath) -> None:
        from safetensors import SafetensorError
        from safetensors.numpy import load as unpacked

        data = read_bytes(path)
        self.name, self.size = str(path), len(data)
        try:
            self._header = _header(data)
            self.arrays: dict[str, Array] = unpacked(data)
        except (SafetensorError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise ModelFileError(f"{path} is no intact .safetensors file ({error}). Use an intact copy.") from None

    def names(self) -> Iterable[str]:
        """Return the names of the arrays in the order in which they lie in the file."""
        return [name for name in self._header if name in self.arrays]

    def text(self) -> str | None:
        """Return the description, None where there is none."""
        metadata = self._header.get("__metadata__")
        return metadata.get(TEXT) if isinstance(metadata, dict) else None

    def array(self, name: str, shape: Shape, dtype: DType) -> Array:
        """Return an array of that shape; another one raises `ModelFileError`."""
        if name not in self.arrays:
            raise ModelFileError(f"{self.name} lacks {name!r}. The weights belong to another network.")
        return flat.fitting(self.name, name, self.arrays[name], shape, dtype)


def _header(data: bytes) -> dict[str, Any]:
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or not 2 <= length <= min(_MAX_HEADER, len(data) - 8):
        raise ValueError(f"a header of {length} bytes in a file of {len(data)}")
    found = json.loads(data[8 : 8 + length].decode("utf-8"), object_pairs_hook=_each_once)
    if not isinstance(found, dict):
        raise ValueError("a header that is no JSON object")
    return found


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a header that names something twice")
    return found


load, load_weights, notes = flat.reading(_File)
