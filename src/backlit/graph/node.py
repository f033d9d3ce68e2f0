"""A node is one op applied to other nodes: plain, immutable data that says what will be computed.

Ops applied to nodes make more nodes (through `record`), so a rule written with ops and operators builds graphs.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

from ..arrays import DType, Shape
from ..ops.op import Op, Spec, primitive
from ..ops.operand import Operand

_serial = itertools.count()


class Node(Operand):
    """One value of a graph. `scope` names the layer it belongs to, `phase` the part of the step (forward, loss...)."""

    __slots__ = ("attrs", "dtype", "inputs", "name", "op", "phase", "scope", "serial", "shape", "spec")
    apply_rank = 1

    def __init__(
        self, op: Op, inputs: tuple[Node, ...], attrs: dict[str, Any], spec: Spec, name: str = "", scope: str = "",
        phase: str = "",
    ) -> None:  # fmt: skip
        self.op = op
        self.inputs = inputs
        self.attrs = attrs
        self.spec = spec
        self.shape: Shape = spec.shape
        self.dtype: DType = spec.dtype
        self.name = name
        self.scope = scope
        self.phase = phase
        self.serial = next(_serial)  # nodes are made after their inputs: sorted by it they are in running order

    def __repr__(self) -> str:
        named = f" {self.name!r}" if self.name else ""
        return f"<node {self.op.name}{named} {self.dtype.name}{list(self.shape)}>"

    @property
    def value(self) -> Any:
        """The array of a constant node; other nodes have none (`KeyError`)."""
        return self.attrs["value"]

    def apply_op(self, op: Op, inputs: Sequence[Any], attrs: dict[str, Any]) -> Node:
        """Record `op` on nodes (see `graph.record`)."""
        from .record import record

        return record(op, inputs, attrs)


def _no_spec(*_: Spec, **__: Any) -> Spec:
    raise TypeError("a source node is given its shape, it has no inputs to infer it from")


@primitive("source", _no_spec)
def given() -> Any:
    """an input of the graph: its array is given when the graph runs"""
    raise TypeError("the array of a graph's input is given when the graph runs")


@primitive("source", _no_spec)
def constant(value: Any = None) -> Any:
    """a number or an array known when the graph was recorded"""
    return value


def topological(outputs: Iterable[Node], stop: Iterable[Node] = ()) -> list[Node]:
    """Return every node `outputs` depend on, inputs before users; nodes in `stop` are entered but not looked behind.

    Iterative: graphs 10,000 nodes deep are fine.
    """
    order: list[Node] = []
    done: set[Node] = set()
    halt = set(stop)
    for output in outputs:
        if output in done:
            continue
        done.add(output)
        stack = [(output, iter(() if output in halt else output.inputs))]
        while stack:
            node, remaining = stack[-1]
            for below in remaining:
                if below not in done:
                    done.add(below)
                    stack.append((below, iter(() if below in halt else below.inputs)))
                    break
            else:
                order.append(node)
                stack.pop()
    return order
