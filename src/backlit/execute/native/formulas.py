"""Each primitive element-wise op as machine instructions, on scalars or vectors alike.

This is the alphabet, not the rules: what an activation or an optimizer computes is read from its own body.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from llvmlite import ir

from ...arrays import DType
from ...graph.node import Node
from . import estimates
from .functions import exp, expm1, log, log1p, tanh
from .lanes import number, register_type
from .powers import power
from .registers import Register
from .trigonometry import arctan, cos, sin
from .writer import Running, Writer

Formula = Callable[["Operands"], Any]


class Operands:
    """The registers an op reads, with what is needed to combine them. `dtype` is that of its inputs."""

    def __init__(self, writer: Writer, node: Node, values: Sequence[Any], lanes: int) -> None:
        self.w = writer
        self.b: Any = writer.builder
        self.node = node
        self.lanes = lanes
        self.out: DType = node.dtype
        dtypes = [below.dtype for below in node.inputs]
        self.dtype: DType = np.result_type(*dtypes) if dtypes else node.dtype
        if node.op.name == "where":
            self.dtype = node.dtype
            dtypes = [dtypes[0], node.dtype, node.dtype]
        elif node.op.name not in COMPARISONS and node.op.name not in LOGIC and node.op.name != "cast":
            self.dtype = node.dtype
        if node.op.name not in KNOWN[self.dtype.kind]:
            raise NotImplementedError(f"there is no machine code for the op {node.op.name!r} of {self.dtype.name}")
        self.v = [
            v if i == 0 and node.op.name in ("where", "cast") else convert(self.b, v, below.dtype, self.dtype, lanes)
            for i, (v, below) in enumerate(zip(values, node.inputs, strict=True))
        ]

    @property
    def is_float(self) -> bool:
        """Whether the numbers are floating."""
        return self.dtype.kind == "f"

    def const(self, value: float) -> Any:
        """Return a constant of the working dtype in every lane."""
        return number(self.dtype, value, self.lanes)

    def intrinsic(self, name: str, *arguments: Any) -> Any:
        """Call an LLVM intrinsic named after the working type."""
        kind = register_type(self.dtype, self.lanes)
        letter = "f" if self.is_float else "i"
        bits = 8 * self.dtype.itemsize
        suffix = f"{letter}{bits}" if self.lanes == 1 else f"v{self.lanes}{letter}{bits}"
        return self.w.call(f"llvm.{name}.{suffix}", ir.FunctionType(kind, [kind] * len(arguments)), arguments)


def convert(b: Any, value: Any, have: DType, want: DType, lanes: int) -> Any:
    """Return a register in another dtype."""
    if have == want:
        return value
    kind = register_type(want, lanes)
    if want.kind == "b":
        zero = number(have, 0, lanes)
        return b.fcmp_unordered("!=", value, zero) if have.kind == "f" else b.icmp_unsigned("!=", value, zero)
    if have.kind == "f" and want.kind == "f":
        return b.fpext(value, kind) if want.itemsize > have.itemsize else b.fptrunc(value, kind)
    if have.kind == "f":
        return b.fptosi(value, kind) if want.kind == "i" else b.fptoui(value, kind)
    if want.kind == "f":
        return b.uitofp(value, kind) if have.kind in "bu" else b.sitofp(value, kind)
    if have.kind == "b" or want.itemsize > have.itemsize:
        return b.zext(value, kind) if have.kind in "bu" else b.sext(value, kind)
    return b.trunc(value, kind) if want.itemsize < have.itemsize else value


LOOSE = ("divide", "sqrt", "add", "subtract", "multiply", "square")


def is_loose(node: Node) -> bool:
    """Say whether a result may be off in the last place for speed: in the update of weights.

    A sum and a product are rounded once there, and a reciprocal estimate with one Newton step is several times faster
    than the exact quotient or root.
    """
    return node.phase == "update" and node.op.name in LOOSE and node.dtype.kind == "f"


def _arithmetic(float_name: str, integer_name: str) -> Formula:
    def formula(o: Operands) -> Any:
        if not o.is_float:
            return getattr(o.b, integer_name)(*o.v)
        flags = ("contract",) if is_loose(o.node) else ()
        return getattr(o.b, float_name)(*o.v, flags=flags)

    return formula


def _divide(o: Operands) -> Any:
    if is_loose(o.node) and estimates.fit(o):
        return estimates.quotient(o)
    return _arithmetic("fdiv", "sdiv")(o)


def _sqrt(o: Operands) -> Any:
    if is_loose(o.node) and estimates.fit(o):
        return estimates.root(o)
    return o.intrinsic("sqrt", *o.v)


def _compare(sign: str) -> Formula:
    def formula(o: Operands) -> Any:
        if o.is_float:
            return (o.b.fcmp_unordered if sign == "!=" else o.b.fcmp_ordered)(sign, *o.v)
        return (o.b.icmp_unsigned if o.dtype.kind in "bu" else o.b.icmp_signed)(sign, *o.v)

    return formula


def _as_bits(o: Operands) -> list[Any]:
    return [convert(o.b, v, o.dtype, np.dtype(bool), o.lanes) for v in o.v]


def _intrinsic(name: str) -> Formula:
    return lambda o: o.intrinsic(name, *o.v)


def _extreme(name: str, sign: str) -> Formula:
    """NumPy's maximum and minimum: NaN wins."""

    def formula(o: Operands) -> Any:
        if o.is_float:
            return o.intrinsic(name, *o.v)
        return o.b.select(_compare(sign)(o), *o.v)

    return formula


