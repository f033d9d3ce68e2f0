"""Accuracies: the share of predictions that are right, for each way of writing targets down.

The functions give 1 or 0 for each prediction, the classes take the mean.
"""

from __future__ import annotations

import math
from typing import Any

from .. import ops
from ..arrays import floatx
from ..errors import ConfigError, ShapeError
from ..losses.cross_entropy import class_numbers, one_hot_targets
from ..losses.loss import aligned, as_float, matched
from ..ops import equal, isfinite, logical_and, where
from ..tensor import Tensor, as_tensor
from .mean import RuleMetric


def accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """Return 1 where y_true equals y_pred, else 0; shapes that differ raise `ShapeError`."""
    t, p = aligned(as_tensor(y_true), as_tensor(y_pred))
    if t.shape != p.shape:
        raise ShapeError(f"y_true has shape {t.shape} and y_pred has shape {p.shape}. Expected equal shapes.")
    return _ones(equal(t, p))


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Tensor:
    """Return 1 where y_true is 1 and y_pred above `threshold`, or y_true is 0 and it is not; else 0."""
    t, p = matched(y_true, y_pred)
    return _ones(equal(t, ops.cast(p > threshold, dtype=p.dtype.name)))


def categorical_accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """Return 1 where the greatest of y_pred stands at the class of the one-hot row of y_true, else 0."""
    p = as_float(y_pred)
    t = one_hot_targets(y_true, p)
    return _ones(equal(ops.argmax(t, -1), ops.argmax(p, -1)))


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """Return 1 where the greatest of y_pred stands at the class number y_true, else 0."""
    p = as_float(y_pred)
    labels = class_numbers(y_true, p, len(p.shape) - 1)
    return _ones(equal(labels, ops.argmax(p, -1)))


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Tensor:
    """Return 1 where the class of the one-hot row of y_true is among the `k` greatest of y_pred, else 0."""
    p = as_float(y_pred)
    return _among_top(ops.argmax(one_hot_targets(y_true, p), -1), p, k)


def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Tensor:
    """Return 1 where the class number y_true is among the `k` greatest of y_pred, else 0."""
    p = as_float(y_pred)
    return _among_top(class_numbers(y_true, p, len(p.shape) - 1), p, k)


def _among_top(labels: Any, p: Tensor, k: int) -> Tensor:
    """A class is among the top k if fewer than k others have a greater score; a score of NaN never is."""
    here = ops.one_hot(labels, p.shape[-1], p.dtype.name) > 0
    score = ops.max(where(here, p, -math.inf), -1, keepdims=True)
    greater = ops.sum(ops.cast(p > score, dtype=p.dtype.name), -1)
    return _ones(logical_and(greater < k, isfinite(ops.squeeze(score, -1))))


def _ones(right: Any) -> Tensor:
    return ops.cast(right, dtype=floatx())


class Accuracy(RuleMetric):
    """How often y_pred equals y_true."""

    rule, direction = accuracy, "up"


class BinaryAccuracy(RuleMetric):
    """How often y_pred is above `threshold` (strictly) exactly where y_true is 1."""

    rule, direction = binary_accuracy, "up"

    def __init__(self, name: str | None = None, dtype: Any = None, threshold: float = 0.5) -> None:
        if not 0 <= threshold <= 1:
            raise ConfigError(f"threshold is {threshold!r}. Expected a number from 0 to 1.")
        self._set(name, dtype, threshold=threshold)


class CategoricalAccuracy(RuleMetric):
    """How often the most probable class is the right one; targets are one-hot."""

    rule, direction = categorical_accuracy, "up"


class SparseCategoricalAccuracy(RuleMetric):
    """How often the most probable class is the right one; targets are class numbers."""

    rule, direction = sparse_categorical_accuracy, "up"


def _counted(k: Any) -> int:
    if isinstance(k, bool) or not isinstance(k, int) or k < 1:
        raise ConfigError(f"A top-k accuracy needs a positive integer, got k={k!r}.")
    return k


class TopKCategoricalAccuracy(RuleMetric):
    """How often the right class is among the `k` most probable; targets are one-hot."""

    rule, direction = top_k_categorical_accuracy, "up"

    def __init__(self, k: int = 5, name: str | None = None, dtype: Any = None) -> None:
        self._set(name, dtype, k=_counted(k))


class SparseTopKCategoricalAccuracy(RuleMetric):
    """How often the right class is among the `k` most probable; targets are class numbers."""

    rule, direction = sparse_top_k_categorical_accuracy, "up"

    def __init__(self, k: int = 5, name: str | None = None, dtype: Any = None) -> None:
        self._set(name, dtype, k=_counted(k))
