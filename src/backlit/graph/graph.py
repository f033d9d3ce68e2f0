"""A graph is the recorded step: named inputs, named outputs, and the nodes between them in the order they run.

It is immutable and printable, and every reader (interpreter, compiler, pictures, cost) reads this one thing.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType

import numpy as np

from .node import Node, constant, given, topological

PHASES = ("forward", "loss", "backward", "update", "metrics")


class Graph:
    """`inputs` and `outputs` map names to nodes; `marks` name inner nodes that observers ask for; `adjoints` maps a
    node to the node of its gradient, where the graph computes one.

    A name that stands on both sides (a weight, a slot, a metric) is state: its output replaces its input for the
    next step.
    """

    def __init__(
        self,
        inputs: Mapping[str, Node],
        outputs: Mapping[str, Node],
        marks: Mapping[str, Node] | None = None,
        adjoints: Mapping[Node, Node] | None = None,
    ) -> None:
        self.nodes = tuple(sorted(topological(outputs.values()), key=lambda node: node.serial))
        inside = set(self.nodes)
        self.inputs: Mapping[str, Node] = MappingProxyType({k: n for k, n in inputs.items() if n in inside})
        self.outputs: Mapping[str, Node] = MappingProxyType(dict(outputs))
        self.marks: Mapping[str, Node] = MappingProxyType({k: n for k, n in (marks or {}).items() if n in inside})
        pairs = {n: dy for n, dy in (adjoints or {}).items() if n in inside and dy in inside}
        self.adjoints: Mapping[Node, Node] = MappingProxyType(pairs)

    @cached_property
    def data(self) -> Mapping[str, Node]:
        """The inputs that hold a user's data (neither state nor targets): `x`, or several named `x/...`."""
        return {name: node for name, node in self.inputs.items() if name == "x" or name.startswith("x/")}

    def __repr__(self) -> str:
        return f"<graph of {len(self.nodes)} nodes: {len(self.inputs)} inputs, {len(self.outputs)} outputs>"

    def __str__(self) -> str:
        from .show import as_text

        return as_text(self)

    @cached_property
    def labels(self) -> Mapping[Node, str]:
        """The name of each node as it is printed."""
        return MappingProxyType(_labels(self))

    @cached_property
    def operations(self) -> tuple[Node, ...]:
        """The nodes that compute something: all but inputs and constants."""
        return tuple(node for node in self.nodes if node.op not in (given, constant))

    def state(self) -> tuple[str, ...]:
        """Return the names that are both input and output: what one step hands to the next."""
        return tuple(name for name in self.outputs if name in self.inputs)


def _labels(graph: Graph) -> dict[Node, str]:
    """Return the name of each node as it is printed: the input's name, the constant's value, or %1, %2, ..."""
    labels = {node: name for name, node in graph.inputs.items()}
    count = 0
    for node in graph.nodes:
        if node.op is constant:
            labels[node] = _constant_text(node)
        elif node not in labels:
            count += 1
            labels[node] = f"%{count}"
    return labels


def _constant_text(node: Node) -> str:
    value = node.value
    if value.size != 1:
        return f"const{list(value.shape)}"
    item = value.reshape(())[()]
    return str(int(item)) if np.issubdtype(value.dtype, np.integer) else f"{item:.6g}"
