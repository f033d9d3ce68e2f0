"""A layer's configuration is its constructor's arguments, read back from attributes of the same names.

That one convention (scikit-learn's) spares every layer a hand-written `get_config`.
"""

from __future__ import annotations

import inspect
from functools import cache
from typing import Any

import numpy as np

from .. import activations, constraints, initializers, regularizers
from ..arrays import DType, as_dtype
from ..errors import ConfigError

SKIPPED = ("self", "args", "kwargs", "legacy")


def policy_dtype(dtype: Any) -> DType:
    """Return the floating dtype of a layer for a name, a dtype or a Keras dtype policy (as a dict or with `.name`)."""
    if isinstance(dtype, dict):
        dtype = dtype.get("config", {}).get("name", dtype.get("name"))
    found = as_dtype(dtype)
    if found.name not in ("float32", "float64"):
        raise ConfigError(f'A layer\'s dtype must be "float32" or "float64", got {found.name!r}.')
    return found


@cache
def takes_training(kind: type) -> bool:
    """Say whether `call` of this class has a `training` argument."""
    parameters = inspect.signature(kind.call).parameters.values()  # type: ignore[attr-defined]
    return any(p.name == "training" for p in parameters)


@cache
def arguments(kind: type) -> tuple[str, ...]:
    """Return the names of the constructor's own arguments, those of the parents after them."""
    names: dict[str, None] = {}
    for parent in kind.__mro__:
        if "__init__" in vars(parent) and parent is not object:
            parameters = inspect.signature(parent.__init__).parameters.values()  # type: ignore[misc]
            names.update((p.name, None) for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL))
            if not any(p.kind is p.VAR_KEYWORD for p in parameters):
                break
    return tuple(n for n in names if n not in SKIPPED)


def of(layer: Any) -> dict[str, Any]:
    """Return the configuration of `layer`; an argument that was not kept as an attribute raises `ConfigError`."""
    config: dict[str, Any] = {"name": layer.name, "trainable": layer.trainable, "dtype": layer.dtype.name}
    for name in arguments(type(layer)):
        if name in config or (name == "activity_regularizer" and layer.activity_regularizer is None):
            continue
        if not hasattr(layer, name):
            raise ConfigError(
                f"{type(layer).__name__}.get_config cannot find the argument {name!r}: keep it as self.{name} in "
                "__init__, or write get_config yourself."
            )
        config[name] = plain(getattr(layer, name), name)
    return config


def plain(value: Any, name: str = "") -> Any:
    """Return a setting as JSON-able data."""
    for room, parent in ((initializers, "Initializer"), (regularizers, "Regularizer"), (constraints, "Constraint")):
        if isinstance(value, getattr(room, parent)):
            return room.serialize(value)
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    if callable(value) and name.endswith("activation"):
        return activations.serialize(value)
    return list(value) if isinstance(value, tuple) else value
