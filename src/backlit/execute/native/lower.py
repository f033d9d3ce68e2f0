"""Lowering: a graph in which every composite op is replaced by the primitives of its own body.

No rule is written again for machine code: `softmax`, `relu` or `normalize` are what their bodies say.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...graph.graph import Graph
from ...graph.node import Node, constant, given, topological
from ...graph.record import Recorder, expand, phase, record
from ...ops.elementwise import cast
from ...ops.shape import reshape
from .pieces import cut_of, in_pieces

ALIKE = ("matmul", "concatenate")


def lowered(graph: Graph) -> Graph:
    """Return `graph` in primitives: the same inputs, outputs and marks by name, equal computations merged."""
    known: dict[Node, Node] = {}
    with Recorder() as recorder:
        for node in graph.nodes:
            known[node] = _lowered(node, known, recorder)
    return Graph(graph.inputs, _renamed(graph.outputs, known), _renamed(graph.marks, known))


def _renamed(named: Mapping[str, Node], known: Mapping[Node, Node]) -> dict[str, Node]:
    return {name: known[node] for name, node in named.items()}


def _lowered(node: Node, known: Mapping[Node, Node], recorder: Recorder) -> Node:
    if node.op is given or node.op is constant:
        return node
    inputs = tuple(known[below] for below in node.inputs)
    if node.op.name in ALIKE:  # truth values meet numbers there; their kernels know one dtype
        inputs = tuple(n if n.dtype == node.dtype else cast(n, dtype=node.dtype.name) for n in inputs)
    if node.op.body is not None:
        with phase(node.phase, within=node.scope):
            return _body(node, inputs, recorder)
    if node.attrs.get("keepdims"):
        with phase(node.phase, within=node.scope):
            return _short(node, inputs)
    key = (node.op, inputs, tuple(node.attrs.items()))
    if key not in recorder.known and (cut := cut_of(node, inputs)):
        with phase(node.phase, within=node.scope):
            recorder.known[key] = in_pieces(node, inputs, cut)
    if key not in recorder.known:  # what is known of the result stays true: nothing is inferred again
        recorder.known[key] = Node(node.op, inputs, node.attrs, node.spec, "", node.scope, node.phase)
    return recorder.known[key]


def _short(node: Node, inputs: tuple[Node, ...]) -> Node:
    """A reduction that keeps its axes is the one that does not, seen another way: one computation, not two."""
    short = record(node.op, inputs, node.attrs | {"keepdims": False})
    return reshape(short, node.shape)


def _body(node: Node, inputs: tuple[Node, ...], recorder: Recorder) -> Node:
    """Record the body of a composite in its place, as deep as it goes."""
    out = expand(node.op, inputs, node.attrs)
    inside: dict[Node, Node] = {below: below for below in inputs}
    for part in topological([out], stop=inputs):
        if part not in inside:
            inside[part] = _lowered(part, inside, recorder)
    return inside[out]
