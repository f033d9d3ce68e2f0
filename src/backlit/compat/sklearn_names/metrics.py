"""`sklearn.metrics` where scikit-learn is not installed: what is right, and what is taken for what."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...arrays import Array
from ...errors import ShapeError

__all__ = ["accuracy_score", "confusion_matrix"]


def accuracy_score(y_true: Any, y_pred: Any, *, normalize: bool = True) -> float:
    """Return the share (or with `normalize=False` the number) of rows in which both are the same."""
    true, predicted = _matched(y_true, y_pred)
    right = (true == predicted).reshape(len(true), -1).all(axis=1)
    return float(right.mean() if normalize else right.sum())


def confusion_matrix(y_true: Any, y_pred: Any, *, labels: Any = None) -> Array:
    """Return how often a label (row) was predicted as each (column); labels in sorted order unless given."""
    true, predicted = _matched(y_true, y_pred)
    names = np.unique(np.concatenate([true, predicted])) if labels is None else np.asarray(labels)
    return np.array([[int(((true == row) & (predicted == column)).sum()) for column in names] for row in names])


def _matched(y_true: Any, y_pred: Any) -> tuple[Array, Array]:
    true, predicted = np.asarray(y_true), np.asarray(y_pred)
    if true.shape != predicted.shape or not true.ndim:
        raise ShapeError(f"y_true has shape {true.shape}, y_pred {predicted.shape}. Expected one shape: class numbers.")
    return true, predicted
