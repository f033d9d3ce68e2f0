"""A prediction as lines of a program: which values get a name and a line, and what they are called.

A value that is used twice, or that a layer hands to the next one, has a line; the others stand inside the expression
that uses them. Python and C are both printed so.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable

from ...graph import Node
from ...graph.node import constant
from .prediction import Prediction

DEEPEST = 24  # expressions inside one another: beyond it, a line of their own
Test = Callable[[Node], bool]


class Names:
    """Identifiers of a program, each given once; `taken` are those it may not use."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)

    def new(self, wish: str) -> str:
        """Return `wish` as an identifier, numbered if it is taken: `dense/kernel` becomes `dense_kernel`."""
        plain = re.sub(r"[^0-9A-Za-z]+", "_", wish).strip("_").lower() or "value"
        plain = f"v_{plain}" if plain[0].isdigit() else plain
        name, count = plain, 0
        while name in self._taken:
            count += 1
            name = f"{plain}_{count}"
        self._taken.add(name)
        return name


def named_weights(arrays: Iterable[Node], names: Names) -> dict[Node, str]:
    """Return what the arrays are called: after the layer and the weight, without their part in training."""
    return {node: names.new(re.sub(r"^(params|state|input)/", "", node.name)) for node in arrays}


def lines(found: Prediction, known: Iterable[Node], must: Test | None = None, never: Test | None = None) -> list[Node]:
    """Return the nodes that get a line of their own, in order.

    `known` have a name already; nodes that `must` tells have a line in any case, those that `never` tells in none.
    """
    nodes = found.graph.nodes
    uses = Counter(below for node in nodes for below in node.inputs)
    ends = set(found.outputs.values())
    handed = {below for node in nodes for below in node.inputs if below.scope and below.scope != node.scope}
    depth = dict.fromkeys(known, 0)  # of expressions inside one another
    chosen: list[Node] = []
    for node in nodes:
        if node in depth:
            continue
        depth[node] = 1 + max((depth[below] for below in node.inputs), default=-1)
        if node.op is constant or (never is not None and never(node)):
            continue
        wanted = uses[node] > 1 or node in ends or node in handed or (must is not None and must(node))
        if wanted or depth[node] > DEEPEST:
            chosen.append(node)
            depth[node] = 0
    return chosen


def called(chosen: Iterable[Node], names: Names) -> dict[Node, str]:
    """Return what the lines are called: the last one of a layer has the layer's name, others the op's besides."""
    last = {node.scope: node for node in chosen}
    return {n: names.new(n.scope if last[n.scope] is n and n.scope else f"{n.scope}/{n.op.name}") for n in chosen}


def readable(text: str) -> str:
    """Return a name of the user's as it may stand in a comment: letters, digits, spaces and a few signs."""
    return re.sub(r"[^0-9A-Za-z _.,:()\[\]-]", "_", text)[:80]


def sizes_text(sizes: Iterable[int | None]) -> str:
    """Return a shape as it is written for people, with n for the size of the batch: `(n, 784)`."""
    parts = ["n" if size is None else str(size) for size in sizes]
    return f"({', '.join(parts)}{',' * (len(parts) == 1)})"
