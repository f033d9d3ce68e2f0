"""`tensorflow`'s functions that make, reshape, join and pick from tensors, over the ops of ours.

They keep TensorFlow's names of arguments and its defaults; where an op already has both, the op itself is there.
"""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from .. import ops
from ..errors import ConfigError, ShapeError
from ..tensor import Tensor, ones, ones_like, zeros, zeros_like
from ..tensor import eye as _eye
from .handles import as_tensor, lifted, like

__all__ = [
    "abs", "acos", "add", "argmax", "argmin", "argsort", "asin", "atan", "boolean_mask", "broadcast_to", "cast",
    "clip_by_global_norm", "clip_by_norm", "clip_by_value", "concat", "cos", "cumsum", "divide", "equal", "exp",
    "expand_dims", "eye", "fill", "floor", "gather", "greater", "greater_equal", "less", "less_equal", "linspace",
    "logical_and", "logical_not", "logical_or", "map_fn", "matmul", "maximum", "minimum", "multiply", "negative",
    "norm", "not_equal", "one_hot", "ones", "ones_like", "pad", "pow", "range", "rank", "repeat", "reshape",
    "reverse", "round", "saturate_cast", "shape", "sigmoid", "sign", "sin", "size", "slice", "sort", "split",
    "sqrt", "square", "squeeze", "stack", "subtract", "tanh", "tensordot", "tile", "transpose", "truediv", "unique",
    "unstack", "where", "zeros", "zeros_like",
]  # fmt: skip
abs, add, cos, divide, equal, exp = (lifted(op) for op in (ops.abs, ops.add, ops.cos, ops.divide, ops.equal, ops.exp))
floor, greater, greater_equal, less, less_equal, logical_and = (
    lifted(op) for op in (ops.floor, ops.greater, ops.greater_equal, ops.less, ops.less_equal, ops.logical_and)
)
logical_not, logical_or, matmul, maximum, minimum, multiply = (
    lifted(op) for op in (ops.logical_not, ops.logical_or, ops.matmul, ops.maximum, ops.minimum, ops.multiply)
)
negative, not_equal, round, sign, sin, sqrt = (
    lifted(op) for op in (ops.negative, ops.not_equal, ops.round, ops.sign, ops.sin, ops.sqrt)
)
square, subtract, tanh = (lifted(op) for op in (ops.square, ops.subtract, ops.tanh))
truediv = divide
slice_, _counted = builtins.slice, builtins.range  # whose names are taken below


def cast(x: Any, dtype: Any, name: str | None = None) -> Any:
    """Return `x` in another dtype."""
    return ops.cast(as_tensor(x), dtype=np.dtype(dtype).name)


saturate_cast = cast


def shape(input: Any, out_type: Any = "int32", name: str | None = None) -> Tensor:
    """Return the shape as a tensor of integers."""
    return Tensor(np.array(np.shape(input), dtype=out_type))


def rank(input: Any, name: str | None = None) -> Tensor:
    """Return how many axes there are."""
    return Tensor(np.array(len(np.shape(input)), np.int32))


def size(input: Any, out_type: Any = "int32", name: str | None = None) -> Tensor:
    """Return how many numbers there are."""
    return Tensor(np.array(int(np.prod(np.shape(input))), out_type))


def fill(dims: Any, value: Any, name: str | None = None) -> Tensor:
    """Return a tensor of this shape with the same number everywhere."""
    return Tensor(np.full(_shape(dims), Tensor(value).numpy()))


def range(start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str = "range") -> Tensor:
    """Return start, start + delta, ... below limit; `range(n)` counts from 0."""
    first, last = (0, start) if limit is None else (start, limit)
    values = np.arange(*(Tensor(v).numpy().item() for v in (first, last, delta)))
    whole = values.dtype.kind == "i"
    return Tensor(values.astype(dtype if dtype is not None else "int32" if whole else "float32"))


def linspace(start: Any, stop: Any, num: int, name: str | None = None, axis: int = 0) -> Tensor:
    """Return `num` numbers evenly spread from start to stop, both included."""
    first, last = (Tensor(v).numpy() for v in (start, stop))
    return Tensor(np.linspace(first, last, int(num), axis=axis).astype(np.result_type(first, last, np.float32)))


def eye(num_rows: int, num_columns: int | None = None, batch_shape: Any = None, dtype: Any = None) -> Tensor:
    """Return ones on the diagonal, zeros elsewhere."""
    if batch_shape is not None:
        raise ConfigError("eye makes one matrix here: leave batch_shape out.")
    return _eye(num_rows, num_rows if num_columns is None else num_columns, dtype=dtype)


