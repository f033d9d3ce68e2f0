"""Running compiled graphs: arrays in, one call of machine code, arrays out.

The arena, the constants and the table of addresses are made once; a run fills in where its inputs and outputs lie.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Mapping

import numpy as np

from ...arrays import Array
from ...errors import ConfigError, ShapeError
from ...graph.graph import Graph
from ..executor import Observer
from ..interpreter import Interpreter
from .emit import emitted
from .lower import lowered
from .machine import Library
from .plan import ALIGNMENT, Plan, planned


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
        self._lock = threading.Lock()
        self._interpreter: Interpreter | None = None
        for buffer, node in self.plan.constants:
            place = self._arena[buffer.offset : buffer.offset + node.value.nbytes]
            place[:] = np.frombuffer(np.ascontiguousarray(node.value).tobytes(), np.uint8)

    def run(self, inputs: Mapping[str, Array], observer: Observer | None = None) -> dict[str, Array]:
        """Return the outputs by name, in new arrays. Inputs of another shape raise `ShapeError`."""
        if observer is not None:
            self._interpreter = self._interpreter or Interpreter(self.graph)
            return self._interpreter.run(inputs, observer)
        held: list[Array] = []  # the arrays whose addresses are in the table
        with self._lock:
            for i, (name, spec) in enumerate(self._specs, 1):
                if name not in inputs:
                    raise ConfigError(f"The graph needs an input {name!r}; given were {', '.join(inputs)}.")
                array = np.ascontiguousarray(inputs[name], spec.dtype)
                if array.size != np.prod(spec.shape):
                    raise ShapeError(f"Input {name!r} of the graph has shape {spec.shape}; {array.shape} was given.")
                held.append(array)
                self._table[i] = array.ctypes.data
            results = [np.empty(spec.shape, spec.dtype) for _, spec in self._outputs]
            for i, array in enumerate(results, 1 + len(self._specs)):
                self._table[i] = array.ctypes.data
            self._step(self._table.ctypes.data)
        return dict(zip(self.plan.outputs, results, strict=True))


def _aligned(size: int) -> Array:
    whole = np.zeros(size + ALIGNMENT, np.uint8)
    start = -whole.ctypes.data % ALIGNMENT
    return whole[start : start + size]
