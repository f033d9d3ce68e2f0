"""InnerValues looks into one training step when asked: the activation of every layer, the gradient of every weight.

It is an observer (`execute.executor`) beside the one a model may have already; `TensorBoard` makes histograms of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...arrays import Array
from ...graph import Graph, Node

FAR = 1 << 30  # steps until the next look, where none is asked for


class InnerValues:
    """After `look()` the next training step of the model is seen: `seen` maps marks to copies of their arrays.

    A mark is `activation/<layer>` or `gradient/<weight>`.
    """

    def __init__(self) -> None:
        self.seen: dict[str, Array] = {}
        self._model: Any = None
        self._other: Any = None
        self._wanted = False

    def attach(self, model: Any) -> None:
        """Become the model's observer; one it has already goes on seeing what it asked for."""
        self.detach()
        self._model, self._other, model.observer = model, model.observer, self

    def detach(self) -> None:
        """Give the model its own observer back."""
        if self._model is not None and self._model.observer is self:
            self._model.observer = self._other
        self._model = self._other = None
        self._wanted = False

    def look(self) -> None:
        """Ask for the next training step."""
        self._wanted, self.seen = True, {}

    @staticmethod
    def trains(graph: Graph) -> bool:
        """Say whether the graph is that of a training step."""
        return "loss" in graph.marks and any(name.startswith("params/") for name in graph.outputs)

    def watch(self, graph: Graph) -> Any:
        """Return who looks at the next run of `graph`: this, the other observer, both, or None."""
        other = None if self._other is None else self._other.watch(graph)
        if not (self._wanted and self.trains(graph)):
            return other
        self._wanted = False
        return _Look(graph, self.seen, other)

    def rest(self, graph: Graph) -> int:
        """Return how many runs of `graph` may go by before the next look."""
        mine = 0 if self._wanted and self.trains(graph) else FAR
        if self._other is None:
            return mine
        return min(mine, self._other.rest(graph)) if hasattr(self._other, "rest") else 0

    def passed(self, graph: Graph, steps: int) -> None:
        """Tell the other observer of steps nobody looked at."""
        if hasattr(self._other, "passed"):
            self._other.passed(graph, steps)


class _Look:
    """The observer of one run; `other` is shown what it wants, too."""

    def __init__(self, graph: Graph, seen: dict[str, Array], other: Any) -> None:
        self._seen, self._other = seen, other
        self._marks: dict[Node, list[str]] = {}
        for mark, node in graph.marks.items():
            if mark.startswith(("activation/", "gradient/")):
                self._marks.setdefault(node, []).append(mark)
        self._theirs: dict[Node, None] = {}
        if other is not None:
            self._theirs = dict.fromkeys(getattr(other, "wanted", graph.nodes))  # without `wanted` it is shown all
        self.wanted: tuple[Node, ...] = tuple(dict.fromkeys([*self._marks, *self._theirs]))

    def after(self, node: Node, value: Array) -> None:
        """Keep a copy of a marked value, and hand on what the other wants."""
        for mark in self._marks.get(node, ()):
            self._seen[mark] = np.array(value)
        if node in self._theirs:
            self._other.after(node, value)
