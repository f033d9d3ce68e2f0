"""A view is a way of looking at memory: a buffer, an offset, and a stride (in numbers) for each axis.

Reshaping, transposing, slicing and broadcasting only make new views.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ...arrays import DType, Shape


class Address(NamedTuple):
    """A place in memory: so many bytes behind what a slot of the table of addresses says when the step runs."""

    slot: int
    offset: int


class Buffer(NamedTuple):
    """One stretch of memory. `slot` says where its address comes from: an input, an output, or the arena."""

    slot: int
    dtype: DType
    offset: int = 0  # bytes from the start of the slot


class View(NamedTuple):
    """Number `i` (an index per axis) lies at `offset + sum(i * strides)` of the buffer, counted in numbers."""

    buffer: Buffer
    shape: Shape
    strides: tuple[int, ...]
    offset: int = 0

    @property
    def address(self) -> Address:
        """Where its first number lies."""
        return Address(self.buffer.slot, self.buffer.offset + self.offset * self.buffer.dtype.itemsize)

    @property
    def dtype(self) -> DType:
        """The dtype of its numbers."""
        return self.buffer.dtype


def row_major(shape: Shape) -> tuple[int, ...]:
    """Return the strides of an array in C order."""
    strides: list[int] = []
    step = 1
    for size in reversed(shape):
        strides.append(step)
        step *= size
    return tuple(reversed(strides))


def contiguous(buffer: Buffer, shape: Shape) -> View:
    """Return the view of a whole buffer in C order."""
    return View(buffer, shape, row_major(shape))


def transposed(view: View, axes: Sequence[int]) -> View:
    """Return `view` with its axes in another order."""
    return View(view.buffer, tuple(view.shape[a] for a in axes), tuple(view.strides[a] for a in axes), view.offset)


def swapped(view: View) -> View:
    """Return `view` with its last two axes exchanged."""
    rank = len(view.shape)
    return transposed(view, (*range(rank - 2), rank - 1, rank - 2))


def broadcast(view: View, shape: Shape) -> View:
    """Return `view` repeated to `shape`: axes of size 1, or missing ones, get the stride 0."""
    lead = len(shape) - len(view.shape)
    strides = tuple(0 if i < lead or view.shape[i - lead] != n else view.strides[i - lead] for i, n in enumerate(shape))
    return View(view.buffer, shape, strides, view.offset)


def reshaped(view: View, shape: Shape) -> View:
    """Return a contiguous `view` in another shape."""
    return View(view.buffer, shape, row_major(shape), view.offset)


def sliced(view: View, key: tuple[Any, ...]) -> View:
    """Return the part of `view` a key of slices, integers, newaxis and ellipsis selects."""
    keys = tuple(slice(*k[1:]) if isinstance(k, tuple) else k for k in key)
    keys = keys if Ellipsis in keys else (*keys, ...)  # integers alone would take a number out, not look at its place
    base = np.lib.stride_tricks.as_strided(np.empty(1, np.int8), view.shape, view.strides)
    part = base[keys]
    start = part.__array_interface__["data"][0] - base.__array_interface__["data"][0]
    return View(view.buffer, part.shape, tuple(part.strides), view.offset + start)


def merged_axes(shape: Shape, views: Sequence[View]) -> tuple[Shape, list[View]]:
    """Return the shape and the views with neighboring axes made one where every array allows it."""
    axes = [(n, [v.strides[i] for v in views]) for i, n in enumerate(shape) if n != 1]
    joined: list[tuple[int, list[int]]] = []
    for size, strides in axes:
        if joined and all(a == b * size for a, b in zip(joined[-1][1], strides, strict=True)):
            joined[-1] = (joined[-1][0] * size, strides)
        else:
            joined.append((size, strides))
    merged = tuple(size for size, _ in joined)
    columns = [tuple(strides[k] for _, strides in joined) for k in range(len(views))]
    return merged, [View(v.buffer, merged, c, v.offset) for v, c in zip(views, columns, strict=True)]
