"""Where the numbers of a prediction lie in a C program: which nodes have an array, and what the arrays are called.

Blocks fill an array, and views and most blocks read one; what stands in between is an expression. A line that reads
another one number by number takes its array over: `z + b` is written over `z`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from ...arrays import Array
from ...graph import Node
from ...graph.node import constant
from .c_blocks import BLOCKS, FUNCTIONS, INLINE
from .c_loops import Leaf, sizes, view, whole
from .c_template import KEYWORDS
from .c_words import HELPERS
from .prediction import Prediction
from .statements import Names, called, lines, named_weights

VIEWS = ("reshape", "transpose", "take_slice", "broadcast_to")
TAKEN = {*KEYWORDS, *(f"{name}f" for name in KEYWORDS), *HELPERS, *FUNCTIONS, *"abcdefghijklmnopqrstuvwxyz"}


class Layout:
    """The arrays of one prediction: `inputs` and `outputs` by their names, `weights`, and the `lines` that fill others.

    `called` maps every node that has an array to its name.
    """

    def __init__(self, found: Prediction, arrays: Mapping[Node, Array]) -> None:
        self.names = Names(TAKEN)
        many = {n: n.value for n in found.graph.nodes if n.op is constant and n.value.size != 1}
        self.weights = dict(arrays) | many
        self.inputs = self._parameters(found.inputs, "x")
        self.outputs = self._parameters(found.outputs, "y")
        self.called = {node: name for name, node in self.inputs.items()} | named_weights(arrays, self.names)
        self.called |= {node: self.names.new(f"{node.scope or 'model'}/constant") for node in many}
        self._ends = set(found.outputs.values())
        self._uses = Counter(below for node in found.graph.nodes for below in node.inputs)
        self._wanted = {below for node in found.graph.nodes if _wants_array(node) for below in node.inputs}
        self.lines = dict.fromkeys(lines(found, self.called, self._must, self._never))
        self._name_lines()

    def leaf(self, node: Node) -> Leaf:
        """Return how a node lies in an array that has a name."""
        if node in self.called:
            return whole(self.called[node], sizes(node))
        return self.seen(node)

    def seen(self, node: Node) -> Leaf:
        """Return how a view's input lies, as the view shows it."""
        return view(node, self.leaf(node.inputs[0]))

    def array(self, node: Node) -> str:
        """Return the name of a node's array, one number after the other."""
        return self.leaf(node).name

    def leaves(self, node: Node) -> list[Leaf]:
        """Return the arrays that an expression reads."""
        if node in self.called or node.op.name in VIEWS:
            return [self.leaf(node)]
        return self.read(node)

    def read(self, node: Node) -> list[Leaf]:
        """Return the arrays that are read to fill the array of a node."""
        if node.op.name in VIEWS:
            return [self.seen(node)]
        return list(dict.fromkeys(leaf for below in node.inputs for leaf in self.leaves(below)))

    def _parameters(self, nodes: Mapping[str, Node], single: str) -> dict[str, Node]:
        if len(nodes) == 1:
            return {single: next(iter(nodes.values()))}
        return {self.names.new(name): node for name, node in nodes.items()}

    def _must(self, node: Node) -> bool:
        if node.op.name in BLOCKS:
            return True
        return node in self._wanted and not (node.op.name == "reshape" and _is_alias(node))

    def _never(self, node: Node) -> bool:
        """A reshape is another way to look at an array that is there."""
        return node.op.name == "reshape" and node not in self._ends and _is_alias(node)

    def _hosts(self) -> dict[Node, Node]:
        """Return lines whose array another line takes over."""
        hosts: dict[Node, Node] = {}
        for node in self.lines:
            if node.op.name in (*BLOCKS, *VIEWS):
                continue
            taken = {*hosts, *hosts.values(), *self._ends}
            for below in self._one_by_one(node):
                alike = sizes(below) == sizes(node) and below.dtype == node.dtype
                if alike and below in self.lines and below not in taken and self._uses[below] == 1:
                    hosts[below] = node
                    break
        return hosts

    def _one_by_one(self, node: Node) -> Iterable[Node]:
        """Yield what an expression reads number by number, looking into what stands inside it."""
        for below in node.inputs:
            if below in self.lines or below in self.called:
                yield below
            elif below.op.name not in VIEWS:
                yield from self._one_by_one(below)

    def _name_lines(self) -> None:
        hosts = self._hosts()
        names = called([node for node in self.lines if node not in hosts and node not in self._ends], self.names)
        for name, node in self.outputs.items():
            if node in self.lines:
                names.setdefault(node, name)
        names |= {node: names[host] for node, host in hosts.items()}
        self.called |= names


def _is_alias(node: Node) -> bool:
    while node.op.name == "reshape":
        node = node.inputs[0]
    return node.op.name not in VIEWS


def _wants_array(node: Node) -> bool:
    return node.op.name in VIEWS or (node.op.name in BLOCKS and node.op.name not in INLINE)
