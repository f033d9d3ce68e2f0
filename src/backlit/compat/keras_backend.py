"""`keras.backend`: the basics that older notebooks use, over our ops."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..config import clear_session, epsilon, floatx, set_epsilon, set_floatx
from ..losses import binary_crossentropy, categorical_crossentropy, sparse_categorical_crossentropy
from ..random import normal as random_normal
from ..random import uniform as random_uniform
from ..tensor import Variable, ones, ones_like, zeros, zeros_like
from .handles import as_tensor
from .tf_arrays import (
    abs,
    cast,
    cos,
    equal,
    exp,
    greater,
    greater_equal,
    less,
    less_equal,
    maximum,
    minimum,
    not_equal,
    one_hot,
    reshape,
    round,
    shape,
    sigmoid,
    sign,
    sin,
    sqrt,
    square,
    squeeze,
    stack,
    tanh,
    transpose,
)
from .tf_math import log, softmax, softplus
from .tf_nn import elu, relu

__all__ = [
    "abs", "all", "any", "argmax", "batch_set_value", "binary_crossentropy", "cast", "cast_to_floatx",
    "categorical_crossentropy", "clear_session", "clip", "concatenate", "constant", "cos", "count_params", "dot", "elu",
    "epsilon", "equal", "eval", "exp", "expand_dims", "flatten", "floatx", "get_value", "greater", "greater_equal",
    "image_data_format", "int_shape", "is_tensor", "less", "less_equal", "log", "max", "maximum", "mean", "min",
    "minimum", "ndim", "not_equal", "one_hot", "ones", "ones_like", "pow", "random_normal", "random_uniform", "relu",
    "reshape",
    "round", "set_epsilon", "set_floatx", "set_value", "shape", "sigmoid", "sign", "sin", "softmax", "softplus",
    "sparse_categorical_crossentropy", "sqrt", "square", "squeeze", "stack", "std", "sum", "switch", "tanh",
    "transpose", "var", "variable", "zeros", "zeros_like",
]  # fmt: skip


def expand_dims(x: Any, axis: int = -1) -> Any:
    """Return x with one more axis of size 1, the last one unless said otherwise."""
    return ops.expand_dims(as_tensor(x), axis)


def image_data_format() -> str:
    """Return where the channels of pictures stand: last."""
    return "channels_last"


def sum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the sum over an axis, or over all."""
    return ops.sum(as_tensor(x), axis=axis, keepdims=keepdims)


def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the mean over an axis, or over all; truth values count as 0 and 1."""
    x = as_tensor(x)
    return ops.mean(ops.cast(x, dtype=floatx()) if x.dtype.kind == "b" else x, axis=axis, keepdims=keepdims)


def max(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the greatest number along an axis, or of all."""
    return ops.max(as_tensor(x), axis=axis, keepdims=keepdims)


def min(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the smallest number along an axis, or of all."""
    return ops.min(as_tensor(x), axis=axis, keepdims=keepdims)


def std(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the standard deviation along an axis, or of all."""
    return ops.std(as_tensor(x), axis=axis, keepdims=keepdims)


def var(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the variance along an axis, or of all."""
    return ops.variance(as_tensor(x), axis=axis, keepdims=keepdims)


def any(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Say whether one is true."""
    return ops.any(ops.not_equal(as_tensor(x), 0), axis=axis, keepdims=keepdims)


def all(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Say whether all are true."""
    return ops.all(ops.not_equal(as_tensor(x), 0), axis=axis, keepdims=keepdims)


def dot(x: Any, y: Any) -> Any:
    """Return the matrix product."""
    return ops.matmul(as_tensor(x), as_tensor(y))


def pow(x: Any, a: Any) -> Any:
    """Return x to the power a."""
    return ops.power(as_tensor(x), a)


def clip(x: Any, min_value: Any, max_value: Any) -> Any:
    """Return the numbers held between two limits."""
    return ops.minimum(ops.maximum(as_tensor(x), min_value), max_value)


def concatenate(tensors: Any, axis: int = -1) -> Any:
    """Return the tensors one behind the other."""
    return ops.concatenate([as_tensor(t) for t in tensors], axis=axis)


def flatten(x: Any) -> Any:
    """Return all numbers in one row."""
    return ops.reshape(as_tensor(x), (-1,))


def argmax(x: Any, axis: int = -1) -> Any:
    """Return where the greatest number is along an axis, the last by default."""
    return cast(ops.argmax(as_tensor(x), axis=axis), "int64")


def switch(condition: Any, then_expression: Any, else_expression: Any) -> Any:
    """Return one of two where a condition holds, the other elsewhere."""
    one, other = (e() if callable(e) else e for e in (then_expression, else_expression))
    return ops.where(as_tensor(condition), as_tensor(one), as_tensor(other))


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str | None = None) -> Any:
    """Return a tensor of the default float, or of another dtype."""
    from .tf import constant as ours

    return ours(value, dtype or floatx(), shape)


def variable(value: Any, dtype: Any = None, name: str | None = None, constraint: Any = None) -> Variable:
    """Return a Variable."""
    return Variable(value, name=name, dtype=dtype or floatx())


def get_value(x: Any) -> Any:
    """Return the numbers of a Variable or a tensor."""
    return x.numpy() if hasattr(x, "numpy") else x


eval = get_value


def set_value(x: Any, value: Any) -> None:
    """Give a Variable other numbers."""
    x.assign(value)


def batch_set_value(tuples: Any) -> None:
    """Give several Variables other numbers."""
    for x, value in tuples:
        x.assign(value)


def cast_to_floatx(x: Any) -> Any:
    """Return an array of the default float."""
    return np.asarray(x, floatx())


def int_shape(x: Any) -> tuple[Any, ...]:
    """Return the shape as a tuple."""
    return tuple(x.shape)


def ndim(x: Any) -> int:
    """Return how many axes there are."""
    return len(x.shape)


def count_params(x: Any) -> int:
    """Return how many numbers there are."""
    return int(np.prod(x.shape))


def is_tensor(x: Any) -> bool:
    """Say whether `x` is a tensor or a Variable."""
    return hasattr(x, "apply_op")
