"""The `.weights.h5` file of Keras 3: the HDF5 member of a `.keras` file by itself, without the optimizer."""

from __future__ import annotations

from typing import Any

from ..files import StrPath
from . import hdf5, state
from .listing import listing
from .revive import require_built
from .whole_file import read_bytes, write_bytes


def save_weights(model: Any, path: StrPath) -> None:
    """Write the weights of a built model, atomically."""
    require_built(model)
    write_bytes(path, state.weights_bytes(model))


def load_weights(model: Any, path: StrPath) -> None:
    """Give a built model the weights in a file: all of them, or none and `ModelFileError`."""
    require_built(model)
    state.load_weights(read_bytes(path), str(path), model)


def summary(path: StrPath) -> str:
    """Return the arrays in a file, one a line."""
    return listing(hdf5.Reader(read_bytes(path), str(path)).arrays())
