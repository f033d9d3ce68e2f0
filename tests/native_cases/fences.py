"""Memory that ends, or begins, at a page nobody may touch: code that reads or writes outside its arrays crashes.

Where whole pages are too coarse, the bytes around an array hold a pattern, and are looked at after the run. Inside the
arena, `spread` moves the values apart and the gaps hold the pattern: it is a NaN, so that a stray read shows as well.
"""

from __future__ import annotations

import ctypes
import math
import mmap
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import numpy as np

from backlit.execute.native import NativeRunner, pool, programs, runner
from backlit.graph import Graph

PATTERN = 0xFF  # float32, float64: NaN
SPREAD = 192  # bytes around every value of the arena


class Fence:
    """Gives out arrays whose last byte (`at_end`) or first byte lies at a forbidden page."""

    def __init__(self, at_end: bool) -> None:
        self.at_end = at_end
        self.given: list[tuple[mmap.mmap, int, int]] = []

    def memory(self, size: int) -> tuple[np.ndarray, int]:
        """Return bytes full of the pattern, and where in them `size` bytes start that must not be left."""
        pages = max(-(-size // mmap.PAGESIZE), 1) * mmap.PAGESIZE
        mapped = mmap.mmap(-1, pages + 2 * mmap.PAGESIZE)
        whole = np.frombuffer(mapped, np.uint8)
        whole[mmap.PAGESIZE : mmap.PAGESIZE + pages] = PATTERN
        for start in (0, mmap.PAGESIZE + pages):
            if ctypes.CDLL(None).mprotect(ctypes.c_void_p(whole.ctypes.data + start), mmap.PAGESIZE, 0):
                raise OSError("mprotect refused")
        start = mmap.PAGESIZE + (pages - size if self.at_end else 0)
        self.given.append((mapped, start, size))
        return whole, start

    def empty(self, layout: Any, number: int = 0) -> np.ndarray:
        """Return an array of a layout; the last row ends where its numbers end."""
        (shape, dtype), strides = layout
        last = sum((n - 1) * s for n, s in zip(shape, strides, strict=True))
        array = np.ndarray(shape, dtype, *self.memory(0 if 0 in shape else last + dtype.itemsize), strides)
        array[...] = 0
        return array

    def aligned(self, size: int) -> np.ndarray:
        """Return bytes of zeros."""
        whole, start = self.memory(-(-size // 8) * 8)
        whole[start : start + size] = 0
        return whole[start : start + size]

    def holding(self, array: np.ndarray) -> np.ndarray:
        """Return a copy that lies at the fence."""
        fenced = np.ndarray(array.shape, array.dtype, *self.memory(array.nbytes))
        fenced[...] = array
        return fenced

    def check(self) -> None:
        """Raise unless the bytes beside all arrays are as they were."""
        for mapped, start, size in self.given:
            whole = np.frombuffer(mapped, np.uint8)
            beside = [whole[mmap.PAGESIZE : start], whole[start + size : len(whole) - mmap.PAGESIZE]]
            if any((part != PATTERN).any() for part in beside):
                raise AssertionError(f"bytes beside an array of {size} bytes were written")


class Fenced:
    """A runner of `graph` all of whose memory lies at a fence."""

    def __init__(self, graph: Graph, at_end: bool, threads: int = 1, spread: int = SPREAD, **settings: Any) -> None:
        self.fence = Fence(at_end)
        with self._fenced():
            self.runner = NativeRunner(graph, threads, spread=spread, **settings)
            self._foul()

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Run once on fenced copies, check every byte that must not change, and return copies of the outputs."""
        fenced = {name: self.fence.holding(np.asarray(array)) for name, array in inputs.items()}
        return self._checked(fenced, lambda: self.runner.run(fenced))

    def run_many(
        self, state: Mapping[str, np.ndarray], columns: Mapping[str, np.ndarray], order: np.ndarray, steps: int
    ) -> dict[str, np.ndarray]:
        """Do the same for many steps."""
        fenced = {name: self.fence.holding(np.asarray(array)) for name, array in (state | columns).items()}
        rows = self.fence.holding(np.asarray(order, np.int64))
        data = {name: fenced[name] for name in columns}
        return self._checked(fenced, lambda: self.runner.run_many({n: fenced[n] for n in state}, data, rows, steps))

    @contextmanager
    def _fenced(self) -> Iterator[None]:
        """Let all memory that is asked for inside lie at the fence."""
        with ExitStack() as stack:
            for module in (pool, programs, runner):
                for name in ("aligned", "empty"):
                    if hasattr(module, name):
                        stack.enter_context(mock.patch.object(module, name, getattr(self.fence, name)))
            yield

    def _checked(self, given: dict[str, np.ndarray], run: Any) -> dict[str, np.ndarray]:
        before = {name: array.copy() for name, array in given.items()}
        with self._fenced():
            out = {name: array.copy() for name, array in run().items()}
        for name, array in before.items():
            if array.tobytes() != given[name].tobytes():
                raise AssertionError(f"the input {name!r} was written")
        if (self.runner._arena[self._gaps] != PATTERN).any():
            raise AssertionError("bytes between the values of the arena were written")
        self.fence.check()
        return out

    def _foul(self) -> None:
        """Fill the arena, but for its constants, with the pattern; note which bytes belong to no value."""
        memory, arena = self.runner.assembly.memory, self.runner._arena
        keep = np.zeros(len(arena), bool)
        for buffer, node in memory.constants:
            keep[buffer.offset : buffer.offset + math.prod(node.shape) * node.dtype.itemsize] = True
        arena[~keep] = PATTERN
        sizes: dict[int, int] = {}
        for view in memory.views.values():
            if view.buffer.slot == 0:
                sizes[view.buffer.offset] = max(sizes.get(view.buffer.offset, 0), _span(view))
        self._gaps = np.ones(len(arena), bool)
        for start, size in memory.places:
            self._gaps[start : start + sizes.get(start, size)] = False


def _span(view: Any) -> int:
    """Return the bytes from the start of a view's buffer to the last number it shows."""
    if 0 in view.shape:
        return 0
    last = view.offset + sum(max((n - 1) * s, 0) for n, s in zip(view.shape, view.strides, strict=True))
    return (1 + last) * view.dtype.itemsize
