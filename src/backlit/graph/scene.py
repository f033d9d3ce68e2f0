"""What a picture of a graph shows: boxes with a few lines of text, and links with something above and below.

Two views of one graph: a box for each op, as in the computational graphs of textbooks, or a box for each layer.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from ..arrays import Array
from .formula import INFIX, call, number
from .graph import Graph
from .node import Node, constant, given
from .wording import (
    backward_label,
    behind,
    composed,
    forward_label,
    gradient_text,
    last_part,
    shape_text,
    update_rule,
    value_text,
)

Key: TypeAlias = Hashable
Values: TypeAlias = Mapping[Node, Array]

SIGNS = {"add": "+", "subtract": "−", "multiply": "×", "divide": "÷", "negative": "−", "matmul": "@", "square": "²"}
HIDDEN = ("step", "seed", "learning_rate")  # inputs of every step that say nothing about this one
FORWARD = ("", "forward", "loss")
WIDE = 34  # a layer's formula is broken into lines of about this many characters


@dataclass
class Row:
    """One line of a box; `right` is set at its right edge. `style`: formula, weight, note or value."""

    text: str
    right: str = ""
    style: str = "formula"


@dataclass
class Box:
    """`kind`: input, constant, op, layer, loss, output, update or metrics."""

    key: Key
    kind: str
    title: str
    rows: list[Row] = field(default_factory=list[Row])
    tip: str = ""


@dataclass
class Link:
    """An arrow; `above` says what goes forward, `below` what comes back (nothing comes back where it is empty)."""

    source: Key
    target: Key
    above: tuple[str, ...] = ()
    below: tuple[str, ...] = ()
    node: Node | None = None


@dataclass
class Scene:
    """The boxes and links of the way forward and back, and the boxes below them: update and metrics.

    `feeds` are the keys of boxes whose weights the update changes.
    """

    boxes: dict[Key, Box]
    links: list[Link]
    below: list[Box] = field(default_factory=list[Box])
    feeds: list[Key] = field(default_factory=list["Key"])


def by_op(graph: Graph, values: Values) -> Scene:
    """Return a box for each op of the forward pass and the loss."""
    shown = _forward(graph)
    boxes: dict[Key, Box] = {}
    links: list[Link] = []
    for node in shown:
        for below in node.inputs:
            if below not in boxes and below.op in (given, constant):
                boxes[below] = _source(graph, below)
            if below in boxes:
                links.append(_link(graph, values, below, node, below, [node]))
        boxes[node] = _op_box(graph, node)
    links += _outputs(graph, values, boxes, {node: node for node in boxes if isinstance(node, Node)})
    return Scene(boxes, links, _below(graph, values), [])


def by_layer(graph: Graph, values: Values) -> Scene:
    """Return a box for each layer and one for the loss."""
    shown = _forward(graph)
    groups = _grouped(shown)
    of = {node: key for key, nodes in groups.items() for node in nodes}
    boxes: dict[Key, Box] = {}
    links: dict[tuple[Key, Key], Link] = {}
    for key, nodes in groups.items():
        for node in nodes:
            for below in node.inputs:
                source = of.get(below, below)
                if below.op is given and not _is_state(graph, below):
                    boxes.setdefault(below, _source(graph, below))
                elif below not in of or source == key:
                    continue
                kept = links.get((source, key))
                if kept is None or not kept.below:
                    link = _link(graph, values, source, key, below, [one for one in nodes if below in one.inputs])
                    links[source, key] = _named(link, graph, groups)
        boxes[key] = _layer_box(graph, values, nodes)
    more = _outputs(graph, values, boxes, of)
    feeds = [key for key, nodes in groups.items() if _updated(graph, nodes)]
    return Scene(boxes, [*links.values(), *more], _below(graph, values), feeds)


def _forward(graph: Graph) -> list[Node]:
    """The ops that are drawn: the forward pass and the loss, and what came back where it is not on the arrows."""
    phases = FORWARD if graph.adjoints else (*FORWARD, "backward")
    return [node for node in graph.operations if node.phase in phases]


def _grouped(nodes: Sequence[Node]) -> dict[Key, list[Node]]:
    """Put the nodes of a scope together, in as few groups as leave no cycle between them (a shared layer has more)."""
    groups: dict[Key, list[Node]] = {}
    of: dict[Node, Key] = {}
    before: dict[Key, set[Key]] = {}
    latest: dict[str, Key] = {}
    for node in nodes:
        scope = "loss" if node.phase == "loss" else node.scope
        sources = {of[below] for below in node.inputs if below in of}
        key = latest.get(scope) if scope else None
        if key is None or any(source != key and key in before[source] for source in sources):
            key = (scope or node.op.name, len(groups))
            groups[key], before[key] = [], set()
            latest[scope] = key
        groups[key].append(node)
        of[node] = key
        new = {s for source in sources if source != key for s in (source, *before[source])}
        for later, known in before.items():
            if later == key or key in known:
                known.update(new)
    return groups


def _link(graph: Graph, values: Values, source: Key, target: Key, node: Node, users: Sequence[Node]) -> Link:
    """Link `node` to those who use it; a gradient comes back only where one arrived at a user."""
    if node.op is constant:
        return Link(source, target, node=node)
    returns = not users or any(user in graph.adjoints for user in users)
    below = backward_label(node, graph, values) if returns else ()
    return Link(source, target, forward_label(node, values), below, node)


def _named(link: Link, graph: Graph, groups: Mapping[Key, Sequence[Node]]) -> Link:
    """Say so where the loss reads the scores before the softmax or sigmoid, and not what the layer gives."""
    reads_loss = groups[link.target][0].phase == "loss"
    if reads_loss and link.source in groups and link.above and _main(graph, groups[link.source]) is not link.node:
        link.above = (*link.above[:-1], f"logits {link.above[-1]}")
    return link


def _source(graph: Graph, node: Node) -> Box:
    kind = "constant" if node.op is constant else "input"
    group, _, path = graph.labels[node].partition("/")
    title = path if group in ("params", "state") else graph.labels[node]
    return Box(node, kind, title, tip=f"{node.dtype.name} {shape_text(node.shape)}".rstrip())


def _op_box(graph: Graph, node: Node) -> Box:
    label = f"{graph.labels[node]} = {call(node.op, [graph.labels[n] for n in node.inputs], node.attrs)}"
    sign = SIGNS.get(node.op.name) or INFIX.get(node.op.name, ("",))[0]
    return Box(node, "op", sign or node.op.name, tip=label)


def _layer_box(graph: Graph, values: Values, nodes: Sequence[Node]) -> Box:
    is_loss = nodes[0].phase == "loss"
    main = _main(graph, nodes)
    title = "loss" if is_loss else last_part(nodes[0].scope) or nodes[0].op.name
    reached = behind([main], stop=set())
    one_call = [node for node in nodes if node in reached]  # a shared layer is called several times
    text = composed(one_call, _outside(graph, one_call, is_loss), graph)[main].text
    rows = [Row(part) for part in _broken(text)]
    if is_loss and main in values:
        rows.insert(0, Row(value_text(values[main]), style="value"))
    read = dict.fromkeys(n for node in nodes for n in node.inputs if n.op is given and _is_state(graph, n))
    weights = [n for n in read if graph.labels[n] not in HIDDEN]
    rows += [_weight(graph, values, weight) for weight in weights]
    return Box(None, "loss" if is_loss else "layer", title, rows, tip=nodes[0].scope)


def _main(graph: Graph, nodes: Sequence[Node]) -> Node:
    """The node a layer or the loss is about: the marked one, else the last."""
    inside = set(nodes)
    marks = [node for name, node in graph.marks.items() if name.split("/")[0] in ("activation", "loss")]
    return next((node for node in reversed(marks) if node in inside), nodes[-1])


def _outside(graph: Graph, nodes: Sequence[Node], is_loss: bool) -> dict[Node, str]:
    """Name what a layer reads: x, or x1, x2; the loss reads logits or y_pred, and the targets by their names."""
    inside = set(nodes)
    read = dict.fromkeys(n for node in nodes for n in node.inputs if n not in inside and n.op is not constant)
    flowing = [n for n in read if not _is_state(graph, n)]
    if is_loss:
        activations = {n for name, n in graph.marks.items() if name.startswith("activation")}
        return {n: "y_pred" if n in activations else "logits" for n in flowing if n.op is not given}
    return {n: "x" if len(flowing) == 1 else f"x{i}" for i, n in enumerate(flowing, 1)}


def _weight(graph: Graph, values: Values, node: Node) -> Row:
    size = shape_text(node.shape)
    name = last_part(graph.labels[node])
    dy = graph.adjoints.get(node)
    gradient = "" if dy is None else gradient_text(values[dy]) if dy in values else "∂"
    return Row(f"{name}  {size}".rstrip(), gradient, "weight")


def _is_state(graph: Graph, node: Node) -> bool:
    return node.op is given and graph.labels[node].split("/")[0] in ("params", "state", "slots", "metrics", *HIDDEN)


def _updated(graph: Graph, nodes: Iterable[Node]) -> bool:
    weights = {n for node in nodes for n in node.inputs if n.op is given and _is_state(graph, n)}
    return any(graph.inputs.get(name) in weights and name.startswith("params/") for name in graph.outputs)


def _outputs(graph: Graph, values: Values, boxes: dict[Key, Box], of: Mapping[Node, Key]) -> list[Link]:
    """Add a box for each output that is neither state nor a gradient, and return the links to them."""
    links: list[Link] = []
    for name, node in graph.outputs.items():
        if name in graph.inputs or node not in of or node.op in (given, constant) or name.startswith("logs/"):
            continue
        boxes["output", name] = Box(("output", name), "output", last_part(name))
        links.append(_link(graph, values, of[node], ("output", name), node, []))
    return links


def _below(graph: Graph, values: Values) -> list[Box]:
    boxes: list[Box] = []
    weights = [name for name in graph.outputs if name.startswith("params/") and name in graph.inputs]
    if weights:
        rows = [Row(line) for line in update_rule(graph)]
        slots = sum(name.startswith("slots/") for name in graph.outputs)
        count = f"{len(weights)} weights" + (f", {slots} slots" if slots else "")
        rows.append(Row(f"the same for {count}; g is what came back", style="note"))
        boxes.append(Box("update", "update", "update", rows))
    metrics = dict.fromkeys(name.split("/")[1] for name in graph.outputs if name.startswith("metrics/"))
    if metrics:
        rows = [Row(name, _metric(graph, values, name), "weight") for name in metrics]
        boxes.append(Box("metrics", "metrics", "metrics", rows))
    return boxes


def _metric(graph: Graph, values: Values, name: str) -> str:
    total, count = (graph.outputs.get(f"metrics/{name}/{part}") for part in ("total", "count"))
    if total is None or count is None or total not in values or count not in values or not values[count]:
        return ""
    return number(np.float64(values[total]) / np.float64(values[count]))


def _broken(text: str) -> list[str]:
    """Break a long formula at spaces."""
    lines: list[str] = [""]
    for word in text.split(" "):
        if lines[-1] and len(lines[-1]) + len(word) >= WIDE:
            lines.append("  " + word)
        else:
            lines[-1] = f"{lines[-1]} {word}".lstrip() if lines[-1].strip() == "" else f"{lines[-1]} {word}"
    return lines
