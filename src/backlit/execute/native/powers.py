"""x**y as 2**(y log2 x), on registers: what `functions` does, with more digits in between.

An error in y log2 x is an error of the result many times as large: float32 computes in float64, float64 in pairs.
"""

from __future__ import annotations

import math

import numpy as np

from .coefficients import LOG2_FACTOR, LOG_TAIL
from .functions import INF, NAN, exponent_and_rest, log, nearest_power, scaled_exp
from .registers import Register, fused, polynomial, where

DOUBLE = np.dtype("float64")
Pair = tuple[Register, Register]  # a sum of two floats: the second is what the first has lost
LARGEST_FLOAT = 1e300
LARGEST_POWER = 1100.0  # 2**1100 is infinite, 2**-1100 is 0
UPPER_HALF = -(1 << 27)  # a mask: 26 digits of 53 stay, so products of two are exact


def power(x: Register, y: Register) -> Register:
    """x**y = 2**(y log2 |x|), negative for negative x and odd y. Error 0.51, 2.8."""
    base, exponent = abs(x).to(DOUBLE), y.to(DOUBLE).held(-LARGEST_FLOAT, LARGEST_FLOAT)
    if x.dtype == DOUBLE:
        size = _exp2(_product((exponent, exponent.const(0.0)), _log2_pair(base)))
    else:
        size = _exp2((exponent * (log(base) * (1 / math.log(2))), base.const(0.0)))
    return _special(x, y, size.to(x.dtype))


def _special(x: Register, y: Register, size: Register) -> Register:
    """1**y = x**0 = 1 even for NaN; a negative number has no powers but whole ones."""
    whole = _is_whole(y)
    odd = whole & ~_is_whole(y * 0.5)
    signed = where(odd, size.copysign(x), size)
    no_power = (x < 0.0) & (x > -INF) & ~whole
    missing = ~(x.equals(x) & y.equals(y))
    return where(x.equals(1.0) | y.equals(0.0), 1.0, where(no_power | missing, NAN, signed))


def _is_whole(y: Register) -> Register:
    """Adding 2**p leaves no room for fractions beside its digits; what is larger has none."""
    size, large = abs(y), 2.0 ** np.finfo(y.dtype).nmant
    return (size >= large) | ((size + large) - large).equals(size)


def _log2_pair(x: Register) -> Pair:
    """log2 x = k + 2/(3 ln 2) s (3 + z + 3 z**2/5 + ...), z = s**2, s = (m - 1) / (m + 1), x = 2**k m."""
    k, m = exponent_and_rest(x)
    s, s_low = _ratio(m)
    z, z_low = _exact_product(s, s)
    tail = z * z * polynomial(z, LOG_TAIL[x.dtype.name])
    u, u_low = _sum(x.const(3.0), z)
    bracket = _sum(u, u_low + (fused(2.0 * s, s_low, z_low) + tail))
    first, second = LOG2_FACTOR[x.dtype.name]
    high, low = _product(_product((s, s_low), bracket), (x.const(first), x.const(second)))
    total, rest = _sum(k, high)
    ends = x.equals(0.0) | x.equals(INF)
    return where(ends, where(x > 0.0, x, -INF), total), where(ends, 0.0, rest + low)


def _ratio(m: Register) -> Pair:
    """(m - 1) / (m + 1): a quotient, and what its product with the divisor lacks, divided again."""
    f, divisor = m - 1.0, m + 1.0
    divisor_low = m - (divisor - 1.0)
    inverse = 1.0 / divisor
    s = f * inverse
    back, back_low = _exact_product(s, divisor)
    return s, (((f - back) - back_low) - s * divisor_low) * inverse


def _sum(a: Register, b: Register) -> Pair:
    """a + b and its rounding error, for a that is 0 or larger in size than b (Dekker 1971)."""
    total = a + b
    return total, b - (total - a)


def _exact_product(a: Register, b: Register) -> Pair:
    """a b and its rounding error, by halves of the numbers (Dekker): right with and without a fused product."""
    a_high, b_high = (a.bits & UPPER_HALF).as_float, (b.bits & UPPER_HALF).as_float
    a_low, b_low = a - a_high, b - b_high
    product = a * b
    error = fused(a_high, b_low, a_high * b_high - product)
    return product, fused(a_low, b_low, fused(a_low, b_high, error))


def _product(a: Pair, b: Pair) -> Pair:
    """(a + a') (b + b'), but for a' b'."""
    product, error = _exact_product(a[0], b[0])
    return product, fused(a[0], b[1], fused(a[1], b[0], error))


def _exp2(p: Pair) -> Register:
    """2**(p + p') = 2**h e**((p - 2 h + p') ln 2) 2**h with h = round(p / 2); what is lost of infinity is nothing."""
    near = p[0].held(-LARGEST_POWER, LARGEST_POWER)
    rest = where(abs(p[0]) < LARGEST_POWER, p[1], 0.0)
    n, scale = nearest_power(near, 0.5)
    return scaled_exp(scale, ((near - (n + n)) + rest) * math.log(2))
