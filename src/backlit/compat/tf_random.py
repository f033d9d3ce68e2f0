"""`tensorflow.random`: our random tensors; `set_seed` makes the next ones repeatable."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import random, seeds
from ..random import shuffle
from ..tensor import Tensor

__all__ = [
    "Generator",
    "normal",
    "set_seed",
    "shuffle",
    "stateless_normal",
    "stateless_uniform",
    "truncated_normal",
    "uniform",
]


def set_seed(seed: int) -> None:
    """Start all random numbers that follow from a seed."""
    seeds.set_random_seed(int(seed))


def normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32", seed: Any = None, name: Any = None
) -> Tensor:
    """Return normal numbers."""
    return random.normal(shape, float(mean), float(stddev), dtype, seed)


def truncated_normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32", seed: Any = None, name: Any = None
) -> Tensor:
    """Return normal numbers within two deviations of the mean."""
    return random.truncated_normal(shape, float(mean), float(stddev), dtype, seed)


def uniform(
    shape: Any, minval: Any = 0, maxval: Any = None, dtype: Any = "float32", seed: Any = None, name: Any = None
) -> Tensor:
    """Return numbers spread evenly over [minval, maxval), from 0 to 1 by default."""
    return random.uniform(shape, minval, 1 if maxval is None else maxval, dtype, seed)


def stateless_normal(shape: Any, seed: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32") -> Tensor:
    """Return the same normal numbers for the same pair of seeds (not TensorFlow's numbers)."""
    return random.normal(shape, mean, stddev, dtype, _one(seed))


def stateless_uniform(shape: Any, seed: Any, minval: Any = 0, maxval: Any = None, dtype: Any = "float32") -> Tensor:
    """Return the same even numbers for the same pair of seeds (not TensorFlow's numbers)."""
    return random.uniform(shape, minval, 1 if maxval is None else maxval, dtype, _one(seed))


def _one(seed: Any) -> int:
    low, high = (int(n) & 0x7FFFFFFF for n in np.asarray(seed).reshape(-1)[:2])
    return (high << 31) | low


class Generator:
    """A source of random tensors of its own."""

    def __init__(self, seed: int) -> None:
        self._seed, self._drawn = int(seed), 0

    @classmethod
    def from_seed(cls, seed: int, alg: Any = None) -> Generator:
        """Return the generator of a seed."""
        return cls(seed)

    @classmethod
    def from_non_deterministic_state(cls, alg: Any = None) -> Generator:
        """Return a generator that is different every time."""
        return cls(seeds.fresh_seed())

    def normal(self, shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32") -> Tensor:
        """Return normal numbers."""
        return random.normal(shape, mean, stddev, dtype, self._next())

    def uniform(self, shape: Any, minval: Any = 0, maxval: Any = None, dtype: Any = "float32") -> Tensor:
        """Return numbers spread evenly over [minval, maxval)."""
        return random.uniform(shape, minval, 1 if maxval is None else maxval, dtype, self._next())

    def _next(self) -> int:
        self._drawn += 1
        return (self._seed << 20) + self._drawn
