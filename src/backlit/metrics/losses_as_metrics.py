"""The losses as metrics: the same rules, averaged over all samples since the last reset.

Smaller is better for all of them but the cosine similarity, which is the cosine itself here (the loss is minus it).
"""

from __future__ import annotations

from typing import Any

from .. import losses, ops
from ..losses.loss import matched
from ..tensor import Tensor
from .mean import Mean, RuleMetric


def cosine(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """Return the cosine of the angle between y_true and y_pred along `axis`."""
    return -losses.cosine_similarity(y_true, y_pred, axis)


class MeanSquaredError(RuleMetric):
    """The mean of (y_pred - y_true)²."""

    rule, direction = losses.mean_squared_error, "down"


class RootMeanSquaredError(Mean):
    """The square root of the mean of (y_pred - y_true)²."""

    direction = "down"

    def __init__(self, name: str | None = "root_mean_squared_error", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Add the squared errors of one batch."""
        t, p = matched(y_true, y_pred)
        super().update_state(ops.square(p - t), sample_weight)

    def result(self) -> Tensor:
        """Return sqrt(total / count)."""
        return ops.sqrt(super().result())


class MeanAbsoluteError(RuleMetric):
    """The mean of |y_pred - y_true|."""

    rule, direction = losses.mean_absolute_error, "down"


class MeanAbsolutePercentageError(RuleMetric):
    """The mean of 100 |y_true - y_pred| / |y_true|, in percent."""

    rule, direction = losses.mean_absolute_percentage_error, "down"


class MeanSquaredLogarithmicError(RuleMetric):
    """The mean of (ln(1 + y_pred) - ln(1 + y_true))²."""

    rule, direction = losses.mean_squared_logarithmic_error, "down"


class LogCoshError(RuleMetric):
    """The mean of ln cosh(y_pred - y_true)."""

    rule, direction, default_name = losses.log_cosh, "down", "logcosh"


class CosineSimilarity(RuleMetric):
    """The mean cosine of the angle between y_true and y_pred: 1 means the same direction."""

    rule, direction, default_name = cosine, "up", "cosine_similarity"

    def __init__(self, name: str | None = None, dtype: Any = None, axis: int = -1) -> None:
        self._set(name, dtype, axis=axis)


class Poisson(RuleMetric):
    """The mean of y_pred - y_true ln(y_pred)."""

    rule, direction = losses.poisson, "down"


class KLDivergence(RuleMetric):
    """The mean of sum(y_true ln(y_true / y_pred))."""

    rule, direction = losses.kl_divergence, "down"


class Hinge(RuleMetric):
    """The mean of max(1 - y_true y_pred, 0)."""

    rule, direction = losses.hinge, "down"


class SquaredHinge(RuleMetric):
    """The mean of max(1 - y_true y_pred, 0)²."""

    rule, direction = losses.squared_hinge, "down"


class CategoricalHinge(RuleMetric):
    """The mean of max(1 + the highest wrong score - the right score, 0)."""

    rule, direction = losses.categorical_hinge, "down"


class BinaryCrossentropy(RuleMetric):
    """The mean of -t ln p - (1 - t) ln(1 - p)."""

    rule, direction = losses.binary_crossentropy, "down"

    def __init__(
        self, name: str | None = None, dtype: Any = None, from_logits: bool = False, label_smoothing: float = 0
    ) -> None:
        self._set(name, dtype, from_logits=from_logits, label_smoothing=label_smoothing)


class CategoricalCrossentropy(RuleMetric):
    """The mean of -sum(y_true ln y_pred); targets are one-hot."""

    rule, direction = losses.categorical_crossentropy, "down"

    def __init__(
        self,
        name: str | None = None,
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
        axis: int = -1,
    ) -> None:
        self._set(name, dtype, from_logits=from_logits, label_smoothing=label_smoothing, axis=axis)


class SparseCategoricalCrossentropy(RuleMetric):
    """The mean of -ln of the probability of the right class; targets are class numbers."""

    rule, direction = losses.sparse_categorical_crossentropy, "down"

    def __init__(
        self,
        name: str | None = None,
        dtype: Any = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None:
        self._set(name, dtype, from_logits=from_logits, ignore_class=ignore_class, axis=axis)
