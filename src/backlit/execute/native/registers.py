"""A register as a number of Python's: `x * y + 1` writes the instructions, for one lane or many alike.

The elementary functions are written with it; the plain ops in `formulas` need no more than LLVM's builder.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from llvmlite import ir

from ...arrays import DType
from .lanes import number, register_type
from .writer import Writer

TRUTH = np.dtype(bool)


class Register:
    """A value of LLVM's with its dtype and lanes. Comparisons give truth values, `&`, `|` and shifts work on bits."""

    def __init__(self, writer: Writer, value: Any, dtype: DType, lanes: int) -> None:
        self.w = writer
        self.b: Any = writer.builder
        self.value = value
        self.dtype = dtype
        self.lanes = lanes

    def like(self, value: Any, dtype: DType | None = None) -> Register:
        """Return another value of as many lanes."""
        return Register(self.w, value, dtype or self.dtype, self.lanes)

    def const(self, value: float) -> Register:
        """Return a constant of this dtype, the same in every lane."""
        return self.like(number(self.dtype, value, self.lanes))

    def to(self, dtype: DType) -> Register:
        """Return the numbers rounded to, or the bits cut to, a narrower dtype; or exactly in a wider one."""
        if dtype == self.dtype:
            return self
        wider = dtype.itemsize > self.dtype.itemsize
        convert = (self.b.fpext if wider else self.b.fptrunc) if dtype.kind == "f" else self.b.trunc
        return self.like(convert(self.value, register_type(dtype, self.lanes)), dtype)

    @property
    def bits(self) -> Register:
        """The same bits as an integer."""
        return self._seen_as("i")

    @property
    def as_float(self) -> Register:
        """The same bits as a floating number."""
        return self._seen_as("f")

    def _seen_as(self, kind: str) -> Register:
        dtype = np.dtype(f"{kind}{self.dtype.itemsize}")
        return self.like(self.b.bitcast(self.value, register_type(dtype, self.lanes)), dtype)

    def call(self, name: str, *others: Operand) -> Register:
        """Call an LLVM intrinsic named after the type of this register."""
        letter = "f" if self.dtype.kind == "f" else "i"
        kind, bits = register_type(self.dtype, self.lanes), 8 * self.dtype.itemsize
        suffix = f"{letter}{bits}" if self.lanes == 1 else f"v{self.lanes}{letter}{bits}"
        arguments = [self.value, *(self._value(other) for other in others)]
        signature = ir.FunctionType(kind, [kind] * len(arguments))
        return self.like(self.w.call(f"llvm.{name}.{suffix}", signature, arguments))

    def _value(self, other: Operand) -> Any:
        return other.value if isinstance(other, Register) else self.const(other).value

    def _arithmetic(self, name: str, other: Operand) -> Register:
        return self.like(getattr(self.b, "f" * (self.dtype.kind == "f") + name)(self.value, self._value(other)))

    def _bitwise(self, name: str, other: Operand) -> Register:
        return self.like(getattr(self.b, name)(self.value, self._value(other)))

    def _compared(self, sign: str, other: Operand) -> Register:
        compare = self.b.fcmp_ordered if self.dtype.kind == "f" else self.b.icmp_signed
        return self.like(compare(sign, self.value, self._value(other)), TRUTH)

    def __add__(self, other: Operand) -> Register:
        return self._arithmetic("add", other)

    def __radd__(self, other: float) -> Register:
        return self.const(other) + self

    def __sub__(self, other: Operand) -> Register:
        return self._arithmetic("sub", other)

    def __rsub__(self, other: float) -> Register:
        return self.const(other) - self

    def __mul__(self, other: Operand) -> Register:
        return self._arithmetic("mul", other)

    def __rmul__(self, other: float) -> Register:
        return self * other

    def __truediv__(self, other: Operand) -> Register:
        return self._arithmetic("div", other)

    def __rtruediv__(self, other: float) -> Register:
        return self.const(other) / self

    def __abs__(self) -> Register:
        return self.call("fabs")

    def __and__(self, other: Operand) -> Register:
        return self._bitwise("and_", other)

    def __or__(self, other: Operand) -> Register:
        return self._bitwise("or_", other)

    def __xor__(self, other: Operand) -> Register:
        return self._bitwise("xor", other)

    def __lshift__(self, other: int) -> Register:
        return self._bitwise("shl", other)

    def __rshift__(self, other: int) -> Register:
        return self._bitwise("lshr", other)

    def __invert__(self) -> Register:
        return self.like(self.b.not_(self.value))

    def __lt__(self, other: Operand) -> Register:
        return self._compared("<", other)

    def __gt__(self, other: Operand) -> Register:
        return self._compared(">", other)

    def __ge__(self, other: Operand) -> Register:
        return self._compared(">=", other)

    def equals(self, other: Operand) -> Register:
        """Say where the numbers are equal; NaN equals nothing."""
        return self._compared("==", other)

    def copysign(self, sign: Register) -> Register:
        """Return the size of this number with the sign of another: a zero keeps its own."""
        return self.call("copysign", sign)

    def held(self, low: float | None, high: float | None) -> Register:
        """Return the nearest number between two bounds; NaN stays NaN."""
        out = self if low is None else where(self < low, low, self)
        return out if high is None else where(out > high, high, out)


Operand: TypeAlias = Register | float


def where(condition: Register, yes: Operand, no: Operand) -> Register:
    """Choose lane by lane; at least one choice is a register."""
    kind = yes if isinstance(yes, Register) else no
    assert isinstance(kind, Register)
    return kind.like(kind.b.select(condition.value, kind._value(yes), kind._value(no)))


def fused(a: Operand, b: Operand, c: Operand) -> Register:
    """a * b + c, rounded once where the processor can, twice where it cannot: the caller must be right with either."""
    kind = next(x for x in (a, b, c) if isinstance(x, Register))
    return kind.like(kind._value(a)).call("fmuladd", b, c)


def polynomial(x: Register, coefficients: Sequence[float]) -> Register:
    """c0 + c1 x + c2 x**2 + ..., by Horner's rule."""
    *rest, highest = coefficients
    total = x.const(highest)
    for c in reversed(rest):
        total = fused(total, x, c)
    return total
