"""Activations over an axis: they turn scores into shares of a whole, or let one half of an axis gate the other.

`softmax` and `log_softmax` are ops of their own (`ops.softmax`); `sparsemax` is written here like them.
"""

from __future__ import annotations

import numpy as np

from ..arrays import positive_axis
from ..errors import ShapeError
from ..ops import backward_of, cast, composite, cumsum, log_softmax, max, maximum, softmax, sort, sum, take_slice
from ..ops.op import Spec, Value, elementwise_spec
from .smooth import sigmoid

__all__ = ["glu", "log_softmax", "softmax", "sparsemax"]


def _sparsemax_spec(x: Spec, axis: int) -> Spec:
    positive_axis(axis, len(x.shape))
    return elementwise_spec(x)


@composite("softmax", _sparsemax_spec)
def sparsemax(x: Value, axis: int = -1) -> Value:
    """y = max(x - t, 0) along an axis, with the t that makes the sum 1 (Martins and Astudillo 2016)"""
    place = positive_axis(axis, len(np.shape(x)))
    x = x - max(x, place, keepdims=True)  # changes nothing but the rounding of large scores
    z = -sort(-x, place)  # greatest first
    so_far = cumsum(z, place)
    count = _places(np.shape(x), place, z.dtype)
    inside = cast(1.0 + count * z > so_far, z.dtype.name)
    size = sum(inside, place, keepdims=True)
    t = (sum(inside * z, place, keepdims=True) - 1.0) / size
    return maximum(x - t, 0.0)


@backward_of(sparsemax)
def sparsemax_backward(dy: Value, y: Value, x: Value, axis: int) -> tuple[Value]:
    """dx = dy less its mean, both over the entries with y > 0; the others receive nothing."""
    alive = cast(y > 0, y.dtype.name)
    mean = sum(dy * alive, axis, keepdims=True) / sum(alive, axis, keepdims=True)
    return (alive * (dy - mean),)


def _places(shape: tuple[int, ...], axis: int, dtype: np.dtype) -> Value:
    """Return 1, 2, 3, ... along the axis."""
    return np.arange(1, shape[axis] + 1, dtype=dtype).reshape([-1 if i == axis else 1 for i in range(len(shape))])


def glu(x: Value, axis: int = -1) -> Value:
    """Return a * sigmoid(b) for the two halves a, b of `axis` (Dauphin et al. 2017); an odd size raises `ShapeError`.

    Shape (..., 2n, ...) gives (..., n, ...).
    """
    shape = np.shape(x)
    place = positive_axis(axis, len(shape))
    if shape[place] % 2:
        raise ShapeError(f"glu halves axis {axis}, whose size must be even; the input has shape {tuple(shape)}.")
    half, lead = shape[place] // 2, [slice(None)] * place
    return take_slice(x, (*lead, slice(0, half))) * sigmoid(take_slice(x, (*lead, slice(half, None))))
