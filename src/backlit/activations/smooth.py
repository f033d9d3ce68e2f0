"""Activations without kinks: each formula next to its derivative, written so that no exponential can overflow.

Where a product such as x * sigmoid(x) goes to 0, x is held at a number beyond which it is 0 already: infinity
times zero would be no number.
"""

from __future__ import annotations

import math

from ..ops import (
    absolute,
    clip,
    derivative_of,
    elementwise,
    erfc,
    exp,
    expm1,
    log1p,
    maximum,
    minimum,
    negative,
    sign,
    sqrt,
    square,
    tanh,
    where,
)
from ..ops.op import Value

FAR = 800.0  # e**-800 is 0 in every dtype
BELL = 100.0  # e**(-100 * 100 / 2) is 0 in every dtype
HUGE = 1e18  # adding 1 changes nothing any more
SELU_SCALE = 1.0507009873554805
SELU_ALPHA = 1.6732632423543772
TANH_SCALE = math.sqrt(2.0 / math.pi)
TANH_CUBE = 0.044715


@elementwise
def sigmoid(x: Value) -> Value:
    """y = 1 / (1 + e**-x), computed as e**min(x, 0) / (1 + e**-|x|)"""
    return exp(minimum(x, 0.0)) / (1.0 + exp(negative(absolute(x))))


@derivative_of(sigmoid, needs="y")
def sigmoid_derivative(x: Value, y: Value) -> Value:
    """dy/dx = y * (1 - y)"""
    return y * (1.0 - y)


@elementwise
def log_sigmoid(x: Value) -> Value:
    """y = ln sigmoid(x) = min(x, 0) - ln(1 + e**-|x|)"""
    return minimum(x, 0.0) - log1p(exp(negative(absolute(x))))


@derivative_of(log_sigmoid, needs="y")
def log_sigmoid_derivative(x: Value, y: Value) -> Value:
    """dy/dx = 1 - sigmoid(x) = 1 - e**y"""
    return negative(expm1(y))


@elementwise
def softplus(x: Value) -> Value:
    """y = ln(1 + e**x) = max(x, 0) + ln(1 + e**-|x|)"""
    return maximum(x, 0.0) + log1p(exp(negative(absolute(x))))


@derivative_of(softplus, needs="x")
def softplus_derivative(x: Value, y: Value) -> Value:
    """dy/dx = sigmoid(x)"""
    return sigmoid(x)


@elementwise
def silu(x: Value) -> Value:
    """y = x * sigmoid(x)"""
    return maximum(x, -FAR) * sigmoid(x)


@derivative_of(silu, needs="x")
def silu_derivative(x: Value, y: Value) -> Value:
    """dy/dx = s * (1 + x * (1 - s)) with s = sigmoid(x)"""
    return sigmoid(x) * (1.0 + clip(x, -FAR, FAR) * sigmoid(negative(x)))


@elementwise
def mish(x: Value) -> Value:
    """y = x * tanh(softplus(x))"""
    return maximum(x, -FAR) * tanh(softplus(x))


@derivative_of(mish, needs="x")
def mish_derivative(x: Value, y: Value) -> Value:
    """dy/dx = t + x * (1 - t * t) * sigmoid(x) with t = tanh(softplus(x))"""
    t = tanh(softplus(x))
    return t + clip(x, -FAR, FAR) * (1.0 - t * t) * sigmoid(x)


@elementwise
def gelu(x: Value, approximate: bool = False) -> Value:
    """y = x * P(Z < x), Z normal: x / 2 * erfc(-x / sqrt 2), or x / 2 * (1 + tanh(u)) with u = 0.8 (x + 0.04 x**3)"""
    held = maximum(x, -BELL)
    if approximate:
        return 0.5 * held * (1.0 + tanh(_gelu_inner(clip(x, -BELL, BELL))))
    return 0.5 * held * erfc(x * -math.sqrt(0.5))


