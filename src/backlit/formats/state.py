"""Where Keras keeps each array of a model: the paths of the HDF5 tree, and moving arrays between tree and model.

A layer is called by its class and its rank among the layers of that class, not by its name, so that renaming a layer
does not break a file.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..arrays import Array
from ..errors import ModelFileError
from . import hdf5


def snake_case(name: str) -> str:
    """Return `LeakyReLU` as `leaky_re_lu`, as Keras does."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def owners(model: Any, path: str = "") -> Iterator[tuple[str, Any, list[Any]]]:
    """Yield `(group path, layer, its own variables)` for a model and everything in it, in the order of Keras."""
    inner = sublayers(model)
    used: dict[str, int] = {}
    for layer in inner:
        name = snake_case(type(layer).__name__)
        used[name] = used.get(name, -1) + 1
        place = f"{path}layers/{name}" + (f"_{used[name]}" if used[name] else "")
        yield from owners(layer, f"{place}/")
    inside = {id(variable) for layer in inner for variable in layer.weights}
    own = [v for v in model.weights if id(v) not in inside and v.role in ("params", "state")]
    yield path.rstrip("/"), model, own


def sublayers(owner: Any) -> list[Any]:
    """Return the layers a model (or a layer made of layers) holds, none for a plain layer."""
    return list(getattr(owner, "layers", ()))


def weights_bytes(model: Any, optimizer: Any = None) -> bytes:
    """Return the HDF5 file of a model's weights, and of an optimizer's memory if one is given."""
    tree = {path: (layer.name, [v.numpy() for v in variables]) for path, layer, variables in owners(model)}
    if optimizer is not None:
        tree["optimizer"] = (optimizer.name, [as_keras(v) for v in optimizer.variables])
    file = io.BytesIO()
    hdf5.write_tree(file, tree)
    return file.getvalue()


def load_weights(data: bytes, source: str, model: Any, optimizer: Any = None) -> None:
    """Assign every array of an HDF5 file to its variable: all of them, or none and `ModelFileError`."""
    reader = hdf5.Reader(data, source)
    found = [pair for path, layer, variables in owners(model) for pair in _pairs(reader, path, layer.name, variables)]
    if optimizer is not None and reader.count("optimizer"):
        found += _pairs(reader, "optimizer", optimizer.name, list(optimizer.variables))
    for variable, array in found:
        variable.assign(array)


def _pairs(reader: hdf5.Reader, path: str, name: str, variables: list[Any]) -> list[tuple[Any, Array]]:
    stored = reader.count(path)
    if stored != len(variables):
        raise ModelFileError(
            f"{reader.source}: {path or 'the model'} ({name}) holds {stored} arrays, the network needs "
            f"{len(variables)}. The weights belong to another network."
        )
    return [(v, reader.array(path, i, tuple(v.shape), np.dtype(v.dtype))) for i, v in enumerate(variables)]


def as_keras(variable: Any) -> Array:
    """Return the numbers of a variable in the dtype Keras gives them: its counters have 32 bits."""
    array = np.asarray(variable.numpy())
    return array.astype(np.int32) if array.dtype.kind in "iu" and array.ndim == 0 else array
