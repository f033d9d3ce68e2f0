"""What large weights cost: a penalty on a weight, added to the loss.

Each is a function of a tensor that gives a scalar, written with ops, so its gradient comes with it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .errors import ConfigError, ShapeError
from .ops import absolute, matmul, square, sum, unit_normalize
from .ops.op import Value
from .vocabulary import Vocabulary


class Regularizer:
    """A function of a weight that returns a scalar penalty. Subclasses write `__call__`."""

    def __call__(self, x: Value) -> Value:
        """Return the penalty of `x`, a scalar of its dtype."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__(x).")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Regularizer:
        """Make a regularizer of `get_config`'s answer."""
        return cls(**config)


class L1(Regularizer):
    """l1 * sum(|x|): drives weights to exactly 0."""

    def __init__(self, l1: float = 0.01) -> None:
        self.l1 = _strength("l1", 0.01 if l1 is None else l1)

    def __call__(self, x: Value) -> Value:
        return sum(absolute(x)) * self.l1

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1}


class L2(Regularizer):
    """l2 * sum(x * x): keeps weights small (weight decay)."""

    def __init__(self, l2: float = 0.01) -> None:
        self.l2 = _strength("l2", 0.01 if l2 is None else l2)

    def __call__(self, x: Value) -> Value:
        return sum(square(x)) * self.l2

    def get_config(self) -> dict[str, Any]:
        return {"l2": self.l2}


class L1L2(Regularizer):
    """l1 * sum(|x|) + l2 * sum(x * x)."""

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l1 = _strength("l1", 0.0 if l1 is None else l1)
        self.l2 = _strength("l2", 0.0 if l2 is None else l2)

    def __call__(self, x: Value) -> Value:
        return sum(absolute(x)) * self.l1 + sum(square(x)) * self.l2

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1, "l2": self.l2}


class OrthogonalRegularizer(Regularizer):
    """factor * the mean |cosine| between different rows (or columns) of a matrix."""

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        if mode not in ("rows", "columns"):
            raise ConfigError(f'mode must be "rows" or "columns", got {mode!r}.')
        self.factor = _strength("factor", factor)
        self.mode = mode

    def __call__(self, x: Value) -> Value:
        shape = np.shape(x)
        if len(shape) != 2:
            raise ShapeError(f"OrthogonalRegularizer needs a matrix, got the shape {tuple(shape)}.")
        rows = self.mode == "rows"
        unit = unit_normalize(x, 1 if rows else 0)
        cosines = matmul(unit, unit, transpose_b=True) if rows else matmul(unit, unit, transpose_a=True)
        count = shape[0] if rows else shape[1]
        pairs = max(count * (count - 1) / 2.0, 1.0)
        return sum(absolute(cosines * (1.0 - np.eye(count, dtype=x.dtype)))) * (0.5 * self.factor / pairs)

    def get_config(self) -> dict[str, Any]:
        return {"factor": self.factor, "mode": self.mode}


def _strength(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not 0 <= float(value) < math.inf:
        raise ConfigError(f"{name} must be a finite number >= 0, got {value!r}.")
    return float(value)


l1, l2, l1_l2, orthogonal_regularizer = L1, L2, L1L2, OrthogonalRegularizer

REGULARIZERS: dict[str, type[Regularizer]] = {
    "l1": L1, "l2": L2, "l1_l2": L1L2, "orthogonal_regularizer": OrthogonalRegularizer,
}  # fmt: skip
NAMES = Vocabulary(
    "regularizer",
    "keras.regularizers",
    Regularizer,
    {**REGULARIZERS, **{kind.__name__: kind for kind in REGULARIZERS.values()}},
)


def get(identifier: Any) -> Any:
    """Return a regularizer for a name, a class, a serialized form, or a function (as it is); None gives None."""
    return NAMES.get(identifier)


def serialize(regularizer: Any) -> Any:
    """Return a regularizer as JSON-able data."""
    return NAMES.serialize(regularizer)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """Return the regularizer `serialize` described; classes of your own come in `custom_objects`."""
    return NAMES.deserialize(config, custom_objects)


__all__ = [
    "L1", "L1L2", "L2", "OrthogonalRegularizer", "Regularizer", "deserialize", "get", "l1", "l1_l2", "l2",
    "orthogonal_regularizer", "serialize",
]  # fmt: skip
