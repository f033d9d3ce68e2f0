"""`tensorflow.math`: element-wise functions and sums, most of them our ops as they are."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import activations, ops
from ..tensor import Tensor
from .handles import as_tensor, lifted
from .tf_arrays import (
    abs,
    acos,
    add,
    argmax,
    argmin,
    asin,
    atan,
    cos,
    cumsum,
    divide,
    equal,
    exp,
    floor,
    greater,
    greater_equal,
    less,
    less_equal,
    logical_and,
    logical_not,
    logical_or,
    maximum,
    minimum,
    multiply,
    negative,
    not_equal,
    pow,
    round,
    sign,
    sin,
    sqrt,
    square,
    subtract,
    tanh,
)

__all__ = [
    "abs", "acos", "add", "add_n", "argmax", "argmin", "asin", "atan", "bincount", "ceil", "confusion_matrix", "cos",
    "count_nonzero", "cumsum", "divide", "divide_no_nan", "equal", "erf", "erfc", "exp", "expm1", "floor", "floordiv",
    "floormod", "greater", "greater_equal", "in_top_k", "is_finite", "is_nan", "l2_normalize", "less", "less_equal",
    "log", "log1p", "log_sigmoid", "log_softmax", "logical_and", "logical_not", "logical_or", "maximum", "minimum",
    "mod", "multiply", "multiply_no_nan", "negative", "not_equal", "pow", "reciprocal", "round", "rsqrt", "sigmoid",
    "sign", "sin", "softmax", "softplus", "softsign", "sqrt", "square", "squared_difference", "subtract", "tan",
    "tanh", "top_k", "xlogy",
]  # fmt: skip
ceil, erf, erfc, expm1, log, log1p = (lifted(op) for op in (ops.ceil, ops.erf, ops.erfc, ops.expm1, ops.log, ops.log1p))
log_softmax, mod, softmax = (lifted(op) for op in (ops.log_softmax, ops.mod, ops.softmax))
sigmoid, softplus, softsign = (lifted(f) for f in (activations.sigmoid, activations.softplus, activations.softsign))
is_finite, is_nan, floordiv = lifted(ops.isfinite), lifted(ops.isnan), lifted(ops.floor_divide)
floormod = mod


def add_n(inputs: Any, name: str | None = None) -> Any:
    """Return the sum of tensors of one shape."""
    total = as_tensor(inputs[0])
    for one in inputs[1:]:
        total = total + one
    return total


def squared_difference(x: Any, y: Any, name: str | None = None) -> Any:
    """Return (x - y)²."""
    return ops.square(as_tensor(x) - y)


def rsqrt(x: Any, name: str | None = None) -> Any:
    """Return 1 / sqrt(x)."""
    return 1.0 / ops.sqrt(as_tensor(x))


def reciprocal(x: Any, name: str | None = None) -> Any:
    """Return 1 / x."""
    return 1.0 / as_tensor(x)


def tan(x: Any, name: str | None = None) -> Any:
    """Return sin(x) / cos(x)."""
    x = as_tensor(x)
    return ops.sin(x) / ops.cos(x)


def log_sigmoid(x: Any, name: str | None = None) -> Any:
    """Return log(1 / (1 + exp(-x)))."""
    return -softplus(-as_tensor(x))


def divide_no_nan(x: Any, y: Any, name: str | None = None) -> Any:
    """Return x / y, and 0 where y is 0."""
    x, y = as_tensor(x), as_tensor(y)
    zero = ops.equal(y, 0.0)
    return ops.where(zero, 0.0 * y, x / ops.where(zero, 1.0 + 0.0 * y, y))


def multiply_no_nan(x: Any, y: Any, name: str | None = None) -> Any:
    """Return x * y, and 0 where y is 0 whatever x is."""
    x, y = as_tensor(x), as_tensor(y)
    return ops.where(ops.equal(y, 0.0), 0.0 * y, x * y)


def xlogy(x: Any, y: Any, name: str | None = None) -> Any:
    """Return x log(y), and 0 where x is 0."""
    x, y = as_tensor(x), as_tensor(y)
    zero = ops.equal(x, 0.0)
    return ops.where(zero, 0.0 * x, x * ops.log(ops.where(zero, 1.0 + 0.0 * y, y)))


def l2_normalize(x: Any, axis: Any = None, epsilon: float = 1e-12, name: str | None = None) -> Any:
    """Return x / sqrt(max(sum x², epsilon))."""
    x = as_tensor(x)
    return x / ops.sqrt(ops.maximum(ops.sum(ops.square(x), axis=axis, keepdims=True), epsilon))


def count_nonzero(input: Any, axis: Any = None, keepdims: bool = False, dtype: Any = "int64") -> Any:
    """Return how many numbers are not 0."""
    counted = ops.cast(ops.not_equal(as_tensor(input), 0), dtype=np.dtype(dtype).name)
    return ops.sum(counted, axis=axis, keepdims=keepdims)


def bincount(arr: Any, weights: Any = None, minlength: int | None = None, dtype: Any = "int32") -> Tensor:
    """Return how often each of 0, 1, 2, ... comes."""
    array = np.asarray(arr).reshape(-1)
    counted = np.bincount(array, None if weights is None else np.asarray(weights).reshape(-1), minlength or 0)
    return Tensor(counted.astype(dtype if weights is None else np.asarray(weights).dtype))


def confusion_matrix(
    labels: Any, predictions: Any, num_classes: int | None = None, weights: Any = None, dtype: Any = "int32"
) -> Tensor:
    """Return how often a label (row) was predicted as each class (column)."""
    rows, columns = (np.asarray(a).reshape(-1).astype(np.int64) for a in (labels, predictions))
    classes = num_classes or int(max(rows.max(), columns.max())) + 1
    found = np.zeros((classes, classes), dtype)
    np.add.at(found, (rows, columns), 1 if weights is None else np.asarray(weights).reshape(-1))
    return Tensor(found)


def top_k(input: Any, k: int = 1, sorted: bool = True, name: str | None = None) -> tuple[Any, Tensor]:
    """Return the k greatest numbers of each row, the greatest first, and their places."""
    array = as_tensor(input).numpy()
    places = np.argsort(-array, axis=-1, kind="stable")[..., :k]
    return Tensor(np.take_along_axis(array, places, -1)), Tensor(places.astype(np.int32))


def in_top_k(targets: Any, predictions: Any, k: int, name: str | None = None) -> Tensor:
    """Say for each row whether fewer than k numbers are greater than that of the target."""
    scores, rows = np.asarray(predictions), np.asarray(targets).astype(np.int64)
    own = np.take_along_axis(scores, rows[:, None], 1)
    return Tensor((scores > own).sum(axis=1) < k)
