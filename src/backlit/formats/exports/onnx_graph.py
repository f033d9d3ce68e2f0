"""A prediction as the graph of ONNX: one node for each op, or for the few ops that are one node there.

A dense layer, a batch normalization or a layer normalization is recognized and written as the one node that stands for
it (`onnx_patterns`); everything else by the table of words (`onnx_words`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ...arrays import Array, DType
from ...graph import Node
from ...graph.node import constant, given
from . import onnx_message
from .onnx_patterns import Match, match
from .onnx_words import WORDS
from .prediction import Prediction

CONSTANTS = "const/"  # names of initializers that are no weights begin with it


def graph_of(found: Prediction, weights: Mapping[str, Any]) -> bytes:
    """Return the GraphProto; `weights` are Variables by name, and all are written, also those no node reads."""
    writer, names = Writer(found), {id(variable): name for name, variable in weights.items()}
    for node, variable in found.weights.items():
        writer.names[node] = writer.named(names.pop(id(variable), variable.path))
        writer.tensors[writer.names[node]] = np.asarray(variable.numpy())
    for name in names.values():
        writer.tensors[writer.named(name)] = np.asarray(weights[name].numpy())
    for node, matched in plan(found):
        writer.write(node, matched)
    return writer.graph()


def plan(found: Prediction) -> list[tuple[Node, Match | None]]:
    """Return what is written, in order: each node, and what it is recognized as; what that contains is left out."""
    wanted = set(found.outputs.values())
    order: list[tuple[Node, Match | None]] = []
    for node in reversed(found.graph.nodes):
        if node in wanted:
            matched = match(node)
            order.append((node, matched))
            wanted.update(n for n in (node.inputs if matched is None else matched.inputs) if isinstance(n, Node))
    return order[::-1]


class Writer:
    """Collects nodes and tensors, and gives names to values: `dense/Gemm`, numbered where a name is taken."""

    def __init__(self, found: Prediction) -> None:
        self.found = found
        self.names: dict[Node, str] = {}
        self.tensors: dict[str, Array] = {}
        self._constants: dict[tuple[Any, ...], str] = {}
        self._nodes: list[tuple[str, tuple[str, ...], list[str], dict[str, Any]]] = []
        self._taken: dict[str, int] = {}
        self._scope = ""
        for name, node in found.inputs.items():
            self.names[node] = self.named(name)
        self._outputs = {self.named(name): node for name, node in found.outputs.items()}

    def named(self, name: str) -> str:
        """Return a name that is not taken: `name`, or numbered."""
        count = self._taken[name] = self._taken.get(name, -1) + 1
        return self.named(f"{name}_{count}") if count else name

    def write(self, node: Node, matched: Match | None) -> None:
        """Write one node of the prediction."""
        self._scope = node.scope
        if node.op is constant:
            self.names[node] = self.tensor(node.value)
        elif matched is not None:
            inputs = (self.names[n] if isinstance(n, Node) else self.tensor(n) for n in matched.inputs)
            self.names[node] = self.op(matched.kind, *inputs, **matched.attrs)
        elif node.op is not given:
            self.names[node] = WORDS[node.op.name](self, node, [self.names[n] for n in node.inputs])

    def op(self, kind: str, *inputs: str, values: int = 1, **attrs: Any) -> str:
        """Write a node of ONNX, which has so many values, and return the name of the first."""
        names = [self.named(f"{self._scope}/{kind}" if self._scope else kind) for _ in range(values)]
        self._nodes.append((kind, inputs, names, attrs))
        return names[0]

    def tensor(self, value: Any, dtype: DType | str | None = None) -> str:
        """Return the name of a constant: equal ones are one."""
        array = np.asarray(value, dtype)
        key = (array.dtype, array.shape, array.tobytes())
        if key not in self._constants:
            name = self._constants[key] = self.named(f"{CONSTANTS}{len(self._constants)}")
            self.tensors[name] = array
        return self._constants[key]

    def whole(self, values: Iterable[int]) -> str:
        """Return the name of a constant of integers, as shapes and axes are given."""
        return self.tensor(list(values), "int64")

    def cast(self, name: str, have: DType, want: DType) -> str:
        """Return the name of a value in another dtype."""
        return name if have == want else self.op("Cast", name, to=onnx_message.TYPES[want.name])

    def batch_size(self) -> str:
        """Return the name of the size of the batch, one integer in a list."""
        data = next(node for node in self.found.inputs.values() if None in node.shape)
        shape = self.op("Shape", self.names[data])
        return self.op("Gather", shape, self.whole([data.shape.index(None)]), axis=0)

    def graph(self) -> bytes:
        """Return the GraphProto of what was written."""
        renamed: dict[str, str] = {}
        made = {names[0] for *_, names, _ in self._nodes}
        for output, node in self._outputs.items():
            have = self.names[node]
            if have in made and have not in renamed:
                renamed[have] = output
            else:  # an input, a weight, or a value that is another output already
                self._nodes.append(("Identity", (have,), [output], {}))
        nodes = [
            onnx_message.node(kind, names[0], _renamed(inputs, renamed), _renamed(names, renamed), attrs)
            for kind, inputs, names, attrs in self._nodes
        ]
        return onnx_message.graph(
            self.found.name, nodes, (onnx_message.tensor(*one) for one in self.tensors.items()),
            [onnx_message.value(self.names[n], n.shape, n.dtype) for n in self.found.inputs.values()],
            [onnx_message.value(name, n.shape, n.dtype) for name, n in self._outputs.items()],
        )  # fmt: skip


def _renamed(names: Iterable[str], renamed: Mapping[str, str]) -> list[str]:
    return [renamed.get(name, name) for name in names]
