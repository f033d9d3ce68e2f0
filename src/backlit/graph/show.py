"""The graph as text: one line per node, grouped by part of the step and by layer, with the formula at the side.

It is what `print(graph)` shows; `picture` draws the same thing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .formula import INFIX, applied, call, formula, in_words
from .formula import Name as _Name
from .graph import PHASES, Graph
from .node import Node

CELL = 56  # expressions are padded to the longest one, at most to this
SIGNS = {*INFIX, "negative", "logical_not", "square"} - {"matmul"}  # written as Python and mathematics write them
EXPLAINED = ("length", "one_hot")  # no composites, but their names do not say enough


def as_text(graph: Graph) -> str:
    """Return `graph` as text: its inputs, the nodes by phase and scope in the order they run, its outputs.

    >>> import numpy as np
    >>> from backlit.graph import Graph, input_node
    >>> x = input_node("x", (2, 3), np.dtype("float32"))
    >>> print(as_text(Graph({"x": x}, {"y": x * 2.0 + 1.0})))
    graph: 1 input, 1 output, 2 operations
    <BLANKLINE>
    inputs
      x   float32[2, 3]
    <BLANKLINE>
    nodes
      %1  float32[2, 3]  = x * 2
      %2  float32[2, 3]  = %1 + 1
    <BLANKLINE>
    outputs
      y                  = %2
    """
    names = max((len(text) for text in (*graph.inputs, *graph.outputs, *_numbered(graph))), default=0)
    types = max((len(type_text(node)) for node in graph.nodes), default=0)
    counts = (len(graph.inputs), "input"), (len(graph.outputs), "output"), (len(graph.operations), "operation")
    lines = ["graph: " + ", ".join(f"{n} {word}{'s' * (n != 1)}" for n, word in counts)]
    lines += ["", "inputs", *_inputs(graph, names, types)]
    for phase in ("", *PHASES):
        nodes = [node for node in graph.operations if node.phase == phase]
        if nodes:
            lines += ["", phase or "nodes", *_block(graph, nodes, names, types)]
    lines += ["", "outputs"]
    lines += [f"  {name:<{names}}  {'':<{types}}  = {graph.labels[node]}" for name, node in graph.outputs.items()]
    return "\n".join(line.rstrip() for line in lines)


def type_text(node: Node) -> str:
    """Return dtype and shape: `float32[32, 10]`, and `float32` alone for a single number."""
    return f"{node.dtype.name}{list(node.shape) if node.shape else ''}"


def expression(graph: Graph, node: Node) -> str:
    """Return what a node computes: `%1 + params/dense/bias`, `matmul(x, params/dense/kernel)`."""
    names = [graph.labels[below] for below in node.inputs]
    if node.op.name in SIGNS:
        return applied(node.op, [_Name(name) for name in names], node.attrs).text
    return call(node.op, names, node.attrs)


def remark(graph: Graph, node: Node) -> str:
    """Return the formula of an op whose name does not say it all, and the names observers know the node by."""
    words = ""
    if node.op.body is not None or node.op.name in EXPLAINED:
        words = formula(node.op, node.attrs) if node.op.kind == "elementwise" else _first_clause(in_words(node.op))
    marks = [f"<{name}>" for name, marked in graph.marks.items() if marked is node]
    return "  ".join(part for part in (words, *marks) if part)


def _first_clause(words: str) -> str:
    """Cut a docstring where it goes on to explain."""
    for stop in ("; ", ": ", " (", ", " if len(words) > CELL else "; "):
        words = words.split(stop)[0]
    return words


def _numbered(graph: Graph) -> Iterator[str]:
    return (graph.labels[node] for node in graph.operations)


def _inputs(graph: Graph, names: int, types: int) -> Iterator[str]:
    state = set(graph.state())
    for name, node in graph.inputs.items():
        kept = "  state" if name in state else ""
        yield f"  {name:<{names}}  {type_text(node):<{types}}{kept}"


def _block(graph: Graph, nodes: Sequence[Node], names: int, types: int) -> Iterator[str]:
    """Yield the lines of one phase, with a heading wherever the layer changes."""
    texts = [expression(graph, node) for node in nodes]
    width = min(max(map(len, texts)), CELL)
    scope = ""
    for node, text in zip(nodes, texts, strict=True):
        if node.scope != scope:
            scope = node.scope
            yield f"  [{scope}]"
        side = remark(graph, node)
        line = f"  {graph.labels[node]:<{names}}  {type_text(node):<{types}}  = {text:<{width}}"
        yield f"{line}  # {side}" if side else line
