"""Where NaN or infinity came from: the steps are run again in the interpreter, which looks at every number.

Training goes on, as it does in Keras; what is said once is the first step, layer and tensor that was not finite.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ..arrays import Array
from ..errors import NumericalWarning
from ..execute import Interpreter
from ..graph import Node
from .step import Feed, Step

ADVICE = (
    "Training goes on. Try a smaller learning rate, clipnorm=1.0, scaled inputs, or from_logits=True; "
    "callbacks.TerminateOnNaN stops it."
)


class _Found(Exception):
    """Ends a run at the first number that is not finite."""


class _FirstBad:
    """An observer that stops at the first node with NaN or infinity."""

    node: Node | None = None
    place: tuple[int, ...] = ()
    value: float = 0.0

    def after(self, node: Node, value: Array) -> None:
        """Look at one node; masks and positions are not numbers."""
        array = np.asarray(value)
        if array.dtype.kind != "f" or node.op.name == "constant" or np.isfinite(array).all():
            return
        self.node = node
        self.place = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        self.value = float(array[self.place])
        raise _Found


def explain(step: Step, state: Feed, columns: Feed, order: Array, steps: int, first: int) -> None:
    """Warn of the first number that is not finite among `steps` steps from `state` on; `first` counts those before."""
    interpreter, now = Interpreter(step.graph), dict(state)
    sizes = {name: step.graph.inputs[name].shape[0] for name in columns if name in step.graph.inputs}
    size = next(iter(sizes.values()))
    for i in range(steps):
        rows = order[i * size : (i + 1) * size]
        feed = {name: np.asarray(columns[name][rows], step.graph.inputs[name].dtype) for name in sizes}
        look = _FirstBad()
        try:
            now |= interpreter.run(now | feed, look)
        except _Found:
            warnings.warn(f"{_where(look, step, first + i)} {ADVICE}", NumericalWarning, stacklevel=2)
            return
    text = (
        f"Numbers stopped being finite between step {first} and step {first + steps - 1}; the interpreter, which rounds"
    )
    warnings.warn(f"{text} differently, does not meet it there. {ADVICE}", NumericalWarning, stacklevel=2)


def _where(look: _FirstBad, step: Step, number: int) -> str:
    """Name step, layer, tensor and index."""
    node = look.node
    assert node is not None
    name = step.graph.labels.get(node, node.op.name)
    if node.op.name == "given":
        return f"Before step {number} of this epoch {name} holds {look.value} at index {look.place} already."
    marks = [name for name, marked in step.graph.marks.items() if marked is node]
    name = marks[0] if marks else step.graph.labels.get(node, node.op.name)
    layer = f"layer {node.scope!r}" if node.scope else "the step"
    part = f" ({node.phase})" if node.phase else ""
    return (
        f"In step {number} of this epoch numbers stopped being finite: {layer}{part}, {node.op.name} {name} of shape "
        f"{node.shape} holds {look.value} at index {look.place}."
    )


def is_finite(out: dict[str, Any]) -> bool:
    """Say whether the running loss of a step is finite: one NaN or infinity stays in it until the epoch ends."""
    total = out.get("metrics/loss/total")
    return total is None or bool(np.isfinite(total))
