"""e**x, the logarithm and their kin as arithmetic on registers: a whole vector at a time, without the C library.

What is one instruction or two is in `formulas`; angles are in `trigonometry`, x**y is in `powers`.

Each function cuts its argument down to a small interval by steps that are exact (Cody and Waite, Software Manual for
the Elementary Functions, 1980) and follows a polynomial there; Muller, Elementary Functions, 3rd ed., 2016, explains
both.

The errors named are the largest in units in the last place, with and without fused products: of float32 among all
numbers where the function bends, of float64 among millions. No power of two in between is denormal, so a processor that
takes denormal numbers for 0 changes nothing but denormal results.
"""

from __future__ import annotations

import math

import numpy as np

from .coefficients import EXP, LN2, LOG, TANH, TWO_LN2
from .registers import Register, fused, polynomial, where

INF, NAN = math.inf, math.nan
EXP_BOUNDS = {"float32": (-104.0, 89.0), "float64": (-746.0, 710.0)}  # e**x is 0 below, infinite above
EXPM1_LOW = {"float32": -20.0, "float64": -40.0}  # e**x - 1 is -1 below
TANH_HIGH = {"float32": 10.0, "float64": 20.0}  # tanh is 1 above
TANH_LOW = 0.55  # the polynomial reaches as far


def exp(x: Register) -> Register:
    """e**x = 2**h e**r 2**h, where h = round(x / (2 ln 2)) and r = x - h 2 ln 2 in [-ln 2, ln 2]. Error 1.6, 1.7."""
    h, r = _without_powers(x.held(*EXP_BOUNDS[x.dtype.name]))
    return scaled_exp(h, r)


def expm1(x: Register) -> Register:
    """e**x - 1 with h and r of `exp`, exact near 0, and the sign of x. Error 1.6, 2.2."""
    return _expm1(x.held(EXPM1_LOW[x.dtype.name], EXP_BOUNDS[x.dtype.name][1])).copysign(x)


def tanh(x: Register) -> Register:
    """tanh x = t / (t + 2) with t = e**(2 |x|) - 1; near 0 a polynomial, which rounds less. Error 1.5, 1.5."""
    size = abs(x)
    t = _expm1(2.0 * size.held(None, TANH_HIGH[x.dtype.name]))
    z = x * x
    near = fused(size * z, polynomial(z, TANH[x.dtype.name]), size)
    return where(size < TANH_LOW, near, t / (t + 2.0)).copysign(x)


def log(x: Register) -> Register:
    """ln x = k ln 2 + ln(1 + f), where x = 2**k (1 + f), 1 + f in [sqrt(1/2), sqrt(2)). Error 0.9, 0.9."""
    k, m = exponent_and_rest(x)
    return _log_of_special(x, _log(k, m - 1.0))


def log1p(x: Register) -> Register:
    """ln(1 + x) = ln(u + c), where u is 1 + x rounded and c what it lost (Knuth's sum of two). Error 1.4, 1.4."""
    u = 1.0 + x
    back = u - 1.0
    c = (1.0 - (u - back)) + (x - back)
    e = _exponent_bits(u)
    double_inverse = (bits_of(u, 1.0) + bits_of(u, 2.0) - e).as_float  # 2**(1 - k): a normal number whatever k is
    f = (_rest(u, e) - 1.0) + c * double_inverse * 0.5
    return _log_of_special(u, _log(_exponent(u, e), f)).copysign(x)


# --- e**r -----------------------------------------------------------------------------------------------------------


def scaled_exp(h: Register, r: Register) -> Register:
    """2**h e**r 2**h: in two steps, so that only a result too large or too small for its dtype leaves its range."""
    scale = h.as_float
    return (_near(r) + 1.0) * scale * scale


