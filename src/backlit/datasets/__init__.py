"""Data sets: MNIST and its family from wherever they lie, the built-in `strokes`, and scikit-learn's `digits`.

Every loader returns `(x_train, y_train), (x_test, y_test)`; `load(name)` returns one record with its source.
"""

from __future__ import annotations

from . import digits, fashion_mnist, kmnist, mnist, strokes
from .by_name import NAMES, Dataset, load
from .labels import to_categorical

__all__ = ["NAMES", "Dataset", "digits", "fashion_mnist", "kmnist", "load", "mnist", "strokes", "to_categorical"]
