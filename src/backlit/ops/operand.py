"""The operators of Python, spelled as ops: what lets `x * y + 1` work on every handle.

`Node` and `Tensor` inherit from `Operand`; arrays bring their own operators.
"""

from __future__ import annotations

from typing import Any

from ..arrays import DType, Shape
from .elementwise import (
    absolute,
    add,
    divide,
    floor_divide,
    greater,
    greater_equal,
    less,
    less_equal,
    logical_and,
    logical_not,
    logical_or,
    mod,
    multiply,
    negative,
    power,
    sqrt,
    square,
    subtract,
)
from .matrix import matmul
from .shape import take_slice, transpose


class Operand:
    """Arithmetic, comparison and slicing for anything that has a shape and a dtype and can have ops applied to it."""

    __slots__ = ()
    __array_priority__ = 100.0  # `array * tensor` is the tensor's business

    shape: Shape
    dtype: DType

    def __add__(self, other: Any) -> Any:
        return add(self, other)

    def __radd__(self, other: Any) -> Any:
        return add(other, self)

    def __sub__(self, other: Any) -> Any:
        return subtract(self, other)

    def __rsub__(self, other: Any) -> Any:
        return subtract(other, self)

    def __mul__(self, other: Any) -> Any:
        return multiply(self, other)

    def __rmul__(self, other: Any) -> Any:
        return multiply(other, self)

    def __truediv__(self, other: Any) -> Any:
        return divide(self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return divide(other, self)

    def __floordiv__(self, other: Any) -> Any:
        return floor_divide(self, other)

    def __rfloordiv__(self, other: Any) -> Any:
        return floor_divide(other, self)

    def __mod__(self, other: Any) -> Any:
        return mod(self, other)

    def __rmod__(self, other: Any) -> Any:
        return mod(other, self)

    def __pow__(self, other: Any) -> Any:
        if isinstance(other, (int, float)) and other in (2, 0.5):
            return square(self) if other == 2 else sqrt(self)
        return power(self, other)

    def __rpow__(self, other: Any) -> Any:
        return power(other, self)

    def __matmul__(self, other: Any) -> Any:
        return matmul(self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return matmul(other, self)

    def __neg__(self) -> Any:
        return negative(self)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return absolute(self)

    def __gt__(self, other: Any) -> Any:
        return greater(self, other)

    def __ge__(self, other: Any) -> Any:
        return greater_equal(self, other)

    def __lt__(self, other: Any) -> Any:
        return less(self, other)

    def __le__(self, other: Any) -> Any:
        return less_equal(self, other)

    def __and__(self, other: Any) -> Any:
        return logical_and(self, other)

    def __or__(self, other: Any) -> Any:
        return logical_or(self, other)

    def __invert__(self) -> Any:
        return logical_not(self)

    def __getitem__(self, key: Any) -> Any:
        return take_slice(self, key)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def T(self) -> Any:
        """The transpose: all axes in reverse order."""
        return transpose(self)
