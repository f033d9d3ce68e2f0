"""Running compiled graphs: arrays in, one call of machine code, arrays out.

The arena, the constants and the lists of calls are made once; a run fills in where its inputs and outputs lie.
"""

from __future__ import annotations

import ctypes
import math
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...arrays import Array, DType
from ...errors import ConfigError, ShapeError
from ...graph.graph import Graph
from ...ops.op import Spec
from ..executor import NotFinite, Observer
from ..interpreter import Interpreter
from .assembly import Item, assembled
from .calls import Call, Code
from .lower import lowered
from .machine import addresses_of
from .pace import Pace
from .programs import Arguments, aligned, entries
from .slices import FIELDS, FOUND, check_code, drive_code, gather_code, keep_code, row_size
from .target import host
from .team import pause_address, team
from .views import Address
from .watching import Twins

POOLED = 4
CHECKED = ("params/", "state/", "metrics/")


def _holders(arrays: list[Any], i: int) -> int:
    return sys.getrefcount(arrays[i])


UNSHARED = _holders([object()], 0)  # what is counted for an object that only one list holds


class NativeRunner:
    """A graph as machine code. An observer that says which nodes it wants is shown these; others see every node, in the
    interpreter.
    """

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
        self._twins = Twins(graph, lambda twin: NativeRunner(twin, threads, **settings))
        for buffer, node in memory.constants:
            value = _known_value(node)
            place = self._arena[buffer.offset : buffer.offset + value.nbytes]
            place[:] = np.frombuffer(np.ascontiguousarray(value).tobytes(), np.uint8)

    def run(self, inputs: Mapping[str, Array], observer: Observer | None = None) -> dict[str, Array]:
        """Return the outputs by name, in arrays nobody else holds. Inputs of another shape raise `ShapeError`."""
        if observer is not None:
            wanted = getattr(observer, "wanted", None)
            if wanted is not None:
                return self._twins.run(inputs, observer, wanted)
            self._interpreter = self._interpreter or Interpreter(self.graph)
            return self._interpreter.run(inputs, observer)
        with self._lock:
            held = self._taken(inputs)
            results = [pool.take() for pool in self._pools]
            program = self._program()
            table = self._table(held, results, [])
            program.run(table, table, 1)
        return {name: result for (name, _), result in zip(self._outputs, results, strict=True)}

    def run_many(
        self, inputs: Mapping[str, Array], columns: Mapping[str, Array], order: Array, steps: int,
        keep: Sequence[str] = (), check: bool = False,
    ) -> dict[str, Array]:  # fmt: skip
        """Run `steps` steps in one call and return the outputs of the last.

        `columns` are the inputs that change from step to step, as whole arrays with all samples: step i takes their
        rows order[i * batch : (i + 1) * batch]. The state each step leaves is what the next one starts from. Outputs
        named in `keep`, with a row for each row of the batch, are returned for all steps, one below the other. With
        `check`, NaN or infinity in the columns, or in weights and metrics after the last step, raises `NotFinite`.
        """
        graph = self.assembly.graph
        columns = {name: column for name, column in columns.items() if name in graph.inputs}
        rows = {name: graph.inputs[name].shape[0] for name in columns}
        order = np.ascontiguousarray(order, np.int64)
        _require_rows(columns, order, rows, steps)
        with self._lock:
            sources = [np.ascontiguousarray(column) for column in columns.values()]
            for name, source in zip(columns, sources, strict=True):
                _require_row(name, source, graph.inputs[name].spec)
            batches = self._batches(list(columns))
            held = self._taken(dict(inputs) | dict(zip(columns, batches, strict=True)))
            results = [pool.take() for pool in self._pools]
            left = {name: array for (name, _), array in zip(self._outputs, results, strict=True) if name in held}
            kept = {name: _empty(_many(graph.outputs[name].spec, steps)) for name in keep}
            dtypes = tuple((name, source.dtype) for name, source in zip(columns, sources, strict=True))
            program = self._program(dtypes, tuple(keep))
            more = [array.ctypes.data for array in (*sources, order, *kept.values())]
            first, rest = (self._table(taken, results, more) for taken in (held, held | left))
            finite = program.run(first, rest, steps)
        found = {name: result for (name, _), result in zip(self._outputs, results, strict=True)} | kept
        if check and not finite:
            raise NotFinite(found)
        return found

    def bound(self, given: Mapping[str, Array], fed: Sequence[str]) -> NativeBound:
        """Return this runner bound to the arrays `given`; `fed` are the inputs that get memory of their own."""
        return NativeBound(self, given, fed)

    def _program(self, columns: tuple[tuple[str, DType], ...] = (), keep: tuple[str, ...] = ()) -> _Program:
        """Return the lists of calls, with those that gather `columns` in front and those that keep outputs behind."""
        if (columns, keep) not in self._programs:
            slot = 1 + len(self._specs) + len(self._outputs)
            items = [*self._gathers(columns, slot), *self.assembly.items]
            last = max((item.segment for item in items), default=-1) + 1
            items += [*self._keeping(keep, slot + len(columns) + 1, last), *self._checks(last)]
            self._programs[columns, keep] = _Program(self, items)
        return self._programs[columns, keep]

    def _gathers(self, columns: tuple[tuple[str, DType], ...], slot: int) -> list[Item]:
        order = Address(slot + len(columns), 0)
        items = []
        for i, (name, dtype) in enumerate(columns):
            node = self.assembly.graph.inputs[name]
            size, rows = row_size(node.spec), node.shape[0]
            code = gather_code(node.spec, dtype, self.target)
            arguments = [Address(slot + i, 0), order, self.assembly.memory.views[node].address, size, rows]
            items.append(Item(None, [Call(code, arguments, rows, size)], -1, None if size >= 64 else i % 2))
        return items

    def _keeping(self, names: tuple[str, ...], slot: int, segment: int) -> list[Item]:
        """Return the calls that copy the outputs of a step below those of the steps before."""
        items = []
        for i, name in enumerate(names):
            node = self.assembly.graph.outputs[name]
            arguments = [self.assembly.memory.targets[name].address, Address(slot + i, 0), math.prod(node.shape)]
            call = Call(keep_code(node.dtype), arguments, 1, math.prod(node.shape), by_columns=True, column_unit=64)
            items.append(Item(None, [call], segment, None if math.prod(node.shape) > 16384 else i % 2))
        return items

    def _checks(self, segment: int) -> list[Item]:
        """Return the calls that look for NaN and infinity in the weights, the statistics and the metrics."""
        items = []
        for name in self.assembly.graph.state():
            place = self.assembly.memory.targets[name]
            if place.dtype.kind == "f" and place.dtype.itemsize > 2 and name.startswith(CHECKED):
                size = math.prod(place.shape)
                code = check_code(place.dtype, self.target)
                call = Call(code, [place.address], 1, size, by_columns=True, column_unit=1024)
                items.append(Item(None, [call], segment, None if size > 8192 else 0))
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

    def _table(self, taken: Mapping[str, Array], outputs: list[Array], more: list[int]) -> Array:
        """Return where each slot lies: the arena, the inputs, the outputs, and what else a program works on."""
        known = self._known
        found = [self._arena.ctypes.data]
        for array in (*taken.values(), *outputs):
            where = known.get(id(array))  # asking NumPy takes longer than a small kernel
            found.append(array.ctypes.data if where is None else where)
        return np.array(found + more, np.int64)

    def _batches(self, names: list[str]) -> list[Array]:
        """Return the arrays that batches are gathered into, made once."""
        for name in names:
            if name not in self._batch:
                self._batch[name] = _empty(self.assembly.graph.inputs[name].spec)
        return [self._batch[name] for name in names]


