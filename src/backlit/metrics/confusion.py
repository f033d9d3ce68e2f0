"""True and false positives and negatives at one or more thresholds, and what is made of them: precision and recall.

A prediction is positive if it is strictly above the threshold.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

from .. import ops
from ..errors import ConfigError, ShapeError
from ..losses.loss import divide_no_nan, matched
from ..ops import cast, equal, expand_dims, logical_and, logical_not, logical_or, where
from ..tensor import Tensor, as_tensor
from .metric import Metric

KINDS = ("true_positives", "false_positives", "true_negatives", "false_negatives")


class Counts:
    """The four counts of one batch, each of shape (thresholds,), or (thresholds, labels) with `by_label`.

    Each is computed when it is asked for. `sample_weight` has the shape of the targets or of their first axes.
    """

    def __init__(
        self,
        y_true: Any,
        y_pred: Any,
        thresholds: Sequence[float],
        sample_weight: Any = None,
        *,
        dtype: str = "float32",
        top_k: int | None = None,
        class_id: int | None = None,
        by_label: bool = False,
    ) -> None:
        t, p = matched(y_true, as_tensor(y_pred, dtype))
        weight = _weights_like(p, sample_weight)
        p = p if top_k is None else keep_top(p, top_k)
        if class_id is not None:
            t, p, weight = _of_class(t, class_id), _of_class(p, class_id), _of_class(weight, class_id)
        if not by_label:
            t, p, weight = (ops.reshape(x, (math.prod(x.shape),)) for x in (t, p, weight))
        limits = as_tensor(list(thresholds), dtype)
        self._positive = p > ops.reshape(limits, (len(thresholds), *(1,) * len(p.shape)))  # (thresholds, rows, ...)
        self._negative_target = equal(t, 0)  # any number but 0 is positive
        self._weight = weight
        self._by_label = by_label

    def __getitem__(self, kind: str) -> Tensor:
        """Return one of `KINDS`."""
        predicted = self._positive if kind.endswith("positives") else logical_not(self._positive)
        negative = self._negative_target
        wanted = negative if kind in ("false_positives", "true_negatives") else logical_not(negative)
        weight = where(wanted, self._weight, 0.0)
        if self._by_label:
            return ops.sum(where(predicted, expand_dims(weight, 0), 0.0), 1)
        return ops.matmul(cast(predicted, dtype=weight.dtype.name), weight)


def keep_top(p: Tensor, k: int) -> Tensor:
    """Return `p` with all but the `k` greatest of the last axis at minus infinity; of equals the first are kept."""
    if not 1 <= k <= p.shape[-1]:
        raise ConfigError(f"top_k is {k!r}. Expected an integer from 1 to {p.shape[-1]}, the number of classes.")
    smallest_kept = ops.sort(p, -1)[..., p.shape[-1] - k : p.shape[-1] - k + 1]
    greater, tied = p > smallest_kept, equal(p, smallest_kept)
    left = k - ops.sum(cast(greater, dtype="int32"), -1, keepdims=True)
    first = logical_and(tied, ops.cumsum(cast(tied, dtype="int32"), -1) <= left)
    return where(logical_or(greater, first), p, -math.inf)


def thresholds_of(thresholds: float | Sequence[float] | None, default: float) -> list[float]:
    """Return thresholds as a list; one outside 0..1 raises `ConfigError`."""
    if thresholds is None:
        return [default]
    listed = [float(t) for t in (thresholds if isinstance(thresholds, Sequence) else [thresholds])]
    wrong = [t for t in listed if not 0 <= t <= 1]
    if wrong or not listed:
        raise ConfigError(f"thresholds is {thresholds!r}. Expected one or more numbers from 0 to 1.")
    return listed


def only_one(values: Tensor, thresholds: Sequence[float]) -> Tensor:
    """Return a single number where there is a single threshold."""
    return values[0] if len(thresholds) == 1 else values


def _weights_like(p: Tensor, sample_weight: Any) -> Tensor:
    """Return one weight for each prediction."""
    if sample_weight is None:
        return ops.broadcast_to(as_tensor(1.0, p.dtype.name), p.shape)
    weight = as_tensor(sample_weight, p.dtype.name)
    rank = len(weight.shape)
    if weight.shape != p.shape[:rank] and weight.shape != (*p.shape[: rank - 1], 1):
        raise ShapeError(
            f"sample_weight has shape {weight.shape}, y_pred has shape {p.shape}. Expected a weight a row."
        )
    return ops.broadcast_to(ops.reshape(weight, (*weight.shape, *(1,) * (len(p.shape) - rank))), p.shape)


def _of_class(x: Tensor, class_id: int) -> Tensor:
    if len(x.shape) < 2 or not 0 <= class_id < x.shape[-1]:
        raise ConfigError(
            f"class_id is {class_id!r}, but the predictions have shape {x.shape}: there is no such class."
        )
    return x[..., class_id : class_id + 1]


class _Count(Metric):
    """One of the four counts, at one threshold (0.5 by default) or at several."""

    kind: ClassVar[str]

    def __init__(
        self, thresholds: float | Sequence[float] | None = None, name: str | None = None, dtype: Any = None
    ) -> None:
        super().__init__(dtype, name)
        self.init_thresholds = thresholds
        self.thresholds = thresholds_of(thresholds, 0.5)
        self.accumulator = self.add_variable((len(self.thresholds),), name="accumulator")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add one batch: targets 0 or 1 (or truth values) and probabilities of one shape."""
        counts = Counts(y_true, y_pred, self.thresholds, sample_weight, dtype=self.dtype)
        self.accumulator.assign_add(counts[self.kind])

    def result(self) -> Tensor:
        """Return the (weighted) count, one for each threshold."""
        return only_one(self.accumulator.read(), self.thresholds)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments."""
        return super().get_config() | {"thresholds": self.init_thresholds}


class TruePositives(_Count):
    """How many were predicted positive and are."""

    kind = "true_positives"


class FalsePositives(_Count):
    """How many were predicted positive and are not."""

    kind = "false_positives"


class TrueNegatives(_Count):
    """How many were predicted negative and are."""

    kind = "true_negatives"


class FalseNegatives(_Count):
    """How many were predicted negative and are not."""

    kind = "false_negatives"


class _Share(Metric):
    """True positives divided by true positives and one kind of error."""

    direction = "up"
    error: ClassVar[str]

    def __init__(
        self,
        thresholds: float | Sequence[float] | None = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(dtype, name)
        self.init_thresholds, self.top_k, self.class_id = thresholds, top_k, class_id
        self.thresholds = thresholds_of(thresholds, 0.5 if top_k is None else -math.inf)
        self.true_positives = self.add_variable((len(self.thresholds),), name="true_positives")
        self.errors = self.add_variable((len(self.thresholds),), name=self.error)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add one batch: targets 0 or 1 (or truth values) and probabilities of one shape."""
        counts = Counts(
            y_true, y_pred, self.thresholds, sample_weight, dtype=self.dtype, top_k=self.top_k, class_id=self.class_id
        )
        self.true_positives.assign_add(counts["true_positives"])
        self.errors.assign_add(counts[self.error])

    def result(self) -> Tensor:
        """Return the share, one for each threshold; 0 where there is nothing to divide."""
        found = self.true_positives.read()
        return only_one(divide_no_nan(found, found + self.errors), self.thresholds)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments."""
        own = {"thresholds": self.init_thresholds, "top_k": self.top_k, "class_id": self.class_id}
        return super().get_config() | own


class Precision(_Share):
    """Of what was predicted positive, the share that is: TP / (TP + FP)."""

    error = "false_positives"


class Recall(_Share):
    """Of what is positive, the share that was found: TP / (TP + FN)."""

    error = "false_negatives"
