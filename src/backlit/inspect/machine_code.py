"""From the formula to the instruction: what one layer of a compiled model becomes, down to the machine code `fit` runs.

Everything is read off the step itself: its graph, the kernels it was fused into, their listings, and a stopwatch.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import Array, is_float
from ..errors import ConfigError, unknown_name
from ..graph import Graph, Node, show
from ..graph.node import constant
from ..models.cost import flops
from ..training.step import Step, feed_of
from . import belonging, machine_report
from .graphs import example_batch, training_step
from .listings import Loop, hot_block, hot_loop, texts_of
from .mathematics import Names, explained, formulas, title

if TYPE_CHECKING:
    from ..execute.native import NativeRunner
    from ..execute.native.assembly import Item
    from ..execute.native.calls import Code
    from ..execute.native.target import Target


@dataclass
class NativeKernel:
    """One kernel: the nodes computed together, the code that does it, and how fast that is on one core.

    `threads` says who makes it in a step, `segment` between which meetings of the threads. `peak` is the GFLOP/s of
    multiply-and-adds on numbers in registers.
    """

    title: str
    formula: str
    nodes: list[Node]
    reads: list[str]
    writes: list[str]
    threads: str
    segment: int
    flops: int
    bytes: int
    microseconds: float
    peak: float
    codes: list[Code] = field(repr=False)
    target: Target = field(repr=False)

    @property
    def gflops(self) -> float:
        """Billions of floating-point operations a second; zeros that are skipped count like other numbers."""
        return self.flops / self.microseconds / 1e3

    @property
    def share(self) -> float:
        """The part of the peak that is reached."""
        return self.gflops / self.peak

    @cached_property
    def texts(self) -> tuple[str, str, str]:
        """LLVM's language as written and as rewritten, and assembly."""
        return texts_of(self.codes, self.target)

    @property
    def ir(self) -> str:
        """The kernel in LLVM's language, before LLVM has optimized it."""
        return self.texts[0]

    @property
    def optimized_ir(self) -> str:
        """The kernel in LLVM's language, after that."""
        return self.texts[1]

    @property
    def assembly(self) -> str:
        """The kernel in assembly."""
        return self.texts[2]

    @property
    def hot_ir(self) -> str:
        """The innermost loop of `ir`: its block with the most multiply-and-adds."""
        return hot_block(self.ir)

    @property
    def hot_loop(self) -> Loop | None:
        """The innermost loop of `assembly` with the most multiply-and-adds; None if the kernel has no loop."""
        return hot_loop(self.assembly)


@dataclass
class NativeCode:
    """What one layer becomes: `str()` gives the report, `part(name)` a section, `kernels` the kernels as data."""

    layer: Any
    graph: Graph = field(repr=False)
    mathematics: dict[str, list[str]] = field(repr=False)
    nodes: dict[str, list[Node]] = field(repr=False)
    kernels: list[NativeKernel] = field(repr=False)
    target: Target = field(repr=False)
    names: Mapping[Node, str] = field(repr=False)
    given: bool = field(repr=False)

    @property
    def formula(self) -> str:
        """The mathematics of the layer, forward, backward and update, a formula a line."""
        return "\n".join(line for lines in self.mathematics.values() for line in lines)

    @property
    def hottest(self) -> NativeKernel | None:
        """The kernel that computes most of the forward pass (of the step, for a layer that has none there)."""
        forward = [k for k in self.kernels if any(n.phase == "forward" for n in k.nodes)]
        return max(forward or self.kernels, key=lambda kernel: kernel.flops, default=None)

    @property
    def head(self) -> str:
        """The first lines of the report: which layer, and for which processor."""
        return machine_report.head(self)

    def part(self, name: str, width: int = 100, full: bool = False) -> str:
        """Return "mathematics", "nodes", "kernels", "ir" or "assembly"; `full` gives whole listings of all kernels."""
        if name not in machine_report.PARTS:
            raise unknown_name("part of the report", name, machine_report.PARTS)
        return machine_report.PARTS[name](self, width, full)

    def report(self, width: int = 100, full: bool = False) -> str:
        """Return all parts under their headings, in lines of at most `width` characters (listings too, unless full)."""
        return machine_report.report(self, width, full)

    def __str__(self) -> str:
        return self.report()


def native_code(
    model: Any, layer: Any, x: Any = None, y: Any = None, batch_size: int = 32, measure: bool = True
) -> NativeCode:
    """Return what `layer` (a name, a number, or itself) becomes in the training step for batches like `x`, `y`.

    Without them for `batch_size` rows of random numbers. The weights stay as they are. `measure=False` leaves the
    times out (they are NaN). A step that the native executor has no code for raises `ConfigError`.
    """
    batch = example_batch(model, x, y, batch_size)
    step, runner = _native_step(model, batch)
    place = belonging.place_of(model, layer, step.graph, step.variables)
    groups = belonging.nodes_of(step.graph, place, shared=True)
    lowered = runner.assembly.graph
    names = belonging.with_slices(lowered, dict(lowered.labels) | belonging.short_names(lowered, place))
    nodes = belonging.nodes_of(lowered, place)
    feed = feed_of(batch) | {name: v.stored for name, v in step.variables.items() if name in step.graph.inputs}
    feed = feed if x is not None else _without_zeros(feed, step.graph)
    items = _items(runner, {node for part in nodes.values() for node in part})
    kernels = _kernels(runner, items, names, feed if measure else None)
    return NativeCode(
        place.layer,
        lowered,
        _mathematics(step.graph, place, groups),
        nodes,
        kernels,
        runner.target,
        names,
        x is not None,
    )


