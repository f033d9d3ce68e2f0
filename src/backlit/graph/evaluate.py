"""The meaning of a graph, in ten lines: compute each node from its inputs, in order.

The interpreter is this loop with its bookkeeping done beforehand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..arrays import Array
from .node import Node, constant, topological


def evaluate(outputs: Sequence[Node], known: Mapping[Node, Array]) -> list[Array]:
    """Return the arrays of `outputs`, given the arrays of some nodes; what is known is not computed again."""
    values: dict[Node, Array] = dict(known)
    with np.errstate(all="ignore"):
        for node in topological(outputs, stop=known):
            if node in values:
                continue
            if node.op is constant:
                values[node] = node.value
            else:
                values[node] = node.op.forward(*(values[below] for below in node.inputs), **node.attrs)
    return [values[node] for node in outputs]
