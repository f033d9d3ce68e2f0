"""Long sums in two pieces: a narrow layer's forward product, as the sum of two products over half of its inputs each.

Two threads then own the upper and the lower half of the weights' rows, in the forward product, in the gradient and in
the update alike: memory that lies together, no line of which the other one touches. The cut depends on the shape of the
weights alone, so every batch, and every number of threads, sums in the same order.
"""

from __future__ import annotations

from ...graph.node import Node, given
from ...ops.elementwise import add
from ...ops.shape import take_slice
from .calls import share

PIECES = ("lower rows", "upper rows")
LEAST_SHARED, LEAST_WEIGHTS = 128, 4096
NARROW = 2048  # bytes of a row of weights from which on threads own columns instead


def cut_of(node: Node, inputs: tuple[Node, ...]) -> int:
    """Return where the shared axis of a product is cut, or 0 if it is not."""
    if node.op.name != "matmul" or node.attrs["transpose_a"] or node.attrs["transpose_b"]:
        return 0
    a, b = inputs
    if len(a.shape) != 2 or len(b.shape) != 2 or b.op is not given or not b.name.startswith("params/"):
        return 0
    shared, columns = b.shape
    if shared < LEAST_SHARED or shared * columns < LEAST_WEIGHTS or columns * b.dtype.itemsize >= NARROW:
        return 0
    return share(shared, 16, 1, 2)[0]


def in_pieces(node: Node, inputs: tuple[Node, ...], cut: int) -> Node:
    """Return a product as the sum of two; their names say which is which."""
    a, b = inputs
    every, parts = slice(None), (slice(0, cut), slice(cut, b.shape[0]))
    halves: list[Node] = []
    for name, part in zip(PIECES, parts, strict=True):
        factors = (take_slice(a, (every, part)), take_slice(b, (part,)))
        halves.append(Node(node.op, factors, node.attrs, node.spec, name, node.scope, node.phase))
    return add(*halves)
