"""Random numbers as ops: the seed and the step are inputs, so a recorded step draws new numbers each time it runs.

The bits come from `seeds`; every executor makes the same ones.
"""

from __future__ import annotations

import math

import numpy as np

from .. import seeds
from ..arrays import Array, Shape, as_dtype
from .elementwise import cos, log1p, sqrt
from .op import Spec, Value, composite, primitive
from .shape import take_slice


@primitive("random", lambda seed, step, stream, shape, dtype: Spec(shape, as_dtype(dtype)))
def uniform(seed: Value, step: Value, stream: int = 0, shape: Shape = (), dtype: str = "float32") -> Array:
    """y = numbers in [0, 1), a function of (seed, stream, step, position)"""
    return seeds.uniform(int(seed), stream, int(step), shape, dtype)


def _rows(seed: Spec, steps: Spec, stream: int, count: int, dtype: str) -> Spec:
    return Spec((*steps.shape, count), as_dtype(dtype))


@primitive("random", _rows)
def uniform_rows(seed: Value, steps: Value, stream: int = 0, count: int = 0, dtype: str = "float32") -> Array:
    """y = for each of many steps, `count` numbers in [0, 1): row i is uniform(seed, steps[i], stream, (count,))"""
    return seeds.uniform_rows(int(seed), stream, np.asarray(steps), count, dtype)


@composite("random", lambda seed, step, stream, shape, dtype: Spec(shape, as_dtype(dtype)))
def normal(seed: Value, step: Value, stream: int = 0, shape: Shape = (), dtype: str = "float32") -> Value:
    """y = sqrt(-2 ln(1 - u)) cos(2 pi v): standard normal numbers of two uniforms each (Box and Muller 1958)"""
    u = uniform(seed, step, stream, (2, *shape), dtype)
    radius = sqrt(-2.0 * log1p(-take_slice(u, 0)))
    return radius * cos((2.0 * math.pi) * take_slice(u, 1))
