"""Watched steps in machine code: the values an observer asks for become outputs of a twin of the step.

Only what is asked for is written to memory, so a look costs little more than the step itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ...arrays import Array
from ...graph.graph import Graph
from ...graph.node import Node, constant, given
from ..executor import Observer, Runner

SEEN = "seen/"


class Twins:
    """The twins of one graph, by the nodes they show."""

    def __init__(self, graph: Graph, make: Callable[[Graph], Runner]) -> None:
        self.graph = graph
        self._make = make
        self._made: dict[tuple[Node, ...], Runner] = {}

    def run(self, inputs: Mapping[str, Array], observer: Observer, wanted: Any) -> dict[str, Array]:
        """Run once; show `observer` the nodes in `wanted`, in running order, and return the outputs."""
        shown = tuple(node for node in self.graph.nodes if node in wanted)
        hidden = [node for node in shown if node.op is not given and node.op is not constant]
        if shown not in self._made:
            more = {f"{SEEN}{i}": node for i, node in enumerate(hidden)}
            self._made[shown] = self._make(Graph(self.graph.inputs, dict(self.graph.outputs) | more))
        out = self._made[shown].run(inputs)
        values: dict[Node, Any] = {node: inputs[name] for name, node in self.graph.inputs.items()}
        values |= {node: out[f"{SEEN}{i}"] for i, node in enumerate(hidden)}
        for node in shown:
            observer.after(node, node.value if node.op is constant else values[node])
        return {name: out[name] for name in self.graph.outputs}
