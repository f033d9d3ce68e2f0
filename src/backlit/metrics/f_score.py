"""F-scores: precision and recall in one number, their harmonic mean.

Each class has its own score; `average` joins them.
"""

from __future__ import annotations

from typing import Any

from .. import ops
from ..errors import ConfigError, ShapeError, did_you_mean
from ..losses.loss import divide_no_nan, matched
from ..ops import absolute, cast, logical_and
from ..tensor import Tensor, Variable, as_tensor
from .metric import Metric

AVERAGES = ("micro", "macro", "weighted")


class FBetaScore(Metric):
    """(1 + beta²) precision recall / (beta² precision + recall), targets and predictions of shape (batch, classes).

    Without `threshold` the greatest prediction of a row is the positive one. `average`: None gives a score per class,
    "macro" their mean, "weighted" their mean by the number of samples, "micro" one score over all.
    """

    direction = "up"

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str | None = "fbeta_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(dtype, name)
        if average is not None and average not in AVERAGES:
            raise ConfigError(f"Unknown average {average!r}.{did_you_mean(average, AVERAGES)}")
        if beta <= 0:
            raise ConfigError(f"beta is {beta!r}. Expected a number above 0.")
        if threshold is not None and not 0 < threshold <= 1:
            raise ConfigError(f"threshold is {threshold!r}. Expected None or a number above 0 and up to 1.")
        self.average, self.beta, self.threshold = average, beta, threshold
        self.counts: dict[str, Variable] = {}

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add one batch; another rank than 2 raises `ShapeError`."""
        t, p = matched(y_true, as_tensor(y_pred, self.dtype))
        if len(p.shape) != 2:
            raise ShapeError(f"y_pred has shape {p.shape}. {type(self).__name__} expects (batch, classes).")
        positive = self._positive(p)
        values = {
            "true_positives": positive * t,
            "false_positives": positive * (1.0 - t),
            "false_negatives": (1.0 - positive) * t,
            "intermediate_weights": t,
        }
        if not self.counts:
            shape = () if self.average == "micro" else p.shape[1:]
            self.counts = {name: self.add_variable(shape, name=name) for name in values}
        weight = None if sample_weight is None else ops.reshape(as_tensor(sample_weight, self.dtype), (p.shape[0], 1))
        for name, value in values.items():
            value = value if weight is None else value * weight
            self.counts[name].assign_add(ops.sum(value, None if self.average == "micro" else 0))

    def _positive(self, p: Tensor) -> Tensor:
        if self.threshold is not None:
            return cast(p > self.threshold, dtype=self.dtype)
        greatest = p >= ops.max(p, -1, keepdims=True)
        return cast(logical_and(greatest, absolute(p) > 1e-9), dtype=self.dtype)  # a row of zeros has no positive

    def result(self) -> Tensor:
        """Return the score, or one for each class."""
        if not self.counts:
            return as_tensor(0.0, self.dtype)
        tp, fp, fn, samples = (count.read() for count in self.counts.values())
        precision, recall = divide_no_nan(tp, tp + fp), divide_no_nan(tp, tp + fn)
        square = self.beta * self.beta
        score = divide_no_nan((1.0 + square) * precision * recall, square * precision + recall)
        if self.average == "weighted":
            return ops.sum(score * divide_no_nan(samples, ops.sum(samples)))
        return ops.mean(score) if self.average == "macro" else score

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments."""
        return super().get_config() | {"average": self.average, "beta": self.beta, "threshold": self.threshold}


class F1Score(FBetaScore):
    """The harmonic mean of precision and recall: the F-score with beta = 1."""

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str | None = "f1_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(average, 1.0, threshold, name, dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments."""
        config = super().get_config()
        del config["beta"]
        return config
