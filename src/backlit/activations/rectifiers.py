"""Activations made of straight lines: each formula next to its derivative.

At a kink the derivative is that of the flat side, as in the frameworks people compare with.
"""

from __future__ import annotations

from ..ops import absolute, clip, derivative_of, elementwise, logical_and, maximum, minimum, square, where
from ..ops.op import Value


@elementwise
def _relu(x: Value) -> Value:
    """y = x where x > 0, else 0"""
    return maximum(x, 0.0)


@derivative_of(_relu, needs="y")
def relu_derivative(x: Value, y: Value) -> Value:
    """dy/dx = 1 where y > 0, else 0"""
    return y > 0


_relu.name = _relu.__name__ = "relu"


@elementwise
def relu_with(
    x: Value, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0
) -> Value:  # fmt: skip
    """y = x where x > threshold, at most max_value; else negative_slope * (x - threshold)"""
    above = x if max_value is None else minimum(x, max_value)
    below = negative_slope * minimum(x - threshold, 0.0) if negative_slope else 0.0
    return where(x > threshold, above, below)


@derivative_of(relu_with, needs="x")
def relu_with_derivative(
    x: Value, y: Value, negative_slope: float, max_value: float | None, threshold: float
) -> Value:  # fmt: skip
    """dy/dx = 1 where x > threshold (0 from max_value on), else negative_slope"""
    above = 1.0 if max_value is None else x < max_value
    return where(x > threshold, above, negative_slope)


def relu(x: Value, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Value:
    """Return x where x > threshold, at most `max_value`, else negative_slope * (x - threshold).

    With the defaults this is max(x, 0) (Nair and Hinton 2010). Any shape; the floating dtype is kept.
    """
    if negative_slope == 0.0 and max_value is None and threshold == 0.0:
        return _relu(x)
    limit = None if max_value is None else float(max_value)
    return relu_with(x, float(negative_slope), limit, float(threshold))


@elementwise
def leaky_relu(x: Value, negative_slope: float = 0.2) -> Value:
    """y = x where x > 0, else negative_slope * x"""
    return where(x > 0, x, negative_slope * x)


@derivative_of(leaky_relu, needs="x")
def leaky_relu_derivative(x: Value, y: Value, negative_slope: float) -> Value:
    """dy/dx = 1 where x > 0, else negative_slope"""
    return where(x > 0, 1.0, negative_slope)


@elementwise
def relu6(x: Value) -> Value:
    """y = x held between 0 and 6"""
    return clip(x, 0.0, 6.0)


@derivative_of(relu6, needs="y")
def relu6_derivative(x: Value, y: Value) -> Value:
    """dy/dx = 1 where 0 < y < 6, else 0"""
    return logical_and(y > 0, y < 6)


@elementwise
def hard_tanh(x: Value) -> Value:
    """y = x held between -1 and 1"""
    return clip(x, -1.0, 1.0)


@derivative_of(hard_tanh, needs="y")
def hard_tanh_derivative(x: Value, y: Value) -> Value:
    """dy/dx = 1 where |y| < 1, else 0"""
    return absolute(y) < 1


@elementwise
def hard_sigmoid(x: Value) -> Value:
    """y = x / 6 + 1/2 held between 0 and 1"""
    return clip(x + 3.0, 0.0, 6.0) / 6.0


@derivative_of(hard_sigmoid, needs="x")
def hard_sigmoid_derivative(x: Value, y: Value) -> Value:
    """dy/dx = 1/6 where |x| < 3, else 0"""
    return (absolute(x) < 3) * (1.0 / 6.0)


@elementwise
def hard_silu(x: Value) -> Value:
    """y = x * hard_sigmoid(x), which is 0 from -3 down"""
    return maximum(x, -3.0) * hard_sigmoid(x)


@derivative_of(hard_silu, needs="x")
def hard_silu_derivative(x: Value, y: Value) -> Value:
    """dy/dx = x / 3 + 1/2 where |x| < 3, else 0 below and 1 above"""
    return where(absolute(x) < 3, x / 3.0 + 0.5, x > 0)


@elementwise
def sparse_sigmoid(x: Value) -> Value:
    """y = (x + 1) / 2 held between 0 and 1"""
    return 0.5 * (clip(x, -1.0, 1.0) + 1.0)


@derivative_of(sparse_sigmoid, needs="x")
def sparse_sigmoid_derivative(x: Value, y: Value) -> Value:
    """dy/dx = 1/2 where |x| < 1, else 0"""
    return (absolute(x) < 1) * 0.5


@elementwise
def sparse_plus(x: Value) -> Value:
    """y = 0 from -1 down, (x + 1)**2 / 4 up to 1, then x"""
    return where(x >= 1, x, 0.25 * square(clip(x, -1.0, 1.0) + 1.0))


@derivative_of(sparse_plus, needs="x")
def sparse_plus_derivative(x: Value, y: Value) -> Value:
    """dy/dx = sparse_sigmoid(x)"""
    return sparse_sigmoid(x)


@elementwise
def soft_shrink(x: Value, threshold: float = 0.5) -> Value:
    """y = x drawn toward 0 by threshold, 0 within it"""
    return x - clip(x, -threshold, threshold)


@derivative_of(soft_shrink, needs="x")
def soft_shrink_derivative(x: Value, y: Value, threshold: float) -> Value:
    """dy/dx = 1 where |x| > threshold, else 0"""
    return absolute(x) > threshold


@elementwise
def hard_shrink(x: Value, threshold: float = 0.5) -> Value:
    """y = x where |x| > threshold, else 0"""
    return where(absolute(x) > threshold, x, 0.0)


@derivative_of(hard_shrink, needs="x")
def hard_shrink_derivative(x: Value, y: Value, threshold: float) -> Value:
    """dy/dx = 1 where |x| > threshold, else 0"""
    return absolute(x) > threshold


@elementwise
def _threshold(x: Value, threshold: float = 0.0, default_value: float = 0.0) -> Value:
    """y = x where x > threshold, else default_value"""
    return where(x > threshold, x, default_value)


@derivative_of(_threshold, needs="x")
def threshold_derivative(x: Value, y: Value, threshold: float, default_value: float) -> Value:
    """dy/dx = 1 where x > threshold, else 0"""
    return x > threshold


_threshold.name = _threshold.__name__ = "threshold"


def threshold(x: Value, threshold: float, default_value: float) -> Value:
    """Return x where x > threshold, else `default_value`; both must be given."""
    return _threshold(x, float(threshold), float(default_value))
