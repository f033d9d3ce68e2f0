"""Running compiled graphs: arrays in, one call of machine code, arrays out.

The arena, the constants and the lists of calls are made once; a run fills in where its inputs and outputs lie.
"""

from __future__ import annotations

import ctypes
import math
import sys
import threading
from collections.abc import Mapping
from typing import Any

import numpy as np

from ...arrays import Array, DType
from ...errors import ConfigError, ShapeError
from ...graph.graph import Graph
from ...ops.op import Spec
from ..executor import Observer
from ..interpreter import Interpreter
from .assembly import Item, assembled
from .calls import Call, Code
from .lower import lowered
from .machine import addresses_of
from .programs import Arguments, aligned, entries
from .slices import FIELDS, drive_code, gather_code, row_size
from .target import host
from .team import pause_address, team
from .views import Address
from .writer import FLAG

POOLED = 4
WORTH_SHARING = 40_000  # cycles: below this one thread is done before another is awake


def _holders(arrays: list[Any], i: int) -> int:
    return sys.getrefcount(arrays[i])


UNSHARED = _holders([object()], 0)  # what is counted for an object that only one list holds


class NativeRunner:
    """A graph as machine code. Observed runs go to the interpreter, which shows every node."""

    def __init__(self, graph: Graph, threads: int = 1, **settings: Any) -> None:
        self.graph = graph
        self.target = host()
        self.threads = threads
        self.assembly = assembled(lowered(graph), self.target, threads, **settings)
        memory = self.assembly.memory
        self._drive_code = drive_code(self.target)
        codes = [call.code for call in self.assembly.calls()]
        self.addresses, self._libraries = addresses_of([*codes, self._drive_code], self.target)
        self._drive = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(self.addresses[self._drive_code.key])
        self._arena = aligned(memory.size)
        self._specs = [(name, self.assembly.graph.inputs[name].spec) for name in memory.inputs]
        self._outputs = [(name, self.assembly.graph.outputs[name].spec) for name in memory.outputs]
        self._known: dict[int, int] = {}
        self._pools = [_Pool(spec, self._known) for _, spec in self._outputs]
        self._programs: dict[Any, _Program] = {}
        self._batch: dict[str, Array] = {}
        self._lock = threading.Lock()
        self._interpreter: Interpreter | None = None
        for buffer, node in memory.constants:
            value = _known_value(node)
            place = self._arena[buffer.offset : buffer.offset + value.nbytes]
            place[:] = np.frombuffer(np.ascontiguousarray(value).tobytes(), np.uint8)

    def run(self, inputs: Mapping[str, Array], observer: Observer | None = None) -> dict[str, Array]:
        """Return the outputs by name, in arrays nobody else holds. Inputs of another shape raise `ShapeError`."""
        if observer is not None:
            return self._interpreted().run(inputs, observer)
        with self._lock:
            held = self._taken(inputs)
            results = [pool.take() for pool in self._pools]
            program = self._program(())
            table = self._table(held, results, 0)
            program.run(table, table, 1)
            if program.flagged():
                return self._interpreted().run(inputs)
        return {name: result for (name, _), result in zip(self._outputs, results, strict=True)}

    def run_many(
        self, inputs: Mapping[str, Array], columns: Mapping[str, Array], order: Array, steps: int
    ) -> dict[str, Array]:
        """Run `steps` steps in one call and return the outputs of the last.

        `columns` are the inputs that change from step to step, as whole arrays with all samples: step i takes their
        rows order[i * batch : (i + 1) * batch]. The state each step leaves is what the next one starts from.
        """
        graph = self.assembly.graph
        columns = {name: column for name, column in columns.items() if name in graph.inputs}
        rows = {name: graph.inputs[name].shape[0] for name in columns}
        order = np.ascontiguousarray(order, np.int64)
        _require_rows(columns, order, rows, steps)
        with self._lock:
            sources = [_readable(column) for column in columns.values()]
            for name, source in zip(columns, sources, strict=True):
                _require_row(name, source, graph.inputs[name].spec)
            batches = self._batches(list(columns))
            held = self._taken(dict(inputs) | dict(zip(columns, batches, strict=True)))
            results = [pool.take() for pool in self._pools]
            left = {name: array for (name, _), array in zip(self._outputs, results, strict=True) if name in held}
            program = self._program(tuple((name, source.dtype) for name, source in zip(columns, sources, strict=True)))
            more = [source.ctypes.data for source in sources] + [order.ctypes.data]
            first, rest = (self._table(taken, results, len(more)) for taken in (held, held | left))
            first[-len(more) :] = rest[-len(more) :] = more
            program.run(first, rest, steps)
            if program.flagged():
                return self._again(inputs, columns, order.reshape(-1, rows[next(iter(rows))]), steps)
        return {name: result for (name, _), result in zip(self._outputs, results, strict=True)}

    def _interpreted(self) -> Interpreter:
        self._interpreter = self._interpreter or Interpreter(self.graph)
        return self._interpreter

    def _again(
        self, inputs: Mapping[str, Array], columns: Mapping[str, Array], order: Array, steps: int
    ) -> dict[str, Array]:
        """Run steps in the interpreter, which raises an error where machine code only flags one."""
        given, out = dict(inputs), dict[str, Array]()
        for batch in order[:steps]:
            given |= {name: column[batch].astype(self.graph.inputs[name].dtype) for name, column in columns.items()}
            out = self._interpreted().run(given)
            given |= {name: array for name, array in out.items() if name in given}
        return out

    def _program(self, columns: tuple[tuple[str, DType], ...]) -> _Program:
        """Return the lists of calls, with those that gather `columns` in front."""
        if columns not in self._programs:
            self._programs[columns] = _Program(self, [*self._gathers(columns), *self.assembly.items])
        return self._programs[columns]

    def _gathers(self, columns: tuple[tuple[str, DType], ...]) -> list[Item]:
        slot = 1 + len(self._specs) + len(self._outputs)
        order = Address(slot + len(columns), 0)
        items = []
        for i, (name, dtype) in enumerate(columns):
            spec = self.assembly.graph.inputs[name].spec
            batch = self.assembly.memory.views[self.assembly.graph.inputs[name]]
            size, rows = row_size(spec), spec.shape[0]
            code = gather_code(spec, dtype, self.target)
            call = Call(code, [Address(slot + i, 0), order, batch.address, size, rows], rows, size)
            items.append(Item(None, [call], -1, None if size >= 64 else i % 2))
        return items

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

    def _table(self, taken: Mapping[str, Array], outputs: list[Array], more: int) -> Array:
        """Return where each slot lies: the arena, the inputs, the outputs, and room for more."""
        known = self._known
        found = [self._arena.ctypes.data]
        for array in (*taken.values(), *outputs):
            where = known.get(id(array))  # asking NumPy takes longer than a small kernel
            found.append(array.ctypes.data if where is None else where)
        return np.array([*found, *[0] * more], np.int64)

    def _batches(self, names: list[str]) -> list[Array]:
        """Return the arrays that batches are gathered into, made once."""
        for name in names:
            if name not in self._batch:
                self._batch[name] = _empty(self.assembly.graph.inputs[name].spec)
        return [self._batch[name] for name in names]


