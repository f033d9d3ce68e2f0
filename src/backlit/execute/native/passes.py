"""A pass: one loop over memory that computes many element-wise nodes, each number staying in a register in between.

The last axis runs in vectors, with a mask for what is left over; axes that all arrays walk through alike are one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...arrays import Shape
from ...graph.node import Node, constant
from .formulas import FORMULAS, Operands
from .lanes import VECTOR_BYTES, index, number
from .loops import Writer
from .plan import Pass, Plan
from .views import View, broadcast


def write_pass(writer: Writer, kernel: Pass, plan: Plan) -> None:
    """Write the loop of one pass."""
    inside = set(kernel.nodes)
    read = {below: broadcast(plan.views[below], kernel.shape) for below in _outside(kernel.nodes, inside)}
    written = {node: plan.views[node] for node in kernel.nodes if node in plan.stored}
    shape, views = merged_axes(kernel.shape, [*read.values(), *written.values()])
    read = dict(zip(read, views, strict=False))
    written = dict(zip(written, views[len(read) :], strict=True))
    lanes = lanes_of(kernel.nodes, shape[-1] if shape else 1)
    if 0 in shape:
        return
    with writer.loops(shape[:-1]) as outer:
        if lanes == 1:
            with writer.loops(shape[-1:]) as inner:
                _compute(writer, kernel.nodes, read, written, [*outer, *inner], 1, 1)
            return
        whole = shape[-1] // lanes * lanes
        if whole:
            with writer.loop(whole, lanes) as i:
                _compute(writer, kernel.nodes, read, written, [*outer, i], lanes, lanes)
        if whole < shape[-1]:
            _compute(writer, kernel.nodes, read, written, [*outer, index(whole)], lanes, shape[-1] - whole)


def _outside(nodes: Sequence[Node], inside: set[Node]) -> list[Node]:
    """Return what a pass reads from memory; single constants stay in the code."""
    found: dict[Node, None] = {}
    for node in nodes:
        for below in node.inputs:
            if below not in inside and not (below.op is constant and below.shape == ()):
                found[below] = None
    return list(found)


def merged_axes(shape: Shape, views: Sequence[View]) -> tuple[Shape, list[View]]:
    """Return the shape and the views with neighboring axes made one where every array allows it."""
    axes = [(n, [v.strides[i] for v in views]) for i, n in enumerate(shape) if n != 1]
    joined: list[tuple[int, list[int]]] = []
    for size, strides in axes:
        if joined and all(a == b * size for a, b in zip(joined[-1][1], strides, strict=True)):
            joined[-1] = (joined[-1][0] * size, strides)
        else:
            joined.append((size, strides))
    merged = tuple(size for size, _ in joined)
    columns = [tuple(strides[k] for _, strides in joined) for k in range(len(views))]
    return merged, [View(v.buffer, merged, c, v.offset) for v, c in zip(views, columns, strict=True)]


def lanes_of(nodes: Sequence[Node], size: int) -> int:
    """Return how many numbers a vector holds: of the widest float in the pass, one for single numbers."""
    if size == 1:
        return 1
    floats = [n.dtype.itemsize for node in nodes for n in (node, *node.inputs) if n.dtype.kind == "f"]
    return VECTOR_BYTES // max(floats, default=8)


def _compute(
    writer: Writer, nodes: Sequence[Node], read: dict[Node, View], written: dict[Node, View], place: list[Any],
    lanes: int, alive: int,
) -> None:  # fmt: skip
    """Write the body of the loop: read, compute node by node, write."""
    registers: dict[Node, Any] = {}

    def operand(below: Node) -> Any:
        if below not in registers:
            if below.op is constant and below not in read:
                registers[below] = number(below.dtype, below.value.reshape(()).item(), lanes)
            elif lanes == 1:
                registers[below] = writer.load(read[below], place[: len(read[below].shape)])
            else:
                registers[below] = writer.load_vector(read[below], place, lanes, alive)
        return registers[below]

    for node in nodes:
        values = [operand(below) for below in node.inputs]
        if node.op.name not in FORMULAS:
            raise NotImplementedError(f"there is no machine code for the op {node.op.name!r}")
        registers[node] = FORMULAS[node.op.name](Operands(writer, node, values, lanes))
    for node, view in written.items():
        if lanes == 1:
            writer.store(registers[node], view, place[: len(view.shape)])
        else:
            writer.store_vector(registers[node], view, place, lanes, alive)
