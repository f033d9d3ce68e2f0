"""One training step told in order: forward, loss, backward, update, with the numbers of every node.

The step runs in the interpreter on the model's own weights, which stay as they are.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import Array
from ..errors import ConfigError, did_you_mean, unknown_name
from ..graph import Graph, Node, show
from ..training.step import feed_of
from .chain import follow
from .graphs import StepGraph, example_batch, training_step

SHOWN = 12  # an array of at most this many numbers is printed whole


class Values(dict[Node, Array]):
    """The array of every node of a run: an observer that keeps them."""

    def after(self, node: Node, value: Array) -> None:
        """Keep one value."""
        self[node] = np.asarray(value)


class Explanation:
    """What one step did. `str()` gives the whole text, `part(name)` a part; `values` holds each node's array."""

    def __init__(self, graph: Graph, values: Values, optimizer: Any, weight: Any = None) -> None:
        self.graph = graph
        self.values = values
        self.optimizer = optimizer
        self.weight = weight

    @property
    def step_graph(self) -> StepGraph:
        """The graph with its values, for `svg()` and `dot()`."""
        return StepGraph(self.graph, self.values)

    @property
    def loss(self) -> float:
        """The loss of the batch."""
        return float(self.values[self.graph.marks["loss"]])

    def part(self, name: str) -> str:
        """Return one part of the text: "forward", "loss", "backward", "update", or "weight" if one is followed."""
        tellers = {
            "forward": self._forward, "loss": self._loss, "backward": self._backward, "update": self._update,
            **({} if self.weight is None else {"weight": self._weight}),
        }  # fmt: skip
        if name not in tellers:
            raise unknown_name("part of the explanation", name, tellers)
        return tellers[name]()

    def _forward(self) -> str:
        """Tell how the prediction was made."""
        head = "1. FORWARD: from the inputs to the prediction, layer by layer."
        inputs = {name: node for name, node in self.graph.inputs.items() if name[0] in "xy" and "/" not in name}
        given = [f"   {name:<28} {self._look(node)}" for name, node in inputs.items()]
        return "\n".join([head, *given, *self._lines("forward")])

    def _loss(self) -> str:
        """Tell how the loss was made."""
        head = "2. LOSS: how far the prediction is from the target, one number."
        return "\n".join([head, *self._lines("loss"), f"   loss = {self.loss:.6g}"])

    def _backward(self) -> str:
        """Tell how the gradients were made."""
        head = "3. BACKWARD: from the loss to the weights; each line is d(loss)/d(something)."
        totals = ["   Gradients of the weights:"]
        for name, node in self.graph.marks.items():
            if name.startswith("gradient/"):
                totals.append(f"   {name.removeprefix('gradient/'):<28} {self._look(node)}")
        return "\n".join([head, *self._lines("backward"), *totals])

    def _update(self) -> str:
        """Tell how the weights changed."""
        rate = self.graph.inputs.get("learning_rate")
        at_rate = "" if rate is None else f", learning rate {float(self.values[rate]):.6g}"
        lines = [f"4. UPDATE: {type(self.optimizer).__name__}{at_rate}."]
        for name, node in self.graph.outputs.items():
            if name.startswith("params/") and name in self.graph.inputs:
                change = self._change(self.values[self.graph.inputs[name]], self.values[node])
                lines.append(f"   {name.removeprefix('params/'):<28} {change}")
        return "\n".join(lines)

    def __str__(self) -> str:
        followed = [] if self.weight is None else ["weight"]
        return "\n\n".join(self.part(name) for name in ("forward", "loss", "backward", "update", *followed))

    def __repr__(self) -> str:
        return f"<explanation of one step of {len(self.graph.operations)} operations: loss {self.loss:.6g}>"

    def _weight(self) -> str:
        """Follow one weight through the chain rule."""
        return follow(self.graph, self.values, *_named_weight(self.graph, self.weight))

    def _lines(self, phase: str) -> list[str]:
        """One line a node, under a line a layer."""
        lines: list[str] = []
        scope = None
        for node in self.graph.operations:
            if node.phase != phase:
                continue
            if node.scope != scope:
                scope = node.scope
                lines.append(f"  {scope or phase}")
            formula = show.expression(self.graph, node)
            lines.append(f"   {self.graph.labels[node]:<5} = {formula}".ljust(60) + f" {self._look(node)}")
        return lines

    def _look(self, node: Node) -> str:
        value = self.values[node]
        if value.size <= SHOWN:
            return np.array2string(value, precision=6, separator=" ").replace("\n", "")
        numbers = value.astype(np.float64)
        return (
            f"{value.shape} mean {numbers.mean():.4g}, std {numbers.std():.4g}, from {numbers.min():.4g} to "
            f"{numbers.max():.4g}, zeros {float((value == 0).mean()):.0%}"
        )

    def _change(self, old: Array, new: Array) -> str:
        if old.size <= SHOWN:
            return f"{np.array2string(old, precision=6)} -> {np.array2string(new, precision=6)}".replace("\n", "")
        change, size = float(np.linalg.norm(new - old)), float(np.linalg.norm(old))
        return f"{old.shape} |w| {size:.4g}, |change| {change:.4g} ({change / (size or 1.0):.2%})"


def explain(model: Any, x: Any, y: Any, sample_weight: Any = None, weight: Any = None) -> Explanation:
    """Run one training step of a compiled model on `x`, `y` without changing it, and return its `Explanation`.

    `weight` follows one weight through the chain rule: `"dense/kernel"` (its largest gradient), or
    `("dense/kernel", (3, 5))`.
    """
    batch = example_batch(model, x, y)._replace(sample_weight=None)
    if sample_weight is not None:
        batch = batch._replace(sample_weight=np.asarray(sample_weight, np.float32))
    step = training_step(model, batch)
    feed = feed_of(batch) | {name: v.stored for name, v in step.variables.items() if name in step.graph.inputs}
    values = Values()
    step.runner.run(feed, values)
    return Explanation(step.graph, values, model.optimizer, weight)


def _named_weight(graph: Graph, weight: Any) -> tuple[str, tuple[int, ...] | None]:
    name, place = weight if isinstance(weight, tuple) else (weight, None)
    known = [n.removeprefix("gradient/") for n in graph.marks if n.startswith("gradient/")]
    if name not in known:
        raise ConfigError(f"There is no trained weight {name!r}.{did_you_mean(name, known)}")
    return name, None if place is None else tuple(int(i) for i in place)
