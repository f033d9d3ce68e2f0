"""What is exported: the graph of `predict`, for a batch of any size.

It is recorded for two sizes of the batch, as layers find their output shapes; where the two recordings differ is the
batch, and its size in shapes becomes None.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ...arrays import Array, as_dtype
from ...errors import ConfigError, NotRecordable
from ...graph import Graph, Node
from ...graph.node import constant
from ...graph.record import Recorder, record
from ...graph.rewrite import rewritten
from ...layers import nest
from ...layers.shapes import BATCHES
from ...models.operations import table
from ...ops import Spec
from ...tensor import Tensor, Trace, Variable
from ..revive import require_built

SHAPED = ("reshape", "broadcast_to")  # ops whose attribute `shape` is the shape of the result
Knows = Callable[[Node], bool]


@dataclass(frozen=True)
class Prediction:
    """A graph from data and weights to outputs; None in a shape is the size of the batch.

    `inputs` and `outputs` map the model's names to nodes, `weights` a node to the Variable it is read from.
    """

    name: str
    inputs: Mapping[str, Node]
    outputs: Mapping[str, Node]
    weights: Mapping[Node, Variable]

    @property
    def graph(self) -> Graph:
        """The nodes in the order in which they are computed."""
        return Graph({node.name: node for node in (*self.inputs.values(), *self.weights)}, self.outputs)


def prediction(model: Any, words: Iterable[str], knows: Knows = lambda node: True) -> Prediction:
    """Return what `model.predict` computes, in ops named in `words` (of which `knows` may decline some).

    Composite ops that are not among them are taken apart. A model that is not built, that runs eagerly, or whose
    prediction depends on the batch size or on chance raises `ConfigError`, and so does an op without a word.
    """
    require_built(model)
    known = frozenset(words)

    def is_known(node: Node) -> bool:
        return node.op.name in known and table().get(node.op.name) is node.op and knows(node)

    shapes = _input_shapes(model)
    recordings = [_Recording(model, shapes, size, is_known) for size in _batches(shapes)]
    return _merged(model.name, *recordings)


class _Recording:
    """The graph of a prediction for one size of the batch."""

    def __init__(self, model: Any, shapes: Any, size: int, is_known: Knows) -> None:
        self.inputs: dict[str, Node] = {}
        with Trace() as trace:
            value = self._value(model, shapes, size, trace)
            leaves = {str(i): _as_tensor(leaf) for i, leaf in enumerate(nest.flatten(value))}
            graph = trace.graph(leaves)
        self.names = _output_names(model, value)
        self.variables = {graph.inputs[k]: v for k, v in trace.variables.items() if k in graph.inputs}
        self.graph = rewritten(graph, _rule(is_known))
        changed = [name for name in graph.outputs if name not in leaves]
        if changed:
            raise ConfigError(f"Predicting changes {changed[0]!r}, which an export cannot do. Take that out of `call`.")

    def _value(self, model: Any, shapes: Any, size: int, trace: Trace) -> Any:
        names = iter(model.input_names or (shapes if isinstance(shapes, dict) else ()))

        def symbol(shape: _Sizes) -> Tensor:
            name = next(names, None) or ("x" if not self.inputs else f"x_{len(self.inputs)}")
            sizes = (size, *shape.sizes[1:])
            tensor = trace.input(f"data/{name}", sizes, as_dtype(None))  # as predict converts what it is given
            assert tensor.node is not None
            self.inputs[name] = tensor.node
            return tensor

        try:
            return model.predict_step(nest.map_structure(symbol, shapes))
        except NotRecordable as reason:
            raise ConfigError(
                f"{reason} So the prediction of model {model.name!r} is no graph, and cannot be exported. Write the "
                "layer with backlit.ops."
            ) from None


class _Sizes:
    """One shape; not a tuple, so that it is a leaf of structures."""

    def __init__(self, sizes: Any) -> None:
        self.sizes = tuple(sizes)
        if None in self.sizes[1:]:
            raise ConfigError(f"An input of shape {self.sizes} has sizes that are not known. Expected only the batch.")


def _batches(shapes: Any) -> tuple[int, int]:
    """Return the two sizes of the batch to record for: the same twice where the model has a fixed one."""
    fixed = {shape.sizes[0] for shape in nest.flatten(shapes)} - {None}
    return (fixed.pop(),) * 2 if len(fixed) == 1 else BATCHES


def _input_shapes(model: Any) -> Any:
    shapes = model.input_shapes
    if shapes is None:
        built = model._build_shape
        if built is None:
            raise ConfigError(f"The input shape of model {model.name!r} is not known. Call model.build(shape) first.")
        return _leaves(built)
    found = [_Sizes(shape) for shape in shapes]
    return found[0] if len(found) == 1 else found


def _leaves(shape: Any) -> Any:
    if isinstance(shape, dict):
        return {name: _leaves(one) for name, one in shape.items()}
    return [_leaves(one) for one in shape] if isinstance(shape, list) else _Sizes(shape)


def _output_names(model: Any, value: Any) -> list[str]:
    count = len(nest.flatten(value))
    names = list(value) if isinstance(value, dict) else list(model.output_names)
    return names if len(names) == count else [f"output_{i + 1}" for i in range(count)]


def _as_tensor(leaf: Any) -> Tensor:
    return leaf if isinstance(leaf, Tensor) else Tensor(leaf)


def _rule(is_known: Knows) -> Any:
    def rule(node: Node, inputs: tuple[Node, ...], _: Recorder) -> Node | None:
        if is_known(node):
            return record(node.op, inputs, node.attrs)
        if node.op.body is not None:
            return None
        raise no_word(node)

    return rule


def no_word(node: Node, why: str = "") -> ConfigError:
    """Return the error of an op that cannot be written."""
    layer = f"Layer {node.scope!r}" if node.scope else "The model"
    chance = "It draws random numbers while predicting: call it without training=True."
    reason = why or (chance if node.op.kind == "random" else "This format has no word for it.")
    return ConfigError(
        f"{layer} computes {node.op.name!r}, which cannot be exported. {reason} Leave the layer out, or write it with "
        "other ops."
    )


def _merged(name: str, first: _Recording, second: _Recording) -> Prediction:
    """Return the graph that both recordings are, each for its size."""
    twins: dict[Node, Node] = {}
    inputs = {n: _source(node, second.inputs[n]) for n, node in first.inputs.items()}
    twins.update((node, inputs[n]) for n, node in first.inputs.items())
    weights: dict[Node, Variable] = {}
    a, b = first.graph.nodes, second.graph.nodes
    if len(a) != len(b) or any(x.op is not y.op for x, y in zip(a, b)):
        raise ConfigError(f"What model {name!r} computes depends on the size of the batch. It cannot be exported.")
    for node, other in zip(a, b):
        if node not in twins:
            twins[node] = _twin(node, other, twins)
            if node in first.variables:
                weights[twins[node]] = first.variables[node]
    outputs = {n: twins[node] for n, node in zip(first.names, first.graph.outputs.values())}
    return Prediction(name, inputs, outputs, weights)


def _source(node: Node, other: Node) -> Node:
    return Node(node.op, (), {}, Spec(_sizes(node, other), node.dtype), node.name, node.scope, node.phase)


def _twin(node: Node, other: Node, twins: Mapping[Node, Node]) -> Node:
    if node.op is constant and not _same(node.value, other.value):
        raise _depends(node)
    shape, attrs = _sizes(node, other), dict(node.attrs)
    if node.op.name in SHAPED:
        attrs["shape"] = shape
    elif node.op is not constant and node.attrs != other.attrs:
        raise _depends(node)
    inputs = tuple(twins[below] for below in node.inputs)
    return Node(node.op, inputs, attrs, Spec(shape, node.dtype), node.name, node.scope, node.phase)


def _same(a: Array, b: Array) -> bool:
    return a.shape == b.shape and a.tobytes() == b.tobytes()


def _sizes(node: Node, other: Node) -> Any:
    """Return the shape of a node, with None where it is the size of the batch."""
    sizes: list[int | None] = []
    for n, m in zip(node.shape, other.shape, strict=True):
        if n != m and (n, m) != BATCHES:
            raise _depends(node)
        sizes.append(n if n == m else None)
    return tuple(sizes)


def _depends(node: Node) -> ConfigError:
    return no_word(node, "Its numbers depend on the size of the batch, which an export leaves open.")