def _negative(o: Operands) -> Any:
    return o.b.fneg(o.v[0]) if o.is_float else o.b.neg(o.v[0])


def _absolute(o: Operands) -> Any:
    if o.is_float:
        return o.intrinsic("fabs", o.v[0])
    if o.dtype.kind == "u":
        return o.v[0]
    return o.b.select(o.b.icmp_signed("<", o.v[0], o.const(0)), o.b.neg(o.v[0]), o.v[0])


def _square(o: Operands) -> Any:
    flags = ("contract",) if is_loose(o.node) else ()
    return o.b.fmul(o.v[0], o.v[0], flags=flags) if o.is_float else o.b.mul(o.v[0], o.v[0])


def _sign(o: Operands) -> Any:
    x, zero = o.v[0], o.const(0)
    if o.dtype.kind == "u":
        return o.b.select(o.b.icmp_unsigned("!=", x, zero), o.const(1), zero)
    compare = o.b.fcmp_ordered if o.is_float else o.b.icmp_signed
    up = o.b.select(compare(">", x, zero), o.const(1), x if o.is_float else zero)
    return o.b.select(compare("<", x, zero), o.const(-1), up)


def _function(function: Callable[..., Register]) -> Formula:
    """A function of registers."""

    def formula(o: Operands) -> Any:
        if not o.is_float:
            raise NotImplementedError(f"{o.node.op.name} of integers")
        return function(*(Register(o.w, v, o.dtype, o.lanes) for v in o.v)).value

    return formula


def _power(o: Operands) -> Any:
    return _function(power)(o) if o.is_float else _integer_power(o)


def _integer_power(o: Operands) -> Any:
    """Multiply the squares of x that the bits of y name; a negative y is the interpreter's to refuse."""
    (x, y), one = o.v, o.const(1)
    if o.dtype.kind == "i":
        negative = o.b.icmp_signed("<", y, o.const(0))
        lanes = ir.IntType(o.lanes)
        o.w.flag(o.b.icmp_unsigned("!=", o.b.bitcast(negative, lanes), ir.Constant(lanes, 0)))
    base, bits, product = (Running(o.w, x.type) for _ in range(3))
    for place, start in ((base, x), (bits, y), (product, one)):
        place.set(start)
    with o.w.loop(0, 8 * o.dtype.itemsize):
        odd = o.b.icmp_unsigned("!=", o.b.and_(bits.get(), one), o.const(0))
        product.set(o.b.mul(product.get(), o.b.select(odd, base.get(), one)))
        base.set(o.b.mul(base.get(), base.get()))
        bits.set(o.b.lshr(bits.get(), one))
    return product.get()


def _floor_divide(o: Operands) -> Any:
    x, y = o.v
    if o.is_float:
        rest, crosses = _rest(o)
        quotient = o.b.fdiv(o.b.fsub(x, rest), y)
        quotient = o.b.select(crosses, o.b.fsub(quotient, o.const(1)), quotient)
        return o.b.select(o.b.fcmp_ordered("==", y, o.const(0)), o.b.fdiv(x, y), o.intrinsic("rint", quotient))
    impossible, y = _divisor(o)
    if o.dtype.kind == "u":
        quotient = o.b.udiv(x, y)
    else:
        quotient, rest = o.b.sdiv(x, y), o.b.srem(x, y)
        down = o.b.and_(o.b.icmp_signed("!=", rest, o.const(0)), o.b.icmp_signed("<", o.b.xor(x, y), o.const(0)))
        quotient = o.b.sub(quotient, o.b.zext(down, quotient.type))
    return o.b.select(impossible, o.const(0), quotient)


