"""Data sets: MNIST and its family from wherever they lie, the built-in `strokes`, and scikit-learn's `digits`.

Every loader returns `(x_train, y_train), (x_test, y_test)`; `load(name)` returns one record with its source.
"""

from __future__ import annotations

from . import digits, fashion_mnist, kmnist, mnist, picture_folder, strokes
from .by_name import NAMES, load
from .dataset import Dataset
from .labels import to_categorical
from .own import Choices
from .picture_batches import image_dataset_from_directory
from .preparation import Preparation

__all__ = [
    "NAMES", "Choices", "Dataset", "Preparation", "digits", "fashion_mnist", "image_dataset_from_directory", "kmnist",
    "load", "mnist", "picture_folder", "strokes", "to_categorical",
]  # fmt: skip
