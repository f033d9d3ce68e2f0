"""Lowering: a graph in which every composite op is replaced by the primitives of its own body.

No rule is written again for machine code: `softmax`, `relu` or `normalize` are what their bodies say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...graph.graph import Graph
from ...graph.node import Node, constant, given, topological
from ...graph.record import Recorder, expand, phase, record
from ...ops.op import Op
from ...ops.shape import reshape


def lowered(graph: Graph) -> Graph:
    """Return `graph` in primitives: the same inputs, outputs and marks by name, equal computations merged."""
    known: dict[Node, Node] = {}
    with Recorder():
        for node in graph.nodes:
            with phase(node.phase, within=node.scope):
                known[node] = _lowered(node, known)
    return Graph(graph.inputs, _renamed(graph.outputs, known), _renamed(graph.marks, known))


def _renamed(named: Mapping[str, Node], known: Mapping[Node, Node]) -> dict[str, Node]:
    return {name: known[node] for name, node in named.items()}


def _lowered(node: Node, known: Mapping[Node, Node]) -> Node:
    if node.op is given or node.op is constant:
        return node
    return _primitives(node.op, tuple(known[below] for below in node.inputs), node.attrs)


def _primitives(op: Op, inputs: tuple[Node, ...], attrs: dict[str, Any]) -> Node:
    """Record `op` on lowered inputs; the body of a composite is recorded in its place, as deep as it goes."""
    if op.body is None:
        if attrs.get("keepdims"):  # the same numbers without the axes of size 1: one computation, not two
            short = record(op, inputs, attrs | {"keepdims": False})
            kept = tuple(1 if i in attrs["axes"] else n for i, n in enumerate(inputs[0].shape))
            return reshape(short, kept)
        return record(op, inputs, attrs)
    out = expand(op, inputs, attrs)
    inside: dict[Node, Node] = {node: node for node in inputs}
    for node in topological([out], stop=inputs):
        if node not in inside:
            inside[node] = _lowered(node, inside)
    return inside[out]