def _rest(o: Operands) -> tuple[Any, Any]:
    """Return what is left of x after whole steps of y towards zero, and whether one more step leads to y's side."""
    rest, zero = o.b.frem(*o.v), o.const(0)
    other_side = o.b.xor(o.b.fcmp_ordered("<", rest, zero), o.b.fcmp_ordered("<", o.v[1], zero))
    return rest, o.b.and_(o.b.fcmp_ordered("!=", rest, zero), other_side)


def _divisor(o: Operands) -> tuple[Any, Any]:
    """Return where y is 0 (the quotient is 0 then, as NumPy's), and y with 1 in the place of what processors refuse."""
    x, y = o.v
    impossible = o.b.icmp_unsigned("==", y, o.const(0))
    refused = impossible
    if o.dtype.kind == "i":  # the smallest number by -1 is itself again
        smallest = o.b.icmp_signed("==", x, o.const(np.iinfo(o.dtype).min))
        refused = o.b.or_(refused, o.b.and_(smallest, o.b.icmp_signed("==", y, o.const(-1))))
    return impossible, o.b.select(refused, o.const(1), y)


def _mod(o: Operands) -> Any:
    x, y = o.v
    if not o.is_float:
        whole = o.b.sub(x, o.b.mul(y, _floor_divide(o)))
        return o.b.select(o.b.icmp_unsigned("==", y, o.const(0)), o.const(0), whole)
    rest, crosses = _rest(o)
    zero = o.intrinsic("copysign", o.const(0), y)
    return o.b.select(o.b.fcmp_ordered("==", rest, o.const(0)), zero, o.b.select(crosses, o.b.fadd(rest, y), rest))


def _where(o: Operands) -> Any:
    condition = convert(o.b, o.v[0], o.node.inputs[0].dtype, np.dtype(bool), o.lanes)
    return o.b.select(condition, o.v[1], o.v[2])


def _cast(o: Operands) -> Any:
    return convert(o.b, o.v[0], o.node.inputs[0].dtype, o.out, o.lanes)


def _is_finite(o: Operands) -> Any:
    return o.b.fcmp_ordered("<", o.intrinsic("fabs", o.v[0]), o.const(float("inf")))


COMPARISONS = {
    "greater": ">", "greater_equal": ">=", "less": "<", "less_equal": "<=", "equal": "==", "not_equal": "!=",
    "isfinite": "", "isnan": "",
}  # fmt: skip
LOGIC = ("logical_and", "logical_or", "logical_not")

FORMULAS: dict[str, Formula] = {
    "add": _arithmetic("fadd", "add"),
    "subtract": _arithmetic("fsub", "sub"),
    "multiply": _arithmetic("fmul", "mul"),
    "divide": _divide,
    "negative": _negative,
    "absolute": _absolute,
    "square": _square,
    "sign": _sign,
    "sqrt": _sqrt,
    "floor": _intrinsic("floor"),
    "ceil": _intrinsic("ceil"),
    "round": _intrinsic("rint"),
    "maximum": _extreme("maximum", ">"),
    "minimum": _extreme("minimum", "<"),
    "exp": _function(exp),
    "expm1": _function(expm1),
    "log": _function(log),
    "log1p": _function(log1p),
    "sin": _function(sin),
    "cos": _function(cos),
    "tanh": _function(tanh),
    "arctan": _function(arctan),
    "power": _power,
    "floor_divide": _floor_divide,
    "mod": _mod,
    "where": _where,
    "cast": _cast,
    "stop_gradient": lambda o: o.v[0],
    "isfinite": _is_finite,
    "isnan": lambda o: o.b.fcmp_unordered("uno", o.v[0], o.v[0]),
    "logical_and": lambda o: o.b.and_(*_as_bits(o)),
    "logical_or": lambda o: o.b.or_(*_as_bits(o)),
    "logical_not": lambda o: o.b.not_(_as_bits(o)[0]),
    **{name: _compare(sign) for name, sign in COMPARISONS.items() if sign},
}

ANY = (
    "where",
    "cast",
    "stop_gradient",
    "maximum",
    "minimum",
    "multiply",
    *LOGIC,
    *(n for n, s in COMPARISONS.items() if s),
)
WHOLE = (*ANY, "add", "subtract", "negative", "absolute", "square", "sign", "power", "floor_divide", "mod")
KNOWN = {"f": tuple(FORMULAS), "i": WHOLE, "u": WHOLE, "b": ANY}  # by the kind of numbers: the others are NumPy's
