"""Intersection over union: how well two regions, or two classes of rows, cover each other.

All of it is read off one confusion matrix, rows true and columns predicted.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from inspect import signature
from typing import Any

from .. import ops
from ..errors import ConfigError, ShapeError
from ..losses.loss import divide_no_nan
from ..tensor import Tensor, as_tensor
from .metric import Metric


class IoU(Metric):
    """The mean over `target_class_ids` of TP / (TP + FP + FN); a class that never occurs does not count.

    Targets and predictions are class numbers of one shape, or scores per class on `axis` where `sparse_y_true` or
    `sparse_y_pred` is False. Entries of `ignore_class` are left out.
    """

    direction = "up"

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(dtype, name)
        wrong = [i for i in target_class_ids if not 0 <= i < num_classes]
        if wrong:
            raise ConfigError(f"target_class_ids has {wrong[0]}. Expected classes from 0 to {num_classes - 1}.")
        self.num_classes, self.target_class_ids, self.ignore_class = num_classes, list(target_class_ids), ignore_class
        self.sparse_y_true, self.sparse_y_pred, self.axis = sparse_y_true, sparse_y_pred, axis
        self.total_confusion_matrix = self.add_variable((num_classes, num_classes), name="total_confusion_matrix")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add one batch."""
        t, p = self._numbers(y_true, self.sparse_y_true), self._numbers(y_pred, self.sparse_y_pred)
        self._add(t, p, sample_weight)

    def _numbers(self, y: Any, sparse: bool) -> Tensor:
        tensor = as_tensor(y)
        return tensor if sparse else ops.argmax(tensor, self.axis)

    def _add(self, t: Tensor, p: Tensor, sample_weight: Any) -> None:
        size = math.prod(t.shape)
        if size != math.prod(p.shape):
            raise ShapeError(f"y_true has shape {t.shape} and y_pred has shape {p.shape}. Expected equal shapes.")
        rows, columns = (ops.one_hot(ops.reshape(y, (size,)), self.num_classes, self.dtype) for y in (t, p))
        if self.ignore_class is not None:
            counts = ops.cast(ops.not_equal(ops.reshape(t, (size, 1)), self.ignore_class), dtype=self.dtype)
            rows = rows * counts
        if sample_weight is not None:
            weight = as_tensor(sample_weight, self.dtype)
            inner = (1,) * (len(t.shape) - len(weight.shape))
            weight = ops.broadcast_to(ops.reshape(weight, (*weight.shape, *inner)), t.shape)
            rows = rows * ops.reshape(weight, (size, 1))
        self.total_confusion_matrix.assign_add(ops.matmul(rows, columns, transpose_a=True))

    def result(self) -> Tensor:
        """Return the mean over the target classes, from 0 to 1."""
        matrix = self.total_confusion_matrix.read()
        diagonal = ops.sum(matrix * as_tensor(_identity(self.num_classes), self.dtype), 0)
        union = ops.sum(matrix, 0) + ops.sum(matrix, 1) - diagonal
        each = divide_no_nan(diagonal, union)
        chosen = as_tensor([float(i in self.target_class_ids) for i in range(self.num_classes)], self.dtype)
        chosen = chosen * ops.cast(union > 0, dtype=self.dtype)
        return divide_no_nan(ops.sum(each * chosen), ops.sum(chosen))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments."""
        own = [name for name in signature(type(self)).parameters if name not in ("name", "dtype")]
        return super().get_config() | {name: getattr(self, name) for name in own}


class BinaryIoU(IoU):
    """The intersection over union of the classes 0 and 1, a probability of at least `threshold` being a 1."""

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = threshold

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add one batch: targets 0 or 1 and probabilities of one shape."""
        p = as_tensor(y_pred, self.dtype)
        self._add(as_tensor(y_true), ops.cast(p >= self.threshold, dtype="int32"), sample_weight)


class MeanIoU(IoU):
    """The mean intersection over union of all classes that occur."""

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        everything = range(num_classes)
        super().__init__(num_classes, everything, name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis)


class OneHotIoU(IoU):
    """The intersection over union of `target_class_ids`, targets (and predictions) one-hot or scores on `axis`."""

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis)


class OneHotMeanIoU(OneHotIoU):
    """The mean intersection over union of all classes that occur, targets one-hot."""

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, range(num_classes), name, dtype, ignore_class, sparse_y_pred, axis)


def _identity(n: int) -> list[list[float]]:
    return [[float(i == j) for j in range(n)] for i in range(n)]
