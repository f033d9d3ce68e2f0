"""The coefficient of determination: the share of the targets' variance that the predictions explain.

Mean and variance are merged batch by batch, so nothing is lost where the mean is large against the spread.
"""

from __future__ import annotations

import math
from typing import Any

from .. import ops
from ..errors import ConfigError, ShapeError, did_you_mean
from ..losses.loss import divide_no_nan, matched
from ..ops import equal, square, where
from ..tensor import Tensor, Variable, as_tensor
from .metric import Metric

AGGREGATIONS = ("uniform_average", "variance_weighted_average")


class R2Score(Metric):
    """1 - sum((y_true - y_pred)²) / sum((y_true - mean)²), targets and predictions of shape (batch, outputs).

    `class_aggregation` joins the outputs: "uniform_average", "variance_weighted_average", or None for one score each.
    With `num_regressors` above 0 the score is adjusted for that number of features.
    """

    direction = "up"

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str | None = "r2_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(dtype, name)
        if class_aggregation is not None and class_aggregation not in AGGREGATIONS:
            raise ConfigError(
                f"Unknown class_aggregation {class_aggregation!r}.{did_you_mean(class_aggregation, AGGREGATIONS)}"
            )
        if num_regressors < 0:
            raise ConfigError(f"num_regressors is {num_regressors!r}. Expected 0 or a positive integer.")
        self.class_aggregation, self.num_regressors = class_aggregation, num_regressors
        self.num_samples = self.add_variable(name="num_samples")
        self.sums: dict[str, Variable] = {}

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add one batch; (batch,) is read as (batch, 1), other ranks than these raise `ShapeError`."""
        t, p = matched(y_true, as_tensor(y_pred, self.dtype))
        if len(p.shape) == 1:
            t, p = ops.expand_dims(t, -1), ops.expand_dims(p, -1)
        if len(p.shape) != 2:
            raise ShapeError(f"y_pred has shape {p.shape}. R2Score expects (batch, outputs).")
        if not self.sums:
            names = ("count", "mean", "squared_distance", "squared_error")
            self.sums = {name: self.add_variable(p.shape[1:], name=name) for name in names}
        one = as_tensor(1.0 if sample_weight is None else sample_weight, self.dtype)
        weight = ops.broadcast_to(ops.reshape(one, (math.prod(one.shape), 1)), p.shape)
        self._merge(ops.sum(weight, 0), t, weight)
        self.sums["squared_error"].assign_add(ops.sum(square(t - p) * weight, 0))
        self.num_samples.assign_add(float(math.prod(t.shape)))

    def _merge(self, added: Tensor, t: Tensor, weight: Tensor) -> None:
        """Join (count, mean, sum of squared distances) of what was and what comes (Chan, Golub and LeVeque 1979)."""
        count, mean = self.sums["count"].read(), self.sums["mean"].read()
        batch_mean = divide_no_nan(ops.sum(t * weight, 0), added)
        batch_distance = ops.sum(square(t - batch_mean) * weight, 0)
        gap = batch_mean - mean
        share = divide_no_nan(added, count + added)
        self.sums["squared_distance"].assign_add(batch_distance + square(gap) * count * share)
        self.sums["mean"].assign(mean + gap * share)
        self.sums["count"].assign(count + added)

    def result(self) -> Tensor:
        """Return the score, at most 1; or one for each output."""
        if not self.sums:
            return as_tensor(0.0, self.dtype)
        spread, error = self.sums["squared_distance"].read(), self.sums["squared_error"].read()
        constant = equal(spread, 0)  # nothing to explain: 0, or NaN where a prediction is
        raw = where(constant, 0.0 * error, 1.0 - error / where(constant, 1.0, spread))
        if self.class_aggregation == "uniform_average":
            score = ops.mean(raw)
        elif self.class_aggregation is None:
            score = raw
        else:
            score = divide_no_nan(ops.sum(spread * raw), ops.sum(spread))
        return self._adjusted(score) if self.num_regressors else score

    def _adjusted(self, score: Tensor) -> Tensor:
        """Return 1 - (1 - R²)(n - 1) / (n - k - 1); with fewer samples than that needs, R² itself."""
        n = self.num_samples.read()
        freedom = n - self.num_regressors - 1.0
        adjusted = 1.0 - (1.0 - score) * (n - 1.0) / where(freedom > 0, freedom, 1.0)
        return where(freedom > 0, adjusted, score)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments."""
        return super().get_config() | {
            "class_aggregation": self.class_aggregation,
            "num_regressors": self.num_regressors,
        }
