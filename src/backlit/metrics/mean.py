"""Means and sums of one number per sample: what most metrics come down to.

A sample of several numbers counts as their mean, so that every sample weighs the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from .. import ops
from ..losses.loss import LossFunction, aligned, divide_no_nan, require_options
from ..tensor import Tensor, as_tensor
from .metric import Metric


class Mean(Metric):
    """The weighted mean of the numbers given: `total` / `count`, 0 before the first.

    >>> mean = Mean()
    >>> mean.update_state([1.0, 3.0, 5.0, 7.0])
    >>> float(mean.result())
    4.0
    """

    def __init__(self, name: str | None = "mean", dtype: Any = None) -> None:
        super().__init__(dtype, name)
        self.total = self.add_variable(name="total")
        self.count = self.add_variable(name="count")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add numbers, shape (batch, ...); weights have the shape of the numbers or of their first axes."""
        values, weight = samplewise(values, sample_weight, self.dtype, ops.mean)
        self.total.assign_add(ops.sum(values))
        if weight is None:
            self.count.assign_add(ops.length(values, 0) if values.shape else 1.0)
        else:
            self.count.assign_add(ops.sum(weight))

    def result(self) -> Tensor:
        """Return total / count."""
        return divide_no_nan(self.total.read(), self.count.read())


class Sum(Metric):
    """The weighted sum of the numbers given."""

    def __init__(self, name: str | None = "sum", dtype: Any = None) -> None:
        super().__init__(dtype, name)
        self.total = self.add_variable(name="total")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add numbers, shape (batch, ...); weights have the shape of the numbers or of their first axes."""
        values, _ = samplewise(values, sample_weight, self.dtype, ops.sum)
        self.total.assign_add(ops.sum(values))

    def result(self) -> Tensor:
        """Return the sum."""
        return self.total.read()


class MeanMetricWrapper(Mean):
    """The mean of a function `fn(y_true, y_pred, **options)` that gives one number (or several) per sample."""

    def __init__(
        self, fn: LossFunction, name: str | None = None, dtype: Any = None, direction: str | None = None, **options: Any
    ) -> None:
        super().__init__(name or getattr(fn, "__name__", None) or "mean_metric_wrapper", dtype)
        require_options(type(self).__name__, fn, options)
        self.fn = fn
        self.options = options
        if direction is not None:
            self.direction = direction  # type: ignore[misc]

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Add the function's values of one batch."""
        super().update_state(self.fn(y_true, y_pred, **self.options), sample_weight)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments; the function by its name."""
        return super().get_config() | {"fn": getattr(self.fn, "__name__", repr(self.fn)), **self.options}


class RuleMetric(MeanMetricWrapper):
    """A mean of one of the functions of this package, the class attribute `rule`."""

    rule: ClassVar[LossFunction]
    default_name: ClassVar[str] = ""

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        self._set(name, dtype)

    def _set(self, name: str | None, dtype: Any, **options: Any) -> None:
        cls = type(self)
        MeanMetricWrapper.__init__(self, cls.rule, name or cls.default_name or cls.rule.__name__, dtype, **options)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments."""
        return Metric.get_config(self) | self.options


def samplewise(values: Any, sample_weight: Any, dtype: str, reduce: Callable[..., Any]) -> tuple[Tensor, Tensor | None]:
    """Return one weighted number and one weight (or None) per sample; inner axes are reduced by `reduce`."""
    values = as_tensor(values, dtype)
    weight = None if sample_weight is None else as_tensor(sample_weight, dtype)
    if weight is not None:
        values, weight = aligned(values, weight)
        inner = tuple(range(len(weight.shape), len(values.shape)))
        values = reduce(values, inner) if inner else values
        weight = ops.broadcast_to(weight, values.shape)
        values = values * weight
    inner = tuple(range(1, len(values.shape)))
    if not inner:
        return values, weight
    return reduce(values, inner), None if weight is None else reduce(weight, inner)
