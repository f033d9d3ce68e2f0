"""The interpreter runs a graph with NumPy, one node after the other: it is the meaning of a graph.

All bookkeeping is done when the graph is prepared: a run is one loop over (function, where from, where to, what to
forget), and an array nobody needs any more is written over by the next sum or product of its shape.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np

from ..arrays import Array
from ..errors import ConfigError
from ..graph.graph import Graph
from ..graph.node import Node, constant, given
from .executor import Observer
from .watching import Twins


class Instruction(NamedTuple):
    """Compute one node: `function(*pick(values))` into `values[place]`, reusing `values[reuse]`; forget `dead`."""

    function: Callable[..., Any]
    pick: Callable[[list[Any]], Sequence[Any]]
    place: int
    reuse: int
    dead: tuple[int, ...]
    node: Node


class Interpreter:
    """A graph prepared for NumPy. Runs of one graph may not overlap, those of different ones may."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._place = {node: i for i, node in enumerate(graph.nodes)}
        self._blank: list[Any] = [node.value if node.op is constant else None for node in graph.nodes]
        self._inputs = [(name, self._place[node]) for name, node in graph.inputs.items()]
        self._outputs = [(name, self._place[node]) for name, node in graph.outputs.items()]
        self._borrowed = [(name, place) for name, place in self._outputs if place in self._seen_through_inputs()]
        self._program = self._planned()
        self._twins = Twins(graph, Interpreter)

    def run(self, inputs: Mapping[str, Array], observer: Observer | None = None) -> dict[str, Array]:
        """Return the outputs by name, none of which is an array of `inputs`; a missing one raises `ConfigError`."""
        wanted = getattr(observer, "wanted", None)
        if observer is not None and wanted is not None:
            return self._twins.run(inputs, observer, wanted)
        values = self._blank.copy()
        try:
            for name, place in self._inputs:
                values[place] = inputs[name]
        except KeyError as missing:
            raise ConfigError(f"The graph needs an input {missing}; given were {', '.join(inputs)}.") from None
        with np.errstate(all="ignore"):
            if observer is None:
                self._execute(values)
            else:
                self._execute_watched(values, observer)
        for _, place in self._borrowed:
            values[place] = np.array(values[place])
        return {name: values[place] for name, place in self._outputs}

    def _execute(self, values: list[Any]) -> None:
        for function, pick, place, reuse, dead, _ in self._program:
            if reuse < 0:
                values[place] = function(*pick(values))
            else:
                values[place] = function(*pick(values), out=values[reuse])
            for i in dead:
                values[i] = None

    def _execute_watched(self, values: list[Any], observer: Observer) -> None:
        for node in self.graph.nodes:
            if node.op is given or node.op is constant:
                observer.after(node, values[self._place[node]])
        for function, pick, place, _, dead, node in self._program:
            values[place] = function(*pick(values))
            observer.after(node, values[place])
            for i in dead:
                values[i] = None

    def _planned(self) -> list[Instruction]:
        last_use = self._last_uses()
        fixed = {place for _, place in self._outputs} | {place for _, place in self._inputs}
        owned = self._owned()
        program: list[Instruction] = []
        for node in self.graph.operations:
            place = self._place[node]
            sources = tuple(self._place[below] for below in node.inputs)
            ending = tuple(i for i in dict.fromkeys(sources) if last_use[i] == place and i not in fixed)
            dead = tuple(i for i in ending if self.graph.nodes[i].op is not constant)
            reuse = next((i for i in dead if i in owned and self._fits(node, i)), -1)
            function = partial(node.op.forward, **node.attrs) if node.attrs else node.op.forward
            program.append(Instruction(function, _picker(sources), place, reuse, dead, node))
        return program

    def _last_uses(self) -> dict[int, int]:
        return {self._place[below]: self._place[node] for node in self.graph.nodes for below in node.inputs}

    def _owned(self) -> set[int]:
        """Return the places whose array was made fresh by its node and is never seen through a view."""
        fresh = {self._place[n] for n in self.graph.operations if n.op.ufunc is not None or n.op.kind == "matrix"}
        viewed = {self._place[below] for n in self.graph.operations if _may_view(n) for below in n.inputs}
        return fresh - viewed

    def _seen_through_inputs(self) -> set[int]:
        """Return the places whose array may be an input, or a view of one."""
        seen: set[Node] = set()
        for node in self.graph.nodes:
            if node.op is given or (_may_view(node) and not seen.isdisjoint(node.inputs)):
                seen.add(node)
        return {self._place[node] for node in seen}

    def _fits(self, node: Node, place: int) -> bool:
        """Say whether `node` may write its result over the array at `place`."""
        other = self.graph.nodes[place]
        return node.op.ufunc is not None and node.shape == other.shape != () and node.dtype == other.dtype


def _picker(places: tuple[int, ...]) -> Callable[[list[Any]], Sequence[Any]]:
    """Return the function that takes the values at `places` out of a list, without a call of Python's."""
    if len(places) > 1:
        return itemgetter(*places)
    return itemgetter(slice(places[0], places[0] + 1) if places else slice(0))


def _may_view(node: Node) -> bool:
    """Say whether the result of `node` may share memory with an input: only ops known to make a new array do not."""
    return not (node.op.ufunc is not None or node.op.kind in ("matrix", "reduce", "join", "gather"))
