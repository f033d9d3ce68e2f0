"""Short texts about nodes: the expression a group of nodes computes, shapes and numbers that fit on an arrow.

`show` prints a line for each node; here many nodes become one line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..arrays import Array, Shape
from .formula import Name, applied, number
from .graph import Graph
from .node import Node, constant

LONGEST = 64  # an expression that grows beyond this is cut


def composed(nodes: Iterable[Node], names: Mapping[Node, str], graph: Graph) -> dict[Node, Name]:
    """Return the expression of each of `nodes` (inputs before users); what has a name in `names` is called by it."""
    texts: dict[Node, Name] = {}
    for node in nodes:
        below = [_name_of(one, texts, names, graph) for one in node.inputs]
        made = _expression(node, below)
        texts[node] = made if len(made.text) <= LONGEST else Name("…")
    return texts


def _name_of(node: Node, texts: Mapping[Node, Name], names: Mapping[Node, str], graph: Graph) -> Name:
    if node in names:
        return Name(names[node])
    if node in texts:
        return texts[node]
    text = graph.labels[node]
    return Name(text, 6 if text.startswith("-") else 9) if node.op is constant else Name(last_part(text))


def _expression(node: Node, below: Sequence[Name]) -> Name:
    if node.op.kind == "random":
        return Name("random")
    if node.op.name == "matmul":
        flags = (node.attrs["transpose_a"], node.attrs["transpose_b"])
        a, b = (Name(f"{_tight(one)}ᵀ") if flag else one for one, flag in zip(below, flags, strict=True))
        return applied(node.op, [a, b], {})
    if node.op.name == "reshape" and len(node.shape) >= len(node.inputs[0].shape):
        return below[0]  # lines axes up, says nothing
    return applied(node.op, list(below), node.attrs if node.op.kind == "elementwise" else {})


def _tight(name: Name) -> str:
    return name.text if name.binds >= 8 else f"({name.text})"


def last_part(path: str) -> str:
    """Return the last part of a name with slashes: `kernel` of `params/dense/kernel`."""
    return path.rsplit("/", 1)[-1]


def shape_text(shape: Shape) -> str:
    """Return a shape as `32 × 784`; a single number has none."""
    return " × ".join(map(str, shape))


def value_text(value: Any) -> str:
    """Return a value in a few characters: the number, up to three of them, or mean and deviation."""
    array = np.asarray(value)
    if array.size == 1:
        return number(array.reshape(())[()])
    if array.size == 0:
        return "empty"
    if array.size <= 3:
        return f"[{', '.join(number(v) for v in array.reshape(-1))}]"
    if array.dtype.kind != "f":
        return " ".join(number(v) for v in array.reshape(-1)[:5]) + " …" * (array.size > 5)
    wide = array.astype(np.float64)
    return f"μ {wide.mean():.3g}  σ {wide.std():.3g}"


def gradient_text(value: Any) -> str:
    """Return a gradient in a few characters: the number, up to three of them, or the norm."""
    array = np.asarray(value)
    return value_text(array) if array.size <= 3 else f"‖∂‖ {float(np.linalg.norm(array.astype(np.float64))):.3g}"


def forward_label(node: Node, values: Mapping[Node, Array]) -> tuple[str, ...]:
    """Return what is written above an arrow: the value if known, the shape if there is one."""
    value = value_text(values[node]) if node in values else ""
    return tuple(text for text in (value, shape_text(node.shape)) if text)


def backward_label(node: Node, graph: Graph, values: Mapping[Node, Array]) -> tuple[str, ...]:
    """Return what is written below an arrow: the gradient if known, else that there is one."""
    dy = graph.adjoints.get(node)
    if dy is None:
        return ()
    return (gradient_text(values[dy]),) if dy in values else ("∂ " + shape_text(dy.shape) if dy.shape else "∂",)


def update_rule(graph: Graph) -> list[str]:
    """Return the recurrence of the optimizer, read off the update of the first weight: `m′ = m + (g - m) * 0.1`, ..."""
    path = next((name for name in graph.outputs if name.startswith("params/") and name in graph.inputs), None)
    if path is None or graph.inputs[path] not in graph.adjoints:
        return []
    weight, own = graph.inputs[path], path.removeprefix("params/")
    slots = {name: last_part(name) for name in graph.inputs if name.startswith(f"slots/{own}/")}
    names = {weight: "w", graph.adjoints[weight]: "g", **{graph.inputs[k]: s for k, s in slots.items()}}
    lines: list[str] = []
    targets = {graph.outputs[k]: f"{s}′" for k, s in slots.items() if k in graph.outputs} | {graph.outputs[path]: "w′"}
    for node, name in [*_factors(graph, set(names), targets), *targets.items()]:
        order = [one for one in graph.operations if one.phase == "update" or one in targets]
        text = composed(order, {k: v for k, v in names.items() if k is not node}, graph)[node].text
        lines.append(f"{name} = {text}")
        names[node] = name
    return lines


def _factors(graph: Graph, moving: set[Node], targets: Iterable[Node]) -> list[tuple[Node, str]]:
    """Return the numbers the update multiplies by, which are the same for all weights: t, and α, β, ... by use."""
    wanted = behind(targets, moving)
    depends = set(moving)
    found: list[tuple[Node, str]] = []
    step = graph.outputs.get("step")
    letters = iter("αβγδεζη")
    for node in graph.operations:
        if node not in wanted or node.phase != "update":
            continue
        if any(below in depends for below in node.inputs):
            depends.add(node)
            for below in node.inputs:
                if below not in depends and below.inputs and all(below is not known for known, _ in found):
                    found.append((below, next(letters, "…")))
    if step is not None and step in wanted:
        found.insert(0, (step, "t"))
    return found


def behind(targets: Iterable[Node], stop: set[Node]) -> set[Node]:
    """Return the nodes that `targets` are computed from, up to `stop`."""
    seen: set[Node] = set()
    pending = list(targets)
    while pending:
        node = pending.pop()
        if node not in seen:
            seen.add(node)
            pending.extend(() if node in stop else node.inputs)
    return seen
