"""The classes of the cross-entropies: their options, their configuration, and the targets they accept.

The formulas are in `cross_entropy` and `focal`.
"""

from __future__ import annotations

from typing import Any

from .. import ops
from ..arrays import Array, Shape
from ..tensor import Tensor
from .cross_entropy import (
    binary_crossentropy,
    categorical_crossentropy,
    kl_divergence,
    sparse_categorical_crossentropy,
)
from .focal import binary_focal_crossentropy, categorical_focal_crossentropy
from .loss import RuleLoss, divide_no_nan, spread
from .targets import check_binary, check_classes, check_nonnegative, check_one_hot

MEAN = "sum_over_batch_size"


class _ProbabilityLoss(RuleLoss):
    """Leaves `probabilities` out of the configuration while it says nothing new: other libraries do not know it."""

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments."""
        config = super().get_config()
        if config["probabilities"] == "exact":
            del config["probabilities"]
        return config


class CategoricalCrossentropy(_ProbabilityLoss):
    """-sum(y_true ln y_pred): one-hot targets, probabilities from a softmax (or `from_logits`)."""

    rule, fits = categorical_crossentropy, check_one_hot

    def __init__(
        self, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1, reduction: str | None = MEAN,
        name: str | None = None, dtype: str | None = None, *, probabilities: str = "exact",
    ) -> None:  # fmt: skip
        self._set(
            reduction, name, dtype, from_logits=from_logits, label_smoothing=label_smoothing, axis=axis,
            probabilities=probabilities,
        )  # fmt: skip


class SparseCategoricalCrossentropy(_ProbabilityLoss):
    """-ln of the probability of the true class: targets are class numbers."""

    rule, fits = sparse_categorical_crossentropy, check_classes
    integer_targets = True

    def __init__(
        self, from_logits: bool = False, ignore_class: int | None = None, reduction: str | None = MEAN, axis: int = -1,
        name: str | None = None, dtype: str | None = None, *, probabilities: str = "exact",
    ) -> None:  # fmt: skip
        self._set(
            reduction, name, dtype, from_logits=from_logits, ignore_class=ignore_class, axis=axis,
            probabilities=probabilities,
        )  # fmt: skip

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments."""
        config = super().get_config()
        if config["axis"] == -1:
            del config["axis"]
        return config

    def check_targets(self, y_true: Array, output_shape: Shape, name: str = "y") -> None:
        """Class numbers from 0 to classes - 1 (or `ignore_class`), one for each row; others raise `LabelError`."""
        check_classes(y_true, output_shape, self.name, name, self.options["ignore_class"])

    def _weights(self, y_true: Any, values: Tensor, sample_weight: Any) -> Tensor | None:
        """Ignored rows weigh nothing, and a mean is taken over the others."""
        weight = super()._weights(y_true, values, sample_weight)
        ignored = self.options["ignore_class"]
        if ignored is None:
            return weight
        labels = ops.reshape(y_true, values.shape)
        counts = ops.cast(ops.not_equal(labels, ignored), dtype=values.dtype.name)
        if self.reduction in ("mean", MEAN):
            counts = divide_no_nan(counts, ops.mean(counts))
        return counts if weight is None else counts * ops.reshape(spread(values, weight)[1], values.shape)


class BinaryCrossentropy(_ProbabilityLoss):
    """The mean of -t ln p - (1 - t) ln(1 - p): targets 0 or 1, probabilities from a sigmoid (or `from_logits`)."""

    rule, fits = binary_crossentropy, check_binary

    def __init__(
        self, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1, reduction: str | None = MEAN,
        name: str | None = None, dtype: str | None = None, *, probabilities: str = "exact",
    ) -> None:  # fmt: skip
        self._set(
            reduction, name, dtype, from_logits=from_logits, label_smoothing=label_smoothing, axis=axis,
            probabilities=probabilities,
        )  # fmt: skip


class BinaryFocalCrossentropy(_ProbabilityLoss):
    """Binary cross-entropy times (1 - q)**gamma, where q is the probability of what happened."""

    rule, fits = binary_focal_crossentropy, check_binary

    def __init__(
        self, apply_class_balancing: bool = False, alpha: float = 0.25, gamma: float = 2.0, from_logits: bool = False,
        label_smoothing: float = 0.0, axis: int = -1, reduction: str | None = MEAN, name: str | None = None,
        dtype: str | None = None, *, probabilities: str = "exact",
    ) -> None:  # fmt: skip
        self._set(
            reduction, name, dtype, from_logits=from_logits, label_smoothing=label_smoothing, axis=axis,
            apply_class_balancing=apply_class_balancing, alpha=alpha, gamma=gamma, probabilities=probabilities,
        )  # fmt: skip


class CategoricalFocalCrossentropy(_ProbabilityLoss):
    """Cross-entropy times alpha (1 - p)**gamma: targets are one-hot rows."""

    rule, fits = categorical_focal_crossentropy, check_one_hot

    def __init__(
        self, alpha: float = 0.25, gamma: float = 2.0, from_logits: bool = False, label_smoothing: float = 0.0,
        axis: int = -1, reduction: str | None = MEAN, name: str | None = None, dtype: str | None = None,
        *, probabilities: str = "exact",
    ) -> None:  # fmt: skip
        self._set(
            reduction, name, dtype, from_logits=from_logits, label_smoothing=label_smoothing, axis=axis, alpha=alpha,
            gamma=gamma, probabilities=probabilities,
        )  # fmt: skip


class KLDivergence(RuleLoss):
    """sum(y_true ln(y_true / y_pred)): how far the predicted distribution is from the true one."""

    rule, fits = kl_divergence, check_nonnegative
