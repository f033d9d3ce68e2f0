"""Moving numbers without changing them: reshape, transpose, broadcast, join, slice, gather.

The backward rule of each is the move that brings the gradient back, and adds where one number went to many places.
"""

from __future__ import annotations

import math
from types import EllipsisType
from typing import Any, TypeAlias

import numpy as np

from ..arrays import Array, Shape, as_dtype, is_float, positive_axes, positive_axis, shape_of
from ..errors import ShapeError
from .op import Op, Spec, Value, apply, backward_of, primitive

Index: TypeAlias = int | slice | EllipsisType | None
Frozen: TypeAlias = int | tuple[Any, ...] | EllipsisType | None  # the same as an attribute, which must be hashable


def _reshaped(x: Spec, shape: Shape) -> Spec:
    size = math.prod(x.shape)
    known = math.prod(n for n in shape if n != -1)
    if shape.count(-1) > 1 or (size != known if -1 not in shape else known == 0 or size % known):
        raise ShapeError(f"Cannot reshape {x.shape} ({size} numbers) to {shape}. The sizes must have the same product.")
    return Spec(tuple(size // known if n == -1 else n for n in shape), x.dtype)


@primitive("shape", _reshaped)
def _reshape(x: Value, shape: Shape = ()) -> Array:
    """y = the same numbers in the same order, in another shape"""
    return np.asarray(x).reshape(shape)


@primitive("shape", lambda x, axes: Spec(tuple(x.shape[a] for a in axes), x.dtype))
def _transpose(x: Value, axes: tuple[int, ...] = ()) -> Array:
    """y = x with its axes in another order"""
    return np.transpose(x, axes)


@primitive("shape", lambda x, shape: Spec(np.broadcast_shapes(x.shape, shape), x.dtype))
def _broadcast_to(x: Value, shape: Shape = ()) -> Array:
    """y = x repeated along the axes where its size is 1"""
    y = np.empty(shape, np.asarray(x).dtype)  # a copy: for the small arrays of a step cheaper than NumPy's view
    y[...] = x
    return y


def _summed_spec(x: Spec, axes: tuple[int, ...], shape: Shape) -> Spec:
    return Spec(shape, x.dtype)


@primitive("reduce", _summed_spec)
def _sum_broadcast(x: Value, axes: tuple[int, ...] = (), shape: Shape = ()) -> Array:
    """y = x summed over the axes along which a smaller array was repeated"""
    return np.add.reduce(x, axis=axes[0] if len(axes) == 1 else axes).reshape(shape)


def _joined(*xs: Spec, axis: int) -> Spec:
    first = xs[0]
    axis = positive_axis(axis, len(first.shape))
    for x in xs[1:]:
        if len(x.shape) != len(first.shape) or any(
            a != b for i, (a, b) in enumerate(zip(x.shape, first.shape, strict=True)) if i != axis
        ):
            both = f"{first.shape} and {x.shape}"
            raise ShapeError(f"Cannot join {both} along axis {axis}: the other axes must be equal.")
    sizes = [x.shape[axis] for x in xs]
    dtype = np.result_type(*(x.dtype for x in xs))
    return Spec((*first.shape[:axis], sum(sizes), *first.shape[axis + 1 :]), dtype)


@primitive("join", _joined)
def _concatenate(*xs: Value, axis: int = -1) -> Array:
    """y = the inputs one after the other along an axis"""
    return np.concatenate(xs, axis)


def _sliced(x: Spec, key: tuple[Frozen, ...]) -> Spec:
    try:
        return Spec(np.broadcast_to(np.empty((), x.dtype), x.shape)[_key(key)].shape, x.dtype)
    except IndexError as error:
        raise ShapeError(f"Cannot take [{_key(key)}] of an array of shape {x.shape}: {error}.") from None


@primitive("shape", _sliced)
def _take_slice(x: Value, key: tuple[Frozen, ...] = ()) -> Array:
    """y = x[key] for a key of slices, integers, newaxis and ellipsis"""
    return np.asarray(x)[_key(key)]


@primitive("join", lambda dy, key, shape: Spec(shape, dy.dtype))
def _put_slice(dy: Value, key: tuple[Frozen, ...] = (), shape: Shape = ()) -> Array:
    """y = zeros with y[key] = dy: the way back of a slice"""
    y = np.zeros(shape, np.asarray(dy).dtype)
    y[_key(key)] = dy
    return y


def _gathered(x: Spec, indices: Spec, axis: int) -> Spec:
    return Spec((*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]), x.dtype)


@primitive("gather", _gathered)
def _gather(x: Value, indices: Value, axis: int = 0) -> Array:
    """y = the entries of x at integer indices along an axis"""
    return np.take(x, indices, axis)


def _scattered(dy: Spec, indices: Spec, axis: int, size: int) -> Spec:
    rank = len(indices.shape)
    return Spec((*dy.shape[:axis], size, *dy.shape[axis + rank :]), dy.dtype)


@primitive("gather", _scattered)
def _scatter_add(dy: Value, indices: Value, axis: int = 0, size: int = 0) -> Array:
    """y = zeros, to which each entry of dy is added at its index along an axis"""
    dy, indices = np.asarray(dy), np.asarray(indices)
    rows = np.moveaxis(dy.reshape(*dy.shape[:axis], indices.size, *dy.shape[axis + indices.ndim :]), axis, 0)
    y = np.zeros((size, *rows.shape[1:]), dy.dtype)
    np.add.at(y, indices.reshape(-1), rows)
    return np.moveaxis(y, 0, axis)


@primitive("gather", lambda x, num_classes, dtype: Spec((*x.shape, num_classes), as_dtype(dtype)))
def _one_hot(x: Value, num_classes: int = 0, dtype: str = "float32") -> Array:
    """y = 1 at the place each integer names and 0 elsewhere, in a new last axis; an integer out of range gives zeros"""
    return (np.asarray(x)[..., None] == np.arange(num_classes)).astype(dtype)


def _length_spec(x: Spec, axes: tuple[int, ...]) -> Spec:
    return Spec((), x.dtype if is_float(x.dtype) else as_dtype(None))


@primitive("size", _length_spec)
def _length(x: Value, axes: tuple[int, ...] = ()) -> Array:
    """y = how many numbers x has along axes: the batch size as a value, so that no graph bakes it in"""
    x = np.asarray(x)
    dtype = x.dtype if x.dtype.kind == "f" else as_dtype(None)
    return dtype.type(x.shape[axes[0]] if len(axes) == 1 else math.prod(x.shape[a] for a in axes))


backward_of(_reshape)(lambda dy, y, x, shape: (reshape(dy, x.shape),))
backward_of(_transpose)(lambda dy, y, x, axes: (transpose(dy, tuple(int(a) for a in np.argsort(axes))),))
backward_of(_broadcast_to)(lambda dy, y, x, shape: (sum_to(dy, x.shape),))
backward_of(_sum_broadcast)(lambda dy, y, x, axes, shape: (_spread(dy, axes, x.shape),))
backward_of(_take_slice)(lambda dy, y, x, key: (apply(_put_slice, (dy,), {"key": key, "shape": x.shape}),))
backward_of(_put_slice)(lambda dy, y, x, key, shape: (apply(_take_slice, (dy,), {"key": key}),))
backward_of(_scatter_add)(lambda dy, y, x, indices, axis, size: (gather(dy, indices, axis), None))


@backward_of(_concatenate)
def concatenate_backward(dy: Value, y: Value, *xs: Value, axis: int) -> tuple[Value, ...]:
    """Each input receives its own stretch of dy."""
    axis, start, parts = positive_axis(axis, len(y.shape)), 0, list[Value]()
    for x in xs:
        stop = start + x.shape[axis]
        parts.append(take_slice(dy, (*[slice(None)] * axis, slice(start, stop))))
        start = stop
    return tuple(parts)


@backward_of(_gather)
def gather_backward(dy: Value, y: Value, x: Value, indices: Value, axis: int) -> tuple[Value, None]:
    """Every entry of dy is added to the entry of x it was read from."""
    return apply(_scatter_add, (dy, indices), {"axis": axis, "size": x.shape[axis]}), None


def reshape(x: Value, shape: int | Shape) -> Value:
    """Return `x` in another shape, (..., ) with at most one -1; sizes that do not agree raise `ShapeError`."""
    shape = (int(shape),) if isinstance(shape, (int, np.integer)) else tuple(int(n) for n in shape)
    have = shape_of(x)
    if None in getattr(x, "shape", ()):
        why = "the batch size is unknown while a model is drawn"
        raise ShapeError(f"Cannot reshape {have}: {why}. Use layers.Reshape.")
    shape = _reshaped(Spec(have, np.dtype("float32")), shape).shape
    return apply(_reshape, (x,), {"shape": shape})


def transpose(x: Value, axes: tuple[int, ...] | None = None) -> Value:
    """Return `x` with its axes in the given order, reversed by default."""
    rank = len(shape_of(x))
    order = tuple(range(rank))[::-1] if axes is None else tuple(positive_axis(a, rank) for a in axes)
    if sorted(order) != list(range(rank)):
        raise ShapeError(f"axes {axes} is not an order of the {rank} axes of an array of shape {shape_of(x)}.")
    return apply(_transpose, (x,), {"axes": order})


def broadcast_to(x: Value, shape: Shape) -> Value:
    """Return `x` repeated to `shape`, by NumPy's rule."""
    shape = tuple(shape)
    if shape_of(x) == shape:
        return x
    try:
        fits = np.broadcast_shapes(shape_of(x), shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(f"Cannot broadcast {shape_of(x)} to {shape}: each axis must be equal, or 1 in the first.")
    return apply(_broadcast_to, (x,), {"shape": shape})


def sum_to(x: Value, shape: Shape) -> Value:
    """Undo a broadcast: sum `x` over the axes along which an array of `shape` was repeated."""
    have, shape = shape_of(x), tuple(shape)
    if have == shape:
        return x
    lead = len(have) - len(shape)
    axes = (*range(lead), *(lead + i for i, n in enumerate(shape) if n == 1 and have[lead + i] != 1))
    return apply(_sum_broadcast, (x,), {"axes": axes, "shape": shape})


def _spread(dy: Value, axes: tuple[int, ...], shape: Shape) -> Value:
    """The way back of a sum over `axes`: repeat `dy` along them to `shape`."""
    kept = tuple(1 if i in axes else n for i, n in enumerate(shape))
    return broadcast_to(reshape(dy, kept), shape)


def concatenate(xs: Any, axis: int = -1) -> Value:
    """Return the arrays of a sequence joined along `axis`."""
    xs = tuple(xs)
    if not xs:
        raise ShapeError("concatenate needs at least one array, got an empty sequence.")
    return apply(_concatenate, xs, {"axis": axis})


def stack(xs: Any, axis: int = 0) -> Value:
    """Return the arrays of a sequence joined along a new axis."""
    return concatenate([expand_dims(x, axis) for x in xs], axis)


def expand_dims(x: Value, axis: int) -> Value:
    """Return `x` with a new axis of size 1."""
    shape = shape_of(x)
    place = positive_axis(axis, len(shape) + 1)
    return reshape(x, (*shape[:place], 1, *shape[place:]))


def squeeze(x: Value, axis: int | None = None) -> Value:
    """Return `x` without an axis of size 1, or without all of them; another size raises `ShapeError`."""
    shape = shape_of(x)
    if axis is None:
        return reshape(x, tuple(n for n in shape if n != 1))
    place = positive_axis(axis, len(shape))
    if shape[place] != 1:
        raise ShapeError(f"Cannot squeeze axis {axis} of an array of shape {shape}: its size is {shape[place]}, not 1.")
    return reshape(x, (*shape[:place], *shape[place + 1 :]))


def take_slice(x: Value, key: Index | tuple[Index, ...]) -> Value:
    """Return `x[key]` for slices, integers, newaxis and ellipsis."""
    keys = key if isinstance(key, tuple) else (key,)
    return apply(_take_slice, (x,), {"key": tuple(_frozen(k) for k in keys)})


def gather(x: Value, indices: Value, axis: int = 0) -> Value:
    """Return the entries of `x` at integer `indices` along `axis`; shape x[:axis] + indices + x[axis+1:]."""
    return apply(_gather, (x, indices), {"axis": positive_axis(axis, len(shape_of(x)))})


def one_hot(x: Value, num_classes: int, dtype: str | None = None) -> Value:
    """Return 1 at the class each integer names, else 0, in a new last axis of size `num_classes`."""
    return apply(_one_hot, (x,), {"num_classes": int(num_classes), "dtype": as_dtype(dtype).name})


def length(x: Value, axis: int | tuple[int, ...] | None = 0) -> Value:
    """Return how many numbers `x` has along `axis` (the product for several), as a scalar of its floating dtype."""
    return apply(_length, (x,), {"axes": positive_axes(axis, len(shape_of(x)))})


def _frozen(key: Index) -> Frozen:
    """Attributes are hashable: a slice becomes a tuple that starts with its name."""
    if isinstance(key, slice):
        return ("slice", *(None if n is None else int(n) for n in (key.start, key.stop, key.step)))
    return int(key) if isinstance(key, (int, np.integer)) else key


def _key(frozen: tuple[Frozen, ...]) -> tuple[Index, ...]:
    return tuple(slice(*k[1:]) if isinstance(k, tuple) else k for k in frozen)


PRIMITIVES: tuple[Op, ...] = (
    _reshape, _transpose, _broadcast_to, _sum_broadcast, _concatenate, _take_slice, _put_slice, _gather, _scatter_add,
    _one_hot, _length,
)  # fmt: skip
for _op in PRIMITIVES:
    _op.name = _op.name.lstrip("_")
