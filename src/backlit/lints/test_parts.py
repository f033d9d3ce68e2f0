"""The test labels of the named data sets this process has loaded: by them a test set is known again.

Pictures are scaled and reshaped on their way into `fit`; the labels of ten thousand rows stay as they were.
"""

from __future__ import annotations

import numpy as np

from ..arrays import Array

_labels: dict[str, Array] = {}


def remember(data_set: str, labels: Array) -> None:
    """Keep a copy of the labels (n,) of a data set's test part."""
    _labels[data_set] = np.array(labels).reshape(-1)


def data_set_of(y: Array) -> str:
    """Return the data set whose test labels `y` holds in their order, as numbers or one-hot rows; "" for others."""
    for data_set, labels in _labels.items():
        if len(y) == len(labels):
            numbers = y.argmax(-1) if y.ndim > 1 and y.shape[-1] > 1 else y.reshape(len(y), -1)[:, 0]
            if np.array_equal(numbers.reshape(-1), labels):
                return data_set
    return ""
