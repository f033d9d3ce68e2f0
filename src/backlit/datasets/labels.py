"""Class numbers into one-hot rows, for losses that compare whole distributions.

Labels are checked, never clipped: a wrong one is named with its row.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import Array, as_dtype
from ..errors import ConfigError, LabelError


def to_categorical(y: Any, num_classes: int | None = None, dtype: Any = "float64") -> Array:
    """Return one-hot rows for class numbers, in a new last axis of size `num_classes`.

    `y`: integers from 0 (floats only if whole), any shape; a last axis of size 1 is dropped, (n, 1) counts as (n,).
    `num_classes` is the greatest label plus one by default; the result is float64 as in Keras 3. A label that is
    negative, too great, fractional, NaN or no number raises `LabelError`; a bad `num_classes` raises `ConfigError`.

    >>> to_categorical([0, 2, 1])
    array([[1., 0., 0.],
           [0., 0., 1.],
           [0., 1., 0.]])
    """
    labels = _whole_numbers(y)
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    count = _class_count(labels, num_classes)
    _refuse(labels, labels < 0, "Class numbers start at 0")
    _refuse(labels, labels >= count, f"Expected class numbers below num_classes={count}")
    one_hot = np.zeros((labels.size, count), as_dtype(dtype))
    one_hot[np.arange(labels.size), labels.reshape(-1)] = 1
    return one_hot.reshape(*labels.shape, count)


def _whole_numbers(y: Any) -> Array:
    labels = np.asarray(y)
    if labels.size == 0 and labels.dtype.kind == "f":
        return labels.astype(np.int64)
    if labels.dtype.kind == "f":
        _refuse(labels, ~np.isfinite(labels), "Expected class numbers")
        _refuse(labels, labels != np.floor(labels), "Expected whole class numbers")
    elif labels.dtype.kind not in "iu":
        raise LabelError(
            f"y has dtype {labels.dtype} and begins with {labels.reshape(-1)[:1].tolist()}. Expected class numbers 0, "
            "1, 2, ...; turn names into numbers first, with np.unique(y, return_inverse=True)[1]."
        )
    return labels.astype(np.int64)


def _class_count(labels: Array, num_classes: int | None) -> int:
    if num_classes is None:
        if labels.size == 0:
            raise LabelError("y is empty, so the number of classes cannot be read from it. Give num_classes.")
        return max(int(labels.max()) + 1, 1)
    if isinstance(num_classes, bool) or not isinstance(num_classes, (int, np.integer)) or num_classes < 1:
        raise ConfigError(f"num_classes must be a positive integer, got {num_classes!r}.")
    return int(num_classes)


def _refuse(labels: Array, bad: Array, expected: str) -> None:
    """Raise the error for the first bad label, named by its place."""
    if bad.any():
        place = tuple(int(i) for i in np.argwhere(bad)[0])
        where = f"y[{', '.join(map(str, place))}]" if place else "y"
        raise LabelError(
            f"{where} is {labels[place].item()!r}, the first of {int(bad.sum())} such labels. {expected}. "
            "Look at that row."
        )