class _Program:
    """What threads walk: lists for one thread and for all, with the arguments of the first step and of the others."""

    def __init__(self, runner: NativeRunner, items: list[Item]) -> None:
        self.runner = runner
        calls = {call: None for item in items for call in item.calls} | dict.fromkeys(runner.assembly.calls())
        codes: list[Code] = [call.code for call in calls]
        addresses, self._libraries = addresses_of(codes, runner.target)
        self.first, self.rest = (Arguments(list(calls), addresses) for _ in range(2))
        self.scratch = [aligned(max((call.scratch for call in calls), default=64)) for _ in range(runner.threads)]
        self.may_flag = runner.assembly.may_flag
        self.meeting = aligned(128)
        self.tables = {n: self._tables(items, addresses, n) for n in {1, runner.threads}}

    def run(self, first: Array, rest: Array, steps: int) -> None:
        """Run `steps` steps."""
        self.first.wire(first)
        if steps > 1:
            self.rest.wire(rest)
        alone = self.runner.threads == 1 or not team.free.acquire(blocking=False)
        tables, _ = self.tables[1 if alone else self.runner.threads]
        for table in tables:
            table[FIELDS.index("steps")] = steps
        try:
            if alone:
                self.runner._drive(tables[0].ctypes.data)
            else:
                team.run(self.runner._drive, [table.ctypes.data for table in tables])
        finally:
            if not alone:
                team.free.release()

    def flagged(self) -> bool:
        """Say whether a thread has come upon something the interpreter refuses, and forget it."""
        found = any(scratch[FLAG] for scratch in self.scratch) if self.may_flag else False
        for scratch in self.scratch if found else ():
            scratch[FLAG] = 0
        return found

    def _tables(self, items: list[Item], addresses: Mapping[str, int], threads: int) -> tuple[list[Array], list[Array]]:
        """Return the arguments of the drive function for each thread, and the lists they point to."""
        tables, lists = [], []
        for thread in range(threads):
            first, rest = (entries(items, a, addresses, thread, threads) for a in (self.first, self.rest))
            fields = {
                "first": first.ctypes.data, "rest": rest.ctypes.data, "count": len(first), "steps": 1,
                "scratch": self.scratch[thread].ctypes.data, "meeting": self.meeting.ctypes.data, "threads": threads,
                "pause": pause_address(),
            }  # fmt: skip
            tables.append(np.array([fields[name] for name in FIELDS], np.int64))
            lists += [first, rest]
        return tables, lists


