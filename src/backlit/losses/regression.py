"""Losses for quantities: how far a predicted number is from the true one.

Each element-wise rule stands next to its gradient; the function below it takes the mean over the last axis.
"""

from __future__ import annotations

import math
from typing import Any

from .. import ops
from ..arrays import epsilon
from ..ops import absolute, clip, expm1, log, log1p, maximum, sign, square, tanh, where
from ..ops.op import Value, backward_of, elementwise
from ..tensor import Tensor
from .loss import RuleLoss, matched
from .targets import check_finite, check_nonnegative


@elementwise
def squared_error(p: Value, t: Value) -> Value:
    """loss = (p - t)²"""
    return square(p - t)


@backward_of(squared_error)
def squared_error_backward(dy: Value, y: Value, p: Value, t: Value) -> tuple[Value, Value]:
    """dloss/dp = 2 (p - t), dloss/dt = -2 (p - t)."""
    dp = dy * (2.0 * (p - t))
    return dp, -dp


@elementwise
def absolute_error(p: Value, t: Value) -> Value:
    """loss = |p - t|"""
    return absolute(p - t)


@backward_of(absolute_error)
def absolute_error_backward(dy: Value, y: Value, p: Value, t: Value) -> tuple[Value, Value]:
    """dloss/dp = 1 where p > t, -1 where p < t, 0 where they are equal."""
    dp = dy * sign(p - t)
    return dp, -dp


@elementwise
def percentage_error(p: Value, t: Value, epsilon: float = 1e-7) -> Value:
    """loss = 100 |t - p| / |t|, with |t| held above epsilon"""
    return 100.0 * absolute((t - p) / maximum(absolute(t), epsilon))


@elementwise
def squared_logarithmic_error(p: Value, t: Value, epsilon: float = 1e-7) -> Value:
    """loss = (ln(1 + p) - ln(1 + t))², with p and t held above epsilon"""
    return square(log1p(maximum(p, epsilon)) - log1p(maximum(t, epsilon)))


@elementwise
def huber_error(p: Value, t: Value, delta: float = 1.0) -> Value:
    """loss = e² / 2 where |e| <= delta, else delta |e| - delta² / 2, with e = p - t"""
    e = absolute(p - t)
    return where(e <= delta, 0.5 * square(e), delta * e - 0.5 * delta * delta)


@backward_of(huber_error)
def huber_error_backward(dy: Value, y: Value, p: Value, t: Value, delta: float) -> tuple[Value, Value]:
    """dloss/dp = p - t held between -delta and delta."""
    dp = dy * clip(p - t, -float(delta), float(delta))
    return dp, -dp


@elementwise
def log_cosh_error(p: Value, t: Value) -> Value:
    """loss = ln cosh(p - t) = |e| + ln((1 + e**(-2|e|)) / 2) with e = p - t, which cannot overflow"""
    e = absolute(p - t)
    return e + log1p(0.5 * expm1(-2.0 * e))


@backward_of(log_cosh_error)
def log_cosh_error_backward(dy: Value, y: Value, p: Value, t: Value) -> tuple[Value, Value]:
    """dloss/dp = tanh(p - t)."""
    dp = dy * tanh(p - t)
    return dp, -dp


@elementwise
def poisson_error(p: Value, t: Value, epsilon: float = 1e-7) -> Value:
    """loss = p - t ln(p + epsilon): minus the log likelihood of t events where p are expected"""
    return p - t * log(p + epsilon)


def mean_squared_error(y_true: Any, y_pred: Any) -> Tensor:
    """Return the mean of (y_pred - y_true)² over the last axis; shapes that differ raise `ShapeError`."""
    t, p = matched(y_true, y_pred)
    return _mean(squared_error(p, t))


def mean_absolute_error(y_true: Any, y_pred: Any) -> Tensor:
    """Return the mean of |y_pred - y_true| over the last axis; shapes that differ raise `ShapeError`."""
    t, p = matched(y_true, y_pred)
    return _mean(absolute_error(p, t))


def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Tensor:
    """Return the mean of 100 |y_true - y_pred| / |y_true| over the last axis; |y_true| is held above `epsilon()`."""
    t, p = matched(y_true, y_pred)
    return _mean(percentage_error(p, t, epsilon()))


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Tensor:
    """Return the mean of (ln(1 + y_pred) - ln(1 + y_true))² over the last axis; both are held above `epsilon()`."""
    t, p = matched(y_true, y_pred)
    return _mean(squared_logarithmic_error(p, t, epsilon()))


def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Tensor:
    """Return the mean over the last axis of an error that is squared up to `delta` and linear beyond (Huber 1964)."""
    t, p = matched(y_true, y_pred)
    return _mean(huber_error(p, t, float(delta)))


def log_cosh(y_true: Any, y_pred: Any) -> Tensor:
    """Return the mean of ln cosh(y_pred - y_true) over the last axis: squared near 0, linear far away."""
    t, p = matched(y_true, y_pred)
    return _mean(log_cosh_error(p, t))


def poisson(y_true: Any, y_pred: Any) -> Tensor:
    """Return the mean of y_pred - y_true ln(y_pred + `epsilon()`) over the last axis: for counts."""
    t, p = matched(y_true, y_pred)
    return _mean(poisson_error(p, t, epsilon()))


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """Return minus the cosine of the angle between y_true and y_pred along `axis`: -1 means the same direction."""
    t, p = matched(y_true, y_pred)
    smallest = math.pow(epsilon(), 2)  # of the squared length
    return -ops.sum(ops.unit_normalize(t, axis, smallest) * ops.unit_normalize(p, axis, smallest), axis)


def _mean(errors: Tensor) -> Tensor:
    """Take the mean over the last axis; single numbers stay as they are."""
    return ops.mean(errors, -1) if errors.shape else errors


class MeanSquaredError(RuleLoss):
    """The mean of (y_pred - y_true)²: the loss of normally distributed errors."""

    rule, fits = mean_squared_error, check_finite


class MeanAbsoluteError(RuleLoss):
    """The mean of |y_pred - y_true|: outliers weigh less."""

    rule, fits = mean_absolute_error, check_finite


class MeanAbsolutePercentageError(RuleLoss):
    """The mean of 100 |y_true - y_pred| / |y_true|, in percent."""

    rule, fits = mean_absolute_percentage_error, check_finite


class MeanSquaredLogarithmicError(RuleLoss):
    """The mean of (ln(1 + y_pred) - ln(1 + y_true))², for quantities that span orders of magnitude."""

    rule, fits = mean_squared_logarithmic_error, check_nonnegative


class LogCosh(RuleLoss):
    """The mean of ln cosh(y_pred - y_true): a smooth absolute error."""

    rule, fits = log_cosh, check_finite


class Poisson(RuleLoss):
    """The mean of y_pred - y_true ln(y_pred): for counts, with predictions above 0."""

    rule, fits = poisson, check_nonnegative


class Huber(RuleLoss):
    """Squared up to an error of `delta`, linear beyond."""

    rule, fits = huber, check_finite

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "huber_loss",
        dtype: str | None = None,
    ) -> None:
        self._set(reduction, name, dtype, delta=delta)


class CosineSimilarity(RuleLoss):
    """Minus the cosine of the angle between y_true and y_pred along `axis`."""

    rule, fits = cosine_similarity, check_finite

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        self._set(reduction, name, dtype, axis=axis)
