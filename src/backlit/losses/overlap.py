"""Losses of overlap: how much of the predicted mass and of the true mass is shared (segmentation, rare classes).

With `axis=None` the whole batch gives one number.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import ops
from ..arrays import epsilon
from ..tensor import Tensor
from .loss import RuleLoss, divide_no_nan, matched
from .targets import check_one_hot


def dice(y_true: Any, y_pred: Any, axis: int | Sequence[int] | None = None) -> Tensor:
    """Return 1 - 2 sum(t p) / (sum(t) + sum(p)) over `axis` (Sørensen 1948, Dice 1945)."""
    t, p = matched(y_true, y_pred)
    shared = ops.sum(t * p, axis)
    return 1.0 - divide_no_nan(2.0 * shared, ops.sum(t, axis) + ops.sum(p, axis) + epsilon())


def tversky(
    y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: int | Sequence[int] | None = None
) -> Tensor:
    """Return 1 - sum(t p) / (sum(t p) + alpha sum(t (1 - p)) + beta sum((1 - t) p)) over `axis` (Tversky 1977).

    As in Keras' code, `alpha` weighs what was missed and `beta` what was predicted too much; its text has them swapped.
    """
    t, p = matched(y_true, y_pred)
    shared = ops.sum(t * p, axis)
    missed, too_much = ops.sum(t * (1.0 - p), axis), ops.sum((1.0 - t) * p, axis)
    return 1.0 - divide_no_nan(shared, shared + alpha * missed + beta * too_much + epsilon())


class Dice(RuleLoss):
    """1 - 2 sum(t p) / (sum(t) + sum(p)) over `axis`."""

    rule, fits = dice, check_one_hot

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        axis: int | Sequence[int] | None = None,
        dtype: str | None = None,
    ) -> None:
        self._set(reduction, name, dtype, axis=axis)


class Tversky(RuleLoss):
    """1 - sum(t p) / (sum(t p) + alpha sum(t (1 - p)) + beta sum((1 - t) p)) over `axis`."""

    rule, fits = tversky, check_one_hot

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        axis: int | Sequence[int] | None = None,
        dtype: str | None = None,
    ) -> None:
        self._set(reduction, name, dtype, alpha=alpha, beta=beta, axis=axis)
