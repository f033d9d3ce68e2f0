"""Tensors made from nothing: zeros, ones, ranges, unit matrices, with NumPy's names and arguments.

Floats are of the default dtype unless another is asked for.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import as_dtype, shape_of
from .tensor import Tensor


def zeros(shape: Any, dtype: Any = None) -> Tensor:
    """Return a tensor of zeros."""
    return Tensor(np.zeros(shape, as_dtype(dtype)))


def ones(shape: Any, dtype: Any = None) -> Tensor:
    """Return a tensor of ones."""
    return Tensor(np.ones(shape, as_dtype(dtype)))


def full(shape: Any, value: float, dtype: Any = None) -> Tensor:
    """Return a tensor with the same number everywhere."""
    return Tensor(np.full(shape, value, as_dtype(dtype)))


def zeros_like(x: Any) -> Tensor:
    """Return zeros in the shape and dtype of `x`."""
    return Tensor(np.zeros(shape_of(x), np.asarray(x).dtype if isinstance(x, (list, tuple, int, float)) else x.dtype))


def ones_like(x: Any) -> Tensor:
    """Return ones in the shape and dtype of `x`."""
    return Tensor(np.ones(shape_of(x), np.asarray(x).dtype if isinstance(x, (list, tuple, int, float)) else x.dtype))


def eye(rows: int, columns: int | None = None, dtype: Any = None) -> Tensor:
    """Return a matrix with ones on its diagonal and zeros elsewhere."""
    return Tensor(np.eye(rows, columns, dtype=as_dtype(dtype)))


def arange(start: float, stop: float | None = None, step: float = 1, dtype: Any = None) -> Tensor:
    """Return start, start + step, ... below `stop`; with one argument 0, 1, ... below it. Integers give int32."""
    first, last = (0, start) if stop is None else (start, stop)
    whole = all(isinstance(n, (int, np.integer)) for n in (first, last, step))
    kind = as_dtype("int32" if dtype is None and whole else dtype)
    return Tensor(np.arange(first, last, step).astype(kind))


def linspace(start: float, stop: float, count: int = 50, dtype: Any = None) -> Tensor:
    """Return `count` numbers evenly spread from `start` to `stop`, both included."""
    return Tensor(np.linspace(start, stop, count).astype(as_dtype(dtype)))
