"""Quotients and roots from the processor's estimates: an optimizer divides by a root for every weight at every step.

AVX-512 gives reciprocals to 14 bits in two cycles; a Newton step doubles the bits, and what is left is less than two
units in the last place. Where a number is out of the ordinary (zero below the line, infinite, NaN), the vector takes
the exact way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llvmlite import ir

if TYPE_CHECKING:
    from .formulas import Operands

WORD = ir.IntType(32)
SMALLEST, LARGEST = 0x01000000, 0x7E000000  # bits of 2**-125 and 2**125: between them no reciprocal leaves the range
LEAST = 2.0**-126  # the smallest number that is not flushed to zero


def fit(o: Operands) -> bool:
    """Say whether the target has estimates for these registers."""
    return o.lanes == 16 and o.dtype.itemsize == 4 and o.w.estimates


def quotient(o: Operands) -> Any:
    """q = a r, with r = 1 / b improved by one Newton step: r + r (1 - b r)."""
    a, b = o.v

    def short() -> Any:
        r = _estimate(o, "rcp14", b)
        return o.b.fmul(a, _fma(o, _fma(o, o.b.fneg(b), r, o.const(1.0)), r, r))

    return _either(o, _within(o, b, SMALLEST, LARGEST), short, lambda: o.b.fdiv(a, b))


def root(o: Operands) -> Any:
    """s = x r, with r = 1 / sqrt(x), improved by one Newton step: s + s (1/2 - s r / 2). The root of 0 is 0."""
    x = o.v[0]

    def short() -> Any:
        r = _estimate(o, "rsqrt14", o.b.select(o.b.fcmp_ordered(">", x, o.const(LEAST)), x, o.const(LEAST)))
        s, half = o.b.fmul(x, r), o.b.fmul(r, o.const(0.5))
        return _fma(o, s, _fma(o, o.b.fneg(s), half, o.const(0.5)), s)

    return _either(o, _within(o, x, 0, LARGEST), short, lambda: o.intrinsic("sqrt", x))


def _within(o: Operands, x: Any, low: int, high: int) -> Any:
    """Say in which lanes `x` is positive and lies between two floats given by their bits."""
    kind = ir.VectorType(WORD, o.lanes)

    def every(value: int) -> ir.Constant:
        return ir.Constant(kind, [value] * o.lanes)

    bits = o.b.bitcast(x, kind)
    return o.b.icmp_unsigned("<=", o.b.sub(bits, every(low)) if low else bits, every(high - low))


def _either(o: Operands, ordinary: Any, short: Any, exact: Any) -> Any:
    """Return the short way's value where all lanes are ordinary, else the exact one's."""
    lanes = ir.IntType(o.lanes)
    every = o.b.icmp_signed("==", o.b.bitcast(ordinary, lanes), ir.Constant(lanes, -1))
    with o.b.if_else(every, likely=True) as (then, otherwise):
        with then:
            quick, after_quick = short(), o.b.block
        with otherwise:
            slow, after_slow = exact(), o.b.block
    found = o.b.phi(quick.type)
    found.add_incoming(quick, after_quick)
    found.add_incoming(slow, after_slow)
    return found


def _estimate(o: Operands, name: str, x: Any) -> Any:
    every = ir.Constant(ir.IntType(16), -1)
    kinds = ir.FunctionType(x.type, [x.type, x.type, every.type])
    return o.w.call(f"llvm.x86.avx512.{name}.ps.512", kinds, [x, ir.Constant(x.type, None), every])


def _fma(o: Operands, a: Any, b: Any, c: Any) -> Any:
    return o.intrinsic("fma", a, b, c)
