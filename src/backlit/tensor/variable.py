"""A Variable is a tensor that can change: a weight, a moving average, an optimizer's memory, a metric's sum.

While a step is recorded, reading one makes a named input of the graph and assigning to one a named output.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arrays import Array, DType, Shape
from ..errors import ShapeError
from ..graph.node import Node
from ..graph.record import input_node
from ..ops.elementwise import cast
from ..ops.op import Op
from ..ops.operand import Operand
from .tensor import Tensor, active, apply_op, as_array


class Variable(Operand):
    """A named array of fixed shape and dtype that `assign` replaces (it is never written into).

    `initial_value` is a number, an array, a Tensor, or a function of no argument that returns one. `role` is the
    group its name stands in in a graph: `params`, `state`, `slots`, `metrics` or `""`.
    """

    __slots__ = (
        "__weakref__", "constraint", "dtype", "name", "node", "path", "regularizer", "role", "stored", "trainable",
    )  # fmt: skip
    apply_rank = 2

    def __init__(
        self, initial_value: Any, trainable: bool = True, name: str | None = None, dtype: Any = None, *, role: str = ""
    ) -> None:
        value = initial_value() if callable(initial_value) else initial_value
        self.stored: Array = np.array(as_array(value, dtype), order="C")
        self.dtype: DType = self.stored.dtype
        self.trainable = trainable
        self.name = name or "variable"
        self.path = self.name
        self.role = role or ("params" if trainable else "state")
        self.regularizer: Any = None
        self.constraint: Any = None
        self.node: Node | None = None  # the leaf that tapes know this value by; a new one after each assignment

    @property
    def shape(self) -> Shape:  # type: ignore[override]
        """The size along each axis."""
        return self.stored.shape

    @property
    def value(self) -> Array:
        """The array itself (do not write into it)."""
        return self.stored

    def numpy(self) -> Array:
        """Return the numbers as a new NumPy array."""
        return np.array(self.stored)

    def read(self) -> Tensor:
        """Return the value as a Tensor: a node of the step being recorded, or what is stored now."""
        if active.trace is not None:
            return active.trace.read(self)
        tensor = Tensor(self.stored)
        if active.tapes:
            tensor.node = self._leaf()
            for tape in active.tapes:
                tape.saw(self, tensor)
        return tensor

    def assign(self, value: Any) -> Variable:
        """Replace the value; another shape raises `ShapeError`. Inside a recorded step this makes an output of it."""
        shape = tuple(np.shape(value))
        if shape != self.shape:
            raise ShapeError(f"Variable {self.path!r} has shape {self.shape}; a value of {shape} does not fit it.")
        if active.trace is not None:
            active.trace.assign(self, value)
            return self
        array = value.stored if isinstance(value, Variable) else as_array(value)
        self.store(np.array(array, order="C"))  # a copy: the caller's array stays the caller's
        return self

    def store(self, array: Array) -> None:
        """Replace the array at once, whatever is being recorded; it must have this shape."""
        self.stored = array.astype(self.dtype, copy=True) if array.dtype != self.dtype else array
        self.node = None

    def assign_add(self, delta: Any) -> Variable:
        """Replace the value by itself plus `delta`."""
        return self.assign(self + delta)

    def assign_sub(self, delta: Any) -> Variable:
        """Replace the value by itself minus `delta`."""
        return self.assign(self - delta)

    def apply_op(self, op: Op, inputs: Sequence[Any], attrs: dict[str, Any]) -> Tensor:
        """Compute or record `op` (called by `ops.apply`)."""
        return apply_op(op, inputs, attrs)

    def _leaf(self) -> Node:
        if self.node is None:
            self.node = input_node(self.path, self.shape, self.dtype)
        return self.node

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.array(self.stored, dtype, copy=copy)

    def __float__(self) -> float:
        return float(self.stored.item())

    def __int__(self) -> int:
        return int(self.stored.item())

    def __len__(self) -> int:
        return len(self.stored)

    def __format__(self, spec: str) -> str:
        return format(self.stored.item() if self.stored.ndim == 0 else self.stored, spec) if spec else str(self)

    def __repr__(self) -> str:
        return f"<Variable {self.path} shape={self.shape} dtype={self.dtype.name} value={np.array2string(self.stored)}>"


def as_tensor(value: Any, dtype: Any = None) -> Tensor:
    """Return a Tensor of anything numeric; Variables are read, Tensors pass (cast where `dtype` differs)."""
    if isinstance(value, Variable):
        value = value.read()
    if not isinstance(value, Tensor):
        return Tensor(value, dtype)
    if dtype is not None and value.dtype != np.dtype(dtype):
        return cast(value, np.dtype(dtype).name)
    return value
