"""`keras.utils`: labels, seeds, pictures of models, and sequences of batches."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..config import set_random_seed
from ..datasets import to_categorical
from ..preprocessing.image import array_to_img, img_to_array, load_img, save_img
from .model_picture import plot_model

__all__ = [
    "PyDataset", "Sequence", "array_to_img", "img_to_array", "load_img", "normalize", "plot_model", "save_img",
    "set_random_seed", "to_categorical",
]  # fmt: skip


def normalize(x: Any, axis: int = -1, order: int = 2) -> Any:
    """Return an array divided by its norm along an axis; rows of zeros stay."""
    array = np.asarray(x)
    length = np.linalg.norm(array, order, axis, keepdims=True)
    return array / np.where(length == 0, 1, length)


class PyDataset:
    """Batches by number: a subclass writes `__len__` and `__getitem__`, and `on_epoch_end` if it wants to."""

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10) -> None:
        self.workers, self.use_multiprocessing, self.max_queue_size = workers, use_multiprocessing, max_queue_size

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must define __getitem__(index): it returns one batch.")

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__} must define __len__(): the number of batches.")

    def on_epoch_end(self) -> None:
        """Is called after each epoch."""


Sequence = PyDataset