@derivative_of(gelu, needs="x")
def gelu_derivative(x: Value, y: Value, approximate: bool) -> Value:
    """dy/dx = P(Z < x) + x * the density of Z at x; approximate: (1 + t) / 2 + x / 2 * (1 - t * t) * du/dx"""
    held = clip(x, -BELL, BELL)
    if approximate:
        t = tanh(_gelu_inner(held))
        slope = TANH_SCALE * (1.0 + (3.0 * TANH_CUBE) * square(held))
        return 0.5 * (1.0 + t) + 0.5 * held * ((1.0 - t * t) * slope)
    density = exp(-0.5 * square(held)) * (1.0 / math.sqrt(2.0 * math.pi))
    return 0.5 * erfc(x * -math.sqrt(0.5)) + held * density


def _gelu_inner(x: Value) -> Value:
    return TANH_SCALE * (x + TANH_CUBE * (x * square(x)))


@elementwise
def elu(x: Value, alpha: float = 1.0) -> Value:
    """y = x where x > 0, else alpha * (e**x - 1)"""
    return where(x > 0, x, alpha * expm1(minimum(x, 0.0)))


@derivative_of(elu, needs="x")
def elu_derivative(x: Value, y: Value, alpha: float) -> Value:
    """dy/dx = 1 where x > 0, else alpha * e**x"""
    return where(x > 0, 1.0, alpha * exp(minimum(x, 0.0)))


@elementwise
def selu(x: Value) -> Value:
    """y = 1.0507 * elu(x, 1.67326): keeps mean 0 and variance 1 through many layers (Klambauer et al. 2017)"""
    return SELU_SCALE * where(x > 0, x, SELU_ALPHA * expm1(minimum(x, 0.0)))


@derivative_of(selu, needs="x")
def selu_derivative(x: Value, y: Value) -> Value:
    """dy/dx = 1.0507 where x > 0, else 1.0507 * 1.67326 * e**x"""
    return SELU_SCALE * where(x > 0, 1.0, SELU_ALPHA * exp(minimum(x, 0.0)))


@elementwise
def celu(x: Value, alpha: float = 1.0) -> Value:
    """y = x where x > 0, else alpha * (e**(x / alpha) - 1)"""
    return where(x > 0, x, alpha * expm1(minimum(x, 0.0) / alpha))


@derivative_of(celu, needs="x")
def celu_derivative(x: Value, y: Value, alpha: float) -> Value:
    """dy/dx = 1 where x > 0, else e**(x / alpha)"""
    return exp(minimum(x, 0.0) / alpha)


@elementwise
def softsign(x: Value) -> Value:
    """y = x / (1 + |x|)"""
    size = minimum(absolute(x), HUGE)
    return sign(x) * (size / (1.0 + size))


@derivative_of(softsign, needs="x")
def softsign_derivative(x: Value, y: Value) -> Value:
    """dy/dx = 1 / (1 + |x|)**2"""
    return square(1.0 / (1.0 + absolute(x)))


@elementwise
def squareplus(x: Value, b: float = 4.0) -> Value:
    """y = (x + sqrt(x * x + b)) / 2, computed below 0 as b / (sqrt(x * x + b) - x) / 2"""
    size = absolute(x)
    total = size + sqrt(square(size) + b)
    return 0.5 * where(x >= 0, total, b / where(x >= 0, 1.0, total))


@derivative_of(squareplus, needs="x")
def squareplus_derivative(x: Value, y: Value, b: float) -> Value:
    """dy/dx = (1 + x / sqrt(x * x + b)) / 2 = y / sqrt(x * x + b)"""
    held = clip(x, -HUGE, HUGE)
    return squareplus(held, b) / sqrt(square(held) + b)


@elementwise
def tanh_shrink(x: Value) -> Value:
    """y = x - tanh(x)"""
    return x - tanh(x)


@derivative_of(tanh_shrink, needs="x")
def tanh_shrink_derivative(x: Value, y: Value) -> Value:
    """dy/dx = tanh(x)**2"""
    return square(tanh(x))


@elementwise
def exponential(x: Value) -> Value:
    """y = e**x"""
    return exp(x)


@derivative_of(exponential, needs="y")
def exponential_derivative(x: Value, y: Value) -> Value:
    """dy/dx = y"""
    return y
