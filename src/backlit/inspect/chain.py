"""One weight followed through the chain rule: from its own gradient up to the loss, product by product.

Everything is read off the backward graph: which node multiplied what by what.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..arrays import Array
from ..graph import Graph, Node

TERMS = 4  # how many terms of a sum are written out


def follow(graph: Graph, values: Mapping[Node, Array], name: str, place: tuple[int, ...] | None = None) -> str:
    """Return the text for weight `name` at index `place` (by default where its gradient is largest)."""
    gradient = graph.marks[f"gradient/{name}"]
    array, weight = values[gradient], values[graph.inputs[f"params/{name}"]]
    if place is None:
        place = tuple(int(i) for i in np.unravel_index(int(np.abs(array).argmax()), array.shape))
    lines = [
        f"5. ONE WEIGHT: w = {name}{list(place)}",
        f"   w = {_number(weight[place])}, d(loss)/dw = {_number(array[place])}, because:",
    ]
    node: Node | None = gradient
    while node is not None and len(lines) < 40:
        node, place, text = _one_step(graph, values, node, place)
        lines.extend(f"   {line}" for line in text)
    return "\n".join(lines)


def _one_step(
    graph: Graph, values: Mapping[Node, Array], node: Node, place: tuple[int, ...]
) -> tuple[Node | None, tuple[int, ...], list[str]]:
    """Tell how one number of `node` came about; return the number the gradient came from, nearer to the loss."""
    kind, label, made = node.op.name, graph.labels[node], _number(_at(values[node], place))
    if kind == "matmul":
        return _product(graph, values, node, place)
    if kind == "sum_broadcast" or (kind == "sum" and node.inputs):
        return _sum(graph, values, node, place)
    if kind in ("multiply", "divide"):
        left, right = node.inputs
        sign = "*" if kind == "multiply" else "/"
        a, b = _at(values[left], place), _at(values[right], place)
        text = [
            f"{label}{list(place)} = {_number(a)} {sign} {_number(b)} = {made}   ({_what(left)} {sign} {_what(right)})"
        ]
        ways = [side for side in (left, right) if side.phase == "backward"]
        if not ways:
            return None, place, text
        up = next((side for side in ways if _reads_weights(side)), ways[0])  # a sample's share in the mean does not
        return up, _fitted(values[up], place), text
    if kind in ("subtract", "add"):
        left, right = node.inputs
        sign = "-" if kind == "subtract" else "+"
        a, b = _at(values[left], place), _at(values[right], place)
        text = [
            f"{label}{list(place)} = {_number(a)} {sign} {_number(b)} = {made}   ({_what(left)} {sign} {_what(right)})"
        ]
        return None, place, text
    if len(node.inputs) == 1 and node.phase == "backward":
        below = node.inputs[0]
        if values[below].shape == values[node].shape:
            return below, place, [f"{label}{list(place)} = {kind} of {_number(_at(values[below], place))}"]
    return None, place, [f"{label}{list(place)} = {made}   ({kind})"]


def _product(
    graph: Graph, values: Mapping[Node, Array], node: Node, place: tuple[int, ...]
) -> tuple[Node | None, tuple[int, ...], list[str]]:
    """A number of a matrix product: the sum over the shared axis, its greatest terms written out."""
    a, b = node.inputs
    left = values[a].T if node.attrs["transpose_a"] else values[a]
    right = values[b].T if node.attrs["transpose_b"] else values[b]
    i, j = place[-2], place[-1]
    row, column = left[i].astype(np.float64), right[:, j].astype(np.float64)
    order = np.argsort(-np.abs(row * column))[:TERMS]
    terms = " + ".join(f"{_number(row[k])} * {_number(column[k])}" for k in order)
    rest = f" + ... ({len(row)} terms)" if len(row) > TERMS else ""
    made = f"{terms}{rest} = {_number(values[node][place])}"
    text = f"{graph.labels[node]}[{i}, {j}] = sum over {len(row)}: {made}   ({_what(a)} @ {_what(b)})"
    best = int(order[0])
    if b.phase == "backward" and a.phase != "backward":
        inner = (j, best) if node.attrs["transpose_b"] else (best, j)
        found = f"{_what(b)}{list(inner)} = {_number(values[b][inner])}"
        return b, inner, [text, f"the greatest term comes from sample {best}: its {found} is"]
    inner = (best, i) if node.attrs["transpose_a"] else (i, best)
    found = f"{_what(a)}{list(inner)} = {_number(values[a][inner])}"
    return a, inner, [text, f"the greatest term comes from unit {best} of the next layer: {found} is"]


def _sum(
    graph: Graph, values: Mapping[Node, Array], node: Node, place: tuple[int, ...]
) -> tuple[Node | None, tuple[int, ...], list[str]]:
    """A number of a sum over samples: a bias receives the gradient of every sample."""
    below = node.inputs[0]
    column = values[below][(slice(None), *place)] if values[below].ndim == len(place) + 1 else values[below].reshape(-1)
    order = np.argsort(-np.abs(column))[:TERMS]
    terms = " + ".join(_number(column[k]) for k in order)
    rest = f" + ... ({len(column)} samples)" if len(column) > TERMS else ""
    made = f"{terms}{rest} = {_number(_at(values[node], place))}"
    text = f"{graph.labels[node]}{list(place)} = {made}   (sum over samples)"
    return below, (int(order[0]), *place), [text, f"the greatest comes from sample {int(order[0])}:"]


def _reads_weights(node: Node) -> bool:
    """Say whether the number depends on what the network computed, not only on how many samples there are."""
    seen, waiting = set[Node](), [node]
    while waiting:
        one = waiting.pop()
        if one.name and one.name.startswith("params/"):
            return True
        if one not in seen and one.op.name != "length":
            seen.add(one)
            waiting.extend(one.inputs)
    return False


def _what(node: Node) -> str:
    """Say in a word what a node is."""
    if node.name:
        return node.name.removeprefix("params/")
    return f"{node.op.name} of {node.scope}" if node.scope else node.op.name


def _fitted(value: Array, place: tuple[int, ...]) -> tuple[int, ...]:
    """The index into an array that was broadcast to the one `place` is of."""
    tail = place[len(place) - value.ndim :] if value.ndim else ()
    return tuple(0 if n == 1 else i for i, n in zip(tail, value.shape, strict=True))


def _at(value: Array, place: tuple[int, ...]) -> float:
    return float(value[_fitted(value, place)])


def _number(value: Any) -> str:
    return f"{float(value):.6g}"
