"""A recorded step as a GraphDef, which TensorBoard's graph page draws: phases and layers are its boxes.

Every node keeps its op, its inputs, and the shape of its result; constants keep their value where it is one number.
"""

from __future__ import annotations

import re

from ...graph import Graph, Node
from ...graph.node import constant, given
from ...protobuf import content, whole
from .summaries import shape

PRODUCER = 1  # of VersionDef: nothing newer is used
TYPES = {
    "float32": 1, "float64": 2, "int32": 3, "uint8": 4, "int16": 5, "int8": 6, "int64": 9, "bool": 10, "uint16": 17,
    "float16": 19, "uint32": 22, "uint64": 23,
}  # fmt: skip


def graph_def(graph: Graph) -> bytes:
    """Return the GraphDef: node = 1 (name = 1, op = 2, input = 3, attr = 5), versions = 4."""
    names = node_names(graph)
    nodes = b"".join(content(1, _node(node, names)) for node in graph.nodes)
    return nodes + content(4, whole(1, PRODUCER))


def node_names(graph: Graph) -> dict[Node, str]:
    """Return a name for each node: that of an input, else phase/layer/op, numbered where it is taken."""
    named = {node: name for name, node in graph.inputs.items()}
    taken: dict[str, int] = {}
    found: dict[Node, str] = {}
    for node in graph.nodes:
        path = named.get(node) or "/".join(part for part in (node.phase, node.scope, node.op.name) if part)
        path = re.sub(r"[^A-Za-z0-9_.\\/-]", "_", path).lstrip("_./-") or "node"
        count = taken[path] = taken.get(path, -1) + 1
        found[node] = f"{path}_{count}" if count else path
    return found


def _node(node: Node, names: dict[Node, str]) -> bytes:
    kind = "Placeholder" if node.op is given else "Const" if node.op is constant else node.op.name
    inputs = b"".join(content(3, names[source]) for source in node.inputs)
    attrs = {"_output_shapes": content(1, content(7, shape(node.shape)))}  # list = 1 of shape = 7
    if node.dtype.name in TYPES:
        attrs["dtype" if kind in ("Placeholder", "Const") else "T"] = whole(6, TYPES[node.dtype.name])
    if node.op is constant and node.value.size == 1:
        attrs["value_text"] = content(2, str(node.value.reshape(()).item()))
    pairs = b"".join(content(5, content(1, key) + content(2, value)) for key, value in sorted(attrs.items()))
    return content(1, names[node]) + content(2, kind) + inputs + pairs