def _native_step(model: Any, batch: Any) -> tuple[Step, NativeRunner]:
    """Return the recorded training step, and its machine code: the very one `fit` runs, if it runs any."""
    try:
        from ..execute import native, threads
    except ImportError as reason:
        raise ConfigError(f"There is no machine code to show: {reason}. Install llvmlite.") from None
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "This step runs in the interpreter")  # it is said below
        step = training_step(model, batch)
    if isinstance(step.runner, native.NativeRunner):
        return step, step.runner
    try:
        return step, native.prepare(step.graph, threads())
    except NotImplementedError as reason:
        raise ConfigError(f"This model's step runs in the interpreter: {reason}.") from None


def _without_zeros(feed: Mapping[str, Array], graph: Graph) -> dict[str, Array]:
    """Return the batch with random numbers in the inputs: zeros would be skipped, and flatter the clock."""
    rng = np.random.default_rng(0)
    found = dict(feed)
    for name in graph.data:
        array = feed[name]
        random = rng.uniform(0.1, 1.0, array.shape) if is_float(array.dtype) else np.ones(array.shape)
        found[name] = random.astype(array.dtype)
    return found


def _mathematics(graph: Graph, place: belonging.Place, groups: Mapping[str, list[Node]]) -> dict[str, list[str]]:
    """Return the formulas of each part of the step, and at the end what the names in them mean."""
    names = belonging.textbook_names(graph, place, groups)
    found = {part: formulas(graph, nodes, names) for part, nodes in groups.items()}
    inside = {node for nodes in groups.values() for node in nodes}
    read = dict.fromkeys(n for node in inside for n in node.inputs if n not in inside and n in names.known)
    sources = {names.known[n]: n.scope or n.phase for n in read if n.op.kind != "source"}
    where = [f"{name} comes from {source}" for name, source in sorted(sources.items())]
    meaning = [*explained(node for nodes in groups.values() for node in nodes), *where]
    return {**found, "where": meaning} if meaning else found


def _items(runner: NativeRunner, nodes: set[Node]) -> list[Item]:
    """Return the kernels that compute any of `nodes`, and the scans for zeros that are made for them."""
    items = [item for item in runner.assembly.items if item.kernel is not None]
    mine = [item for item in items if item.kernel is not None and nodes & set(item.kernel.members())]
    bits = {item.kernel.bits for item in mine if item.kernel is not None}
    scans = [item for item in items if item.kernel and item.kernel.scan is not None and item.kernel.bits in bits]
    return [item for item in items if item in mine or item in scans]


def _kernels(
    runner: NativeRunner, items: Sequence[Item], names: Mapping[Node, str], feed: Mapping[str, Array] | None
) -> list[NativeKernel]:
    from ..execute.native import timing

    seconds = [float("nan")] * len(items) if feed is None else timing.seconds_of(runner, feed, items)
    peaks: dict[Any, float] = {}
    found: list[NativeKernel] = []
    for item, time in zip(items, seconds, strict=True):
        dtype = _number_type(item)
        if dtype not in peaks:
            peaks[dtype] = float("nan") if feed is None else timing.peak(runner, dtype) / 1e9
        found.append(_kernel(runner, item, names, 1e6 * time, peaks[dtype]))
    return found


def _number_type(item: Item) -> Any:
    """Return the dtype a kernel computes in."""
    assert item.kernel is not None
    every = [n.dtype for node in item.kernel.members() for n in (node, *node.inputs) if is_float(n.dtype)]
    return max((d for d in every if d.itemsize >= 4), key=lambda d: d.itemsize, default=np.dtype(np.float32))


def _kernel(
    runner: NativeRunner, item: Item, names: Mapping[Node, str], microseconds: float, peak: float
) -> NativeKernel:
    kernel, assembly = item.kernel, runner.assembly
    assert kernel is not None
    members = kernel.members()
    known = Names({}, lambda node: names.get(node, node.name))
    stored = [node for node in members if node in assembly.memory.stored]
    factors = () if kernel.product is None else kernel.product.inputs
    reads = sorted((n for n in kernel.reads if n.op is not constant), key=lambda node: node not in factors)
    ordered = sorted((n for n in members if n is not kernel.bits), key=lambda node: node.serial)
    codes = {code.key: code for call in item.calls for code in (call.code, *(more.code for more in call.also))}
    return NativeKernel(
        title=title(kernel, known.of),
        formula="\n".join(formulas(assembly.graph, ordered, known)),
        nodes=members,
        reads=[_argument(node, known) for node in reads],
        writes=[_argument(node, known) for node in stored],
        threads=_threads(item, runner.threads),
        segment=item.segment,
        flops=sum(flops(node) for node in ordered),
        bytes=sum(node.dtype.itemsize * int(np.prod(node.shape)) for node in (*reads, *stored)),
        microseconds=microseconds,
        peak=peak,
        codes=list(codes.values()),
        target=runner.target,
    )


def _argument(node: Node, names: Names) -> str:
    return f"{names.of(node)} {show.type_text(node)}"


def _threads(item: Item, threads: int) -> str:
    if item.thread is not None or threads == 1:
        return f"thread {(item.thread or 0) % threads}"
    return f"threads 0 to {threads - 1}"
