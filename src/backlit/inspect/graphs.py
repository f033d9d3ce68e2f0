"""The step of a model, or a function of yours, as something to look at: printed, as SVG, as DOT.

What is drawn of a model is the very graph that `fit` runs.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays import Array, floatx, is_float
from ..errors import ConfigError
from ..files import write_file
from ..graph import Graph, Node, evaluate, phase, picture, show
from ..layers import nest
from ..tensor import GradientTape, Tensor, Trace, as_array
from ..training import prepare, running
from ..training.step import Batch, Step


class StepGraph:
    """The graph of one training step; `values` holds the array of each node after a run, if there was one."""

    def __init__(self, graph: Graph, values: dict[Node, Array] | None = None) -> None:
        self.graph = graph
        self.values = values

    def __str__(self) -> str:
        return show.as_text(self.graph)

    __repr__ = __str__

    def svg(self, path: Any = None, collapse: bool = True) -> str:
        """Return the picture as SVG text, written to `path` if given; `collapse=False` shows every op."""
        return _kept(picture.svg(self.graph, self.values, collapse=collapse), path)

    def dot(self, path: Any = None, collapse: bool = True) -> str:
        """Return the graph in Graphviz' DOT language, written to `path` if given."""
        return _kept(picture.dot(self.graph, self.values, collapse=collapse), path)

    def _repr_svg_(self) -> str:
        return self.svg()


def step_graph(model: Any, x: Any = None, y: Any = None, batch_size: int = 32) -> StepGraph:
    """Return the graph `fit` records for batches like `x`, `y`; without them for `batch_size` rows of known shape."""
    step = training_step(model, example_batch(model, x, y, batch_size))
    return StepGraph(step.graph)


def graph_of(function: Callable[..., Any], *inputs: Any) -> StepGraph:
    """Return the graph of `function(*inputs)` with its numbers and the gradient of its (summed) result for each input.

    `function` takes Tensors and is written with operators and `backlit.ops`; its parameters name the inputs. Integers
    have no gradient. A result that is no Tensor of floats raises `ConfigError` or `NotDifferentiable`.

    >>> picture = graph_of(lambda price, count: price * count, 3.0, 4.0)
    >>> float(picture.values[picture.graph.marks["gradient/count"]])
    3.0
    """
    arrays = [as_array(value) for value in inputs]
    with Trace() as trace:
        names = _input_names(function, len(arrays))
        given = [trace.input(name, a.shape, a.dtype) for name, a in zip(names, arrays, strict=True)]
        with GradientTape() as tape, phase("forward"):
            result = function(*given)
        sources = [(name, tensor) for name, tensor in zip(names, given, strict=True) if is_float(tensor.dtype)]
        with phase("backward"):
            gradients = tape.gradient(result, [tensor for _, tensor in sources])
    outputs: dict[str, Tensor] = {"result": result}
    for (name, _), gradient in zip(sources, gradients, strict=True):
        if gradient is not None:
            trace.mark(f"gradient/{name}", gradient)
            outputs[f"gradient/{name}"] = gradient
    graph = trace.graph(outputs)
    known = {graph.inputs[name]: a for name, a in zip(names, arrays, strict=True) if name in graph.inputs}
    return StepGraph(graph, known | dict(zip(graph.nodes, evaluate(graph.nodes, known), strict=True)))


def _input_names(function: Callable[..., Any], count: int) -> list[str]:
    """The names of the function's parameters, or x0, x1, ... where it does not tell."""
    try:
        named = [p.name for p in inspect.signature(function).parameters.values() if p.kind is not p.VAR_POSITIONAL]
    except (TypeError, ValueError):
        named = []
    return named[:count] if len(named) >= count else [f"x{i}" for i in range(count)]


def training_step(model: Any, batch: Batch) -> Step:
    """Return the recorded training step of `model` for batches shaped like `batch`."""
    step = running.recorded(model, "train", batch)
    if step is None:
        why = "run_eagerly=True, or a layer that uses NumPy"
        raise ConfigError(f"This model runs eagerly ({why}): there is no step graph.")
    return step


def example_batch(model: Any, x: Any, y: Any, batch_size: int = 32) -> Batch:
    """Return one checked batch of `x`, `y`, or of zeros where they are not given."""
    prepare.require_compiled(model)
    if x is None:
        if model.input_shapes is None:
            todo = "give x and y, or begin with Input(shape=...)"
            raise ConfigError(f"The model does not know its input shape yet: {todo}.")
        shapes = [(batch_size, *shape[1:]) for shape in model.input_shapes]
        arrays = [np.zeros(shape, floatx()) for shape in shapes]
        x = arrays[0] if len(arrays) == 1 else arrays
    if y is None:
        y = _example_targets(model, x)
    rows = len(nest.flatten(x)[0])
    batches, _ = prepare.training_data(model, x, y, None, None, rows, False, None, 0.0)
    return next(batches.epoch(0))


def _example_targets(model: Any, x: Any) -> Any:
    """Targets of the shape the losses want: zeros, or class 0 for losses that take class numbers."""
    rows = len(nest.flatten(x)[0])
    found: list[Array] = []
    losses = nest.flatten(model.loss)
    for i, shape in enumerate(model.output_shapes_for(x if hasattr(x, "shape") else nest.map_structure(np.asarray, x))):
        loss = losses[i if len(losses) > 1 else 0]
        name = loss if isinstance(loss, str) else getattr(loss, "name", getattr(loss, "__name__", ""))
        sparse = str(name).startswith("sparse")
        found.append(np.zeros(rows, np.int64) if sparse else np.zeros((rows, *shape[1:]), floatx()))
    return found[0] if len(found) == 1 else found


def _kept(text: str, path: Any) -> str:
    if path is not None:
        write_file(path, text)
    return text