def nearest(x: Register, factor: float, ahead: int = 0) -> tuple[Register, Register]:
    """Return n = round(x factor) and bits that end in those of n + ahead: no room for fractions beside 1.5 2**p."""
    large = 1.5 * 2.0 ** np.finfo(x.dtype).nmant + ahead
    shifted = fused(x, factor, large)
    return shifted - large, shifted.bits


def nearest_power(x: Register, factor: float) -> tuple[Register, Register]:
    """Return n = round(x factor) and the bits of 2**n: those of n + bias, where the exponent has its place."""
    number = np.finfo(x.dtype)
    n, biased = nearest(x, factor, number.maxexp - 1)
    return n, biased << number.nmant


def _without_powers(x: Register) -> tuple[Register, Register]:
    """Return the bits of 2**h, and r = x - h 2 ln 2; h times the first piece of 2 ln 2 is exact."""
    high, low = TWO_LN2[x.dtype.name]
    n, scale = nearest_power(x, 0.5 / math.log(2))
    return scale, fused(n, -low, fused(n, -high, x))


def _near(r: Register) -> Register:
    """e**r - 1 = r + r**2/2 + ... for |r| <= ln 2"""
    return fused(r * r, polynomial(r, EXP[r.dtype.name]), r)


def _expm1(x: Register) -> Register:
    """2**h (2**h (e**r - 1) + (2**h - 2**-h)) for x within the bounds of `expm1`."""
    h, r = _without_powers(x)
    scale, inverse = h.as_float, (bits_of(x, 1.0) + bits_of(x, 1.0) - h).as_float
    return fused(scale, _near(r), scale - inverse) * scale


# --- ln(1 + f) ------------------------------------------------------------------------------------------------------


def bits_of(x: Register, value: float) -> int:
    """Return the bits of a positive constant of the dtype of x."""
    return int(np.array(value, x.dtype).view(f"u{x.dtype.itemsize}"))


def exponent_and_rest(x: Register) -> tuple[Register, Register]:
    """Return k and m in [sqrt(1/2), sqrt(2)) with x = 2**k m for x > 0; a denormal x is made larger first."""
    number = np.finfo(x.dtype)
    small = x < float(number.smallest_normal)
    x = where(small, x * 2.0 ** (number.nmant + 1), x)
    e = _exponent_bits(x)
    return _exponent(x, e) - where(small, x.const(number.nmant + 1), 0.0), _rest(x, e)


def _exponent_bits(x: Register) -> Register:
    """The bits of 2**k: adding the distance from sqrt(1/2) to 1 carries into the exponent where m passes sqrt(2)."""
    carried = x.bits + (bits_of(x, 1.0) - bits_of(x, math.sqrt(0.5)))
    return carried & bits_of(x, INF)


def _exponent(x: Register, e: Register) -> Register:
    """k as a number: its bits become the last digits of 2**p, which is then subtracted."""
    number = np.finfo(x.dtype)
    large = 2.0**number.nmant
    return ((e >> number.nmant) | bits_of(x, large)).as_float - (large + (number.maxexp - 1))


def _rest(x: Register, e: Register) -> Register:
    """m = x / 2**k"""
    return (x.bits - e + bits_of(x, 1.0)).as_float


def _log(k: Register, f: Register) -> Register:
    """k ln 2 + ln(1 + f): ln(1 + f) = 2 atanh s = f - (f**2/2 - s (f**2/2 + R(s**2))) with s = f / (2 + f)."""
    high, low = LN2[f.dtype.name]
    s = f / (2.0 + f)
    z, half_square = s * s, 0.5 * f * f
    correction = fused(s, fused(z, polynomial(z, LOG[f.dtype.name]), half_square), k * low)
    return fused(k, high, f - (half_square - correction))


def _log_of_special(x: Register, y: Register) -> Register:
    """The logarithm of 0 is -inf, of inf inf, of NaN and of negative numbers NaN; elsewhere it is y."""
    finite = where(x > 0.0, y, where(x.equals(0.0), y.const(-INF), NAN))
    return where(x < INF, finite, x)
