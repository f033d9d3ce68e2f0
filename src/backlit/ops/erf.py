"""The error function, the area under the bell curve: what the exact GELU is made of.

Below 1 it is x times a ratio of polynomials in x * x; above 1 its complement is a bell times a ratio in x. Both
ratios are minimax fits of our own (relative error 3e-18 and 3e-17), so float64 results are good to the last bit or two.
"""

from __future__ import annotations

import math

from .elementwise import absolute, exp, minimum, negative, sign, where
from .op import Value, derivative_of, elementwise

NEAR = (
    (1.1283791670955126, 0.1421488138616989, 0.04530427565795577, 0.0018273220535057646, 0.00019496846716348618),
    (1.0, 0.4593094395987429, 0.09325301545913575, 0.010582340341244072, 0.0006812409484757653, 2.0299340464296638e-05),
)
FAR = (
    (
        1.0000000347420144, 2.193779375690381, 2.3612703505821186, 1.600541486418988, 0.7427427709356225,
        0.2418526742750335, 0.054391554507372784, 0.007854592296398752, 0.000585703736378224,
    ),
    (
        1.0, 3.322158899753943, 5.109923474312135, 4.7965722107391695, 3.0442615561148094, 1.3641614667295643,
        0.43563365546213934, 0.09692558665501427, 0.013921902363186389, 0.0010381328430324123,
    ),
)  # fmt: skip
SLOPE = 2.0 / math.sqrt(math.pi)


@elementwise
def erf(x: Value) -> Value:
    """y = 2 / sqrt(pi) * the integral of e**(-t * t) from 0 to x"""
    size = absolute(x)
    return where(size < 1.0, _near(x, size), sign(x) * (1.0 - _far(size)))


@derivative_of(erf, needs="x")
def erf_derivative(x: Value, y: Value) -> Value:
    """dy/dx = 2 / sqrt(pi) * e**(-x * x)"""
    return SLOPE * _bell(absolute(x))


@elementwise
def erfc(x: Value) -> Value:
    """y = 1 - erf(x), exact also where erf(x) rounds to 1"""
    size = absolute(x)
    tail = _far(size)
    return where(size < 1.0, 1.0 - _near(x, size), where(x > 0, tail, 2.0 - tail))


@derivative_of(erfc, needs="x")
def erfc_derivative(x: Value, y: Value) -> Value:
    """dy/dx = -2 / sqrt(pi) * e**(-x * x)"""
    return -SLOPE * _bell(absolute(x))


def _near(x: Value, size: Value) -> Value:
    """erf(x) for |x| < 1; beyond, some finite number."""
    held = minimum(size, 1.0)
    z = held * held
    return x * (_polynomial(NEAR[0], z) / _polynomial(NEAR[1], z))


def _far(size: Value) -> Value:
    """erfc(x) for 1 <= x; beyond 28 it is 0 in every dtype, so x is held there."""
    held = minimum(size, 28.0)
    return _bell(held) * (_polynomial(FAR[0], held) / _polynomial(FAR[1], held))


def _bell(size: Value) -> Value:
    """e**(-x * x); beyond 28 it is 0 in every dtype, so x is held there and its square cannot overflow."""
    held = minimum(size, 28.0)
    return exp(negative(held * held))


def _polynomial(coefficients: tuple[float, ...], x: Value) -> Value:
    """Horner's rule; the constant comes first."""
    total: Value = coefficients[-1]
    for coefficient in reversed(coefficients[:-1]):
        total = total * x + coefficient
    return total
