"""What is kept of an array that is watched: seven numbers, written with ops so that they are part of the watched step.

The array itself then never leaves the executor; `watch` says which arrays of a step are of interest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import ops

SATURATING = {"tanh": (-1.0, 1.0), "sigmoid": (0.0, 1.0), "softsign": (-1.0, 1.0), "hard_sigmoid": (0.0, 1.0)}
NEAR = 0.02  # within this share of its range from a limit, a squashing activation counts as saturated


@dataclass(frozen=True)
class Stats:
    """What is kept of one array at one step. `zeros` and `saturated` are shares between 0 and 1."""

    step: int
    mean: float
    std: float
    minimum: float
    maximum: float
    norm: float
    zeros: float
    saturated: float = 0.0

    @property
    def finite(self) -> bool:
        """Whether all numbers were."""
        return bool(np.isfinite(self.norm))


def statistics(x: Any, kind: str = "") -> Any:
    """Return the fields of `Stats` after `step` as a float64 vector; `kind` is the op that made x, for saturation."""
    wide = ops.cast(x, dtype="float64")
    count = float(max(1, np.prod(x.shape)))
    mean = _sum(wide) / count
    zeros = 1.0 - _sum(ops.cast(ops.not_equal(x, 0), dtype="float64")) / count
    saturated = ops.cast(0.0, dtype="float64")
    if kind in SATURATING:
        low, high = SATURATING[kind]
        margin = NEAR * (high - low)
        near = ops.logical_or(ops.less(wide, low + margin), ops.greater(wide, high - margin))
        saturated = _sum(ops.cast(near, dtype="float64")) / count
    std = ops.sqrt(_sum(ops.square(wide - mean)) / count)
    extremes = [_columns_first(extreme, x) for extreme in (ops.min, ops.max)]
    minimum, maximum = (ops.cast(extreme, dtype="float64") for extreme in extremes)
    return ops.stack([mean, std, minimum, maximum, norm(wide), zeros, saturated])


def norm(x: Any) -> Any:
    """|x| = sqrt(sum x²)"""
    return ops.sqrt(_sum(ops.square(x)))


def relative_change(old: Any, new: Any) -> Any:
    """|new - old| / |old|, or |new| where old is 0"""
    old, new = (ops.cast(value, dtype="float64") for value in (old, new))
    size = norm(old)
    return norm(new - old) / ops.where(ops.equal(size, 0.0), 1.0, size)


def _sum(x: Any) -> Any:
    return _columns_first(ops.sum, x)


def _columns_first(reduction: Any, x: Any) -> Any:
    """Reduce the first axis, then the rest: many columns at once, by all threads."""
    return reduction(reduction(x, axis=0)) if len(x.shape) > 1 else reduction(x)