class _Pool:
    """Arrays for one output, given out again when nobody else holds them: fresh memory costs more than a kernel."""

    def __init__(self, spec: Spec, known: dict[int, int]) -> None:
        self.spec = spec
        self.known = known
        self.arrays: list[Array] = []
        self.owners: list[Array] = []  # the memory below: what holds a view of an array holds this

    def take(self) -> Array:
        """Return an array only this pool holds; the state of one step is written while that of the last is read."""
        for i in range(len(self.arrays)):
            if _holders(self.arrays, i) <= UNSHARED and _holders(self.owners, i) <= UNSHARED + 1:
                return self.arrays[i]
        array = _empty(self.spec)
        if len(self.arrays) < POOLED:
            self.arrays.append(array)
            self.owners.append(array.base)  # pyright: ignore[reportArgumentType]
            self.known[id(array)] = array.ctypes.data
        return array


def _empty(spec: Spec) -> Array:
    """Return an array that starts at a cache line."""
    size = math.prod(spec.shape) * spec.dtype.itemsize
    whole = np.empty(size + 64, np.uint8)
    start = -whole.ctypes.data % 64
    return np.ndarray(spec.shape, spec.dtype, whole, start)


def _readable(column: Array) -> Array:
    """Return a column as machine code reads it: in order, in the byte order of the processor, float32 or float64."""
    dtype = column.dtype.newbyteorder("=")
    if dtype.kind == "f" and dtype.itemsize not in (4, 8):
        dtype = np.result_type(dtype, np.float32) if dtype.itemsize < 4 else np.dtype(np.float64)
    return np.ascontiguousarray(column, dtype)


def _known_value(node: Any) -> Array:
    """Return the value of a constant, or of a size."""
    if node.op.name != "length":
        return node.value
    return np.asarray(math.prod(node.inputs[0].shape[a] for a in node.attrs["axes"]), node.dtype)


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
