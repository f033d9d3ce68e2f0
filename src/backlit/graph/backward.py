"""Backpropagation: from a graph to the graph of its gradients.

Walk the nodes from the output to the inputs; each op's rule turns the gradient of its result into gradients of its
inputs, and a node that was used several times receives their sum. The result is made of nodes again, so it can be
shown, run, compiled and differentiated once more.
"""

from __future__ import annotations

from collections.abc import Container, Sequence

import numpy as np

from ..arrays import is_float
from ..errors import ShapeError
from ..ops.elementwise import cast
from ..ops.shape import broadcast_to
from .node import Node, constant, topological
from .record import bare_numbers, constant_node, expand, phase


def gradients(
    outputs: Sequence[Node],
    sources: Sequence[Node],
    seeds: Sequence[Node | None] | None = None,
    within: Container[Node] | None = None,
    arrived: dict[Node, Node] | None = None,
) -> list[Node | None]:
    """Return d(sum of outputs)/d(source) for each source: a node of its shape, or None where no path leads to it.

    `seeds` are the incoming gradients, one per output (ones by default); a seed of another shape raises `ShapeError`.
    Nodes outside `within` count as constants. A dict given as `arrived` is filled with the gradient of every node on
    the way.
    """
    order = topological(outputs)
    needed = _needing(order, sources, within)
    return _walk(order, needed, outputs, sources, seeds, {} if arrived is None else arrived)


def _walk(
    order: Sequence[Node],
    needed: set[Node],
    outputs: Sequence[Node],
    sources: Sequence[Node],
    seeds: Sequence[Node | None] | None,
    arrived: dict[Node, Node],
) -> list[Node | None]:
    for output, seed in zip(outputs, seeds or [None] * len(outputs), strict=True):
        _arrive(arrived, output, _seed_of(output, seed))
    for node in reversed(order):
        dy = arrived.get(node)
        if dy is None or node not in needed or not node.inputs:
            continue
        for below, dx in zip(node.inputs, _through(node, dy), strict=True):
            if dx is not None and below in needed:
                _arrive(arrived, below, dx)
    return [arrived.get(source) for source in sources]


def _needing(order: Sequence[Node], sources: Sequence[Node], within: Container[Node] | None = None) -> set[Node]:
    """Return the nodes a gradient must pass: those that depend on a source and carry floating numbers."""
    needed = {source for source in sources if is_float(source.dtype)}
    for node in order:
        if not is_float(node.dtype) or (within is not None and node not in within):
            continue
        if any(below in needed for below in node.inputs):
            needed.add(node)
    return needed


def _seed_of(output: Node, seed: Node | None) -> Node:
    if seed is None:
        ones = constant_node(np.ones((), output.dtype))
        return ones if output.shape == () else broadcast_to(ones, output.shape)
    if seed.shape != output.shape:
        raise ShapeError(f"The incoming gradient has shape {seed.shape}; it must have the output's: {output.shape}.")
    return seed


def _arrive(arrived: dict[Node, Node], node: Node, dy: Node) -> None:
    """Add one gradient to what a node has received; gradients have the node's dtype."""
    with phase("backward", within=node.scope):
        if dy.dtype != node.dtype:
            dy = cast(dy, dtype=node.dtype.name)
        arrived[node] = arrived[node] + dy if node in arrived else dy


def _through(node: Node, dy: Node) -> Sequence[Node | None]:
    """Carry `dy` back through one node by its op's rule, or through the op's body where it has no rule of its own."""
    with phase("backward", within=node.scope), bare_numbers(dy.dtype):
        if node.op.backward is not None:
            return [_lifted(dx) for dx in node.op.backward(dy, node, *node.inputs, **node.attrs)]
        if node.op.body is None or node.op.kind == "random":
            return [None] * len(node.inputs)
        return _through_body(node, dy)


def _lifted(dx: object) -> Node | None:
    return dx if dx is None or isinstance(dx, Node) else constant_node(dx)


def _through_body(node: Node, dy: Node) -> list[Node | None]:
    """Differentiate the body of a composite op; the walk ends at its inputs, behind which is not the body."""
    inside = expand(node.op, node.inputs, node.attrs)
    sources = [below for below in dict.fromkeys(node.inputs) if below.op is not constant]
    order = topological([inside], stop=sources)
    needed = _needing(order, sources)
    body = [one for one in order if one not in sources]
    found = dict(zip(sources, _walk(body, needed, [inside], sources, [dy], {}), strict=True))
    first = dict.fromkeys(node.inputs)
    return [found.get(below) if first.pop(below, 0) is None else None for below in node.inputs]
