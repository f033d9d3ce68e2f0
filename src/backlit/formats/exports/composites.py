"""Composite ops as functions of a program: `gelu` is printed from the rule that Backlit itself computes with.

The body is recorded for the shapes at hand; what it uses twice gets a line of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping
from dataclasses import dataclass

from ...graph import Node
from ...graph.node import constant, given, topological
from ...graph.record import Recorder, expand
from ...layers.shapes import BATCHES
from ...models.operations import table
from ...ops import Spec
from .prediction import SHAPED


@dataclass(frozen=True)
class Function:
    """A function: its name, what it says of itself, its inputs by name, the nodes with lines, and the result."""

    name: str
    said: str
    inputs: Mapping[Node, str]
    lines: tuple[Node, ...]
    result: Node


def function_of(node: Node) -> Function:
    """Return the function that a composite node calls."""
    inputs, result = _body(node)
    order = topological([result], stop=inputs)
    uses = Counter(below for one in order for below in one.inputs)
    own = tuple(n for n in order if uses[n] > 1 and n.op not in (constant, given))
    names = list(node.op.__signature__.parameters)[: len(inputs)]
    said = " ".join((node.op.__doc__ or "").split()).replace('"', "'").replace("\\", "")
    return Function(node.op.name, said, dict(zip(inputs, names, strict=True)), own, result)


def is_function(node: Node, words: Container[str]) -> bool:
    """Say whether a composite op can be a function: whether its body has words, and no shape of a batch in it."""
    inputs, result = _body(node)
    for one in topological([result], stop=inputs):
        if one.op is given or one.op is constant:
            continue
        if table().get(one.op.name) is not one.op or one.op.name in SHAPED:
            return False
        if not (is_function(one, words) if one.op.body is not None else one.op.name in words):
            return False
    return True


def _body(node: Node) -> tuple[list[Node], Node]:
    """Record the body for a batch of some size."""
    sizes = [tuple(BATCHES[0] if n is None else n for n in below.shape) for below in node.inputs]
    inputs = [Node(given, (), {}, Spec(s, below.dtype)) for s, below in zip(sizes, node.inputs, strict=True)]
    with Recorder() as recorder:
        recorder.known = {}
        return inputs, expand(node.op, inputs, node.attrs)
