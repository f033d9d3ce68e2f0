"""A Tensor is a handle: over an array that is there already (eager), or over a node of a graph being recorded.

Ops do not know the difference, so one layer's code both computes at the prompt and records the step `fit` runs.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import Array, DType, Shape, as_dtype, floatx, is_array
from ..errors import DataError, NotRecordable, ShapeError
from ..graph.node import Node
from ..graph.record import common_float, compute, constant_node, record
from ..ops.op import Op
from ..ops.operand import Operand
from ..ops.shape import gather, take_slice

if TYPE_CHECKING:
    from .tape import GradientTape
    from .trace import Trace


class _Active(threading.local):
    """What this thread is doing beside computing: gradient tapes that listen, and the trace of a step."""

    def __init__(self) -> None:
        self.tapes: list[GradientTape] = []
        self.trace: Trace | None = None


active = _Active()


class Tensor(Operand):
    """An n-dimensional array of numbers, or the promise of one.

    `Tensor(data, dtype=None)` copies nothing it need not: Python floats take the default float, integers int32,
    arrays keep their dtype. `logits` holds the scores that `squash`, "softmax" (over the last axis) or "sigmoid", made
    this tensor of: the fused losses read them.
    """

    __slots__ = ("__weakref__", "logits", "node", "squash", "stored")
    apply_rank = 2

    def __init__(self, data: Any = None, dtype: Any = None, *, node: Node | None = None) -> None:
        self.stored: Array | None = None if data is None else as_array(data, dtype)
        self.node = node
        self.logits: Tensor | None = None
        self.squash = ""

    @property
    def shape(self) -> Shape:  # type: ignore[override]
        """The size along each axis."""
        return self.node.shape if self.stored is None else self.stored.shape  # type: ignore[union-attr]

    @property
    def dtype(self) -> DType:  # type: ignore[override]
        """The NumPy dtype; compares equal to its name, `t.dtype == "float32"`."""
        return self.node.dtype if self.stored is None else self.stored.dtype  # type: ignore[union-attr]

    @property
    def value(self) -> Array:
        """The array itself (do not write into it). While a step is recorded there is none: `NotRecordable`."""
        if self.stored is None:
            raise NotRecordable(
                f"The numbers of {self!r} were asked for while the step was being recorded, when there are none yet. "
                "Use backlit.ops functions on the tensor instead of NumPy, or compile(run_eagerly=True)."
            )
        return self.stored

    @property
    def symbolic(self) -> bool:
        """Whether this is a node of a graph being recorded, without numbers."""
        return self.stored is None

    def numpy(self) -> Array:
        """Return the numbers as a new NumPy array."""
        return np.array(self.value)

    def item(self) -> Any:
        """Return the only number as a Python number."""
        return self.value.item()

    def apply_op(self, op: Op, inputs: Sequence[Any], attrs: dict[str, Any]) -> Tensor:
        """Compute or record `op` (called by `ops.apply`)."""
        return apply_op(op, inputs, attrs)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.array(self.value, dtype, copy=copy)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, (np.ndarray, Tensor, list)):
            index = as_array(key)
            return gather(self, np.flatnonzero(index) if index.dtype == bool else index)
        return take_slice(self, key)

    def __len__(self) -> int:
        if not self.shape:
            raise ShapeError("A tensor of shape () has no length.")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __eq__(self, other: object) -> Any:
        from ..ops.elementwise import equal

        return equal(self, other)

    def __ne__(self, other: object) -> Any:
        from ..ops.elementwise import not_equal

        return not_equal(self, other)

    __hash__ = object.__hash__

    def __float__(self) -> float:
        return float(self.value.item())

    def __int__(self) -> int:
        return int(self.value.item())

    def __bool__(self) -> bool:
        return bool(self.value.item()) if self.value.size == 1 else bool(self.value)

    def __index__(self) -> int:
        return self.value.__index__()

    def __format__(self, spec: str) -> str:
        return format(self.value.item() if self.value.ndim == 0 else self.value, spec) if spec else str(self)

    def __repr__(self) -> str:
        head = f"Tensor shape={self.shape} dtype={self.dtype.name}"
        return f"<{head} recorded>" if self.stored is None else f"<{head} numpy={np.array2string(self.stored)}>"

    __str__ = __repr__


def as_array(data: Any, dtype: Any = None) -> Array:
    """Return an array of numbers, Tensors or Variables; Python floats take the default float, integers int32."""
    if isinstance(data, Tensor):
        data = data.value
    wanted = None if dtype is None else as_dtype(dtype)
    if is_array(data):
        return np.asarray(_numeric(np.asarray(data)), wanted)
    try:
        array = np.asarray(data)
    except ValueError as error:
        reason = str(error).rstrip(".")
        raise DataError(f"This cannot be made into a tensor: {reason}. Expected rows of equal length.") from None
    array = _numeric(array)
    if wanted is None and array.dtype.kind in "fi" and not hasattr(data, "__array__"):
        wanted = np.dtype(floatx() if array.dtype.kind == "f" else "int32")
    return array if wanted is None else array.astype(wanted)


def _numeric(array: Array) -> Array:
    """Return `array`, in the byte order of the processor, if it holds real numbers or truth values."""
    if array.dtype.kind in "buif":
        return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))
    kind = {"U": "text", "S": "text", "O": "objects", "c": "complex numbers"}.get(array.dtype.kind, str(array.dtype))
    shown = "".join(f" (given {first!r} first)" for first in array.reshape(-1)[:1].tolist())
    raise DataError(f"A tensor cannot hold {kind}{shown}. Expected real numbers or truth values.")


def read(value: Any) -> Any:
    """Return the Tensor a Variable stands for now; anything else is returned as it is."""
    reader = getattr(value, "read", None)
    return reader() if reader is not None and getattr(value, "apply_rank", 0) else value


def apply_op(op: Op, inputs: Sequence[Any], attrs: dict[str, Any]) -> Tensor:
    """Record `op` where an input is symbolic, else compute it now and tell the tapes that listen."""
    values = [read(value) for value in inputs]
    if any(isinstance(v, Tensor) and v.stored is None for v in values):
        result = Tensor(node=record(op, [_as_operand(v) for v in values], attrs))
    else:
        result = _compute(op, values, attrs)
    if op.name == "sigmoid" or (op.name == "softmax" and attrs["axis"] in (-1, len(result.shape) - 1)):
        result.logits, result.squash = values[0], op.name
    return result


def _as_operand(value: Any) -> Any:
    """A symbolic tensor enters a graph as its node, an eager one as a constant."""
    if not isinstance(value, Tensor):
        return value
    if value.stored is None:
        return value.node
    return value.node if value.node is not None else constant_node(value.stored)


def _compute(op: Op, values: Sequence[Any], attrs: dict[str, Any]) -> Tensor:
    target = common_float(op, values)
    arrays = [_as_input(value, target, values) for value in values]
    result = Tensor(compute(op, arrays, attrs))
    if active.tapes and any(map(_followed, values)):
        listen(op, values, arrays, attrs, result)
    return result


def _followed(value: Any) -> bool:
    """Say whether a tape that listens knows `value`; what an earlier tape knew is a constant now."""
    return isinstance(value, Tensor) and value.node is not None and any(value.node in t.values for t in active.tapes)


def _as_input(value: Any, target: DType | None, values: Sequence[Any]) -> Array:
    """Mirror of what the recorder does to an input: numbers adopt the dtype of the tensors they meet."""
    array = value.value if isinstance(value, Tensor) else np.asarray(value)
    if target is not None:
        return array if array.dtype == target or array.dtype.kind == "b" else array.astype(target)
    if type(value) is int:
        partner = next((v.dtype for v in values if isinstance(v, Tensor) and v.dtype.kind in "iu"), None)
        return array.astype(partner) if partner is not None else array
    return array


def listen(op: Op, values: Sequence[Any], arrays: Sequence[Array], attrs: dict[str, Any], result: Tensor) -> None:
    """Record what was just computed, so that the tapes can walk it back."""
    nodes = [v.node if _followed(v) else constant_node(a) for v, a in zip(values, arrays, strict=True)]
    node = record(op, nodes, attrs)
    result.node = node
    if any(node is below for below in nodes):  # a cast to the dtype it has: nothing to record
        return
    casts = [below for below, was in zip(node.inputs, nodes, strict=True) if below is not was]
    known = {v.node: v.value for v in values if _followed(v)}
    known.update(zip(node.inputs, arrays, strict=True))
    known[node] = result.value
    for tape in active.tapes:
        tape.heard([node, *casts], known)
