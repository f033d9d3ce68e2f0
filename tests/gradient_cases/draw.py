"""Where the inputs of the gradient proof come from: domains, shapes and memory layouts.

A domain draws an array of a shape; a layout stores the same numbers another way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from backlit.arrays import Array, Shape

Domain: TypeAlias = Callable[[np.random.Generator, Shape], Array]

SHAPES: tuple[Shape, ...] = ((), (1,), (7,), (0,), (2, 3), (3, 0), (2, 1, 3))
PAIRS: tuple[tuple[Shape, Shape], ...] = (
    ((), ()),
    ((5,), (5,)),
    ((2, 3), (2, 3)),
    ((2, 3), (3,)),
    ((3,), (2, 3)),
    ((3, 1), (1, 4)),
    ((), (2, 3)),
    ((2, 3), ()),
    ((1,), (5,)),
    ((0, 3), (3,)),
    ((2, 1, 3), (4, 1)),
)
LAYOUTS = ("fortran", "reversed", "strided")


def real(rng: np.random.Generator, shape: Shape) -> Array:
    return rng.standard_normal(shape)


def wide(rng: np.random.Generator, shape: Shape) -> Array:
    return 4.0 * rng.standard_normal(shape)


def positive(rng: np.random.Generator, shape: Shape) -> Array:
    return rng.uniform(0.3, 3.0, shape)


def nonzero(rng: np.random.Generator, shape: Shape) -> Array:
    return rng.uniform(0.3, 3.0, shape) * rng.choice([-1.0, 1.0], shape)


def above_minus_one(rng: np.random.Generator, shape: Shape) -> Array:
    return rng.uniform(-0.6, 2.0, shape)


def inner(rng: np.random.Generator, shape: Shape) -> Array:
    return rng.uniform(0.05, 0.95, shape)


def truth(rng: np.random.Generator, shape: Shape) -> Array:
    return rng.random(shape) < 0.5


def zero_one(rng: np.random.Generator, shape: Shape) -> Array:
    return (rng.random(shape) < 0.5).astype(np.float64)


def distribution(rng: np.random.Generator, shape: Shape) -> Array:
    p = rng.uniform(0.05, 1.0, shape)
    return p / p.sum(-1, keepdims=True)


def integers(below: int) -> Domain:
    """Return a domain of class numbers 0..below-1; they are inputs without a gradient."""
    return lambda rng, shape: rng.integers(0, below, shape)


def laid_out(x: Array, layout: str) -> Array:
    """Return the numbers of `x` in another memory layout."""
    if layout == "fortran":
        return np.asfortranarray(x)
    if layout == "reversed":
        back = tuple(slice(None, None, -1) for _ in x.shape)
        return x[back].copy()[back]
    if layout == "strided":
        wider = np.full((*x.shape[:-1], 2 * x.shape[-1]), np.nan) if x.dtype.kind == "f" else np.repeat(x, 2, -1)
        wider[..., ::2] = x
        return wider[..., ::2]
    return x
