"""Watched steps: what an observer asks for becomes further outputs of a twin of the step, run by the same executor.

Only what is asked for is computed and written to memory, so a look costs little more than the step itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ..arrays import Array
from ..graph.graph import Graph
from ..graph.node import Node, constant, given
from .executor import Observer, Runner

SEEN = "seen/"


class Twins:
    """The twins of one graph, by the nodes they show: its own, or nodes computed from them."""

    def __init__(self, graph: Graph, make: Callable[[Graph], Runner]) -> None:
        self.graph = graph
        self._make = make
        self._made: dict[tuple[Node, ...], Runner] = {}

    def run(self, inputs: Mapping[str, Array], observer: Observer, wanted: Sequence[Node]) -> dict[str, Array]:
        """Run once; show `observer` the nodes in `wanted`, in this order, and return the graph's own outputs."""
        shown = tuple(wanted)
        if shown not in self._made:
            more = {f"{SEEN}{i}": node for i, node in enumerate(shown) if node.op not in (given, constant)}
            self._made[shown] = self._make(Graph(self.graph.inputs, dict(self.graph.outputs) | more))
        out = self._made[shown].run(inputs)
        fed: dict[Node, Array] = {node: inputs[name] for name, node in self.graph.inputs.items() if name in inputs}
        for i, node in enumerate(shown):
            value = node.value if node.op is constant else fed[node] if node.op is given else out[f"{SEEN}{i}"]
            observer.after(node, value)
        return {name: out[name] for name in self.graph.outputs}
