"""The matrix product, the heart of a dense layer.

Either factor can be read transposed, so the backward pass needs no transposed copies.
"""

from __future__ import annotations

import math

import numpy as np

from ..arrays import Array, broadcast_shape, shape_of
from ..errors import ShapeError
from .op import Spec, Value, apply, arithmetic_spec, backward_of, primitive
from .shape import reshape, squeeze, sum_to


def _product_spec(a: Spec, b: Spec, transpose_a: bool, transpose_b: bool) -> Spec:
    rows, inner_a = a.shape[-2:][::-1] if transpose_a else a.shape[-2:]
    inner_b, columns = b.shape[-2:][::-1] if transpose_b else b.shape[-2:]
    if inner_a != inner_b:
        raise ShapeError(
            f"Cannot multiply matrices of shapes {a.shape}{' transposed' * transpose_a} and "
            f"{b.shape}{' transposed' * transpose_b}: the inner sizes {inner_a} and {inner_b} must be equal."
        )
    lead = broadcast_shape(a.shape[:-2], b.shape[:-2])
    return Spec((*lead, rows, columns), arithmetic_spec(Spec((), a.dtype), Spec((), b.dtype)).dtype)


@primitive("matrix", _product_spec)
def _matmul(a: Value, b: Value, transpose_a: bool = False, transpose_b: bool = False) -> Array:
    """y = a b, with a or b read transposed where asked"""
    return np.matmul(a.swapaxes(-1, -2) if transpose_a else a, b.swapaxes(-1, -2) if transpose_b else b)


_matmul.name = "matmul"


@backward_of(_matmul)
def matmul_backward(
    dy: Value, y: Value, a: Value, b: Value, transpose_a: bool, transpose_b: bool
) -> tuple[Value, Value]:
    """y = a b: da = dy bᵀ and db = aᵀ dy; where a factor is read transposed its gradient comes out transposed."""
    da = _product(b, dy, transpose_b, True) if transpose_a else _product(dy, b, False, not transpose_b)
    da = sum_to(da, a.shape)
    if len(b.shape) == 2 and len(a.shape) > 2 and not transpose_a:  # many matrices, one weight: one tall product
        a, dy = (reshape(v, (math.prod(v.shape[:-1]), v.shape[-1])) for v in (a, dy))
    db = _product(dy, a, True, transpose_a) if transpose_b else _product(a, dy, not transpose_a, False)
    return da, sum_to(db, b.shape)


def _product(a: Value, b: Value, transpose_a: bool, transpose_b: bool) -> Value:
    return apply(_matmul, (a, b), {"transpose_a": transpose_a, "transpose_b": transpose_b})


def matmul(a: Value, b: Value, transpose_a: bool = False, transpose_b: bool = False) -> Value:
    """Return the matrix product of the last two axes; a vector counts as one row (left) or one column (right).

    Shapes: (..., m, k) and (..., k, n) give (..., m, n). Inner sizes that differ raise `ShapeError`.
    """
    rank_a, rank_b = len(shape_of(a)), len(shape_of(b))
    if rank_a == 0 or rank_b == 0:
        raise ShapeError(f"matmul needs vectors or matrices, got shapes {shape_of(a)} and {shape_of(b)}.")
    if rank_a == 1:
        return squeeze(matmul(reshape(a, (1, shape_of(a)[0])), b, False, transpose_b), -2 if rank_b > 1 else 0)
    if rank_b == 1:
        return squeeze(_product(a, reshape(b, (shape_of(b)[0], 1)), transpose_a, False), -1)
    return _product(a, b, transpose_a, transpose_b)
