"""Random tensors at the prompt: uniform, normal, truncated_normal, shuffle.

Each call draws new numbers from the seed of `set_random_seed`; with `seed=` the same ones every time.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import seeds
from .arrays import Shape, as_dtype
from .errors import ConfigError
from .tensor import Tensor, as_array

__all__ = ["normal", "shuffle", "truncated_normal", "uniform"]


def uniform(shape: Any, minval: float = 0.0, maxval: float = 1.0, dtype: Any = None, seed: int | None = None) -> Tensor:
    """Return numbers spread evenly over [minval, maxval); integers for an integer dtype."""
    kind = as_dtype(dtype)
    if not maxval > minval:
        raise ConfigError(f"uniform needs minval < maxval, got {minval!r} and {maxval!r}.")
    numbers = seeds.uniform(_seed(seed), seeds.INITIAL, 0, _shape(shape), "float64")
    numbers = minval + numbers * (maxval - minval)
    if kind.kind in "iu":
        return Tensor(np.floor(numbers).astype(kind))
    below = np.nextafter(kind.type(maxval), kind.type(minval))  # rounding to `kind` may reach maxval itself
    return Tensor(np.minimum(numbers.astype(kind), below))


def normal(shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: int | None = None) -> Tensor:
    """Return normal numbers."""
    return Tensor((mean + stddev * seeds.normal(_seed(seed), seeds.INITIAL, 0, _shape(shape))).astype(as_dtype(dtype)))


def truncated_normal(
    shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: int | None = None
) -> Tensor:
    """Return normal numbers within two deviations of the mean."""
    numbers = seeds.truncated_normal(_seed(seed), seeds.INITIAL, _shape(shape))
    return Tensor((mean + stddev * numbers).astype(as_dtype(dtype)))


def shuffle(x: Any, seed: int | None = None) -> Tensor:
    """Return `x` with its rows in random order."""
    array = as_array(x)
    return Tensor(array[seeds.permutation(_seed(seed), 0, len(array), seeds.INITIAL)])


def _seed(seed: int | None) -> int:
    return seeds.fresh_seed() if seed is None else int(seed)


def _shape(shape: Any) -> Shape:
    return (int(shape),) if isinstance(shape, (int, np.integer)) else tuple(int(n) for n in as_array(shape, "int64"))