class NativeBound:
    """A runner wired once: write into `inputs`, call `run`, read `outputs`, all while holding `lock`."""

    def __init__(self, runner: NativeRunner, given: Mapping[str, Array], fed: Sequence[str]) -> None:
        self.inputs = {name: _empty(runner.assembly.graph.inputs[name].spec) for name in fed}
        self.outputs = {name: _empty(spec) for name, spec in runner._outputs}
        self.lock = runner._lock  # the arena is one
        self._held = runner._taken(dict(given) | self.inputs)
        self._program = _Program(runner, runner.assembly.items)
        table = runner._table(self._held, list(self.outputs.values()), [])
        self._program.first.wire(table)
        self._drive = runner._drive
        self._tables = self._program.tables[1][0][0]
        self._where = self._tables.ctypes.data

    def run(self) -> None:
        """Run once, in this thread."""
        self._drive(self._where)


class _Program:
    """What threads walk: lists for one thread and for all, with the arguments of the first step and of the others."""

    def __init__(self, runner: NativeRunner, items: list[Item]) -> None:
        self.runner = runner
        calls = {call: None for item in items for call in item.calls} | dict.fromkeys(runner.assembly.calls())
        codes: list[Code] = [call.code for call in calls]
        addresses, self._libraries = addresses_of(codes, runner.target)
        self.first, self.rest = (Arguments(list(calls), addresses) for _ in range(2))
        self.scratch = [aligned(max((call.scratch for call in calls), default=64)) for _ in range(runner.threads)]
        self.meeting = aligned(128)
        self.pace = Pace(runner.threads)
        self.tables = {n: self._tables(items, addresses, n) for n in {1, runner.threads}}

    def run(self, first: Array, rest: Array, steps: int) -> bool:
        """Run `steps` steps, on all threads or on one, whichever has been faster of late: the numbers are the same.

        Returns whether all numbers that were looked at were finite.
        """
        self.first.wire(first)
        if steps > 1:
            self.rest.wire(rest)
        alone = not self.pace.together() or not team.free.acquire(blocking=False)
        tables, _ = self.tables[1 if alone else self.runner.threads]
        for table in tables:
            table[FIELDS.index("steps")] = steps
        start = time.perf_counter()
        try:
            if alone:
                self.runner._drive(tables[0].ctypes.data)
            else:
                team.run(self.runner._drive, [table.ctypes.data for table in tables])
        finally:
            if not alone:
                team.free.release()
        self.pace.note(alone, (time.perf_counter() - start) / steps)
        return not any(memory.view(np.int64)[FOUND] for memory in self.scratch[: 1 if alone else None])

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
            self.owners.append(array.base)
            self.known[id(array)] = array.ctypes.data
        return array


def _empty(spec: Spec) -> Array:
    """Return an array that starts at a cache line."""
    size = math.prod(spec.shape) * spec.dtype.itemsize
    whole = np.empty(size + 64, np.uint8)
    start = -whole.ctypes.data % 64
    return np.ndarray(spec.shape, spec.dtype, whole, start)


def _many(spec: Spec, steps: int) -> Spec:
    """Return the spec of the rows of many steps, one below the other."""
    return Spec((spec.shape[0] * steps, *spec.shape[1:]), spec.dtype)


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
