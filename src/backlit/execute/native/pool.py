"""Arrays that are used again: fresh memory costs more than a kernel, for the system hands it out page by page."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np

from ...arrays import Array
from ...ops.op import Spec

POOLED = 4


def aligned(size: int) -> Array:
    """Return bytes of zeros that start at a cache line."""
    whole = np.zeros(size + 64, np.uint8)
    start = -whole.ctypes.data % 64
    return whole[start : start + size]


def empty(spec: Spec) -> Array:
    """Return an array that starts at a cache line."""
    size = math.prod(spec.shape) * spec.dtype.itemsize
    whole = np.empty(size + 64, np.uint8)
    start = -whole.ctypes.data % 64
    return np.ndarray(spec.shape, spec.dtype, whole, start)


def _holders(arrays: list[Any], i: int) -> int:
    return sys.getrefcount(arrays[i])


UNSHARED = _holders([object()], 0)  # what is counted for an object that only one list holds


class Pool:
    """Arrays for one output, given out again when nobody else holds them. `known` notes where they lie."""

    def __init__(self, spec: Spec, known: dict[int, int]) -> None:
        self.spec = spec
        self.known = known
        self.arrays: list[Array] = []
        self.owners: list[Any] = []  # the memory below: what holds a view of an array holds this

    def take(self) -> Array:
        """Return an array only this pool holds; the state of one step is written while that of the last is read."""
        for i in range(len(self.arrays)):
            if _holders(self.arrays, i) <= UNSHARED and _holders(self.owners, i) <= UNSHARED + 1:
                return self.arrays[i]
        array = empty(self.spec)
        if len(self.arrays) < POOLED:
            self.arrays.append(array)
            self.owners.append(array.base)
            self.known[id(array)] = array.ctypes.data
        return array
