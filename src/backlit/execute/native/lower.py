"""Lowering: a graph in which every composite op is replaced by the primitives of its own body.

No rule is written again for machine code: `softmax`, `relu` or `normalize` are what their bodies say.
"""

from __future__ import annotations

from ...graph.graph import Graph
from ...graph.node import Node
from ...graph.record import Recorder, record
from ...graph.rewrite import rewritten
from ...ops.elementwise import cast
from ...ops.shape import reshape
from .pieces import cut_of, in_pieces

ALIKE = ("matmul", "concatenate")


def lowered(graph: Graph) -> Graph:
    """Return `graph` in primitives: the same inputs, outputs and marks by name, equal computations merged."""
    return rewritten(graph, _primitive)


def _primitive(node: Node, inputs: tuple[Node, ...], recorder: Recorder) -> Node | None:
    if node.op.name in ALIKE:  # truth values meet numbers there; their kernels know one dtype
        inputs = tuple(n if n.dtype == node.dtype else cast(n, dtype=node.dtype.name) for n in inputs)
    if node.op.body is not None:
        return None
    if node.attrs.get("keepdims"):
        return _short(node, inputs)
    key = (node.op, inputs, tuple(node.attrs.items()))
    if key not in recorder.known and (cut := cut_of(node, inputs)):
        recorder.known[key] = in_pieces(node, inputs, cut)
    if key not in recorder.known:  # what is known of the result stays true: nothing is inferred again
        recorder.known[key] = Node(node.op, inputs, node.attrs, node.spec, "", node.scope, node.phase)
    return recorder.known[key]


def _short(node: Node, inputs: tuple[Node, ...]) -> Node:
    """A reduction that keeps its axes is the one that does not, seen another way: one computation, not two."""
    short = record(node.op, inputs, node.attrs | {"keepdims": False})
    return reshape(short, node.shape)
