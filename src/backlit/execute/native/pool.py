"""Arrays that are used again: fresh memory costs more than a kernel, for the system hands it out page by page."""

from __future__ import annotations

import math
import sys
from typing import Any, NamedTuple

import numpy as np

from ...arrays import Array
from ...ops.op import Spec
from .views import row_major

POOLED = 4


def aligned(size: int) -> Array:
    """Return bytes of zeros that start at a cache line."""
    whole = np.zeros(size + 64, np.uint8)
    start = -whole.ctypes.data % 64
    return whole[start : start + size]


class Layout(NamedTuple):
    """What an array looks like in memory: `strides` in bytes."""

    spec: Spec
    strides: tuple[int, ...]

    def fits(self, array: Any) -> bool:
        """Say whether machine code can read `array` as it lies, apart from its shape."""
        if type(array) is not np.ndarray or array.dtype != self.spec.dtype:
            return False
        return array.strides == self.strides or (array.size <= 1 and array.flags.c_contiguous)

    def copy(self, array: Any) -> Array:
        """Return the numbers of `array` in memory of this layout."""
        array = np.asarray(array, self.spec.dtype)
        if array.shape != self.spec.shape:
            return array
        copied = empty(self)
        copied[...] = array
        return copied


def plain(spec: Spec) -> Layout:
    """Return the layout of an array in C order."""
    return Layout(spec, tuple(s * spec.dtype.itemsize for s in row_major(spec.shape)))


PAGE, APART = 4096, 1344  # bytes; a third of a page


def empty(layout: Layout, number: int = 0) -> Array:
    """Return an array that starts at a cache line; what lies between its rows is 0.

    Arrays of different `number` start at different places of a page: a processor that compares only the low bits of
    addresses takes a store to one array for the number it is about to read from another.
    """
    spec, strides = layout
    size = max(math.prod(spec.shape) * spec.dtype.itemsize, spec.shape[0] * strides[0] if len(strides) > 1 else 0)
    whole = (np.empty if layout == plain(spec) else np.zeros)(size + PAGE, np.uint8)
    start = (number * APART - whole.ctypes.data) % PAGE
    return np.ndarray(spec.shape, spec.dtype, whole, start, strides)


def _holders(arrays: list[Any], i: int) -> int:
    return sys.getrefcount(arrays[i])


UNSHARED = _holders([object()], 0)  # what is counted for an object that only one list holds


class Pool:
    """Arrays for one output, given out again when nobody else holds them. `known` notes where they lie."""

    def __init__(self, layout: Layout, known: dict[int, int], number: int = 0) -> None:
        self.layout, self.number = layout, number
        self.known = known
        self.arrays: list[Array] = []
        self.owners: list[Any] = []  # the memory below: what holds a view of an array holds this

    def take(self) -> Array:
        """Return an array only this pool holds; the state of one step is written while that of the last is read."""
        for i in range(len(self.arrays)):
            if _holders(self.arrays, i) <= UNSHARED and _holders(self.owners, i) <= UNSHARED + 1:
                if self._is_as_made(self.arrays[i]):
                    return self.arrays[i]
                return self._kept(i)
        return self._kept(len(self.arrays)) if len(self.arrays) < POOLED else empty(self.layout, self.number)

    def _is_as_made(self, array: Array) -> bool:
        """Say whether nobody has turned an array around while it was theirs."""
        return array.shape == self.layout.spec.shape and array.flags.writeable and self.layout.fits(array)

    def _kept(self, i: int) -> Array:
        """Make an array and keep it at place `i`."""
        array = empty(self.layout, self.number)
        for gone in self.arrays[i : i + 1]:  # another array may get its number
            del self.known[id(gone)]
        self.arrays[i : i + 1], self.owners[i : i + 1] = [array], [array.base]
        self.known[id(array)] = array.ctypes.data
        return array
