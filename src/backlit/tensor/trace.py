"""A Trace turns Python code over Tensors and Variables into a Graph: it runs once, symbolically.

Variables that are read become named inputs, Variables that are assigned become named outputs; nothing is computed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..arrays import DType, Shape
from ..errors import ConfigError, ShapeError
from ..graph.graph import Graph
from ..graph.node import Node
from ..graph.record import Recorder, constant_node, input_node
from ..ops.elementwise import cast, stop_gradient
from .tensor import Tensor, active
from .variable import Variable, as_tensor


class Trace:
    """Record inside `with Trace() as trace:`; give inputs with `trace.input(...)`; `trace.graph(outputs)` ends it."""

    def __init__(self) -> None:
        self.recorder = Recorder()
        self.inputs: dict[str, Node] = {}
        self.marks: dict[str, Node] = {}
        self.adjoints: dict[Node, Node] = {}  # node -> the gradient that arrived at it
        self.variables: dict[str, Variable] = {}  # by name, in the order they were met
        self._names: dict[Variable, str] = {}
        self._read: dict[Variable, list[Node]] = {}
        self._current: dict[Variable, Tensor] = {}
        self._assigned: set[Variable] = set()
        self._unread: set[Variable] = set()  # assigned, and not read since
        self._outer: Trace | None = None

    def __enter__(self) -> Trace:
        self._outer, active.trace = active.trace, self
        self.recorder.__enter__()
        self.recorder.known = {}  # a trace is a graph of its own: it shares nothing with one around it
        return self

    def __exit__(self, *error: object) -> None:
        self.recorder.__exit__(*error)
        active.trace = self._outer

    def input(self, name: str, shape: Shape, dtype: DType) -> Tensor:
        """Make a named input that is given anew for each run."""
        if name in self.inputs:
            raise ConfigError(f"The graph has an input {name!r} already.")
        self.inputs[name] = input_node(name, shape, dtype)
        return Tensor(node=self.inputs[name])

    def read(self, variable: Variable) -> Tensor:
        """Return the current value of `variable` inside the recording."""
        if variable in self._unread:  # as at the prompt: what is assigned is a new start, no gradient passes through it
            self._unread.discard(variable)
            self._current[variable] = stop_gradient(self._current[variable])
            self._read.setdefault(variable, []).append(_node(self._current[variable]))
        if variable not in self._current:
            name = self._named(variable)
            self.inputs[name] = input_node(name, variable.shape, variable.dtype)
            self._current[variable] = Tensor(node=self.inputs[name])
            self._read[variable] = [self.inputs[name]]
        return self._current[variable]

    def assign(self, variable: Variable, value: Any) -> None:
        """Make `value` the current value of `variable`, and its value after the step."""
        self._named(variable)
        tensor = as_tensor(value)
        node = tensor.node if tensor.symbolic else constant_node(tensor.value)
        assert node is not None
        if node.shape != variable.shape:
            raise ShapeError(f"Variable {variable.path!r} of shape {variable.shape} was given shape {node.shape}.")
        node = cast(node, variable.dtype.name) if node.dtype != variable.dtype else node
        self._current[variable] = Tensor(node=node)
        self._assigned.add(variable)
        self._unread.add(variable)

    def versions(self, variable: Variable) -> list[Node]:
        """Return the nodes `variable` was read as."""
        return self._read.get(variable, [])

    def mark(self, name: str, value: Tensor) -> None:
        """Name an inner node for observers, such as `activation/dense`."""
        if value.node is not None:
            self.marks[self._unique(name, self.marks)] = value.node

    def graph(self, outputs: Mapping[str, Tensor]) -> Graph:
        """Return the graph of `outputs` and of every assigned Variable."""
        nodes = {name: _node(value) for name, value in outputs.items()}
        for variable, name in self._names.items():
            if variable in self._assigned:
                nodes[name] = _node(self._current[variable])
        return Graph(self.inputs, nodes, self.marks, self.adjoints)

    def _named(self, variable: Variable) -> str:
        if variable not in self._names:
            path = f"{variable.role}/{variable.path}" if variable.role != "input" else variable.path
            name = self._unique(path, self.variables)
            self._names[variable] = name
            self.variables[name] = variable
        return self._names[variable]

    @staticmethod
    def _unique(name: str, taken: Mapping[str, Any]) -> str:
        found, count = name, 0
        while found in taken:
            count += 1
            found = f"{name}_{count}"
        return found


def _node(value: Tensor) -> Node:
    return value.node if value.symbolic and value.node is not None else constant_node(value.value)
