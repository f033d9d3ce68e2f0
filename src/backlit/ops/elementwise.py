"""The arithmetic of single numbers: each primitive next to the rule that carries a gradient through it.

Everything element-wise in Backlit (activations, losses, optimizers) is written with these.
"""

from __future__ import annotations

import numpy as np

from ..arrays import Array, as_dtype
from .op import (
    Op,
    Rule,
    Spec,
    Value,
    arithmetic_spec,
    backward_of,
    broadcast_shape,
    comparison_spec,
    elementwise,
    elementwise_spec,
    primitive,
    same_spec,
)
from .shape import sum_to


def _ufunc(name: str, ufunc: np.ufunc, doc: str, inputs: int, spec: Rule) -> Op:
    def of_one(x: Value) -> Array:
        return ufunc(x)

    def of_two(x: Value, y: Value) -> Array:
        return ufunc(x, y)

    rule: Rule = of_one if inputs == 1 else of_two
    rule.__name__, rule.__doc__ = name, doc
    return primitive("elementwise", spec, ufunc)(rule)


add = _ufunc("add", np.add, "z = x + y", 2, arithmetic_spec)
subtract = _ufunc("subtract", np.subtract, "z = x - y", 2, arithmetic_spec)
multiply = _ufunc("multiply", np.multiply, "z = x * y", 2, arithmetic_spec)
divide = _ufunc("divide", np.divide, "z = x / y", 2, elementwise_spec)
power = _ufunc("power", np.power, "z = x ** y", 2, arithmetic_spec)
maximum = _ufunc("maximum", np.maximum, "z = the greater of x and y", 2, arithmetic_spec)
minimum = _ufunc("minimum", np.minimum, "z = the smaller of x and y", 2, arithmetic_spec)
negative = _ufunc("negative", np.negative, "y = -x", 1, same_spec)
absolute = _ufunc("absolute", np.absolute, "y = |x|", 1, same_spec)
square = _ufunc("square", np.square, "y = x * x", 1, same_spec)
sqrt = _ufunc("sqrt", np.sqrt, "y = x ** (1/2)", 1, elementwise_spec)
exp = _ufunc("exp", np.exp, "y = e ** x", 1, elementwise_spec)
expm1 = _ufunc("expm1", np.expm1, "y = e ** x - 1, exact near 0", 1, elementwise_spec)
log = _ufunc("log", np.log, "y = ln x", 1, elementwise_spec)
log1p = _ufunc("log1p", np.log1p, "y = ln(1 + x), exact near 0", 1, elementwise_spec)
sin = _ufunc("sin", np.sin, "y = sin x", 1, elementwise_spec)
cos = _ufunc("cos", np.cos, "y = cos x", 1, elementwise_spec)
tanh = _ufunc("tanh", np.tanh, "y = (e**x - e**-x) / (e**x + e**-x)", 1, elementwise_spec)
arctan = _ufunc("arctan", np.arctan, "y = the angle whose tangent is x", 1, elementwise_spec)

# Steps (all but mod): their derivative is zero wherever it exists, so no gradient passes.
sign = _ufunc("sign", np.sign, "y = -1, 0 or 1 by the sign of x", 1, same_spec)
floor = _ufunc("floor", np.floor, "y = the greatest integer <= x", 1, same_spec)
ceil = _ufunc("ceil", np.ceil, "y = the smallest integer >= x", 1, same_spec)
round = _ufunc("round", np.rint, "y = the nearest integer, halves to even", 1, same_spec)
floor_divide = _ufunc("floor_divide", np.floor_divide, "z = floor(x / y)", 2, arithmetic_spec)
mod = _ufunc("mod", np.remainder, "z = x - y * floor(x / y)", 2, arithmetic_spec)
greater = _ufunc("greater", np.greater, "z = x > y", 2, comparison_spec)
greater_equal = _ufunc("greater_equal", np.greater_equal, "z = x >= y", 2, comparison_spec)
less = _ufunc("less", np.less, "z = x < y", 2, comparison_spec)
less_equal = _ufunc("less_equal", np.less_equal, "z = x <= y", 2, comparison_spec)
equal = _ufunc("equal", np.equal, "z = x == y", 2, comparison_spec)
not_equal = _ufunc("not_equal", np.not_equal, "z = x != y", 2, comparison_spec)
logical_and = _ufunc("logical_and", np.logical_and, "z = x and y", 2, comparison_spec)
logical_or = _ufunc("logical_or", np.logical_or, "z = x or y", 2, comparison_spec)
logical_not = _ufunc("logical_not", np.logical_not, "y = not x", 1, comparison_spec)
isfinite = _ufunc("isfinite", np.isfinite, "y = x is neither NaN nor infinite", 1, comparison_spec)
isnan = _ufunc("isnan", np.isnan, "y = x is NaN", 1, comparison_spec)


def _where_spec(condition: Spec, x: Spec, y: Spec) -> Spec:
    return Spec(broadcast_shape(condition.shape, x.shape, y.shape), arithmetic_spec(x, y).dtype)


@primitive("elementwise", _where_spec)
def where(condition: Array, x: Array, y: Array) -> Array:
    """z = x where the condition holds, else y"""
    return np.where(condition, x, y)