def reshape(tensor: Any, shape: Any, name: str | None = None) -> Any:
    """Return the same numbers in another shape; one size may be -1."""
    return ops.reshape(as_tensor(tensor), _shape(shape))


def expand_dims(input: Any, axis: int, name: str | None = None) -> Any:
    """Return `input` with one more axis of size 1."""
    return ops.expand_dims(as_tensor(input), axis=int(axis))


def squeeze(input: Any, axis: Any = None, name: str | None = None) -> Any:
    """Return `input` without its axes of size 1, or without those named."""
    x = as_tensor(input)
    axes = [None] if axis is None else sorted((a % len(x.shape) for a in np.atleast_1d(axis).tolist()), reverse=True)
    for one in axes:
        x = ops.squeeze(x, axis=one)
    return x


def transpose(a: Any, perm: Any = None, conjugate: bool = False, name: str = "transpose") -> Any:
    """Return `a` with its axes in another order; by default the other way round."""
    return ops.transpose(as_tensor(a), axes=None if perm is None else _shape(perm))


def concat(values: Any, axis: int, name: str = "concat") -> Any:
    """Return the tensors one behind the other along an axis they have."""
    return ops.concatenate([as_tensor(v) for v in values], axis=int(axis))


def stack(values: Any, axis: int = 0, name: str = "stack") -> Any:
    """Return the tensors side by side along a new axis."""
    return ops.stack([as_tensor(v) for v in values], axis=axis)


def unstack(value: Any, num: int | None = None, axis: int = 0, name: str = "unstack") -> list[Any]:
    """Return the parts along an axis, without it."""
    x = as_tensor(value)
    return [_part(x, axis, i) for i in _counted(x.shape[axis])]


