"""Running compiled graphs: arrays in, one call of machine code, arrays out.

The arena, the constants and the table of addresses are made once; a run fills in where its inputs and outputs lie.
"""

from __future__ import annotations

import ctypes
import math
import sys
import threading
from collections.abc import Mapping
from typing import Any

import numpy as np

from ...arrays import Array
from ...errors import ConfigError, ShapeError
from ...graph.graph import Graph
from ...ops.op import Spec
from ..executor import Observer
from ..interpreter import Interpreter
from .emit import emitted
from .lower import lowered
from .machine import Library
from .plan import ALIGNMENT, Plan, planned

POOLED = 4


def _holders(arrays: list[Any], i: int) -> int:
    return sys.getrefcount(arrays[i])


UNSHARED = _holders([object()], 0)  # what is counted for an object that only one list holds


class NativeRunner:
    """A graph as machine code. Observed runs go to the interpreter, which shows every node."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.plan: Plan = planned(lowered(graph))
        module, names = emitted(self.plan)
        self.library = Library(module, names)
        self._step = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(self.library["step"])
        self._arena = _aligned(self.plan.arena_size)
        self._table = np.zeros(1 + len(self.plan.inputs) + len(self.plan.outputs), np.uintp)
        self._table[0] = self._arena.ctypes.data
        self._specs = [(name, self.plan.graph.inputs[name].spec) for name in self.plan.inputs]
        self._outputs = [(name, self.plan.graph.outputs[name].spec) for name in self.plan.outputs]
        self._known: dict[int, int] = {}
        self._pools = [_Pool(spec, self._known) for _, spec in self._outputs]
        self._where = self._table.ctypes.data
        self._lock = threading.Lock()
        self._interpreter: Interpreter | None = None
        for buffer, node in self.plan.constants:
            place = self._arena[buffer.offset : buffer.offset + node.value.nbytes]
            place[:] = np.frombuffer(np.ascontiguousarray(node.value).tobytes(), np.uint8)

    def run(self, inputs: Mapping[str, Array], observer: Observer | None = None) -> dict[str, Array]:
        """Return the outputs by name, in arrays nobody else holds. Inputs of another shape raise `ShapeError`."""
        if observer is not None:
            self._interpreter = self._interpreter or Interpreter(self.graph)
            return self._interpreter.run(inputs, observer)
        with self._lock:
            held = [self._given(i, name, spec, inputs) for i, (name, spec) in enumerate(self._specs, 1)]
            results = [pool.take() for pool in self._pools]
            for i, array in enumerate(results, 1 + len(self._specs)):
                self._table[i] = self._address(array)
            self._step(self._where)
            del held
        return dict(zip(self.plan.outputs, results, strict=True))

    def _given(self, place: int, name: str, spec: Spec, inputs: Mapping[str, Array]) -> Array:
        """Put the address of an input into the table; returns the array that must live until the run is over."""
        if name not in inputs:
            raise ConfigError(f"The graph needs an input {name!r}; given were {', '.join(inputs)}.")
        array = inputs[name]
        if type(array) is not np.ndarray or array.dtype != spec.dtype or not array.flags.c_contiguous:
            array = np.ascontiguousarray(array, spec.dtype)
        if array.size != math.prod(spec.shape):
            raise ShapeError(f"Input {name!r} of the graph has shape {spec.shape}; {array.shape} was given.")
        self._table[place] = self._address(array)
        return array

    def _address(self, array: Array) -> int:
        """Return where an array lies; asking NumPy takes longer than a small kernel, so known ones are looked up."""
        known = self._known.get(id(array))
        return array.ctypes.data if known is None else known


class _Pool:
    """Arrays for one output, given out again when nobody else holds them: fresh memory costs more than a kernel."""

    def __init__(self, spec: Spec, known: dict[int, int]) -> None:
        self.spec = spec
        self.known = known
        self.arrays: list[Array] = []

    def take(self) -> Array:
        """Return an array only this pool holds; the state of one step is written while that of the last is read."""
        for i in range(len(self.arrays)):
            if _holders(self.arrays, i) <= UNSHARED:
                return self.arrays[i]
        array = np.empty(self.spec.shape, self.spec.dtype)
        if len(self.arrays) < POOLED:
            self.arrays.append(array)
            self.known[id(array)] = array.ctypes.data
        return array


def _aligned(size: int) -> Array:
    whole = np.zeros(size + ALIGNMENT, np.uint8)
    start = -whole.ctypes.data % ALIGNMENT
    return whole[start : start + size]
