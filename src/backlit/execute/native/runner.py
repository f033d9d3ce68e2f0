"""Running compiled graphs: arrays in, one call of machine code, arrays out.

The arena, the constants and the lists of calls are made once; a run fills in where its inputs and outputs lie.
"""

from __future__ import annotations

import math
import os
import threading
import warnings
import weakref
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...arrays import Array
from ...errors import ConfigError, ShapeError
from ...graph.graph import Graph
from ...ops.op import Spec
from ..executor import NotFinite, Observer, Runner
from ..interpreter import Interpreter
from ..watching import Twins
from .apart import Apart, Many, Wired
from .assembly import Assembly, Item, assembled
from .edges import Column, around
from .lower import lowered
from .machine import addresses_of
from .pool import Layout, Pool, aligned, empty, plain
from .programs import Program
from .slices import drive_code
from .target import host
from .views import View


class NativeRunner:
    """A graph as machine code. An observer that says which nodes it wants is shown these; others see every node, in the
    interpreter.
    """

    def __init__(self, graph: Graph, threads: int = 1, assembly: Assembly | None = None, **settings: Any) -> None:
        """Make `graph` ready, by an `assembly` of it if there is one already."""
        self.graph = graph
        self.target = host()
        self.threads = threads
        self.assembly = assembly or assembled(lowered(graph), self.target, threads, **settings)
        codes = [code for call in self.assembly.calls() for code in call.codes()]
        self._addresses = addresses_of([*codes, drive_code(self.target)], self.target)
        memory = self.assembly.memory
        self._arena = aligned(memory.size)
        self._inputs = [(name, _layout(memory.views[self.assembly.graph.inputs[name]])) for name in memory.inputs]
        self._outputs = [(name, _layout(memory.targets[name])) for name in memory.outputs]
        self._known: dict[int, int] = {}
        self._pools = [Pool(layout, self._known, i) for i, (_, layout) in enumerate(self._outputs)]
        self._programs: dict[Any, Program] = {}
        self._batch: dict[str, Array] = {}
        self._lock = threading.Lock()
        _runners.add(self)
        self._interpreter: Interpreter | None = None
        self._twins = Twins(graph, lambda twin: _runner_of(twin, threads, **settings))
        self._apart = Apart(self) if threads > 1 and not self.assembly.graph.state() else None
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
            return self.interpreted().run(inputs, observer)
        with self._lock:
            held = self._taken(inputs)
            results = [pool.take() for pool in self._pools]
            program = self._program()
            program.wire(self.table(held, results))
            program.run(1)
            if program.flagged():
                return self.interpreted().run(inputs)
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
        sources = {name: _readable(column) for name, column in columns.items()}
        for name, source in sources.items():
            _require_row(name, source, graph.inputs[name].spec)
        kept = {name: empty(plain(_many(graph.outputs[name].spec, steps))) for name in keep}
        many = Many(inputs, sources, order[: steps * next(iter(rows.values()))], steps, kept)
        with self._lock:
            if self._apart is not None and steps > 1:
                found = self._apart.run(many)
            else:
                wired = self.wired(many)
                wired.program.run(steps)
                found = wired.found()
        if found.flagged:
            return self._again(inputs, columns, order, steps, keep)
        if check and not found.finite:
            raise NotFinite(found.outputs)
        return found.outputs

    def wired(self, many: Many) -> Wired:
        """Return the program of many steps, wired to this runner's memory; its lock is held until it has run."""
        batches = self._batches(list(many.columns))
        held = self._taken(dict(many.inputs) | dict(zip(many.columns, batches, strict=True)))
        results = [pool.take() for pool in self._pools]
        left = {name: array for (name, _), array in zip(self._outputs, results, strict=True) if name in held}
        columns = tuple((name, column.dtype) for name, column in many.columns.items())
        program = self._program(columns, tuple(many.kept), many.in_order)
        more = [array.ctypes.data for array in (*many.columns.values(), many.order, *many.kept.values())]
        program.wire(self.table(held, results, more), self.table(held | left, results, more))
        outputs = {name: result for (name, _), result in zip(self._outputs, results, strict=True)} | many.kept
        return Wired(program, held, outputs)

    def copy(self) -> NativeRunner:
        """Return a runner of the same machine code with memory of its own, for one thread."""
        return NativeRunner(self.graph, 1, self.assembly)

    def bound(self, given: Mapping[str, Array], fed: Sequence[str]) -> NativeBound:
        """Return this runner bound to the arrays `given`; `fed` are the inputs that get memory of their own."""
        return NativeBound(self, given, fed)

    def interpreted(self) -> Interpreter:
        """Return the interpreter of this graph: it says what is wrong, and shows every node."""
        self._interpreter = self._interpreter or Interpreter(self.graph)
        return self._interpreter

    def _again(
        self, inputs: Mapping[str, Array], columns: Mapping[str, Array], order: Array, steps: int, keep: Sequence[str]
    ) -> dict[str, Array]:
        """Run steps in the interpreter, which raises an error where machine code only flags one."""
        given, out, kept = dict(inputs), dict[str, Array](), {name: [] for name in keep}
        rows = next(self.graph.inputs[name].shape[0] for name in columns)
        for i in range(steps):
            batch = order[i * rows : (i + 1) * rows]
            given |= {name: column[batch].astype(self.graph.inputs[name].dtype) for name, column in columns.items()}
            out = self.interpreted().run(given)
            given |= {name: array for name, array in out.items() if name in given}
            for name in keep:
                kept[name].append(out[name])
        return out | {name: np.concatenate(parts) for name, parts in kept.items()}

    def _program(self, columns: tuple[Column, ...] = (), keep: tuple[str, ...] = (), in_order: bool = False) -> Program:
        """Return the program that gathers `columns` and keeps the outputs named in `keep`."""
        key = columns, keep, in_order
        if key not in self._programs:
            self._programs[key] = self.program(around(self.assembly, self.target, *key))
        return self._programs[key]

    def program(self, items: Sequence[Item]) -> Program:
        """Return a program of some of the items of this step."""
        return Program(items, self.target, self.threads, self._addresses)

    def _taken(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Return the inputs as machine code reads them: hold them while it runs, their addresses are in its table."""
        taken: dict[str, Array] = {}
        for name, layout in self._inputs:
            if name not in inputs:
                raise ConfigError(f"The graph needs an input {name!r}; given were {', '.join(inputs)}.")
            array = inputs[name] if layout.fits(inputs[name]) else layout.copy(inputs[name])
            if array.shape != layout.spec.shape:
                wanted = layout.spec.shape
                raise ShapeError(f"Input {name!r} of the graph has shape {wanted}; {array.shape} was given.")
            taken[name] = array
        return taken

    def table(self, taken: Mapping[str, Array], outputs: list[Array], more: Sequence[int] = ()) -> Array:
        """Return where each slot lies: the arena, the inputs, the outputs, and what else a program works on."""
        known = self._known
        found = [self._arena.ctypes.data]
        for array in (*taken.values(), *outputs):
            where = known.get(id(array))  # asking NumPy takes longer than a small kernel
            found.append(array.ctypes.data if where is None else where)
        return np.array([*found, *more], np.int64)

    def _batches(self, names: list[str]) -> list[Array]:
        """Return the arrays that batches are gathered into, made once."""
        for name in names:
            if name not in self._batch:
                self._batch[name] = empty(dict(self._inputs)[name])
        return [self._batch[name] for name in names]


_runners: weakref.WeakSet[NativeRunner] = weakref.WeakSet()


def _after_fork() -> None:
    """The thread that ran a graph may be gone in a forked process, with its lock and on its way to a barrier."""
    for runner in _runners:
        runner._lock = threading.Lock()
        for program in runner._programs.values():
            program.forget_meeting()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


class NativeBound:
    """A runner wired once: write into `inputs`, call `run`, read `outputs`, all while holding `lock`."""

    def __init__(self, runner: NativeRunner, given: Mapping[str, Array], fed: Sequence[str]) -> None:
        self.inputs = {name: empty(dict(runner._inputs)[name]) for name in fed}
        self.outputs = {name: empty(layout) for name, layout in runner._outputs}
        self._runner = runner
        self._held = runner._taken(dict(given) | self.inputs)
        self._program = runner.program(runner.assembly.items)
        self._program.wire(runner.table(self._held, list(self.outputs.values())))
        self._may_flag = runner.assembly.may_flag

    @property
    def lock(self) -> threading.Lock:
        """The runner's: the arena is one."""
        return self._runner._lock

    def run(self) -> None:
        """Run once, in this thread."""
        self._program.run_once()
        if self._may_flag and self._program.flagged():
            self._runner.interpreted().run(self._held)


def _runner_of(twin: Graph, threads: int, **settings: Any) -> Runner:
    """Return a runner of a graph that shows more; what it shows may be computed by an op without machine code."""
    try:
        return NativeRunner(twin, threads, **settings)
    except NotImplementedError as reason:
        warnings.warn(f"A watched step runs in the interpreter: {reason}", stacklevel=2)
        return Interpreter(twin)


def _layout(view: View) -> Layout:
    return Layout(Spec(view.shape, view.dtype), tuple(s * view.dtype.itemsize for s in view.strides))


def _many(spec: Spec, steps: int) -> Spec:
    """Return the spec of the rows of many steps, one below the other."""
    return Spec((spec.shape[0] * steps, *spec.shape[1:]), spec.dtype)


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
