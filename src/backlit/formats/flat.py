"""A model as arrays with readable names and one text: what `.npz`, `.safetensors` and `.onnx` files hold.

`layers/dense/kernel`, `layers/dense_1/bias`, ...: a layer is called by its class and its rank, as in `state`, its
weights by their names. The optimizer's memory is below `optimizer/`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

import numpy as np

from .._version import __version__
from ..arrays import Array, DType, Shape
from ..errors import ModelFileError
from ..files import StrPath
from . import state
from .revive import NoNetwork, built_optimizer, config_text, parsed, refusing, require_built, revive


class Source(Protocol):
    """One open file: its name for errors, its size in bytes, the names in it, its text, and its arrays."""

    name: str
    size: int

    def names(self) -> Iterable[str]: ...
    def text(self) -> str | None: ...
    def array(self, name: str, shape: Shape, dtype: DType) -> Array: ...


def contents(model: Any, notes: Mapping[str, Any] | None) -> tuple[dict[str, Array], str]:
    """Return the arrays of a built model by their names, its optimizer's too, and the text that describes it."""
    require_built(model)
    arrays = {name: np.asarray(v.numpy()) for name, v in named(model, built_optimizer(model)).items()}
    return arrays, description(model, notes)


def description(model: Any, notes: Mapping[str, Any] | None) -> str:
    """Return the text that describes a model, `ConfigError` if it cannot be described."""
    text = {"backlit_version": __version__, "model": parsed(config_text(model)), "notes": dict(notes or {})}
    return json.dumps(text, allow_nan=False)


def weights(model: Any) -> dict[str, Array]:
    """Return the arrays of a built model alone."""
    require_built(model)
    return {name: np.asarray(v.numpy()) for name, v in named(model).items()}


def reading(opened: Callable[[StrPath], Source]) -> tuple[Callable[..., Any], Callable[..., None], Callable[..., Any]]:
    """Return the verbs `load`, `load_weights` and `notes` of a format whose files are opened so; see `by_extension`."""

    def load(path: StrPath, custom_objects: Mapping[str, Any] | None = None, compile: bool = True) -> Any:
        """Return the model that `save` wrote; other files raise `ModelFileError`."""
        return restored(opened(path), custom_objects, compile)

    def load_weights(model: Any, path: StrPath) -> None:
        """Give a built model the weights in a file: all of them, or none and `ModelFileError`."""
        fill_from(opened(path), model)

    def notes(path: StrPath) -> dict[str, Any]:
        """Return the notes in a file."""
        return notes_of(opened(path))

    return load, load_weights, notes


def restored(source: Source, custom_objects: Mapping[str, Any] | None, compile: bool) -> Any:
    """Return the model that a file describes; one without a description raises `ModelFileError`."""
    text = _described(source).get("model")
    if not isinstance(text, dict):
        raise NoNetwork(
            f"{source.name} holds no description of a network. Make the model, and call model.load_weights."
        )

    def fill(model: Any, optimizer: Any) -> None:
        has_memory = any(name.startswith("optimizer/") for name in source.names())
        fill_from(source, model, optimizer if has_memory else None)

    return revive(source.name, json.dumps(text), source.size, custom_objects, compile, fill)


def fill_from(source: Source, model: Any, optimizer: Any = None) -> None:
    """Assign every array to its variable: all of them, or none and `ModelFileError`."""
    require_built(model)
    wanted = named(model, optimizer)
    strange = [name for name in source.names() if name not in wanted and not name.startswith("optimizer/")]
    if strange:
        raise ModelFileError(
            f"{source.name} holds {strange[0]!r}, which the network has not. The weights belong to another network."
        )
    found = [(v, source.array(name, tuple(v.shape), np.dtype(v.dtype))) for name, v in wanted.items()]
    for variable, array in found:
        variable.assign(array)


def notes_of(source: Source) -> dict[str, Any]:
    """Return the notes in a file, an empty dict if it has none."""
    found = _described(source).get("notes")
    return found if isinstance(found, dict) else {}


def fitting(source: str, name: str, array: Array, shape: Shape, dtype: DType) -> Array:
    """Return an array in the dtype asked for; another shape or another kind of numbers raises `ModelFileError`."""
    if array.dtype.kind not in "fiu" or (array.dtype.kind == "f") != (dtype.kind == "f"):
        raise ModelFileError(f"{source}: {name!r} holds {array.dtype}, expected {dtype}. Use an intact copy.")
    if array.shape != tuple(shape):
        raise ModelFileError(f"{source}: {name!r} has shape {array.shape}, expected {tuple(shape)}.")
    return array.astype(dtype, copy=False)


def _described(source: Source) -> dict[str, Any]:
    text = source.text()
    with refusing(source.name):
        return {} if text is None else parsed(text)


def named(model: Any, optimizer: Any = None) -> dict[str, Any]:
    """Return the variables of a model and of an optimizer by their names in the file."""
    found: dict[str, Any] = {}
    for path, _, variables in state.owners(model):
        for variable in variables:
            _add(found, f"{path}/{variable.name}" if path else variable.name, variable)
    for variable in () if optimizer is None else optimizer.variables:
        _add(found, f"optimizer/{getattr(variable, 'path', None) or variable.name}", variable)
    return found


def _add(found: dict[str, Any], name: str, variable: Any) -> None:
    free, count = name, 0
    while free in found:
        count += 1
        free = f"{name}_{count}"
    found[free] = variable
