"""`tensorflow.linalg`: products and norms; decompositions are NumPy's, without gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..tensor import Tensor
from .handles import as_tensor
from .tf_arrays import eye, global_norm, matmul, norm, tensordot
from .tf_math import l2_normalize

__all__ = [
    "det",
    "diag",
    "eye",
    "global_norm",
    "inv",
    "l2_normalize",
    "matmul",
    "matrix_transpose",
    "matvec",
    "norm",
    "tensordot",
    "trace",
]


def matvec(a: Any, b: Any, transpose_a: bool = False) -> Any:
    """Return the product of a matrix and a vector."""
    found = ops.matmul(as_tensor(a), ops.expand_dims(as_tensor(b), axis=-1), transpose_a=transpose_a)
    return ops.squeeze(found, axis=-1)


def matrix_transpose(a: Any, name: str | None = None) -> Any:
    """Return a with its last two axes changed."""
    a = as_tensor(a)
    axes = list(range(len(a.shape)))
    axes[-2:] = axes[:-3:-1]
    return ops.transpose(a, axes=tuple(axes))


def trace(x: Any, name: str | None = None) -> Any:
    """Return the sum of the diagonal."""
    x = as_tensor(x)
    return ops.sum(x * np.eye(*x.shape[-2:], dtype=x.dtype), axis=(-2, -1))


def diag(diagonal: Any, name: str = "diag") -> Any:
    """Return a matrix with these numbers on its diagonal."""
    d = as_tensor(diagonal)
    return ops.expand_dims(d, axis=-1) * np.eye(d.shape[-1], dtype=d.dtype)


def inv(input: Any, adjoint: bool = False, name: str | None = None) -> Tensor:
    """Return the inverse of a matrix."""
    return Tensor(np.linalg.inv(as_tensor(input).numpy()))


def det(input: Any, name: str | None = None) -> Tensor:
    """Return the determinant of a matrix."""
    return Tensor(np.linalg.det(as_tensor(input).numpy()))
