"""The book's `dataset.mnist`: the digits of `backlit.datasets.mnist` in the shapes the book uses."""

from __future__ import annotations

import numpy as np

from ...arrays import Array
from ...datasets import mnist

__all__ = ["load_mnist"]
Pair = tuple[Array, Array]


def load_mnist(normalize: bool = True, flatten: bool = True, one_hot_label: bool = False) -> tuple[Pair, Pair]:
    """Return `(x_train, t_train), (x_test, t_test)`.

    Images are (n, 784), or (n, 1, 28, 28) with `flatten=False`; float32 from 0 to 1, or uint8 with `normalize=False`.
    Targets are uint8 class numbers, or float64 rows of 0 and 1 with `one_hot_label=True`. The errors are those of
    `backlit.datasets.mnist.load_data`.
    """
    train, test = mnist.load_data()
    return _prepared(*train, normalize, flatten, one_hot_label), _prepared(*test, normalize, flatten, one_hot_label)


def _prepared(x: Array, t: Array, normalize: bool, flatten: bool, one_hot_label: bool) -> Pair:
    x = x.reshape(len(x), -1) if flatten else x[:, None]
    if normalize:
        x = x.astype(np.float32) / np.float32(255)
    return x, (np.eye(10)[t] if one_hot_label else t)
