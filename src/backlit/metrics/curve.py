"""Curves over many thresholds: the area under one, and the best of one quantity where another is good enough.

The curve is sampled at `num_thresholds` thresholds spread evenly over 0..1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from .. import ops
from ..activations import sigmoid
from ..arrays import epsilon
from ..errors import ConfigError, ShapeError, did_you_mean
from ..losses.loss import divide_no_nan
from ..ops import log, logical_and, maximum, minimum, where
from ..tensor import Tensor, Variable, as_tensor
from .confusion import KINDS, Counts, thresholds_of
from .metric import Metric

CURVES = ("ROC", "PR")
SUMMATIONS = ("interpolation", "minoring", "majoring")


def spread_evenly(count: int) -> list[float]:
    """Return `count` - 2 thresholds between 0 and 1, evenly spread, without 0 and 1 themselves."""
    return [i / (count - 1) for i in range(1, count - 1)]


class AUC(Metric):
    """The area under the curve of true against false positives ("ROC") or of precision against recall ("PR").

    `summation_method`: "interpolation" is the trapezoid rule for ROC and the hyperbolic rule of Davis and Goadrich 2006
    for PR; "minoring" and "majoring" take the smaller or greater height of each step. `thresholds` replaces the
    `num_thresholds` even ones. With `multi_label` each of `num_labels` columns has its curve, and the mean of the areas
    is taken, weighted by `label_weights`.
    """

    direction = "up"

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Sequence[float] | None = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Sequence[float] | None = None,
        from_logits: bool = False,
    ) -> None:
        super().__init__(dtype, name)
        _check_choice("curve", curve, CURVES)
        _check_choice("summation_method", summation_method, SUMMATIONS)
        if thresholds is None and num_thresholds < 2:
            raise ConfigError(f"num_thresholds is {num_thresholds!r}. Expected an integer above 1.")
        inner = spread_evenly(num_thresholds) if thresholds is None else sorted(thresholds_of(thresholds, 0.5))
        self.init_thresholds = thresholds
        self.thresholds = [-epsilon(), *inner, 1.0 + epsilon()]
        self.num_thresholds = len(self.thresholds)
        self.curve, self.summation_method, self.from_logits = curve, summation_method, from_logits
        self.multi_label, self.num_labels, self.label_weights = multi_label, num_labels, label_weights
        self.counts: dict[str, Variable] = {}
        if num_labels is not None or not multi_label:
            self._build((num_labels,) if multi_label and num_labels is not None else ())

    def _build(self, labels: tuple[int, ...]) -> None:
        self.counts = {kind: self.add_variable((self.num_thresholds, *labels), name=kind) for kind in KINDS}

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add one batch: targets 0 or 1 and probabilities (or `from_logits`) of one shape."""
        p = as_tensor(y_pred, self.dtype)
        p = sigmoid(p) if self.from_logits else p
        if self.multi_label and (len(p.shape) != 2 or p.shape[-1] != (self.num_labels or p.shape[-1])):
            raise ShapeError(
                f"y_pred has shape {p.shape}. With multi_label expected (batch, {self.num_labels or 'labels'})."
            )
        if not self.counts:
            self._build((p.shape[-1],))
        batch = Counts(y_true, p, self.thresholds, self._weighted(sample_weight, p), dtype=self.dtype,
                       by_label=self.multi_label)  # fmt: skip
        for kind, total in self.counts.items():
            total.assign_add(batch[kind])

    def _weighted(self, sample_weight: Any, p: Tensor) -> Any:
        """Without curves of their own, labels weigh within the one curve."""
        if self.label_weights is None or self.multi_label:
            return sample_weight
        by_label = ops.broadcast_to(as_tensor(list(self.label_weights), self.dtype), p.shape)
        if sample_weight is None:
            return by_label
        weight = as_tensor(sample_weight, self.dtype)
        return by_label * ops.reshape(weight, (*weight.shape, *(1,) * (len(p.shape) - len(weight.shape))))

    def result(self) -> Tensor:
        """Return the area, between 0 and 1."""
        if not self.counts:
            return as_tensor(0.0, self.dtype)
        tp, fp, tn, fn = (self.counts[kind].read() for kind in KINDS)
        if self.curve == "PR" and self.summation_method == "interpolation":
            return self._mean_of_labels(_hyperbolic_area(tp, fp, fn))
        recall = divide_no_nan(tp, tp + fn)
        x, y = (divide_no_nan(fp, fp + tn), recall) if self.curve == "ROC" else (recall, divide_no_nan(tp, tp + fp))
        left, right = y[:-1], y[1:]
        if self.summation_method == "interpolation":
            heights = (left + right) * 0.5
        else:
            heights = minimum(left, right) if self.summation_method == "minoring" else maximum(left, right)
        return self._mean_of_labels(ops.sum((x[:-1] - x[1:]) * heights, 0))

    def _mean_of_labels(self, areas: Tensor) -> Tensor:
        if not self.multi_label:
            return areas
        if self.label_weights is None:
            return ops.mean(areas)
        weights = as_tensor(list(self.label_weights), self.dtype)
        return divide_no_nan(ops.sum(areas * weights), ops.sum(weights))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments."""
        config = super().get_config() | {
            "num_thresholds": self.num_thresholds,
            "curve": self.curve,
            "summation_method": self.summation_method,
            "multi_label": self.multi_label,
            "num_labels": self.num_labels,
            "label_weights": self.label_weights,
            "from_logits": self.from_logits,
        }
        return config if self.init_thresholds is None else config | {"thresholds": list(self.init_thresholds)}


def _hyperbolic_area(tp: Tensor, fp: Tensor, fn: Tensor) -> Tensor:
    """Return the area under precision against recall: between two thresholds TP is linear in TP + FP.

    With P = TP + FP and TP = intercept + slope * P, the integral of TP / P over TP is
    slope * (change of TP + intercept * ln(P left / P right)), divided by TP + FN (Davis and Goadrich 2006).
    """
    p = tp + fp
    gained, grown = tp[:-1] - tp[1:], p[:-1] - p[1:]
    slope = divide_no_nan(gained, maximum(grown, 0.0))
    intercept = tp[1:] - slope * p[1:]
    both = logical_and(p[:-1] > 0, p[1:] > 0)
    ratio = where(both, divide_no_nan(p[:-1], maximum(p[1:], 0.0)), 1.0)
    return ops.sum(divide_no_nan(slope * (gained + intercept * log(ratio)), maximum(tp[1:] + fn[1:], 0.0)), 0)


class _BestWhere(Metric):
    """The greatest value of one share over the thresholds where another share is at least `wanted`."""

    direction = "up"
    wanted_name: ClassVar[str]
    shares: ClassVar[tuple[tuple[str, str], tuple[str, str]]]  # (kind, error) of the wanted and of the best share

    def __init__(
        self, wanted: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(dtype, name)
        if not 0 <= wanted <= 1:
            raise ConfigError(f"{self.wanted_name} is {wanted!r}. Expected a number from 0 to 1.")
        if num_thresholds < 1:
            raise ConfigError(f"num_thresholds is {num_thresholds!r}. Expected an integer above 0.")
        self.wanted, self.num_thresholds, self.class_id = wanted, num_thresholds, class_id
        self.thresholds = [0.5] if num_thresholds == 1 else [0.0, *spread_evenly(num_thresholds), 1.0]
        kinds = dict.fromkeys(kind for share in self.shares for kind in share)
        self.counts = {kind: self.add_variable((len(self.thresholds),), name=kind) for kind in kinds}

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add one batch: targets 0 or 1 and probabilities of one shape."""
        batch = Counts(y_true, y_pred, self.thresholds, sample_weight, dtype=self.dtype, class_id=self.class_id)
        for kind, total in self.counts.items():
            total.assign_add(batch[kind])

    def result(self) -> Tensor:
        """Return the best value, or 0 where no threshold is good enough."""
        good, best = (self._share(*share) for share in self.shares)
        return ops.max(where(good >= self.wanted, best, 0.0))

    def _share(self, kind: str, error: str) -> Tensor:
        found = self.counts[kind].read()
        return divide_no_nan(found, found + self.counts[error])

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments."""
        own = {self.wanted_name: self.wanted, "num_thresholds": self.num_thresholds, "class_id": self.class_id}
        return super().get_config() | own


SENSITIVITY = RECALL = ("true_positives", "false_negatives")
SPECIFICITY = ("true_negatives", "false_positives")
PRECISION = ("true_positives", "false_positives")


class SensitivityAtSpecificity(_BestWhere):
    """The greatest TP / (TP + FN) where TN / (TN + FP) is at least `specificity`."""

    wanted_name, shares = "specificity", (SPECIFICITY, SENSITIVITY)

    def __init__(self, specificity: float, *args: Any, **kwargs: Any) -> None:
        super().__init__(specificity, *args, **kwargs)


class SpecificityAtSensitivity(_BestWhere):
    """The greatest TN / (TN + FP) where TP / (TP + FN) is at least `sensitivity`."""

    wanted_name, shares = "sensitivity", (SENSITIVITY, SPECIFICITY)

    def __init__(self, sensitivity: float, *args: Any, **kwargs: Any) -> None:
        super().__init__(sensitivity, *args, **kwargs)


class PrecisionAtRecall(_BestWhere):
    """The greatest TP / (TP + FP) where TP / (TP + FN) is at least `recall`."""

    wanted_name, shares = "recall", (RECALL, PRECISION)

    def __init__(self, recall: float, *args: Any, **kwargs: Any) -> None:
        super().__init__(recall, *args, **kwargs)


class RecallAtPrecision(_BestWhere):
    """The greatest TP / (TP + FN) where TP / (TP + FP) is at least `precision`."""

    wanted_name, shares = "precision", (PRECISION, RECALL)

    def __init__(self, precision: float, *args: Any, **kwargs: Any) -> None:
        super().__init__(precision, *args, **kwargs)


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ConfigError(f"Unknown {name} {value!r}.{did_you_mean(value, choices)}")
