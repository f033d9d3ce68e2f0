"""How each op is said in ONNX (opset 17): a table from the names of ops to what they write.

A word takes the writer, the node and the names of its inputs, and returns the name of the value. Composite ops are here
only where ONNX has one node for them; that rounds otherwise, so float64 takes them apart.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ...arrays import DType
from ...graph import Node
from .slicing import resolved

if TYPE_CHECKING:
    from .onnx_graph import Writer

Word: TypeAlias = "Callable[[Writer, Node, list[str]], str]"

ARITHMETIC = {
    "add": "Add", "subtract": "Sub", "multiply": "Mul", "divide": "Div", "power": "Pow", "maximum": "Max",
    "minimum": "Min", "negative": "Neg", "absolute": "Abs", "sqrt": "Sqrt", "exp": "Exp", "log": "Log", "sin": "Sin",
    "cos": "Cos", "tanh": "Tanh", "arctan": "Atan", "sign": "Sign", "floor": "Floor", "ceil": "Ceil", "round": "Round",
    "stop_gradient": "Identity",
}  # fmt: skip
COMPARISONS = {
    "greater": "Greater", "greater_equal": "GreaterOrEqual", "less": "Less", "less_equal": "LessOrEqual",
    "equal": "Equal",
}  # fmt: skip
LOGIC = {"logical_and": "And", "logical_or": "Or", "logical_not": "Not"}
ACTIVATIONS: dict[str, tuple[str, dict[str, Any]]] = {  # the node, and its attributes beside those of the op
    "relu": ("Relu", {}), "sigmoid": ("Sigmoid", {}), "softplus": ("Softplus", {}), "softsign": ("Softsign", {}),
    "erf": ("Erf", {}), "hard_silu": ("HardSwish", {}), "elu": ("Elu", {}), "celu": ("Celu", {}),
    "leaky_relu": ("LeakyRelu", {}), "softmax": ("Softmax", {}), "log_softmax": ("LogSoftmax", {}),
    "hard_sigmoid": ("HardSigmoid", {"alpha": 1.0 / 6.0, "beta": 0.5}),
    "selu": ("Selu", {"alpha": 1.6732632423543772, "gamma": 1.0507009873554805}),
}  # fmt: skip
RENAMED = {"negative_slope": "alpha"}
REDUCTIONS = {"mean": "ReduceMean", "max": "ReduceMax", "min": "ReduceMin", "prod": "ReduceProd"}


def is_exact(node: Node) -> bool:
    """Say whether the word for an op is as exact as its dtype: the composite ones are so for float32 only."""
    if node.op.name == "normalize" and node.attrs["axes"] != (len(node.shape) - 1,):
        return False
    return node.op.body is None or node.dtype == np.float32


def _arithmetic(w: Writer, node: Node, x: list[str]) -> str:
    return w.op(ARITHMETIC[node.op.name], *_alike(w, node, x, node.dtype))


def _alike(w: Writer, node: Node, x: list[str], dtype: DType) -> list[str]:
    return [w.cast(name, below.dtype, dtype) for name, below in zip(x, node.inputs, strict=True)]


def _compared(w: Writer, node: Node, x: list[str]) -> list[str]:
    common = np.result_type(*(below.dtype for below in node.inputs))
    return _alike(w, node, x, np.dtype(np.int32) if common.kind == "b" else common)


def _comparison(w: Writer, node: Node, x: list[str]) -> str:
    return w.op(COMPARISONS[node.op.name], *_compared(w, node, x))


def _not_equal(w: Writer, node: Node, x: list[str]) -> str:
    return w.op("Not", w.op("Equal", *_compared(w, node, x)))


def _logic(w: Writer, node: Node, x: list[str]) -> str:
    return w.op(LOGIC[node.op.name], *_alike(w, node, x, np.dtype(bool)))


def _activation(w: Writer, node: Node, x: list[str]) -> str:
    kind, attrs = ACTIVATIONS[node.op.name]
    own = {RENAMED.get(name, name): value for name, value in node.attrs.items()}
    return w.op(kind, *_alike(w, node, x, node.dtype), **own, **attrs)


def _erfc(w: Writer, node: Node, x: list[str]) -> str:
    return w.op("Sub", w.tensor(1, node.dtype), w.op("Erf", *_alike(w, node, x, node.dtype)))


def _clip(w: Writer, node: Node, x: list[str]) -> str:
    [value] = _alike(w, node, x, node.dtype)
    return w.op("Clip", value, w.tensor(node.attrs["low"], node.dtype), w.tensor(node.attrs["high"], node.dtype))


def _normalize(w: Writer, node: Node, x: list[str]) -> str:
    scale = w.tensor(np.ones(node.shape[-1:]), node.dtype)
    [value] = _alike(w, node, x, node.dtype)
    return w.op("LayerNormalization", value, scale, axis=-1, epsilon=float(node.attrs["epsilon"]))


def _square(w: Writer, node: Node, x: list[str]) -> str:
    return w.op("Mul", x[0], x[0])


def _expm1(w: Writer, node: Node, x: list[str]) -> str:
    return w.op("Sub", w.op("Exp", *_alike(w, node, x, node.dtype)), w.tensor(1, node.dtype))


def _log1p(w: Writer, node: Node, x: list[str]) -> str:
    return w.op("Log", w.op("Add", *_alike(w, node, x, node.dtype), w.tensor(1, node.dtype)))


def _remainder(w: Writer, a: str, b: str, dtype: DType) -> str:
    """The remainder with the sign of the divisor, as in Python."""
    if dtype.kind != "f":
        return w.op("Mod", a, b)
    rest, zero = w.op("Mod", a, b, fmod=1), w.tensor(0, dtype)
    away = w.op("Less", w.op("Mul", w.op("Sign", rest), w.op("Sign", b)), zero)
    return w.op("Where", away, w.op("Add", rest, b), rest)


def _mod(w: Writer, node: Node, x: list[str]) -> str:
    a, b = _alike(w, node, x, node.dtype)
    return _remainder(w, a, b, node.dtype)


def _floor_divide(w: Writer, node: Node, x: list[str]) -> str:
    a, b = _alike(w, node, x, node.dtype)
    whole = w.op("Div", w.op("Sub", a, _remainder(w, a, b, node.dtype)), b)
    return w.op("Round", whole) if node.dtype.kind == "f" else whole


def _isfinite(w: Writer, node: Node, x: list[str]) -> str:
    return w.op("Not", w.op("Or", w.op("IsNaN", x[0]), w.op("IsInf", x[0])))


def _where(w: Writer, node: Node, x: list[str]) -> str:
    dtypes = (np.dtype(bool), node.dtype, node.dtype)
    return w.op("Where", *(w.cast(n, below.dtype, d) for n, below, d in zip(x, node.inputs, dtypes, strict=True)))


def _cast(w: Writer, node: Node, x: list[str]) -> str:
    return w.cast(x[0], node.inputs[0].dtype, node.dtype)


def _matmul(w: Writer, node: Node, x: list[str]) -> str:
    factors = _alike(w, node, x, node.dtype)
    for i, side in enumerate(("a", "b")):
        if node.attrs[f"transpose_{side}"]:
            *lead, rows, columns = range(len(node.inputs[i].shape))
            factors[i] = w.op("Transpose", factors[i], perm=(*lead, columns, rows))
    return w.op("MatMul", *factors)


def _reduction(w: Writer, node: Node, x: list[str]) -> str:
    axes, keep = node.attrs["axes"], int(node.attrs["keepdims"])
    [value] = _alike(w, node, x, node.dtype)
    if node.op.name == "sum":
        return w.op("ReduceSum", value, w.whole(axes), keepdims=keep)
    return w.op(REDUCTIONS[node.op.name], value, axes=axes, keepdims=keep)


def _truth(w: Writer, node: Node, x: list[str]) -> str:
    numbers = w.cast(w.cast(x[0], node.inputs[0].dtype, node.dtype), node.dtype, np.dtype(np.int32))
    kind = "ReduceMax" if node.op.name == "any" else "ReduceMin"
    found = w.op(kind, numbers, axes=node.attrs["axes"], keepdims=int(node.attrs["keepdims"]))
    return w.cast(found, np.dtype(np.int32), node.dtype)


def _place(w: Writer, node: Node, x: list[str]) -> str:
    return w.op("ArgMax" if node.op.name == "argmax" else "ArgMin", x[0], axis=node.attrs["axis"], keepdims=0)


def _cumsum(w: Writer, node: Node, x: list[str]) -> str:
    axis = w.tensor(node.attrs["axis"], "int64")
    return w.op("CumSum", x[0], axis, reverse=int(node.attrs["reverse"]))


def _sort(w: Writer, node: Node, x: list[str]) -> str:
    axis = node.attrs["axis"]
    size = node.shape[axis]
    count = w.batch_size() if size is None else w.whole([size])
    return w.op("TopK", x[0], count, values=2, axis=axis, largest=0, sorted=1)


def _sizes(node: Node) -> list[int]:
    return [-1 if n is None else n for n in node.shape]


def _reshape(w: Writer, node: Node, x: list[str]) -> str:
    return w.op("Reshape", x[0], w.whole(_sizes(node)))


def _broadcast_to(w: Writer, node: Node, x: list[str]) -> str:
    if None in node.shape and None not in node.inputs[0].shape:
        parts = [w.batch_size() if n is None else w.whole([n]) for n in node.shape]
        return w.op("Expand", x[0], w.op("Concat", *parts, axis=0))
    return w.op("Expand", x[0], w.whole(1 if n is None else n for n in node.shape))


def _transpose(w: Writer, node: Node, x: list[str]) -> str:
    return w.op("Transpose", x[0], perm=node.attrs["axes"])


def _concatenate(w: Writer, node: Node, x: list[str]) -> str:
    return w.op("Concat", *_alike(w, node, x, node.dtype), axis=node.attrs["axis"] % len(node.shape))


def _take_slice(w: Writer, node: Node, x: list[str]) -> str:
    cuts = {axis: cut for axis, cut in enumerate(resolved(node)) if not cut.is_whole}
    if cuts:
        ends = ([cut.start for cut in cuts.values()], [cut.end for cut in cuts.values()])
        x = [w.op("Slice", x[0], *map(w.whole, (*ends, cuts, [cut.step for cut in cuts.values()])))]
    return w.op("Reshape", x[0], w.whole(_sizes(node)))


def _gather(w: Writer, node: Node, x: list[str]) -> str:
    return w.op("Gather", *x, axis=node.attrs["axis"])


def _one_hot(w: Writer, node: Node, x: list[str]) -> str:
    long = w.cast(x[0], node.inputs[0].dtype, np.dtype(np.int64))
    column = w.op("Unsqueeze", long, w.whole([-1]))
    same = w.op("Equal", column, w.whole(range(node.attrs["num_classes"])))
    return w.cast(same, np.dtype(bool), node.dtype)


def _length(w: Writer, node: Node, x: list[str]) -> str:
    shape = w.op("Gather", w.op("Shape", x[0]), w.whole(node.attrs["axes"]), axis=0)
    return w.cast(w.op("ReduceProd", shape, axes=(0,), keepdims=0), np.dtype(np.int64), node.dtype)


WORDS: dict[str, Word] = {
    **dict.fromkeys(ARITHMETIC, _arithmetic),
    **dict.fromkeys(COMPARISONS, _comparison),
    **dict.fromkeys(LOGIC, _logic),
    **dict.fromkeys(ACTIVATIONS, _activation),
    **dict.fromkeys((*REDUCTIONS, "sum"), _reduction),
    **dict.fromkeys(("any", "all"), _truth),
    **dict.fromkeys(("argmax", "argmin"), _place),
    "not_equal": _not_equal, "square": _square, "expm1": _expm1, "log1p": _log1p, "mod": _mod,
    "floor_divide": _floor_divide, "isnan": lambda w, node, x: w.op("IsNaN", x[0]), "isfinite": _isfinite,
    "where": _where, "cast": _cast, "clip": _clip, "erfc": _erfc, "normalize": _normalize, "matmul": _matmul,
    "cumsum": _cumsum, "sort": _sort, "reshape": _reshape, "broadcast_to": _broadcast_to, "transpose": _transpose,
    "concatenate": _concatenate, "take_slice": _take_slice, "gather": _gather, "one_hot": _one_hot, "length": _length,
}  # fmt: skip
