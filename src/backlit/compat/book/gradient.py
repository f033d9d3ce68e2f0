"""The book's `common.gradient`: the slope of a function, felt out by moving one number at a time.

`graph.check` has the finer rule that our own tests use; this one moves the array itself, which the book's networks
count on, because their loss reads the weights from where they are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...arrays import Array
from ...errors import DataError, ShapeError

__all__ = ["numerical_gradient"]
STEP = 1e-4


def numerical_gradient(f: Callable[[Any], Any], x: Any) -> Array:
    """Return (f(x + h) - f(x - h)) / 2h for each number of `x`, h = 1e-4: an array of the shape of x.

    `f` is called with `x` itself, in which one number is moved and put back. `x` must be an array of floats: others
    raise `DataError`. An `f` that does not give one number raises `ShapeError`.

    >>> x = np.array([3.0, 4.0])
    >>> numerical_gradient(lambda x: np.sum(x**2), x).round(6)
    array([6., 8.])
    """
    if not isinstance(x, np.ndarray) or x.dtype.kind != "f":
        what = f"an array of dtype {x.dtype}" if isinstance(x, np.ndarray) else f"a {type(x).__name__}"
        raise DataError(
            f"numerical_gradient was given {what}. Expected an array of floats, because its numbers are moved by "
            "0.0001 in place: np.array([3.0, 4.0])."
        )
    gradient = np.empty(x.size, x.dtype)
    for place in range(x.size):
        kept = x.flat[place]
        try:
            x.flat[place] = kept + STEP
            ahead = _one_number(f(x))
            x.flat[place] = kept - STEP
            behind = _one_number(f(x))
        finally:
            x.flat[place] = kept
        gradient[place] = (ahead - behind) / (2 * STEP)
    return gradient.reshape(x.shape)


def _one_number(value: Any) -> Any:
    if np.ndim(value) == 0:
        return value
    raise ShapeError(
        f"The function given to numerical_gradient returned an array of shape {np.shape(value)}. Expected one number, "
        "such as a loss: take np.sum or np.mean of it."
    )