@primitive("elementwise", lambda x, dtype: Spec(x.shape, as_dtype(dtype)))
def cast(x: Value, dtype: str = "float32") -> Array:
    """y = x in another dtype; a gradient passes between floating dtypes only"""
    return np.asarray(x).astype(as_dtype(dtype))


@primitive("elementwise", same_spec)
def stop_gradient(x: Value) -> Array:
    """y = x, treated as a constant by the backward pass"""
    return np.asarray(x)


@elementwise
def clip(x: Value, low: float = 0.0, high: float = 1.0) -> Value:
    """y = x held between low and high"""
    return minimum(maximum(x, low), high)


@backward_of(add)
def add_backward(dy: Value, z: Value, x: Value, y: Value) -> tuple[Value, Value]:
    """z = x + y: each input receives dz as it is."""
    return sum_to(dy, x.shape), sum_to(dy, y.shape)


@backward_of(subtract)
def subtract_backward(dy: Value, z: Value, x: Value, y: Value) -> tuple[Value, Value]:
    """z = x - y: dz/dx = 1, dz/dy = -1."""
    return sum_to(dy, x.shape), sum_to(-dy, y.shape)


@backward_of(multiply)
def multiply_backward(dy: Value, z: Value, x: Value, y: Value) -> tuple[Value, Value]:
    """z = x * y: each input receives dz times the other input."""
    return sum_to(dy * y, x.shape), sum_to(dy * x, y.shape)


@backward_of(divide)
def divide_backward(dy: Value, z: Value, x: Value, y: Value) -> tuple[Value, Value]:
    """z = x / y: dz/dx = 1 / y, dz/dy = -z / y."""
    dx = dy / y
    return sum_to(dx, x.shape), sum_to(-dx * z, y.shape)


@backward_of(power)
def power_backward(dy: Value, z: Value, x: Value, y: Value) -> tuple[Value, Value]:
    """z = x ** y: dz/dx = y * x ** (y - 1), dz/dy = z * ln x, taken as 0 where x <= 0."""
    positive = x > 0
    log_x = where(positive, log(where(positive, x, 1.0)), 0.0)
    slope = where(equal(y, 0), 0.0, y * x ** where(equal(y, 0), 1.0, y - 1))
    return sum_to(dy * slope, x.shape), sum_to(dy * z * log_x, y.shape)


@backward_of(mod)
def mod_backward(dy: Value, z: Value, x: Value, y: Value) -> tuple[Value, Value]:
    """z = x - y * floor(x / y): dz/dx = 1, dz/dy = -floor(x / y) between the jumps."""
    return sum_to(dy, x.shape), sum_to(-dy * floor_divide(x, y), y.shape)


@backward_of(maximum)
def maximum_backward(dy: Value, z: Value, x: Value, y: Value) -> tuple[Value, Value]:
    """The greater input receives dz; where both are equal each receives half (a subgradient)."""
    return _shared(dy, x > y, x, y)


@backward_of(minimum)
def minimum_backward(dy: Value, z: Value, x: Value, y: Value) -> tuple[Value, Value]:
    """The smaller input receives dz; where both are equal each receives half (a subgradient)."""
    return _shared(dy, x < y, x, y)


def _shared(dy: Value, x_wins: Value, x: Value, y: Value) -> tuple[Value, Value]:
    half = 0.5 * dy
    to_x = where(x_wins, dy, where(equal(x, y), half, 0.0))
    return sum_to(to_x, x.shape), sum_to(dy - to_x, y.shape)


@backward_of(where)
def where_backward(dy: Value, z: Value, condition: Value, x: Value, y: Value) -> tuple[None, Value, Value]:
    """The chosen input receives dz, the other 0."""
    return None, sum_to(where(condition, dy, 0.0), x.shape), sum_to(where(condition, 0.0, dy), y.shape)


@backward_of(cast)
def cast_backward(dy: Value, y: Value, x: Value, dtype: str) -> tuple[Value]:
    """The gradient is cast back."""
    return (cast(dy, dtype=x.dtype.name if hasattr(x.dtype, "name") else str(x.dtype)),)


# Primitives of one input: dx = dy * derivative.
backward_of(negative)(lambda dy, y, x: (-dy,))
backward_of(absolute)(lambda dy, y, x: (dy * sign(x),))
backward_of(square)(lambda dy, y, x: (dy * (2.0 * x),))
backward_of(sqrt)(lambda dy, y, x: (dy * (0.5 / y),))
backward_of(exp)(lambda dy, y, x: (dy * y,))
backward_of(expm1)(lambda dy, y, x: (dy * (y + 1.0),))
backward_of(log)(lambda dy, y, x: (dy / x,))
backward_of(log1p)(lambda dy, y, x: (dy / (1.0 + x),))
backward_of(sin)(lambda dy, y, x: (dy * cos(x),))
backward_of(cos)(lambda dy, y, x: (-dy * sin(x),))
backward_of(tanh)(lambda dy, y, x: (dy * (1.0 - y * y),))
backward_of(arctan)(lambda dy, y, x: (dy / (1.0 + x * x),))
