"""Rewriting: a graph in which a rule replaces node by node, and composite ops may be taken apart into their own bodies.

No rule of mathematics is written again by those who want simpler nodes: `softmax` or `relu` are what their bodies say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import groupby
from operator import attrgetter
from typing import TypeAlias

from .graph import Graph
from .node import Node, constant, given, topological
from .record import Recorder, current_place, expand, phase

Rule: TypeAlias = Callable[[Node, tuple[Node, ...], Recorder], "Node | None"]  # None: take the op apart


def rewritten(graph: Graph, rule: Rule) -> Graph:
    """Return `graph` with each node replaced by `rule(node, its new inputs, recorder)`, equal computations merged.

    Where the rule gives None, the body of the composite op stands in its place, its nodes rewritten as well. Inputs and
    constants stay; inputs, outputs and marks keep their names.
    """
    known: dict[Node, Node] = {}
    with Recorder() as recorder:
        for (part, scope), nodes in groupby(graph.nodes, attrgetter("phase", "scope")):
            with phase(part, within=scope):
                for node in nodes:
                    known[node] = _replaced(node, known, rule, recorder)
    return Graph(graph.inputs, _renamed(graph.outputs, known), _renamed(graph.marks, known))


def _renamed(named: Mapping[str, Node], known: Mapping[Node, Node]) -> dict[str, Node]:
    return {name: known[node] for name, node in named.items()}


def _replaced(node: Node, known: Mapping[Node, Node], rule: Rule, recorder: Recorder) -> Node:
    if node.op is given or node.op is constant:
        return node
    inputs = tuple([known[below] for below in node.inputs])
    if (node.phase, node.scope) == current_place():
        return _by_rule(node, inputs, rule, recorder)
    with phase(node.phase, within=node.scope):
        return _by_rule(node, inputs, rule, recorder)


def _by_rule(node: Node, inputs: tuple[Node, ...], rule: Rule, recorder: Recorder) -> Node:
    found = rule(node, inputs, recorder)
    return _body(node, inputs, rule, recorder) if found is None else found


def _body(node: Node, inputs: tuple[Node, ...], rule: Rule, recorder: Recorder) -> Node:
    """Record the body of a composite in its place, as deep as the rule wants."""
    out = expand(node.op, inputs, node.attrs)
    inside: dict[Node, Node] = {below: below for below in inputs}
    for part in topological([out], stop=inputs):
        if part not in inside:
            inside[part] = _replaced(part, inside, rule, recorder)
    return inside[out]
