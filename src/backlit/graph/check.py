"""Numerical derivatives: what a rule is held against when it has to be proven.

Nothing here knows a rule. A function is computed a little before and a little behind a point, in float64 (or in long
double where x is given so), and the differences are compared with what backpropagation says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from ..arrays import Array, is_float
from ..errors import DataError, ShapeError
from .evaluate import evaluate
from .node import Node, topological
from .record import expand

Function: TypeAlias = Callable[[Array], Any]

STEP = 2e-4
FLOOR = 1e-3  # gradients smaller than this are compared as if they were this large: below it, rounding is all there is
STENCIL = ((1.0, 8.0 / 12.0), (2.0, -1.0 / 12.0))  # five points, the middle one has weight 0


def numerical_derivative(f: Function, x: Any, direction: Any, step: float = STEP) -> Array:
    """Return the derivative of `f` at `x` along `direction` (an array of x's shape); its shape is that of f(x).

    The five-point rule (8 (f(x+h) - f(x-h)) - (f(x+2h) - f(x-2h))) / 12h; its error is of order h**4 (Abramowitz and
    Stegun 25.3.6, where it is rounding that sets the limit: about 1e-12 of f in float64).
    """
    x, direction = _numbers(x), np.asarray(direction)
    if direction.shape != x.shape:
        raise ShapeError(f"The direction has shape {direction.shape}; it must have the shape of x, {x.shape}.")
    h = x.dtype.type(step)
    total: Any = 0
    for place, weight in STENCIL:
        shift = direction * (h * x.dtype.type(place))
        total = total + x.dtype.type(weight) * (_value(f, x + shift) - _value(f, x - shift))
    return np.asarray(total / h)


def numerical_gradient(f: Function, x: Any, step: float | None = None) -> Array:
    """Return the gradient of `f`, a function of one array that gives one number, at `x`: float64, in the shape of `x`.

    Each number of `x` is moved by `step` (2e-4 of its size by default) and by twice that, four evaluations each; `f`
    may return a number, an array of one number or a Tensor, else `ShapeError`. `x` itself is not changed.

    >>> import numpy as np
    >>> numerical_gradient(lambda x: (x**2).sum(), np.array([1.0, -2.0])).round(8)
    array([ 2., -4.])
    """
    x = _numbers(x)
    gradient = np.empty(x.shape, x.dtype)
    for place in np.ndindex(x.shape):
        along = np.zeros(x.shape, x.dtype)
        along[place] = 1
        h = float(STEP * max(1.0, abs(float(x[place])))) if step is None else step
        slope = numerical_derivative(f, x, along, h)
        if slope.size != 1:
            raise ShapeError(f"f gave an array of shape {slope.shape}; a gradient needs one number. Sum it.")
        gradient[place] = slope.reshape(())
    return gradient


def relative_error(found: Any, expected: Any) -> float:
    """Return the largest difference of two arrays of one shape, as a part of the largest number in them.

    Numbers below 1e-3 count as 1e-3: there only rounding is left to compare. NaN anywhere gives NaN.
    """
    found, expected = np.asarray(found), np.asarray(expected)
    if found.shape != expected.shape:
        raise ShapeError(f"Cannot compare a gradient of shape {found.shape} with one of shape {expected.shape}.")
    if not found.size:
        return 0.0
    scale = max(float(np.abs(found).max()), float(np.abs(expected).max()), FLOOR)
    return float(np.abs(found - expected).max()) / scale


def kink_distance(outputs: Sequence[Node], known: dict[Node, Array], sources: Sequence[Node]) -> float:
    """Return how far the nearest kink of `outputs` is, as a difference of two numbers that a rule compares.

    At a kink (two numbers that `maximum` compares are equal, |x| at 0, a tie of `max`, a jump of `floor`) the left and
    the right derivative differ, and a numerical derivative proves nothing. Composite ops are looked into.
    """
    order = topological(outputs, stop=known)
    values = {**known, **dict(zip(order, evaluate(order, known), strict=True))}
    moving = set(sources)
    nearest = np.inf
    for node in order:
        if node in known or not any(below in moving for below in node.inputs):
            continue
        moving.add(node)
        if node.op.body is not None:
            inside = expand(node.op, node.inputs, node.attrs)
            below = {one: values[one] for one in node.inputs}
            nearest = min(nearest, kink_distance([inside], below, [one for one in node.inputs if one in moving]))
        elif (gap := GAPS.get(node.op.name)) is not None and len(set(node.inputs)) == len(node.inputs):
            gaps = np.asarray(gap(*(values[one] for one in node.inputs), **node.attrs))
            nearest = min(nearest, float(gaps.min(initial=np.inf)))
    return nearest


def _between(x: Array, y: Array) -> Array:
    return np.abs(np.subtract(x, y, dtype=np.float64))


def _to_integer(x: Array) -> Array:
    return np.abs(x - np.rint(x))


def _to_half(x: Array) -> Array:
    return _to_integer(x + 0.5)


def _to_jump(x: Array, y: Array) -> Array:
    """How far x or y may move before floor(x / y) jumps."""
    return _to_integer(x / y) * np.minimum(np.abs(y), y * y / np.maximum(np.abs(x), 1e-9))


def _between_extremes(x: Array, axes: tuple[int, ...], keepdims: bool) -> Array:
    """The distance of the two greatest (and of the two smallest) numbers over `axes`."""
    kept = tuple(i for i in range(x.ndim) if i not in axes)
    size = int(np.prod([x.shape[i] for i in axes], dtype=int))
    rows = np.sort(np.transpose(x, (*kept, *axes)).reshape(*(x.shape[i] for i in kept), size), -1)
    return np.diff(rows, axis=-1)[..., [0, -1]] if size > 1 else np.empty(0)


GAPS: dict[str, Callable[..., Array]] = {
    **dict.fromkeys(("maximum", "minimum", "greater", "greater_equal", "less", "less_equal"), _between),
    **dict.fromkeys(("equal", "not_equal"), _between),
    **dict.fromkeys(("absolute", "sign"), np.abs),
    **dict.fromkeys(("floor", "ceil"), _to_integer),
    "round": _to_half,
    **dict.fromkeys(("floor_divide", "mod"), _to_jump),
    **dict.fromkeys(("max", "min"), _between_extremes),
}


def _value(f: Function, x: Array) -> Array:
    value = f(x)
    if hasattr(value, "apply_rank"):  # a Tensor or a Variable
        value = value.numpy()
    return np.asarray(value)


def _numbers(x: Any) -> Array:
    array = np.asarray(x.numpy() if hasattr(x, "apply_rank") else x)
    if array.dtype.kind not in "fiub":
        raise DataError(f"x has dtype {array.dtype}; a derivative needs real numbers. Give a float64 array.")
    exact = is_float(array.dtype) and array.dtype.itemsize > 8
    return array if exact else array.astype(np.float64)
