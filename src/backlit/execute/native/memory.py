"""Memory: where every value of a step lives.

State is written over what it replaces where nobody reads the old value any more; values that die within the step share
one arena, each place free again once the last reader is done.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ...graph.graph import Graph
from ...graph.node import Node, constant, given
from .fusion import Kernel, base_of, is_elementwise, is_known, is_view, stored_nodes
from .views import Buffer, View, broadcast, contiguous, reshaped, row_major, sliced, transposed

ALIGNMENT = 64  # bytes: a cache line, and a vector of the widest kind
PADDED = ("params/", "slots/")  # what is wide enough to have room at the end of its rows
INDEXED = ("gather", "scatter_add", "one_hot")  # their integers are read one after the other
CONFLICT = 1024  # rows this many bytes apart (or a multiple) fall on each other in the caches


def written_in_place(graph: Graph, kernels: Sequence[Kernel]) -> dict[str, Node]:
    """Return the outputs that may be written over the input of their name: all that read the old value come before.

    The kernel itself may read it too, number by number where it writes.
    """
    home = {node: i for i, kernel in enumerate(kernels) for node in kernel.members()}
    last: dict[Node, int] = {}
    for i, kernel in enumerate(kernels):
        last.update(dict.fromkeys(kernel.bases, i))
    for name, node in graph.outputs.items():  # copied at the end: read after all kernels
        if base_of(node).op is given and graph.inputs.get(name) is not node:
            last[base_of(node)] = len(kernels)
    chosen: dict[str, Node] = {}
    taken: set[Node] = set()
    for name, node in graph.outputs.items():
        old = graph.inputs.get(name)
        at = home.get(node)
        if old is None or at is None or node in taken or old.spec != node.spec:
            continue
        if last.get(old, -1) < at or (last[old] == at and _reads_alike(kernels[at], old)):
            chosen[name] = node
            taken.add(node)
    return chosen


def _reads_alike(kernel: Kernel, old: Node) -> bool:
    """Say whether each number of `old` is read only where the number that replaces it is computed."""
    if kernel.sink is not None or (kernel.product is not None and old in map(base_of, kernel.product.inputs)):
        return False
    readers = [n for n in kernel.nodes for below in n.inputs if base_of(below) is old]
    return all(old in n.inputs and all(base_of(b) is not old or b is old for b in n.inputs) for n in readers)


class Memory:
    """Gives every value that needs memory a view. Slot 0 is the arena, then come the inputs, then the outputs."""

    def __init__(
        self, graph: Graph, kernels: Sequence[Kernel], segments: Mapping[Kernel, int], in_place: Mapping[str, Node],
        spread: int = 0,
    ) -> None:  # fmt: skip
        self.graph = graph
        self.kernels = kernels
        self.segments = segments
        self.spread = spread  # bytes left free around every place of the arena, and nothing shared: to find strays
        self.stored = stored_nodes(graph, kernels)
        self.views: dict[Node, View] = {}
        self.constants: list[tuple[Buffer, Node]] = []
        self.size = 0
        self.places: list[tuple[int, int]] = []
        self._free: dict[int, list[int]] = {}
        self._whole = {base_of(n) for n in graph.operations if n.op.name == "reshape"}
        self._whole |= {kernel.sink for kernel in kernels if kernel.sink is not None}  # written without strides
        indices = [m.inputs[-1] for m in graph.operations if m.op.name in INDEXED]
        self._in_order = self._whole | {base_of(m) for m in indices} | {base_of(n) for n in graph.outputs.values()}
        self.inputs, self.outputs = list(graph.inputs), list(graph.outputs)
        for i, name in enumerate(self.inputs, 1):
            node = graph.inputs[name]
            self.views[node] = View(Buffer(i, node.dtype), node.shape, self._strides_of(name, node))
        self.targets: dict[str, View] = {}
        for i, name in enumerate(self.outputs, 1 + len(self.inputs)):
            node = graph.outputs[name]
            self.targets[name] = View(Buffer(i, node.dtype), node.shape, self._strides_of(name, node))
        self._place_constants()
        self._place_outputs(in_place)
        self._place_values()

    def copies(self) -> list[tuple[Node, View]]:
        """Return what is copied into outputs at the end: what no kernel wrote there."""
        wanted = [(self.graph.outputs[name], self.targets[name]) for name in self.outputs]
        return [(node, target) for node, target in wanted if self.views[node] != target]

    def temporary(self, node: Node) -> View:
        """Return fresh memory for a copy of `node`."""
        return contiguous(Buffer(0, node.dtype, self._taken(_bytes(node))), node.shape)

    def _place_constants(self) -> None:
        """A single number needs memory only where it is more than an operand of a loop."""
        read = {below for node in self.graph.operations if not is_elementwise(node) for below in node.inputs}
        read.update(self.graph.outputs.values())
        for node in self.graph.nodes:
            if node.op.name == "length" or (node.op is constant and (node.shape != () or node in read)):
                buffer = Buffer(0, node.dtype, self._taken(_bytes(node)))
                self.constants.append((buffer, node))
                self.views[node] = contiguous(buffer, node.shape)

    def _place_outputs(self, in_place: Mapping[str, Node]) -> None:
        """Let kernels write outputs themselves: new ones always, state only where that is safe."""
        for name, node in self.graph.outputs.items():
            own = node.op is not given and not is_known(node) and not is_view(node) and node not in self.views
            if own and (name in in_place or name not in self.graph.inputs):
                self.views[node] = self.targets[name]

    def _place_values(self) -> None:
        last = self._last_segments()
        ending: dict[int, list[tuple[int, int]]] = {}
        at = 0
        for kernel in self.kernels:
            while at < self.segments[kernel]:
                for place, size in ending.pop(at, ()):
                    self._free.setdefault(size, []).append(place)
                at += 1
            for node in kernel.members():
                if node in self.stored and node not in self.views:
                    strides = self._strides(node)
                    size = _bytes(node, strides)
                    place = self._taken(size)
                    self.views[node] = View(Buffer(0, node.dtype, place), node.shape, strides)
                    if node in last and not self.spread:
                        ending.setdefault(last[node], []).append((place, size))
        for node in self.graph.operations:
            if is_view(node) and node.inputs[0] in self.views:
                self.views[node] = _viewed(node, self.views[node.inputs[0]])

    def _last_segments(self) -> dict[Node, int]:
        """Return the last segment that reads each value; outputs live on."""
        last: dict[Node, int] = {}
        for kernel in self.kernels:
            last.update(dict.fromkeys(kernel.bases, self.segments[kernel]))
            for node in kernel.members():
                last.setdefault(node, self.segments[kernel])
        for node in self.graph.outputs.values():
            last.pop(base_of(node), None)
        return last

    def _strides_of(self, name: str, node: Node) -> tuple[int, ...]:
        """Return the strides of an input or output: rows of a weight matrix start at cache lines of their own.

        Threads own columns of it: a line that two of them write goes back and forth between their caches.
        """
        if name in self.graph.data:
            return self._strides(node)
        plain = row_major(node.shape)
        row = node.shape[-1] * node.dtype.itemsize if len(node.shape) == 2 else 0
        ends = [node, *(n for n in (self.graph.inputs.get(name), self.graph.outputs.get(name)) if n is not None)]
        fixed = any(base_of(n) in self._whole for n in ends)
        if not name.startswith(PADDED) or row <= ALIGNMENT or row % ALIGNMENT == 0 or fixed:
            return plain
        return (-(-row // ALIGNMENT) * ALIGNMENT // node.dtype.itemsize, 1)

    def _strides(self, node: Node) -> tuple[int, ...]:
        """Rows of a matrix that would fall on each other in the caches are moved apart by a vector."""
        plain = row_major(node.shape)
        row = node.shape[-1] * node.dtype.itemsize if len(node.shape) == 2 else 0
        if row < CONFLICT or row % CONFLICT or node.shape[0] < 4 or node in self._in_order:
            return plain
        return (plain[0] + ALIGNMENT // node.dtype.itemsize, 1)

    def _taken(self, size: int) -> int:
        if self._free.get(size):
            return self._free[size].pop()
        place = self.size + self.spread
        self.size = place + size + self.spread
        self.places.append((place, size))
        return place


def _bytes(node: Node, strides: tuple[int, ...] | None = None) -> int:
    count = math.prod(node.shape)
    if strides is not None and count:
        count = 1 + sum((n - 1) * s for n, s in zip(node.shape, strides, strict=True))
    return -(-max(count * node.dtype.itemsize, 1) // ALIGNMENT) * ALIGNMENT


def _viewed(node: Node, below: View) -> View:
    kind = node.op.name
    if kind == "reshape":
        return reshaped(below, node.shape)
    if kind == "transpose":
        return transposed(below, node.attrs["axes"])
    if kind == "broadcast_to":
        return broadcast(below, node.shape)
    return sliced(below, node.attrs["key"])