def split(value: Any, num_or_size_splits: Any, axis: int = 0, num: int | None = None, name: str = "split") -> list[Any]:
    """Return equal parts along an axis, or parts of the given sizes (one of which may be -1)."""
    x = as_tensor(value)
    length = x.shape[axis]
    if isinstance(num_or_size_splits, (int, np.integer)):
        if length % int(num_or_size_splits):
            raise ShapeError(f"split cannot cut axis {axis} of size {length} into {num_or_size_splits} equal parts.")
        sizes = [length // int(num_or_size_splits)] * int(num_or_size_splits)
    else:
        sizes = [int(n) for n in num_or_size_splits]
        sizes = [length - sum(n for n in sizes if n >= 0) if n < 0 else n for n in sizes]
    ends = np.cumsum(sizes).tolist()
    return [_part(x, axis, slice_(end - n, end)) for n, end in zip(sizes, ends)]


def slice(input_: Any, begin: Any, size: Any, name: str | None = None) -> Any:
    """Return the box that begins at `begin`; a size of -1 goes on to the end."""
    x = as_tensor(input_)
    return x[tuple(slice_(b, None if n == -1 else b + n) for b, n in zip(_shape(begin), _shape(size), strict=True))]


def gather(
    params: Any, indices: Any, validate_indices: Any = None, axis: int | None = None, batch_dims: int = 0
) -> Any:
    """Return the rows (or parts along another axis) that `indices` name."""
    if batch_dims:
        raise ConfigError("gather picks along one axis here: batch_dims must be 0.")
    return ops.gather(as_tensor(params), as_tensor(indices), axis=0 if axis is None else axis)


def boolean_mask(tensor: Any, mask: Any, axis: int | None = None, name: str = "boolean_mask") -> Tensor:
    """Return the parts where `mask` is true."""
    where_true = np.flatnonzero(np.asarray(mask))
    return gather(tensor, where_true, axis=axis)


def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Any:
    """Return x where the condition holds, else y; with the condition alone, the places where it holds, one a row."""
    if (x is None) != (y is None):
        raise ConfigError("where was given one of x and y. Expected both, or neither.")
    if x is None:
        return Tensor(np.argwhere(np.asarray(condition)).astype(np.int64))
    return ops.where(as_tensor(condition), as_tensor(x), as_tensor(y))


def one_hot(
    indices: Any, depth: int, on_value: Any = None, off_value: Any = None, axis: int | None = None, dtype: Any = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Return 1 (or `on_value`) at the place each index names, 0 (or `off_value`) elsewhere, float32 by default."""
    found = ops.one_hot(as_tensor(indices), num_classes=int(depth), dtype=np.dtype(dtype or "float32").name)
    if on_value is not None or off_value is not None:
        on, off = 1 if on_value is None else on_value, 0 if off_value is None else off_value
        found = found * (on - off) + off
    if axis is None or axis in (-1, len(found.shape) - 1):
        return found
    order = list(_counted(len(found.shape) - 1))
    order.insert(axis, len(found.shape) - 1)
    return ops.transpose(found, axes=tuple(order))


def argmax(input: Any, axis: int | None = None, output_type: Any = "int64", name: str | None = None) -> Any:
    """Return where the greatest number is along an axis, the first by default."""
    return cast(ops.argmax(as_tensor(input), axis=0 if axis is None else int(axis)), output_type)


def argmin(input: Any, axis: int | None = None, output_type: Any = "int64", name: str | None = None) -> Any:
    """Return where the smallest number is along an axis, the first by default."""
    return cast(ops.argmin(as_tensor(input), axis=0 if axis is None else int(axis)), output_type)


def sort(values: Any, axis: int = -1, direction: str = "ASCENDING", name: str | None = None) -> Any:
    """Return the numbers in order along an axis."""
    found = ops.sort(as_tensor(values), axis=axis)
    return found if direction == "ASCENDING" else reverse(found, [axis])


def argsort(values: Any, axis: int = -1, direction: str = "ASCENDING", stable: bool = False) -> Tensor:
    """Return the places of the numbers in order; equal numbers keep theirs."""
    array = as_tensor(values).numpy()
    return Tensor(np.argsort(array if direction == "ASCENDING" else -array, axis=axis, kind="stable").astype(np.int32))


def reverse(tensor: Any, axis: Any, name: str | None = None) -> Any:
    """Return the tensor the other way round along some axes."""
    x = as_tensor(tensor)
    for one in np.atleast_1d(axis).tolist():
        x = ops.gather(x, np.arange(x.shape[one])[::-1].copy(), axis=one % len(x.shape))
    return x


def tile(input: Any, multiples: Any, name: str | None = None) -> Any:
    """Return the tensor repeated so many times along each axis."""
    x = as_tensor(input)
    for axis, times in enumerate(_shape(multiples)):
        x = ops.concatenate([x] * times, axis=axis) if times != 1 else x
    return x


def repeat(input: Any, repeats: Any, axis: int | None = None, name: str | None = None) -> Any:
    """Return each part repeated, along an axis or flat."""
    x = ops.reshape(as_tensor(input), (-1,)) if axis is None else as_tensor(input)
    axis = axis or 0
    return ops.gather(x, np.repeat(np.arange(x.shape[axis]), np.asarray(repeats)), axis=axis)


def broadcast_to(input: Any, shape: Any, name: str | None = None) -> Any:
    """Return the tensor stretched to a shape."""
    return ops.broadcast_to(as_tensor(input), _shape(shape))


def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any, name: str | None = None) -> Any:
    """Return the numbers held between two limits."""
    return ops.minimum(ops.maximum(as_tensor(t), clip_value_min), clip_value_max)


def clip_by_norm(t: Any, clip_norm: float, axes: Any = None, name: str | None = None) -> Any:
    """Return the tensor scaled down to a norm it may not pass."""
    x = as_tensor(t)
    length = norm(x, axis=axes, keepdims=axes is not None)
    return x * clip_norm / ops.maximum(length, clip_norm)


def clip_by_global_norm(
    t_list: Any, clip_norm: float, use_norm: Any = None, name: str | None = None
) -> tuple[list[Any], Any]:
    """Return the tensors scaled by one factor, so that their common norm is `clip_norm` at most, and that norm."""
    tensors = [None if t is None else as_tensor(t) for t in t_list]
    length = global_norm(tensors) if use_norm is None else as_tensor(use_norm)
    scale = clip_norm / ops.maximum(length, clip_norm)
    return [None if t is None else t * scale for t in tensors], length


def global_norm(t_list: Any, name: str | None = None) -> Any:
    """Return the Euclidean norm of all numbers of some tensors; None in the list is passed over."""
    squares = [ops.sum(ops.square(as_tensor(t))) for t in t_list if t is not None]
    return ops.sqrt(ops.sum(ops.stack(squares)))


def pad(tensor: Any, paddings: Any, mode: str = "CONSTANT", constant_values: Any = 0, name: str | None = None) -> Any:
    """Return the tensor with more rows before and behind each axis: a number, or its own rows mirrored.

    `paddings` holds (before, behind) for each axis; `mode` is "CONSTANT", "REFLECT" or "SYMMETRIC".
    """
    x, widths = as_tensor(tensor), np.asarray(paddings)
    if widths.shape != (len(x.shape), 2) or (widths < 0).any():
        raise ShapeError(f"paddings is {widths.tolist()} for shape {x.shape}. Expected (before, behind) for each axis.")
    if mode.upper() not in ("CONSTANT", "REFLECT", "SYMMETRIC"):
        raise ConfigError(f'mode is {mode!r}. Expected "CONSTANT", "REFLECT" or "SYMMETRIC".')
    for axis, (before, behind) in enumerate(widths.tolist()):
        if mode.upper() != "CONSTANT":
            mirrored = np.pad(np.arange(x.shape[axis]), (before, behind), mode.lower())  # pyright: ignore[reportCallIssue, reportArgumentType]
            x = ops.gather(x, mirrored, axis=axis)
            continue
        sides = [(*x.shape[:axis], count, *x.shape[axis + 1 :]) for count in (before, behind)]
        first, last = (Tensor(np.full(side, constant_values, x.dtype)) for side in sides)
        x = ops.concatenate([first, x, last], axis=axis)
    return x


def norm(tensor: Any, ord: Any = "euclidean", axis: Any = None, keepdims: bool | None = None) -> Any:
    """Return the Euclidean norm, or that of order 1 or infinity."""
    x, keep = as_tensor(tensor), bool(keepdims)
    axis = axis if axis is None or isinstance(axis, int) else _shape(axis)
    if ord in ("euclidean", 2):
        return ops.sqrt(ops.sum(ops.square(x), axis=axis, keepdims=keep))
    if ord == 1:
        return ops.sum(ops.abs(x), axis=axis, keepdims=keep)
    if ord == np.inf:
        return ops.max(ops.abs(x), axis=axis, keepdims=keep)
    raise ConfigError(f"norm was given ord={ord!r}. Expected 'euclidean', 1, 2 or numpy.inf.")


def pow(x: Any, y: Any, name: str | None = None) -> Any:
    """Return x to the power y."""
    x = as_tensor(x)
    return like(x, ops.power(x, y if hasattr(y, "apply_op") else as_tensor(y)))


def sigmoid(x: Any, name: str | None = None) -> Any:
    """Return 1 / (1 + exp(-x))."""
    from ..activations import sigmoid as ours

    return ours(as_tensor(x))


def cumsum(x: Any, axis: int = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None) -> Any:
    """Return running sums along an axis."""
    x = as_tensor(x)
    found = like(x, ops.cumsum(x, axis=axis, reverse=reverse))
    return found - x if exclusive else found


def atan(x: Any, name: str | None = None) -> Any:
    """Return the angle whose tangent is x."""
    return ops.arctan(as_tensor(x))


def asin(x: Any, name: str | None = None) -> Any:
    """Return the angle whose sine is x: 2 arctan(x / (1 + sqrt(1 - x²)))."""
    x = as_tensor(x)
    return 2.0 * ops.arctan(x / (1.0 + ops.sqrt(1.0 - ops.square(x))))


def acos(x: Any, name: str | None = None) -> Any:
    """Return the angle whose cosine is x."""
    return np.pi / 2 - asin(x)


def tensordot(a: Any, b: Any, axes: Any, name: str | None = None) -> Any:
    """Return the sum of products over the last `axes` axes of a and the first of b."""
    a, b = as_tensor(a), as_tensor(b)
    if not isinstance(axes, int):
        raise ConfigError(f"tensordot was given axes={axes!r}. Expected how many axes are summed over.")
    shared = int(np.prod(b.shape[:axes]))
    flat = ops.matmul(ops.reshape(a, (-1, shared)), ops.reshape(b, (shared, -1)))
    return ops.reshape(flat, (*a.shape[: len(a.shape) - axes], *b.shape[axes:]))


def unique(x: Any, out_idx: Any = "int32", name: str | None = None) -> tuple[Tensor, Tensor]:
    """Return the different numbers in the order they come, and for each number which one it is."""
    array = as_tensor(x).numpy()
    values, first, inverse = np.unique(array, return_index=True, return_inverse=True)
    order = np.argsort(first)
    return Tensor(values[order]), Tensor(np.argsort(order)[inverse].astype(out_idx))


def map_fn(fn: Any, elems: Any, **options: Any) -> Any:
    """Return what `fn` makes of each part along the first axis, stacked."""
    return stack([fn(part) for part in unstack(elems)])


def _shape(shape: Any) -> tuple[int, ...]:
    if isinstance(shape, (int, np.integer)):
        return (int(shape),)
    if hasattr(shape, "numpy"):
        return tuple(int(n) for n in np.atleast_1d(shape.numpy()))
    return tuple(int(n) for n in shape)


def _part(x: Any, axis: int, where: Any) -> Any:
    return x[(*[slice_(None)] * (axis % len(x.shape)), where)]
