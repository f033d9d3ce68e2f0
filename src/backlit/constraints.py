"""What weights may be: a projection applied to a weight after each update.

Each is a function of a tensor that gives one of the same shape, written with ops.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from .arrays import epsilon
from .errors import ConfigError
from .ops import clip, maximum, minimum, sqrt, square, sum
from .ops.op import Value
from .vocabulary import Vocabulary

Axis: TypeAlias = int | Sequence[int]


class Constraint:
    """A function of a weight that returns the nearest allowed one. Subclasses write `__call__`."""

    def __call__(self, w: Value) -> Value:
        """Return the allowed weight, of the shape and dtype of `w`."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__(w).")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Constraint:
        """Make a constraint of `get_config`'s answer."""
        return cls(**config)


class NonNeg(Constraint):
    """No weight below 0."""

    def __call__(self, w: Value) -> Value:
        return maximum(w, 0.0)


class MaxNorm(Constraint):
    """The norm along `axis` is at most `max_value`: with axis 0, that of each unit's incoming weights."""

    def __init__(self, max_value: float = 2, axis: Axis = 0) -> None:
        self.max_value = max_value
        self.axis = axis

    def __call__(self, w: Value) -> Value:
        norms = _norms(w, self.axis)
        return w * (minimum(norms, float(self.max_value)) / (norms + epsilon()))

    def get_config(self) -> dict[str, Any]:
        return {"max_value": self.max_value, "axis": self.axis}


class UnitNorm(Constraint):
    """The norm along `axis` is 1."""

    def __init__(self, axis: Axis = 0) -> None:
        self.axis = axis

    def __call__(self, w: Value) -> Value:
        return w / (_norms(w, self.axis) + epsilon())

    def get_config(self) -> dict[str, Any]:
        return {"axis": self.axis}


class MinMaxNorm(Constraint):
    """The norm along `axis` is drawn between `min_value` and `max_value`, by the share `rate` of the way each time."""

    def __init__(self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Axis = 0) -> None:
        if not min_value <= max_value:
            raise ConfigError(f"min_value must not exceed max_value, got {min_value!r} and {max_value!r}.")
        if not 0 < rate <= 1:
            raise ConfigError(f"rate must lie in (0, 1], got {rate!r}.")
        self.min_value = min_value
        self.max_value = max_value
        self.rate = rate
        self.axis = axis

    def __call__(self, w: Value) -> Value:
        norms = _norms(w, self.axis)
        allowed = clip(norms, float(self.min_value), float(self.max_value))
        wanted = allowed * self.rate + norms * (1.0 - self.rate)
        return w * (wanted / (norms + epsilon()))

    def get_config(self) -> dict[str, Any]:
        return {"min_value": self.min_value, "max_value": self.max_value, "rate": self.rate, "axis": self.axis}


def _norms(w: Value, axis: Axis) -> Value:
    return sqrt(sum(square(w), axis, keepdims=True))


max_norm, non_neg, unit_norm, min_max_norm = MaxNorm, NonNeg, UnitNorm, MinMaxNorm

CONSTRAINTS: dict[str, type[Constraint]] = {
    "max_norm": MaxNorm, "non_neg": NonNeg, "unit_norm": UnitNorm, "min_max_norm": MinMaxNorm,
}  # fmt: skip
NAMES = Vocabulary(
    "constraint",
    "keras.constraints",
    Constraint,
    {**CONSTRAINTS, **{kind.__name__: kind for kind in CONSTRAINTS.values()}},
)


def get(identifier: Any) -> Any:
    """Return a constraint for a name, a class, a serialized form, or a function (as it is); None gives None."""
    return NAMES.get(identifier)


def serialize(constraint: Any) -> Any:
    """Return a constraint as JSON-able data."""
    return NAMES.serialize(constraint)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """Return the constraint `serialize` described; classes of your own come in `custom_objects`."""
    return NAMES.deserialize(config, custom_objects)


__all__ = [
    "Constraint", "MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm", "deserialize", "get", "max_norm", "min_max_norm",
    "non_neg", "serialize", "unit_norm",
]  # fmt: skip
