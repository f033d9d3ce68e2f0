"""Angles as arithmetic on registers: sin, cos and arctan of a whole vector at a time.

The neighbor of `functions`, with the same way of working: an exact step into a small interval, a polynomial there.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from llvmlite import ir

from .coefficients import ARC_HALF_PI, ARCTAN, COS, HALF_PI, SIN
from .functions import nearest
from .lanes import register_type
from .registers import Register, fused, polynomial, where

DOUBLE = np.dtype("float64")
FARTHEST = {"float32": 1e7, "float64": 1e9}  # beyond, quarter turns are not counted exactly: the C library is asked


def sin(x: Register) -> Register:
    """sin x, where x = n pi/2 + r: sin r, cos r, -sin r, -cos r as n goes round. Error 1.6, 2.4."""
    return _unless_far(x, _turned(x, 0), "sin")


def cos(x: Register) -> Register:
    """cos x = sin(x + pi/2): one quarter turn ahead. Error 1.6, 2.4."""
    return _unless_far(x, _turned(x, 1), "cos")


def arctan(x: Register) -> Register:
    """atan x = x + x**3 (-1/3 + x**2/5 - ...) up to 1, pi/2 - atan(1 / x) beyond. Error 1.6, 1.7."""
    size = abs(x)
    high, low = ARC_HALF_PI[x.dtype.name]
    outside = size > 1.0
    t = where(outside, -1.0 / size, size)
    z = t * t
    near = fused(t * z, polynomial(z, ARCTAN[x.dtype.name]), where(outside, t + low, t))
    return where(outside, near + high, near).copysign(x)


def _turned(x: Register, quarters: int) -> Register:
    """sin(x + quarters pi/2)"""
    r, turns = _within_quarter(x, quarters)
    z = r * r
    sine = fused(r * z, polynomial(z, SIN[x.dtype.name]), r).copysign(r)
    cosine = fused(z * z, polynomial(z, COS[x.dtype.name]), fused(z, -0.5, 1.0))
    size = where((turns & 1).equals(0), sine, cosine)
    sign = (turns & 2) << (8 * x.dtype.itemsize - 2)
    return (size.bits ^ sign).as_float


def _within_quarter(x: Register, ahead: int) -> tuple[Register, Register]:
    """Return r = x - n pi/2 in [-pi/4, pi/4] and bits that end in those of n + ahead, counted in float64.

    n times each piece of pi/2 but the last is exact, and so are the first differences: r is off by 2**-92 at most,
    beside its own rounding (Cody and Waite). The pieces are positive, so -0.0 stays as it is.
    """
    wide = x.to(DOUBLE)
    n, shifted = nearest(wide, 2 / math.pi, ahead)
    for piece in HALF_PI[x.dtype.name]:
        wide = fused(n, -piece, wide)
    return wide.to(x.dtype), shifted.to(np.dtype(f"i{x.dtype.itemsize}"))


def _unless_far(x: Register, near: Register, name: str) -> Register:
    """Where any lane is too far out to count its quarter turns, those lanes ask the C library, one by one."""
    b = x.b
    far = abs(x) > FARTHEST[x.dtype.name]
    any_far = far.value if x.lanes == 1 else b.icmp_unsigned("!=", *_as_integers(far))
    before = b.block
    with b.if_then(any_far, likely=False):
        mended = where(far, _by_library(x, name), near)
        inside = b.block
    out = b.phi(near.value.type)
    out.add_incoming(near.value, before)
    out.add_incoming(mended.value, inside)
    return near.like(out)


def _as_integers(truth: Register) -> tuple[Any, Any]:
    """Return the truth of all lanes as the bits of one integer, and that of none."""
    kind = ir.IntType(truth.lanes)
    return truth.b.bitcast(truth.value, kind), ir.Constant(kind, 0)


def _by_library(x: Register, name: str) -> Register:
    """Call the C library lane by lane: slow."""
    function, one = name + "f" * (x.dtype.itemsize == 4), register_type(x.dtype)
    kind = ir.FunctionType(one, [one])
    if x.lanes == 1:
        return x.like(x.w.call(function, kind, [x.value]))
    out = ir.Constant(x.value.type, ir.Undefined)
    for lane in range(x.lanes):
        place = ir.Constant(ir.IntType(32), lane)
        out = x.b.insert_element(out, x.w.call(function, kind, [x.b.extract_element(x.value, place)]), place)
    return x.like(out)
