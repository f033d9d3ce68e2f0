"""The mathematics of a few nodes of a graph: formulas as one would write them down, and titles for fused kernels.

Each formula is put together from the ops themselves (see `graph.formula`); what is read once stands inside its reader.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from ..graph import Graph, Node
from ..graph.formula import Name, applied, formula
from ..graph.node import constant

if TYPE_CHECKING:
    from ..execute.native.fusion import Kernel

MOST_STEPS = 12  # that a title names
LONGEST = 64  # a formula longer than this is a line of its own


class Names:
    """What nodes are called in formulas; what nobody has named is asked of `otherwise`, once."""

    def __init__(self, known: Mapping[Node, str], otherwise: Callable[[Node], str]) -> None:
        self.known = dict(known)
        self.otherwise = otherwise

    def of(self, node: Node) -> str:
        """Return the name of a node."""
        if node not in self.known:
            self.known[node] = self.otherwise(node)
        return self.known[node]


def formulas(graph: Graph, nodes: Sequence[Node], names: Names) -> list[str]:
    """Return `name = formula` for `nodes`; those that only one of them reads stand inside its formula."""
    inside = set(nodes)
    readers: dict[Node, list[Node]] = {}
    for node in graph.operations:
        for below in node.inputs:
            readers.setdefault(below, []).append(node)
    kept = {*graph.outputs.values(), *graph.marks.values(), *names.known}
    texts: dict[Node, Name] = {}
    lines: list[str] = []
    for node in nodes:
        text = applied(
            node.op, [texts[n] if n in texts else _operand(graph, n, names) for n in node.inputs], node.attrs
        )
        users = readers.get(node, [])
        alone = len(users) == 1 and users[0] in inside and len(text.text) <= LONGEST
        if node not in kept and (alone or text.text in names.known.values()):  # a cast is only its name
            texts[node] = text
        else:
            lines.append(f"{names.of(node)} = {text.text}")
    return lines


def _operand(graph: Graph, node: Node, names: Names) -> Name:
    if node.op is constant:
        label = graph.labels[node]
        return Name(label, 6 if label.startswith("-") else 9)
    return Name(names.of(node))


def explained(nodes: Iterable[Node]) -> list[str]:
    """Return `relu(x) = maximum(x, 0)` for each op that is made of others."""
    found: dict[str, None] = {}
    for node in nodes:
        if node.op.body is not None:
            found[f"{node.op.name}({_letters(node)}) = {formula(node.op, node.attrs)}"] = None
    return list(found)


def _letters(node: Node) -> str:
    """Return the letters an op's own formula uses for its inputs."""
    code = getattr(node.op.body, "__code__", None)
    return ", ".join(code.co_varnames[: len(node.inputs)]) if code is not None else "..."


def title(kernel: Kernel, names: Callable[[Node], str]) -> str:
    """Say what a kernel computes: `product (32, 10) = x (32, 784) · kernel (784, 10), then: add bias, maximum`."""
    inside = set(kernel.members())
    steps = [_step(node, inside, names) for node in kernel.nodes[:MOST_STEPS]]
    steps += [f"{len(kernel.nodes) - MOST_STEPS} more"] * (len(kernel.nodes) > MOST_STEPS)
    if kernel.scan is not None and kernel.bits is not None:
        return f"{kernel.bits.name} that say where {names(kernel.scan)} {kernel.scan.shape} is not zero"
    if kernel.product is not None:
        a, b = (_factor(kernel.product, i, names) for i in (0, 1))
        head = f"product {kernel.product.shape} = {a} · {b}"
        return f"{head}, then: {', '.join(steps)}" if steps else head
    if kernel.sink is None:
        return f"pass over {kernel.shape}: {', '.join(steps)}"
    sink = kernel.sink
    source = sink.inputs[0] if sink.inputs else None
    of = "" if source is None or source in inside else f" of {names(source)}"
    over = f" over axes {sink.attrs['axes']}: " if "axes" in sink.attrs else ": "
    shapes = f"{source.shape} to {sink.shape}" if source is not None else str(sink.shape)
    return f"{', '.join(steps)}{', then ' * bool(steps)}{sink.op.name}{of}{over}{shapes}"


def _factor(product: Node, i: int, names: Callable[[Node], str]) -> str:
    node, turned = product.inputs[i], product.attrs[("transpose_a", "transpose_b")[i]]
    shape = (*node.shape[:-2], *node.shape[:-3:-1]) if turned else node.shape
    return f"{names(node)}{'ᵀ' * bool(turned)} {shape}"


def _step(node: Node, inside: set[Node], names: Callable[[Node], str]) -> str:
    """Return an op with the operands it brings in from outside the kernel."""
    more = [names(n) for n in dict.fromkeys(node.inputs) if n not in inside and n.op is not constant]
    return " ".join([node.op.name, *more])
