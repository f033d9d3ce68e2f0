"""How numbers look in machine code: in memory and in registers, alone and as vectors.

Truth values are bytes in memory and bits in registers.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from ...arrays import DType

INDEX = ir.IntType(64)
BYTE = ir.IntType(8)
BIT = ir.IntType(1)
ADDRESS = ir.PointerType()


def stored_type(dtype: DType) -> Any:
    """Return the type of one number in memory."""
    if dtype.kind == "f":
        return {2: ir.HalfType(), 4: ir.FloatType(), 8: ir.DoubleType()}[dtype.itemsize]
    return BYTE if dtype.kind == "b" else ir.IntType(8 * dtype.itemsize)


def register_type(dtype: DType, lanes: int = 1) -> Any:
    """Return the type of `lanes` numbers in a register; one lane is a scalar."""
    one = BIT if dtype.kind == "b" else stored_type(dtype)
    return one if lanes == 1 else ir.VectorType(one, lanes)


def number(dtype: DType, value: Any, lanes: int = 1) -> ir.Constant:
    """Return a constant, the same in every lane."""
    kind = register_type(dtype)
    plain = float(value) if dtype.kind == "f" else int(value)
    one = ir.Constant(kind, plain)
    return one if lanes == 1 else ir.Constant(ir.VectorType(kind, lanes), [one] * lanes)


def index(value: int) -> ir.Constant:
    """Return an integer to count and to address with."""
    return ir.Constant(INDEX, value)
