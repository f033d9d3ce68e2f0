"""Running compiled graphs: arrays in, one call of machine code, arrays out.

The arena, the constants and the table of addresses are made once; a run fills in where its inputs and outputs lie.
"""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Callable, Mapping
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
from .slices import gathering

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
        self._batch: dict[str, Array] = {}
        self._slices: dict[Any, tuple[Library, Callable[..., None]]] = {}
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
            held = self._taken(inputs)
            results = [pool.take() for pool in self._pools]
            self._wire(held, results)
            self._step(self._where)
        return dict(zip(self.plan.outputs, results, strict=True))

    def run_many(
        self, inputs: Mapping[str, Array], columns: Mapping[str, Array], order: Array, steps: int
    ) -> dict[str, Array]:
        """Run `steps` steps in one call and return the outputs of the last.

        `columns` are the inputs that change from step to step, as whole arrays with all samples: step i takes their
        rows order[i * batch : (i + 1) * batch]. The state each step leaves is what the next one starts from.
        """
        rows = {name: self.plan.graph.inputs[name].shape[0] for name in columns}
        order = np.ascontiguousarray(order, np.int64)
        _require_rows(columns, order, rows, steps)
        with self._lock:
            sources = [np.ascontiguousarray(column) for column in columns.values()]
            batches = self._batches(list(columns))
            for name, source in zip(columns, sources, strict=True):
                _require_row(name, source, self.plan.graph.inputs[name].spec)
            held = self._taken(dict(inputs) | dict(zip(columns, batches, strict=True)))
            first = [pool.take() for pool in self._pools]
            second = [p.take() if name in held else a for p, (name, _), a in zip(self._pools, self._outputs, first)]
            ways = [(held, first), (self._turned(held, first), second), (self._turned(held, second), first)]
            tables = [self._wire(taken, left).copy() for taken, left in ways]
            gather = self._gatherer(columns)
            lists = [_addresses(arrays) for arrays in (tables, sources, batches)]
            gather(*(table.ctypes.data for table in lists), order.ctypes.data, steps)
        return dict(zip(self.plan.outputs, first if steps % 2 else second, strict=True))

    def _taken(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Return the inputs as machine code reads them: hold them while it runs, their addresses are in its table."""
        taken: dict[str, Array] = {}
        for name, spec in self._specs:
            if name not in inputs:
                raise ConfigError(f"The graph needs an input {name!r}; given were {', '.join(inputs)}.")
            array = inputs[name]
            if type(array) is not np.ndarray or array.dtype != spec.dtype or not array.flags.c_contiguous:
                array = np.array(array, spec.dtype, order="C")
            if array.shape != spec.shape:
                raise ShapeError(f"Input {name!r} of the graph has shape {spec.shape}; {array.shape} was given.")
            taken[name] = array
        return taken

    def _turned(self, taken: Mapping[str, Array], outputs: list[Array]) -> dict[str, Array]:
        """Return the inputs of the next step: what a step left is the state of the next."""
        left = {name: array for (name, _), array in zip(self._outputs, outputs, strict=True) if name in taken}
        return dict(taken) | left

    def _wire(self, taken: Mapping[str, Array], outputs: list[Array]) -> Array:
        """Fill the table with where these inputs and outputs lie, and return it."""
        for i, (name, _) in enumerate(self._specs, 1):
            self._table[i] = self._address(taken[name])
        for i, array in enumerate(outputs, 1 + len(self._specs)):
            self._table[i] = self._address(array)
        return self._table

    def _batches(self, names: list[str]) -> list[Array]:
        """Return the arrays that batches are gathered into, made once."""
        for name in names:
            if name not in self._batch:
                spec = self.plan.graph.inputs[name].spec
                self._batch[name] = np.empty(spec.shape, spec.dtype)
        return [self._batch[name] for name in names]

    def _gatherer(self, columns: Mapping[str, Array]) -> Callable[..., None]:
        """Return the compiled loop for columns of these dtypes."""
        key = tuple((name, column.dtype) for name, column in columns.items())
        if key not in self._slices:
            specs = [(self.plan.graph.inputs[name].spec, column.dtype) for name, column in columns.items()]
            library = gathering(specs, self.library["step"])
            pointers = [ctypes.c_void_p] * 4
            self._slices[key] = (library, ctypes.CFUNCTYPE(None, *pointers, ctypes.c_int64)(library["slice"]))
        return self._slices[key][1]

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


def _require_rows(columns: Mapping[str, Array], order: Array, rows: Mapping[str, int], steps: int) -> None:
    """No row outside the columns is ever read."""
    if len(set(rows.values())) != 1:
        raise ShapeError(f"The columns are taken in batches of different sizes: {dict(rows)}.")
    needed = steps * next(iter(rows.values()))
    if order.ndim != 1 or len(order) < needed or steps < 1:
        raise ShapeError(f"{steps} steps need an order of {needed} rows, {order.shape} were given.")
    smallest = min(len(column) for column in columns.values())
    if needed and not 0 <= order[:needed].min() <= order[:needed].max() < smallest:
        raise ShapeError(f"The order names rows outside the {smallest} there are.")


def _require_row(name: str, column: Array, spec: Spec) -> None:
    if column.shape[1:] != spec.shape[1:]:
        raise ShapeError(f"Column {name!r} has rows of shape {column.shape[1:]}; the step takes {spec.shape[1:]}.")


def _addresses(arrays: list[Array]) -> Array:
    """Return a table of where arrays lie."""
    return np.array([array.ctypes.data for array in arrays], np.uintp)


def _aligned(size: int) -> Array:
    whole = np.zeros(size + ALIGNMENT, np.uint8)
    start = -whole.ctypes.data % ALIGNMENT
    return whole[start : start + size]
