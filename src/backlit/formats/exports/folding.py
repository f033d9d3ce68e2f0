"""A prediction with everything computed that depends on no data: what an export computes anew for each batch is less.

`sqrt(variance + epsilon)` of a batch normalization becomes one array.
"""

from __future__ import annotations

import numpy as np

from ...arrays import Array
from ...graph import Graph, Node
from ...graph.evaluate import evaluate
from ...graph.node import constant, given
from ...ops import Spec
from .prediction import Prediction


def folded(found: Prediction) -> tuple[Prediction, dict[Node, Array]]:
    """Return the same, and the arrays that take the place of the weights, by their nodes.

    An array is named after its Variable, else after the layer and the op that gave it.
    """
    values: dict[Node, Array] = {node: np.asarray(v.numpy()) for node, v in found.weights.items()}
    data = set(found.inputs.values())
    twins: dict[Node, Node] = {}
    arrays: dict[Node, Array] = {}
    for node in found.graph.nodes:
        below = tuple(twins[one] for one in node.inputs)
        if node in data or node.op is constant:
            twins[node] = node
        elif any(one not in arrays and one.op is not constant for one in below):
            twins[node] = Node(node.op, below, node.attrs, node.spec, node.name, node.scope, node.phase)
        else:
            [values[node]] = evaluate([node], values)
            twins[node] = node if node in found.weights else _source(node, values[node])
            arrays[twins[node]] = values[node]
    outputs = {name: twins[node] for name, node in found.outputs.items()}
    used = set(Graph({}, outputs).nodes)
    return Prediction(found.name, found.inputs, outputs, {}), {n: a for n, a in arrays.items() if n in used}


def _source(node: Node, array: Array) -> Node:
    return Node(given, (), {}, Spec(array.shape, array.dtype), f"{node.scope or 'model'}/{node.op.name}", node.scope)
