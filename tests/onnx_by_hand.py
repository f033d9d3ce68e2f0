"""A second reader of ONNX, for tests: the nodes of a file, and what they compute, said with NumPy and nothing of ours.

It follows the operator list of ONNX, opset 17, as far as our files go.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

DTYPES = {1: "f4", 2: "u1", 3: "i1", 4: "u2", 5: "i2", 6: "i4", 7: "i8", 9: "?", 10: "f2", 11: "f8", 12: "u4", 13: "u8"}


@dataclass
class Node:
    kind: str = ""
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    attrs: dict[str, Any] = field(default_factory=dict)


@dataclass
class Graph:
    nodes: list[Node] = field(default_factory=list)
    arrays: dict[str, Any] = field(default_factory=dict)
    inputs: list[tuple[str, list[Any]]] = field(default_factory=list)
    outputs: list[tuple[str, list[Any]]] = field(default_factory=list)
    opset: int = 0

    def kinds(self) -> list[str]:
        return [node.kind for node in self.nodes]


def fields(data: bytes) -> Iterator[tuple[int, Any]]:
    place = 0

    def varint() -> int:
        nonlocal place
        value = shift = 0
        while True:
            byte = data[place]
            place += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value - (1 << 64) if value >> 63 else value

    while place < len(data):
        tag = varint()
        if tag & 7 == 0:
            yield tag >> 3, varint()
            continue
        size = {1: 8, 5: 4}.get(tag & 7) or varint()
        yield tag >> 3, data[place : place + size]
        place += size


def read(data: bytes) -> Graph:
    graph = Graph()
    for number, value in fields(data):
        if number == 8:
            graph.opset = dict(fields(value))[2]
        if number == 7:
            for place, inner in fields(value):
                if place == 1:
                    graph.nodes.append(_node(inner))
                elif place == 5:
                    name, array = _tensor(inner)
                    graph.arrays[name] = array
                elif place in (11, 12):
                    (graph.inputs if place == 11 else graph.outputs).append(_value(inner))
    return graph


def _node(data: bytes) -> Node:
    node = Node()
    for number, value in fields(data):
        if number in (1, 2):
            (node.inputs if number == 1 else node.outputs).append(value.decode())
        elif number == 4:
            node.kind = value.decode()
        elif number == 5:
            name, found = "", []
            for place, inner in fields(value):
                if place == 1:
                    name = inner.decode()
                elif place in (2, 3, 8):
                    found.append(struct.unpack("<f", inner)[0] if place == 2 else inner)
                elif place == 20:
                    node.attrs[name] = found if inner == 7 else found[0]
    return node


def _tensor(data: bytes) -> tuple[str, Any]:
    sizes = [value for number, value in fields(data) if number == 1]
    rest = {number: value for number, value in fields(data) if number != 1}
    return rest[8].decode(), np.frombuffer(rest[9], "<" + DTYPES[rest[2]]).reshape(sizes)


def _value(data: bytes) -> tuple[str, list[Any]]:
    parts = dict(fields(data))
    tensor = dict(fields(dict(fields(parts[2]))[1]))
    sizes = [next(fields(inner))[1] for _, inner in fields(tensor[2])]
    return parts[1].decode(), [size.decode() if isinstance(size, bytes) else size for size in sizes]


def evaluate(graph: Graph, inputs: list[Any]) -> list[Any]:
    values = dict(graph.arrays) | {name: a for (name, _), a in zip(graph.inputs, inputs, strict=True)}
    with np.errstate(all="ignore"):
        for node in graph.nodes:
            found = KINDS[node.kind](*(values[name] for name in node.inputs), **node.attrs)
            for name, value in zip(node.outputs, found if isinstance(found, tuple) else (found,), strict=True):
                values[name] = np.asarray(value)
    return [values[name] for name, _ in graph.outputs]


def _gemm(a: Any, b: Any, c: Any, alpha: float, beta: float, transA: int, transB: int) -> Any:
    return alpha * ((a.T if transA else a) @ (b.T if transB else b)) + beta * c


def _batch_normalization(x: Any, scale: Any, b: Any, mean: Any, var: Any, epsilon: float) -> Any:
    scale, b, mean, var = (v.reshape(-1, *[1] * (x.ndim - 2)) for v in (scale, b, mean, var))
    return (x - mean) / np.sqrt(var + np.float32(epsilon)) * scale + b


def _layer_normalization(x: Any, scale: Any, b: Any = 0, axis: int = -1, epsilon: float = 1e-5) -> Any:
    d = x - x.mean(axis, keepdims=True)
    return d / np.sqrt((d * d).mean(axis, keepdims=True) + np.float32(epsilon)) * scale + b


def _softmax(x: Any, axis: int) -> Any:
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def _slice(x: Any, starts: Any, ends: Any, axes: Any, steps: Any) -> Any:
    keys = [slice(None)] * x.ndim
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        keys[axis] = slice(start, None if step < 0 and end < -x.shape[axis] else end, step)
    return x[tuple(keys)]


def _cumsum(x: Any, axis: Any, reverse: int) -> Any:
    return np.flip(np.cumsum(np.flip(x, axis), axis), axis) if reverse else np.cumsum(x, axis)


def _top_k(x: Any, k: Any, axis: int, largest: int, sorted: int) -> Any:
    assert k[0] == x.shape[axis]
    assert (largest, sorted) == (0, 1)
    return np.sort(x, axis), np.argsort(x, axis)


def _mod(a: Any, b: Any, fmod: int = 0) -> Any:
    return np.fmod(a, b) if fmod else np.mod(a, b)


def _elu(x: Any, alpha: float) -> Any:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))).astype(x.dtype)


def _selu(x: Any, alpha: float, gamma: float) -> Any:
    return (gamma * _elu(x, alpha)).astype(x.dtype)


def _celu(x: Any, alpha: float) -> Any:
    return (np.maximum(x, 0) + np.minimum(0, alpha * np.expm1(x / alpha))).astype(x.dtype)


def _div(a: Any, b: Any) -> Any:
    return a / b if a.dtype.kind == "f" else np.trunc(a / b).astype(a.dtype)


def _hard_sigmoid(x: Any, alpha: float = 1 / 6, beta: float = 0.5) -> Any:
    return np.clip(x * np.float32(alpha) + np.float32(beta), 0, 1)


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


KINDS: dict[str, Any] = {
    "Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": _div, "Pow": np.power, "Max": np.maximum,
    "Min": np.minimum, "Neg": np.negative, "Abs": np.abs, "Sqrt": np.sqrt, "Exp": np.exp, "Log": np.log, "Sin": np.sin,
    "Cos": np.cos, "Tanh": np.tanh, "Atan": np.arctan, "Sign": np.sign, "Floor": np.floor, "Ceil": np.ceil,
    "Round": np.rint, "Identity": lambda x: x, "Greater": np.greater, "GreaterOrEqual": np.greater_equal,
    "Less": np.less, "LessOrEqual": np.less_equal, "Equal": np.equal, "And": np.logical_and, "Or": np.logical_or,
    "Not": np.logical_not, "IsNaN": np.isnan, "IsInf": np.isinf, "Where": np.where, "Mod": _mod,
    "Relu": lambda x: np.maximum(x, 0), "Sigmoid": _sigmoid, "Softplus": lambda x: np.logaddexp(x, 0),
    "Softsign": lambda x: x / (1 + np.abs(x)), "Erf": lambda x: np.vectorize(math.erf)(x).astype(x.dtype),
    "HardSwish": lambda x: x * _hard_sigmoid(x), "HardSigmoid": _hard_sigmoid, "Elu": _elu, "Selu": _selu,
    "Celu": _celu, "LeakyRelu": lambda x, alpha: np.where(x > 0, x, np.float32(alpha) * x), "Softmax": _softmax,
    "LogSoftmax": lambda x, axis: np.log(_softmax(x, axis)), "Clip": np.clip, "Gemm": _gemm, "MatMul": np.matmul,
    "BatchNormalization": _batch_normalization, "LayerNormalization": _layer_normalization,
    "ReduceSum": lambda x, axes, keepdims: x.sum(tuple(axes), keepdims=bool(keepdims)),
    "ReduceMean": lambda x, axes, keepdims: x.mean(tuple(axes), keepdims=bool(keepdims)),
    "ReduceMax": lambda x, axes, keepdims: x.max(tuple(axes), keepdims=bool(keepdims)),
    "ReduceMin": lambda x, axes, keepdims: x.min(tuple(axes), keepdims=bool(keepdims)),
    "ReduceProd": lambda x, axes, keepdims: x.prod(tuple(axes), keepdims=bool(keepdims)),
    "ArgMax": lambda x, axis, keepdims: x.argmax(axis), "ArgMin": lambda x, axis, keepdims: x.argmin(axis),
    "CumSum": _cumsum, "TopK": _top_k, "Reshape": lambda x, shape: x.reshape(shape),
    "Expand": lambda x, shape: x * np.ones(shape, x.dtype), "Transpose": lambda x, perm: x.transpose(perm),
    "Concat": lambda *xs, axis: np.concatenate(xs, axis), "Slice": _slice,
    "Gather": lambda x, i, axis: np.take(x, i, axis), "Unsqueeze": lambda x, axes: np.expand_dims(x, tuple(axes)),
    "Shape": lambda x: np.array(x.shape), "Cast": lambda x, to: x.astype(DTYPES[to]),
}  # fmt: skip
