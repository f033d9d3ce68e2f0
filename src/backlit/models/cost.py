"""What a graph costs to run: floating-point operations and bytes moved, for each layer and each part of the step.

Both are counted on the recorded nodes themselves, one rule per kind of op, so a layer of one's own is counted too.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import is_float
from ..errors import ConfigError
from ..graph import Graph, Node, phase
from ..graph.node import constant, given, topological
from ..graph.record import Recorder, expand
from ..layers import nest
from ..layers.forward_pass import ForwardPass, surrounding
from ..tensor import GradientTape, Trace


@dataclass(frozen=True)
class Cost:
    """Floating-point operations, and bytes read and written."""

    flops: int = 0
    bytes: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.flops + other.flops, self.bytes + other.bytes)


def cost(graph: Graph) -> dict[tuple[str, str], Cost]:
    """Return the cost of one run of `graph` by (scope, phase), such as ("dense", "backward").

    FLOPs: a product of an m x k and a k x n matrix counts 2 m n k; element-wise arithmetic one per output number, and
    so do comparisons, choices, `exp`, `log`, `tanh` and a random number, although these take a processor longer; a
    reduction one per number read; moving and casting nothing. Ops with a body count what their body counts.
    Bytes: each array an op reads and the one it writes, once; a reshape, a slice or a transposition is only another
    view of the same numbers and moves none, single constants are part of the program.
    """
    found: dict[tuple[str, str], Cost] = {}
    known: dict[Any, int] = {}
    for node in graph.operations:
        key = (node.scope, node.phase)
        found[key] = found.get(key, Cost()) + Cost(flops(node, known), moved_bytes(node))
    return found


def flops(node: Node, known: dict[Any, int] | None = None) -> int:
    """Return the floating-point operations of one node; `known` keeps the counts of ops with a body."""
    if node.op in (given, constant):
        return 0
    if node.op.body is None:
        return RULES[node.op.kind](node)
    known = {} if known is None else known
    key = (node.op, tuple(below.spec for below in node.inputs), tuple(node.attrs.items()))
    if key not in known:
        inputs = [Node(given, (), {}, below.spec) for below in node.inputs]
        with Recorder():
            body = expand(node.op, inputs, node.attrs)
        known[key] = sum(flops(inner, known) for inner in topological([body], stop=inputs))
    return known[key]


def moved_bytes(node: Node) -> int:
    """Return the bytes one node reads and writes."""
    if node.op.kind in ("shape", "source", "size"):
        return 0
    read = sum(_size(below) for below in set(node.inputs) if below.op is not constant or below.shape)
    return read + _size(node)


def _size(node: Node) -> int:
    return math.prod(node.shape) * node.dtype.itemsize


def _per_output(node: Node) -> int:
    return 0 if node.op.name in ("cast", "stop_gradient") else math.prod(node.shape)


def _per_input(node: Node) -> int:
    return math.prod(node.inputs[0].shape)


def _product(node: Node) -> int:
    inner = node.inputs[0].shape[-2 if node.attrs["transpose_a"] else -1]
    return 2 * math.prod(node.shape) * inner


def _gathering(node: Node) -> int:
    return _per_input(node) if node.op.name == "scatter_add" else 0


def _nothing(node: Node) -> int:
    return 0


RULES: dict[str, Callable[[Node], int]] = {  # for each kind of primitive op
    "elementwise": _per_output, "matrix": _product, "reduce": _per_input, "scan": _per_input, "random": _per_output,
    "gather": _gathering, "shape": _nothing, "join": _nothing, "size": _nothing, "source": _nothing,
}  # fmt: skip


def layer_costs(model: Any, batch_size: int = 32) -> dict[tuple[str, str], Cost]:
    """Return the cost by (scope, phase) of one batch through `model`: forward in training, and back to every weight.

    The gradient that arrives at the outputs is given: the loss and the optimizer are not part of it. A model that does
    not know its input shape raises `ConfigError`.
    """
    return cost(pass_graph(model, batch_size))


def input_specs(model: Any) -> list[tuple[Any, Any]]:
    """Return (shape, dtype) of each input of `model`; none while it does not know them."""
    if model.input_shapes is not None:
        return [(symbol.shape, symbol.dtype) for symbol in model.inputs]
    shape = model._build_shape  # of a subclass of Model that was called
    shapes = [shape] if isinstance(shape, tuple) else list(shape or ())
    return [(one, model.dtype) for one in shapes]


def pass_graph(model: Any, batch_size: int = 32) -> Graph:
    """Record one batch through `model` and back: from given gradients of its outputs to those of all weights."""
    specs = input_specs(model)
    if not specs:
        raise ConfigError(
            f"Model {model.name!r} does not know its input shape. Call build(input_shape) or show it data."
        )
    with Trace() as trace:
        sizes = [tuple(batch_size if size is None else size for size in shape) for shape, _ in specs]
        inputs = [trace.input(f"x/{i}", size, spec[1]) for i, (size, spec) in enumerate(zip(sizes, specs, strict=True))]
        seed, step = trace.input("seed", (), np.dtype(np.uint64)), trace.input("step", (), np.dtype(np.int64))
        with surrounding(ForwardPass(True, seed, step)), GradientTape() as tape, phase("forward"):
            outputs = nest.flatten(model(inputs if len(inputs) > 1 else inputs[0], training=True))
        weights = model.trainable_weights
        reached = [y for y in outputs if is_float(y.dtype)]
        arriving = [trace.input(f"dy/{i}", y.shape, y.dtype) for i, y in enumerate(reached)]
        with phase("backward"):
            gradients = tape.gradient(reached, weights, arriving) if weights else []
    found = {f"y/{i}": y for i, y in enumerate(outputs)}
    found |= {f"gradient/{w.path}": g for w, g in zip(weights, gradients, strict=True) if g is not None}
    return trace.graph(found)
