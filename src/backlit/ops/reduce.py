"""From many numbers to few: sums, means, extremes along axes.

The backward rule of a reduction spreads the gradient over the numbers it was made of.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from ..arrays import Array, DType, Shape, positive_axes, positive_axis, shape_of
from ..errors import NotDifferentiable
from .elementwise import cast, equal, sqrt, square, where
from .op import Op, Rule, Spec, Value, apply, backward_of, float_result, primitive
from .shape import broadcast_to, length, reshape

Axis: TypeAlias = int | Sequence[int] | None


def _kept(shape: Shape, axes: tuple[int, ...]) -> Shape:
    return tuple(1 if i in axes else n for i, n in enumerate(shape))


def _reduced_shape(x: Spec, axes: tuple[int, ...], keepdims: bool) -> Shape:
    return _kept(x.shape, axes) if keepdims else tuple(n for i, n in enumerate(x.shape) if i not in axes)


def _same_dtype(x: Spec, axes: tuple[int, ...], keepdims: bool) -> Spec:
    return Spec(_reduced_shape(x, axes, keepdims), x.dtype)


def _sum_dtype(x: Spec, axes: tuple[int, ...], keepdims: bool) -> Spec:
    return Spec(_reduced_shape(x, axes, keepdims), _total_dtype(x.dtype))


def _total_dtype(dtype: DType) -> DType:
    """A sum of integers is int64: 200 + 100 pixels are 300, not 44."""
    return dtype if dtype.kind == "f" or dtype == np.uint64 else np.dtype(np.int64)


def _mean_dtype(x: Spec, axes: tuple[int, ...], keepdims: bool) -> Spec:
    return Spec(_reduced_shape(x, axes, keepdims), float_result(x.dtype))


def _bool_dtype(x: Spec, axes: tuple[int, ...], keepdims: bool) -> Spec:
    return Spec(_reduced_shape(x, axes, keepdims), np.dtype(bool))


@primitive("reduce", _sum_dtype)
def _sum(x: Value, axes: tuple[int, ...] = (), keepdims: bool = False) -> Array:
    """y = the sum of x over axes"""
    x = np.asarray(x)
    dtype = x.dtype if x.dtype.kind == "f" else _total_dtype(x.dtype)
    return np.add.reduce(x, axis=axes, keepdims=keepdims, dtype=dtype)


@primitive("reduce", _mean_dtype)
def _mean(x: Value, axes: tuple[int, ...] = (), keepdims: bool = False) -> Array:
    """y = the sum of x over axes, divided by how many numbers were summed"""
    x = np.asarray(x)
    dtype = x.dtype if x.dtype.kind == "f" else float_result(x.dtype)
    count = x.shape[axes[0]] if len(axes) == 1 else math.prod(x.shape[a] for a in axes)
    total = np.add.reduce(x, axis=axes, keepdims=keepdims, dtype=dtype)
    return np.divide(total, dtype.type(count))


@primitive("reduce", _same_dtype)
def _max(x: Value, axes: tuple[int, ...] = (), keepdims: bool = False) -> Array:
    """y = the greatest number over axes"""
    return np.maximum.reduce(x, axis=axes, keepdims=keepdims)


@primitive("reduce", _same_dtype)
def _min(x: Value, axes: tuple[int, ...] = (), keepdims: bool = False) -> Array:
    """y = the smallest number over axes"""
    return np.minimum.reduce(x, axis=axes, keepdims=keepdims)


@primitive("reduce", _same_dtype)
def _prod(x: Value, axes: tuple[int, ...] = (), keepdims: bool = False) -> Array:
    """y = the product of x over axes"""
    return np.multiply.reduce(x, axis=axes, keepdims=keepdims)


@primitive("reduce", _bool_dtype)
def _any(x: Value, axes: tuple[int, ...] = (), keepdims: bool = False) -> Array:
    """y = one of x over axes holds"""
    return np.any(x, axis=axes, keepdims=keepdims)


@primitive("reduce", _bool_dtype)
def _all(x: Value, axes: tuple[int, ...] = (), keepdims: bool = False) -> Array:
    """y = all of x over axes hold"""
    return np.all(x, axis=axes, keepdims=keepdims)


def _index_spec(x: Spec, axis: int) -> Spec:
    return Spec((*x.shape[:axis], *x.shape[axis + 1 :]), np.dtype(np.int64))


@primitive("reduce", _index_spec)
def _argmax(x: Value, axis: int = 0) -> Array:
    """y = the first place of the greatest number along an axis"""
    return np.argmax(x, axis)


@primitive("reduce", _index_spec)
def _argmin(x: Value, axis: int = 0) -> Array:
    """y = the first place of the smallest number along an axis"""
    return np.argmin(x, axis)


@primitive("scan", lambda x, axis, reverse: x)
def _cumsum(x: Value, axis: int = 0, reverse: bool = False) -> Array:
    """y = the running sum along an axis, from the end if reverse"""
    if reverse:
        return np.flip(np.cumsum(np.flip(x, axis), axis), axis)
    return np.cumsum(x, axis)


@primitive("scan", lambda x, axis: x)
def _sort(x: Value, axis: int = 0) -> Array:
    """y = the numbers in ascending order along an axis"""
    return np.sort(x, axis)


def _spread(dy: Value, x: Value, axes: tuple[int, ...]) -> Value:
    return broadcast_to(reshape(dy, _kept(x.shape, axes)), x.shape)


@backward_of(_sum)
def sum_backward(dy: Value, y: Value, x: Value, axes: tuple[int, ...], keepdims: bool) -> tuple[Value]:
    """Every summed number receives dy."""
    return (_spread(dy, x, axes),)


@backward_of(_mean)
def mean_backward(dy: Value, y: Value, x: Value, axes: tuple[int, ...], keepdims: bool) -> tuple[Value]:
    """Every one of n numbers receives dy / n."""
    return (_spread(dy / length(x, axes), x, axes),)


@backward_of(_prod)
def prod_backward(dy: Value, y: Value, x: Value, axes: tuple[int, ...], keepdims: bool) -> tuple[Value]:
    """dy/dx_i is the product of the others: y / x_i, or where some x is zero the product without it."""
    is_zero = equal(x, 0)
    zeros = sum(where(is_zero, 1.0, 0.0), axes, keepdims=True)
    others = prod(where(is_zero, 1.0, x), axes, keepdims=True)
    at_zero = where(equal(zeros, 1), others, 0.0)
    elsewhere = where(equal(zeros, 0), others / where(is_zero, 1.0, x), 0.0)
    slope = where(is_zero, at_zero, elsewhere)
    return (_spread(dy, x, axes) * slope,)


def _extreme_backward(dy: Value, y: Value, x: Value, axes: tuple[int, ...], keepdims: bool) -> tuple[Value]:
    """The extreme receives dy; equal extremes share it."""
    top = reshape(y, _kept(x.shape, axes))
    chosen = cast(equal(x, top), dtype=top.dtype.name)  # in the dtype of x: a tie of three is exact to its precision
    return (_spread(dy, x, axes) * (chosen / sum(chosen, axes, keepdims=True)),)


@backward_of(_sort)
def sort_backward(dy: Value, y: Value, x: Value, axis: int) -> tuple[Value]:
    """No rule: to go on as if no gradient passed would be wrong."""
    todo = "Give the op that sorts a backward rule, or use stop_gradient(sort(x))."
    raise NotDifferentiable(f"sort has no gradient. {todo}")


backward_of(_max)(_extreme_backward)
backward_of(_min)(_extreme_backward)
backward_of(_cumsum)(lambda dy, y, x, axis, reverse: (cumsum(dy, axis, not reverse),))


def _reduction(op: Op, doc: str) -> Rule:
    op.name = op.name.lstrip("_")

    def reduce(x: Value, axis: Axis = None, keepdims: bool = False) -> Value:
        if type(x) is np.ndarray:
            return op.forward(x, positive_axes(axis, x.ndim), keepdims)
        axes = positive_axes(axis, len(shape_of(x)))
        if not axes and getattr(x, "shape", None) == () and x.dtype.kind == "f":
            return x  # one number is its own sum, mean and extreme
        return apply(op, (x,), {"axes": axes, "keepdims": bool(keepdims)})

    reduce.__name__ = reduce.__qualname__ = op.name
    reduce.__doc__ = f"{doc} over `axis` (an integer, several, or None for all); `keepdims` leaves them with size 1."
    return reduce


sum = _reduction(_sum, "Return the sum")
mean = _reduction(_mean, "Return the mean, in the input's floating dtype (the default float for integers),")
max = _reduction(_max, "Return the greatest number")
min = _reduction(_min, "Return the smallest number")
prod = _reduction(_prod, "Return the product")
any = _reduction(_any, "Say whether one holds")
all = _reduction(_all, "Say whether all hold")


def variance(x: Value, axis: Axis = None, keepdims: bool = False) -> Value:
    """Return the mean squared distance from the mean (the biased variance) over `axis`."""
    return mean(square(x - mean(x, axis, keepdims=True)), axis, keepdims)


def std(x: Value, axis: Axis = None, keepdims: bool = False) -> Value:
    """Return the square root of the biased variance over `axis`."""
    return sqrt(variance(x, axis, keepdims))


def argmax(x: Value, axis: int = -1) -> Value:
    """Return the first place (int64) of the greatest number along `axis`."""
    return apply(_argmax, (x,), {"axis": positive_axis(axis, len(shape_of(x)))})


def argmin(x: Value, axis: int = -1) -> Value:
    """Return the first place (int64) of the smallest number along `axis`."""
    return apply(_argmin, (x,), {"axis": positive_axis(axis, len(shape_of(x)))})


def cumsum(x: Value, axis: int = 0, reverse: bool = False) -> Value:
    """Return the running sum along `axis`."""
    return apply(_cumsum, (x,), {"axis": positive_axis(axis, len(shape_of(x))), "reverse": bool(reverse)})


def sort(x: Value, axis: int = -1) -> Value:
    """Return the numbers in ascending order along `axis`; asking for its gradient raises `NotDifferentiable`."""
    return apply(_sort, (x,), {"axis": positive_axis(axis, len(shape_of(x)))})


for _op in (_argmax, _argmin, _cumsum, _sort):
    _op.name = _op.name.lstrip("_")
