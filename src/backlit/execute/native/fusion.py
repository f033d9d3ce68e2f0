"""Fusion: which nodes of a lowered graph are computed together, in one kernel.

Element-wise nodes of one shape share a loop; a product hands its tiles to the loop that reads them first, so that a
gradient goes from the registers into the optimizer's rule; what only a reduction needs is computed inside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ...arrays import Shape
from ...graph.graph import Graph
from ...graph.node import Node, constant
from .pieces import PIECES


@dataclass(eq=False)
class Kernel:
    """What is computed together: element-wise `nodes` over `shape`, and what stands before or behind them.

    `product` is the matrix product whose tiles the nodes read, `bits` say where its left factor is not zero; `sink` is
    the reduction of the last node's value, or an op of any other kind, that the kernel is made for; `scan` is data
    whose `bits` are written.
    """

    shape: Shape
    nodes: list[Node] = field(default_factory=list)
    product: Node | None = None
    sink: Node | None = None
    bits: Node | None = None
    together: int = 0  # rows of the left factor that skip their zeros together
    scan: Node | None = None

    def members(self) -> list[Node]:
        """Return every node this kernel computes."""
        ends = [node for node in (self.product, self.sink) if node is not None]
        if self.scan is not None and self.bits is not None:
            ends.append(self.bits)
        return self.nodes + ends

    @cached_property
    def reads(self) -> list[Node]:
        """The nodes of others this kernel reads, each once; not to be asked for while kernels still change."""
        members = self.members()
        inside = set(members)
        found = [n for member in members for n in member.inputs if n not in inside]
        more = self.scan if self.scan is not None else self.bits
        return list(dict.fromkeys(found if more is None else [*found, more]))

    @cached_property
    def bases(self) -> list[Node]:
        """The nodes whose memory this kernel reads, in the order of `reads`."""
        return [base_of(node) for node in self.reads]


def is_elementwise(node: Node) -> bool:
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


def base_of(node: Node) -> Node:
    """Return the node whose memory `node` looks at."""
    while is_view(node):
        node = node.inputs[0]
    return node


def is_known(node: Node) -> bool:
    """Say whether the value of `node` is known before the step runs: a constant, or a size."""
    return node.op is constant or node.op.name == "length"


def fused(graph: Graph) -> list[Kernel]:
    """Return the kernels of a lowered graph, in the order they run."""
    kernels = _grouped(graph)
    _Sinking(graph, kernels).run()
    _feed_products(graph, kernels)
    return [kernel for kernel in kernels if kernel.members()]


def _grouped(graph: Graph) -> list[Kernel]:
    """Put each element-wise node into the earliest loop of its shape that comes after all it needs.

    Loops that have no array in common stay apart: nothing is saved by joining them, and layers that compute alike share
    one kernel.

    Moments are counted in halves of a kernel: kernel i runs at 2 i, and a view of what it stores exists at 2 i + 1.
    """
    kernels: list[Kernel] = []
    ready: dict[Node, int] = {}
    loops: dict[Shape, list[int]] = {}
    touched: list[set[Node]] = []
    for node in graph.operations:
        after = max((ready.get(below, -1) for below in node.inputs), default=-1)
        if is_view(node):
            ready[node] = after + 1 if after % 2 == 0 else after
        elif is_known(node):
            ready[node] = -1
        elif not is_elementwise(node):
            ready[node] = 2 * len(kernels)
            shape = node.inputs[0].shape if node.op.kind == "reduce" else node.shape
            matrix = node.op.kind == "matrix"
            kernels.append(Kernel(shape, product=node if matrix else None, sink=None if matrix else node))
            touched.append(set())
        else:
            large = {below for below in node.inputs if below.shape == node.shape and below.op is not constant}
            loops_of_shape = (i for i in loops.get(node.shape, []) if 2 * i >= after)
            fitting = next((i for i in loops_of_shape if touched[i] & large), None)
            if fitting is None:
                fitting = len(kernels)
                kernels.append(Kernel(node.shape))
                touched.append(set())
                loops.setdefault(node.shape, []).append(fitting)
            kernels[fitting].nodes.append(node)
            touched[fitting] |= large | {node}
            ready[node] = 2 * fitting
    return kernels


def users_of(graph: Graph) -> dict[Node, list[Node]]:
    """Return for each node the nodes that read it."""
    users: dict[Node, list[Node]] = {node: [] for node in graph.nodes}
    for node in graph.operations:
        for below in dict.fromkeys(node.inputs):
            users[below].append(node)
    return users


class _Sinking:
    """Moves what only one later kernel reads into that kernel, where this saves memory traffic."""

    def __init__(self, graph: Graph, kernels: list[Kernel]) -> None:
        self.kernels = kernels
        self.users = users_of(graph)
        self.kept = set(graph.outputs.values())
        self.home = {node: i for i, kernel in enumerate(kernels) for node in kernel.members()}

    def run(self) -> None:
        for i in range(len(self.kernels) - 1, -1, -1):
            for node in reversed(self.kernels[i].nodes.copy()):
                if self.home[node] == i:
                    self._try(node, i)

    def _try(self, node: Node, i: int) -> None:
        """Move `node` with all that only it needs, unless something new would have to be stored for it."""
        homes = {self.home.get(user, -1) for user in self.users[node]}
        if node in self.kept or len(homes) != 1 or not self._takes(j := homes.pop(), node, i):
            return
        moving = self._exclusive(node, i)
        border = {n for m in moving for n in m.inputs if self.home.get(n) == i and n not in moving}
        if any(n not in self.kept and all(self.home.get(u) == i for u in self.users[n]) for n in border):
            return
        chosen = [n for n in self.kernels[i].nodes if n in moving]
        self.kernels[i].nodes = [n for n in self.kernels[i].nodes if n not in moving]
        self.kernels[j].nodes = [*chosen, *self.kernels[j].nodes]
        self.home.update(dict.fromkeys(chosen, j))

    def _takes(self, j: int, node: Node, i: int) -> bool:
        """Say whether kernel `j` can compute `node` itself: a later loop of its shape, or the reduction of it."""
        if j <= i:
            return False
        kernel = self.kernels[j]
        if kernel.sink is None:
            return kernel.product is None and kernel.shape == node.shape
        folds = kernel.sink.op.kind == "reduce" and "axes" in kernel.sink.attrs
        return folds and kernel.sink.inputs[0].shape == node.shape

    def _exclusive(self, node: Node, i: int) -> set[Node]:
        """Return `node` and the nodes of its loop that nobody else reads."""
        moving = {node}
        for below in reversed(self.kernels[i].nodes):
            if below not in self.kept and self.users[below] and moving.issuperset(self.users[below]):
                moving.add(below)
        return moving


def _feed_products(graph: Graph, kernels: list[Kernel]) -> None:
    """Move each product of two matrices into the first kernel that reads it, where that is a loop over the result."""
    home = {node: i for i, kernel in enumerate(kernels) for node in kernel.members()}
    users = users_of(graph)
    for kernel in kernels:
        node = kernel.product
        if node is None or kernel.nodes or len(node.shape) != 2 or node.name in PIECES:
            continue
        readers = [home.get(user) for user in users[node]]
        if not readers or None in readers:
            continue
        first = kernels[min(r for r in readers if r is not None)]
        if first.product is None and first.sink is None and first.shape == node.shape and first is not kernel:
            first.product, kernel.product = node, None


def stored_nodes(graph: Graph, kernels: Sequence[Kernel]) -> set[Node]:
    """Return the nodes whose value somebody outside their own kernel needs."""
    home = {node: kernel for kernel in kernels for node in kernel.members()}
    needed = {node for node in graph.outputs.values() if node in home}
    for node in graph.operations:
        for below in node.inputs:
            if below in home and (below is home[below].sink or home.get(node) is not home[below]):
                needed.add(below)
    needed.update(k.bits for k in kernels if k.scan is not None and k.bits is not None)
    needed.update(k.product for k in home.values() if k.product is not None and not k.nodes)
    needed.update(k.sink for k in home.values() if k.sink is not None)
    return needed
