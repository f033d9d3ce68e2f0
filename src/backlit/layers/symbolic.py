"""The symbols a functional model is drawn with: tensors that only have a shape, and the calls that connect them.

They exist while a model is being built; training and prediction work on the Tensors of `tensor`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import DType
from ..errors import NotRecordable
from ..ops import Op, Operand
from . import nest
from .naming import auto_name

if TYPE_CHECKING:
    from .layer import Layer


class KerasTensor(Operand):
    """What `Input` and layers called on it return: a shape (None for the batch), a dtype, and where it came from."""

    __slots__ = ("call", "dtype", "index", "name", "shape")
    apply_rank = 3

    def __init__(
        self, shape: tuple[int | None, ...], dtype: DType, name: str | None = None, call: Call | None = None,
        index: int = 0,
    ) -> None:  # fmt: skip
        self.shape: Any = shape
        self.dtype = dtype
        self.name = name or auto_name("keras_tensor")
        self.call = call
        self.index = index

    def apply_op(self, op: Op, inputs: Sequence[Any], attrs: dict[str, Any]) -> Any:
        """Make the op a layer of its own."""
        from .operation import Operation

        return Operation(op, attrs, len(inputs))(*inputs)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        raise NotRecordable(
            f"{self!r} has no numbers: it is a symbol in a model being built. "
            "Use layers or backlit.ops on it, not NumPy."
        )

    def __iter__(self) -> Any:
        raise NotRecordable(f"{self!r} cannot be iterated over: it is a symbol in a model being built.")

    def __bool__(self) -> bool:
        raise NotRecordable(f"{self!r} has no truth value: it is a symbol in a model being built.")

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self.shape}, dtype={np.dtype(self.dtype).name}, name={self.name}>"


class Call:
    """One use of a layer in a functional model: `layer(*args, **kwargs)` gave `outputs`."""

    def __init__(self, layer: Layer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.layer = layer
        self.args = args
        self.kwargs = kwargs
        self.outputs: Any = None

    @property
    def inputs(self) -> list[KerasTensor]:
        """The symbolic tensors among the arguments, in order."""
        return [leaf for leaf in nest.flatten((self.args, self.kwargs)) if isinstance(leaf, KerasTensor)]

    @property
    def first_input(self) -> Any:
        """The first argument as it was given."""
        return self.args[0] if self.args else self.outputs


def output_like(specs: Any, call: Call) -> Any:
    """Return symbolic tensors for the (shape, dtype) specs of a call's outputs."""
    count = iter(range(1_000_000))

    def tensor(spec: Any) -> KerasTensor:
        index = next(count)
        return KerasTensor(spec.shape, spec.dtype, auto_name("keras_tensor"), call, index)

    call.outputs = nest.map_structure(tensor, specs)
    return call.outputs
