"""Losses that ask for a margin: a score on the right side of zero, or above the others, by at least one.

They are zero once the margin is reached, so rows that are safely right stop pulling.
"""

from __future__ import annotations

from typing import Any

from .. import ops
from ..ops import equal, maximum, square, where
from ..ops.op import Value, elementwise
from ..tensor import Tensor
from .loss import RuleLoss, matched
from .targets import check_one_hot, check_signs


@elementwise
def margin_error(p: Value, t: Value) -> Value:
    """loss = 1 - t p where that is above 0, else 0"""
    return maximum(1.0 - t * p, 0.0)


def hinge(y_true: Any, y_pred: Any) -> Tensor:
    """Return the mean of max(1 - y_true y_pred, 0) over the last axis; targets are -1 and 1 (or 0 and 1)."""
    t, p = matched(y_true, y_pred)
    return ops.mean(margin_error(p, signed(t)), -1)


def squared_hinge(y_true: Any, y_pred: Any) -> Tensor:
    """Return the mean of max(1 - y_true y_pred, 0)² over the last axis; targets are -1 and 1 (or 0 and 1)."""
    t, p = matched(y_true, y_pred)
    return ops.mean(square(margin_error(p, signed(t))), -1)


def categorical_hinge(y_true: Any, y_pred: Any) -> Tensor:
    """Return max(1 + the highest wrong score - the right score, 0) over the last axis; targets are one-hot."""
    t, p = matched(y_true, y_pred)
    right = ops.sum(t * p, -1)
    wrong = ops.max((1.0 - t) * p, -1)
    return maximum(wrong - right + 1.0, 0.0)


def signed(t: Tensor) -> Tensor:
    """Return 2 t - 1 where all targets of the batch are 0 or 1, else the targets as they are."""
    zero_or_one = ops.all(ops.logical_or(equal(t, 0.0), equal(t, 1.0)))
    return where(zero_or_one, 2.0 * t - 1.0, t)


class Hinge(RuleLoss):
    """The mean of max(1 - y_true y_pred, 0), targets -1 and 1: the loss of a support vector machine."""

    rule, fits = hinge, check_signs


class SquaredHinge(RuleLoss):
    """The mean of max(1 - y_true y_pred, 0)², targets -1 and 1."""

    rule, fits = squared_hinge, check_signs


class CategoricalHinge(RuleLoss):
    """max(1 + the highest wrong score - the right score, 0), targets one-hot."""

    rule, fits = categorical_hinge, check_one_hot
