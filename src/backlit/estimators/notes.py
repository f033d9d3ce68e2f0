"""Arguments of an estimator as JSON-able data and back: numbers, texts, arrays, and what `get_config` describes.

The kinds are a closed table. A function of the user's own has no place in a file and is refused when it is written.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import activations, initializers, losses, optimizers, regularizers
from ..errors import ConfigError, ModelFileError

READERS: dict[str, Callable[[Any], Any]] = {
    "optimizer": optimizers.deserialize,
    "schedule": optimizers.schedules.deserialize,
    "initializer": initializers.deserialize,
    "regularizer": regularizers.deserialize,
    "loss": losses.deserialize,
    "activation": activations.deserialize,
}


def written(value: Any, name: str = "value") -> Any:
    """Return `value` as JSON-able data, plain ones as they are, others as {kind: ...}; unknown ones: `ConfigError`."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"float": repr(value)}
    if isinstance(value, (list, tuple)):
        return {type(value).__name__: [written(one, name) for one in value]}
    if isinstance(value, dict):
        return {"dict": [[written(key, name), written(one, name)] for key, one in value.items()]}
    if isinstance(value, np.ndarray):
        return _array(value, name)
    return _vocabulary(value, name)


def _array(value: np.ndarray, name: str) -> Any:
    if value.dtype.kind == "O" and all(isinstance(one, str) for one in value.flat):
        return {"array": ["O", value.tolist()]}
    if value.dtype.kind not in "biufU":
        raise ConfigError(f"{name} has dtype {value.dtype}, which cannot be saved. Expected numbers or text.")
    return {"array": ["U" if value.dtype.kind == "U" else value.dtype.str, value.tolist()]}


def _vocabulary(value: Any, name: str) -> Any:
    kinds: tuple[tuple[str, Any, Callable[[Any], Any]], ...] = (
        ("optimizer", optimizers.Optimizer, optimizers.NAMES.serialize),
        ("schedule", optimizers.schedules.LearningRateSchedule, lambda thing: optimizers.schedules.serialize(thing)),
        ("initializer", initializers.Initializer, initializers.serialize),
        ("regularizer", regularizers.Regularizer, regularizers.serialize),
        ("loss", losses.Loss, losses.serialize),
    )
    for kind, parent, serialize in kinds:
        if isinstance(value, parent):
            return _ours(kind, serialize(value), name)
    if callable(value) and name == "loss":
        return _ours("loss", losses.serialize(value), name)
    if callable(value) and name in ("activation", "hidden"):
        return _ours("activation", activations.serialize(value), name)
    expected = "a name, numbers, or an object of Backlit's"
    raise ConfigError(f"{name} is {value!r}, which cannot be saved. Expected {expected}.")


def _ours(kind: str, entry: Any, name: str) -> Any:
    """Return the entry, if the closed tables can read it again."""
    try:
        READERS[kind](entry)
    except ConfigError as error:
        raise ConfigError(
            f"{name} is of your own making and cannot be saved ({error}) Save model_, or pickle."
        ) from None
    return {kind: entry}


def read(entry: Any) -> Any:
    """Return what `written` described; anything else raises `ModelFileError`."""
    if entry is None or isinstance(entry, (bool, int, float, str)):
        return entry
    if not isinstance(entry, dict) or len(entry) != 1:
        raise ModelFileError(f"The notes hold {str(entry)[:80]}. Expected one kind with its value.")
    (kind, value), = entry.items()  # fmt: skip
    if kind in ("list", "tuple"):
        found = [read(one) for one in value]
        return found if kind == "list" else tuple(found)
    if kind == "dict":
        return {read(key): read(one) for key, one in value}
    if kind == "float":
        return {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}[value]
    if kind == "array":
        dtype, values = value
        if dtype not in ("O", "U") and np.dtype(dtype).kind not in "biuf":
            raise ModelFileError(f"The notes hold an array of dtype {dtype!r}. Expected numbers or text.")
        return np.array(values, dtype)
    if kind not in READERS:
        raise ModelFileError(f"The notes hold a value of kind {kind!r}. Expected one of {', '.join(READERS)}.")
    return READERS[kind](value)
