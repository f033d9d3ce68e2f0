"""What it means to run a graph: arrays in by name, arrays out by name.

An executor makes a `Runner` of a graph once; observers watch a run and change nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from ..arrays import Array
from ..graph.graph import Graph
from ..graph.node import Node


class Observer(Protocol):
    """Sees every node with its array, in the order they are computed. The arrays must not be changed or kept.

    One with an attribute `wanted`, a sequence of nodes of the graph or computed from them, is shown just these, after
    the run: then machine code can run the step.
    """

    def after(self, node: Node, value: Array) -> None:
        """Look at what `node` has just given."""
        ...


class Runner(Protocol):
    """A graph made ready to run."""

    graph: Graph

    def run(self, inputs: Mapping[str, Array], observer: Observer | None = None) -> dict[str, Array]:
        """Return the graph's outputs by name; `inputs` has an array for each of the graph's inputs."""
        ...


class NotFinite(Exception):
    """Raised by a call of many steps in which NaN or infinity came up; `outputs` are what it computed all the same."""

    def __init__(self, outputs: dict[str, Array]) -> None:
        super().__init__("NaN or infinity came up")
        self.outputs = outputs


@runtime_checkable
class SliceRunner(Runner, Protocol):
    """A runner that can do many steps in one call."""

    def run_many(
        self,
        inputs: Mapping[str, Array],
        columns: Mapping[str, Array],
        order: Array,
        steps: int,
        keep: Sequence[str] = (),
        check: bool = False,
    ) -> dict[str, Array]:
        """Run `steps` steps, each on the next rows of `columns` by `order`; return the outputs of the last.

        Outputs named in `keep`, a row for each row of the batch, are returned for all steps, one below the other. With
        `check`, NaN or infinity in the columns, or in weights and metrics after the last step, raises `NotFinite`.
        """
        ...


class Bound(Protocol):
    """A runner with memory of its own: write into `inputs`, call `run`, read `outputs`, all while holding `lock`."""

    inputs: Mapping[str, Array]
    outputs: Mapping[str, Array]

    @property
    def lock(self) -> Any:
        """What keeps other threads out."""
        ...

    def run(self) -> None:
        """Run once on what stands in `inputs`."""
        ...


@runtime_checkable
class BoundRunner(Runner, Protocol):
    """A runner that can be bound to memory, so that a run costs next to nothing around it."""

    def bound(self, given: Mapping[str, Array], fed: Sequence[str]) -> Bound:
        """Return this runner bound to the arrays `given`; `fed` are the inputs that get memory of their own."""
        ...
