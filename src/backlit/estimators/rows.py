"""Rows of an estimator's data: inputs, targets and weights that are cut, split and made dense together.

Everything here is checked data; what users gave was checked by scikit-learn's own `validate_data` before.
"""

from __future__ import annotations

from numbers import Number
from typing import Any, NamedTuple

import numpy as np

from ..arrays import Array
from ..errors import DataError, ShapeError
from .scikit import check_array, check_consistent_length, train_test_split, validate_data


class Rows(NamedTuple):
    """X: (n, features), maybe sparse; y: (n,) or (n, outputs); weight: (n,), or None where all count the same."""

    X: Any
    y: Array
    weight: Array | None

    def without_zero_weights(self) -> Rows:
        """Return the rows that count: a weight of 0 is the same as a row that is not there."""
        if self.weight is None or (self.weight > 0).all():
            return self
        keep = np.flatnonzero(self.weight > 0)
        if not len(keep):
            raise DataError("All sample weights are zero. Expected at least one row that counts.")
        return Rows(self.X[keep], self.y[keep], self.weight[keep])


def weighted(sample_weight: Any, X: Any) -> Array | None:
    """Return the weights (n,), or None for None; negative ones raise `DataError`, other shapes `ShapeError`."""
    if sample_weight is None:
        return None
    if isinstance(sample_weight, Number):
        return np.full(X.shape[0], float(sample_weight))  # type: ignore[arg-type]
    weight = check_array(sample_weight, ensure_2d=False, dtype=np.float64, input_name="sample_weight")
    if weight.shape != (X.shape[0],):
        raise ShapeError(f"sample_weight has shape {weight.shape}. Expected ({X.shape[0]},), a weight for each row.")
    if (weight < 0).any():
        row = int(np.argmax(weight < 0))
        raise DataError(f"sample_weight is {weight[row]} in row {row}. Expected weights from 0 on.")
    return weight


def dense(X: Any, dtype: str) -> Array:
    """Return the inputs as an array whose rows lie in memory in order; sparse ones in the network's dtype."""
    return X.astype(dtype).toarray() if hasattr(X, "toarray") else np.ascontiguousarray(X)


def split(rows: Rows, fraction: float, seed: int, by_class: bool) -> tuple[Rows, Rows]:
    """Return (training, validation); `by_class` keeps the share of each class in both, where y is one column."""
    count = np.arange(rows.X.shape[0])
    classes = rows.y if by_class and rows.y.ndim == 1 else None
    train, held = train_test_split(count, test_size=fraction, random_state=seed, stratify=classes)
    first, second = (
        Rows(rows.X[part], rows.y[part], None if rows.weight is None else rows.weight[part]) for part in (train, held)
    )
    return first, second


def validation_rows(estimator: Any, X: Any, y: Any, sample_weight: Any) -> Rows:
    """Return the rows a user gave to validate with, checked against those to train on."""
    X = validate_data(estimator, X, reset=False, accept_sparse="csr", dtype="numeric")
    y = check_array(y, accept_sparse="csr", ensure_2d=False, dtype=None, input_name="y_val")
    check_consistent_length(X, y)
    return Rows(X, estimator._checked_targets(y), weighted(sample_weight, X))
