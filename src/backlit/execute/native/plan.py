"""The plan: which array lives where, and which nodes are computed in one pass over memory.

Element-wise nodes of one shape share a loop (a `Pass`) and stay in registers unless somebody else needs them; reshapes,
slices, transposes and broadcasts are only other ways of looking at an array (a `View`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from ...arrays import DType, Shape
from ...graph.graph import Graph
from ...graph.node import Node, constant, given
from .views import View, broadcast, contiguous, reshaped, sliced, transposed

ALIGNMENT = 64  # bytes: a cache line, and a vector of the widest kind


@dataclass(frozen=True)
class Buffer:
    """One stretch of memory. `slot` says where its address comes from: an input, an output, or the arena."""

    slot: int
    dtype: DType
    offset: int = 0  # bytes from the start of the slot


@dataclass
class Pass:
    """Element-wise nodes computed together, one loop over `shape`."""

    shape: Shape
    nodes: list[Node] = field(default_factory=list)


@dataclass
class Plan:
    """Kernels in order, the view of every node that has memory, and what the slots of the address table are."""

    graph: Graph
    kernels: list[Pass | Node]
    views: dict[Node, View]
    stored: set[Node]
    arena_size: int
    inputs: list[str]
    outputs: list[str]
    constants: list[tuple[Buffer, Node]]
    copies: list[tuple[View, View]]


def planned(graph: Graph) -> Plan:
    """Return the plan of a lowered graph."""
    kernels = _grouped(graph)
    return _Layout(graph, kernels).plan()


def is_pass(node: Node) -> bool:
    """Say whether `node` is computed inside a shared loop."""
    return node.op.kind == "elementwise"


def is_view(node: Node) -> bool:
    """Say whether `node` only looks at memory another way; a reshape of what has gaps must copy."""
    if node.op.name == "reshape":
        return lies_in_order(node.inputs[0])
    return node.op.name in ("transpose", "broadcast_to", "take_slice")


def lies_in_order(node: Node) -> bool:
    """Say whether the numbers of `node` lie in memory in order and without gaps."""
    return node.op.name not in ("transpose", "broadcast_to", "take_slice")


def _grouped(graph: Graph) -> list[Pass | Node]:
    """Put each element-wise node into the earliest pass of its shape that comes after all it needs.

    Moments are counted in halves of a kernel: kernel i runs at 2 i, and a view of what it stores exists at 2 i + 1.
    """
    kernels: list[Pass | Node] = []
    ready: dict[Node, int] = {}
    passes: dict[Shape, list[int]] = {}
    for node in graph.operations:
        after = max((ready.get(below, -1) for below in node.inputs), default=-1)
        if is_view(node):
            ready[node] = after + 1 if after % 2 == 0 else after
            continue
        if not is_pass(node):
            ready[node] = 2 * len(kernels)
            kernels.append(node)
            continue
        fitting = next((i for i in passes.get(node.shape, []) if 2 * i >= after), None)
        if fitting is None:
            fitting = len(kernels)
            kernels.append(Pass(node.shape))
            passes.setdefault(node.shape, []).append(fitting)
        group = kernels[fitting]
        assert isinstance(group, Pass)
        group.nodes.append(node)
        ready[node] = 2 * fitting
    return kernels


class _Layout:
    """Gives every value that needs memory a place in it."""

    def __init__(self, graph: Graph, kernels: list[Pass | Node]) -> None:
        self.graph = graph
        self.kernels = kernels
        self.views: dict[Node, View] = {}
        self.arena = 0
        self.slots = 1
        self.constants: list[tuple[Buffer, Node]] = []
        self.targets: list[tuple[Node, View]] = []

    def plan(self) -> Plan:
        inputs = list(self.graph.inputs)
        for name in inputs:
            node = self.graph.inputs[name]
            self.views[node] = contiguous(self._slot(node), node.shape)
        self._constants()
        outputs = list(self.graph.outputs)
        direct = self._outputs()
        stored = self._stored()
        for node in self.graph.operations:
            if is_view(node):
                self.views[node] = self._viewed(node)
            elif node in stored and node not in self.views:
                self.views[node] = contiguous(direct.get(node) or self._in_arena(node), node.shape)
        copies = [(self.views[node], view) for node, view in self.targets if self.views[node] != view]
        return Plan(self.graph, self.kernels, self.views, stored, self.arena, inputs, outputs, self.constants, copies)

    def _constants(self) -> None:
        """Lay out the constants; a single number needs memory only where it is more than an operand of a pass."""
        read = {below for node in self.graph.operations if not is_pass(node) for below in node.inputs}
        read.update(self.graph.outputs.values())
        for node in self.graph.nodes:
            if node.op is constant and (node.shape != () or node in read):
                buffer = self._in_arena(node)
                self.constants.append((buffer, node))
                self.views[node] = contiguous(buffer, node.shape)

    def _outputs(self) -> dict[Node, Buffer]:
        """Reserve a slot for each output; the first output a node is named as is written by its kernel itself."""
        direct: dict[Node, Buffer] = {}
        for node in self.graph.outputs.values():
            buffer = self._slot(node)
            self.targets.append((node, contiguous(buffer, node.shape)))
            if node.op not in (given, constant) and not is_view(node):
                direct.setdefault(node, buffer)
        return direct

    def _stored(self) -> set[Node]:
        """Return the nodes whose value somebody outside their own pass needs."""
        group = {node: i for i, kernel in enumerate(self.kernels) if isinstance(kernel, Pass) for node in kernel.nodes}
        stored = {node for node in self.graph.outputs.values() if node.op is not constant}
        for node in self.graph.operations:
            for below in node.inputs:
                if below.op not in (given, constant) and (below not in group or group[below] != group.get(node)):
                    stored.add(below)
        stored.update(kernel for kernel in self.kernels if isinstance(kernel, Node))
        return stored

    def _viewed(self, node: Node) -> View:
        below = self.views[node.inputs[0]]
        kind = node.op.name
        if kind == "reshape":
            return reshaped(below, node.shape)
        if kind == "transpose":
            return transposed(below, node.attrs["axes"])
        if kind == "broadcast_to":
            return broadcast(below, node.shape)
        return sliced(below, node.attrs["key"])

    def _slot(self, node: Node) -> Buffer:
        self.slots += 1
        return Buffer(self.slots - 1, node.dtype)

    def _in_arena(self, node: Node) -> Buffer:
        size = math.prod(node.shape)
        buffer = Buffer(0, node.dtype, self.arena)
        self.arena += -(-max(size * node.dtype.itemsize, 1) // ALIGNMENT) * ALIGNMENT
        return buffer
