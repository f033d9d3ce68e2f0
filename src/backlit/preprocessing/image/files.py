"""The flow over picture files: each read once, when it is first needed, in threads, and kept as bytes.

To `fit` these are rows like those of an array; more than a gigabyte of them lie in a file (`datasets.picture_cache`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...arrays import Array
from ...datasets.labels import to_categorical
from ...datasets.picture_cache import KeptPictures
from ...datasets.picture_frames import Frame
from .flow import INPUT, Flow
from .saving import Saving

if TYPE_CHECKING:
    from .generator import ImageDataGenerator


class PictureFlow(Flow):
    """The flow over files. `filepaths` are in the order of a pass that is not shuffled, `labels` belong to them."""

    def __init__(
        self, generator: ImageDataGenerator, filepaths: Sequence[str], frame: Frame, color_mode: str, targets: Any,
        sample_weight: Any, batch_size: int, shuffle: bool, seed: int | None, saving: Saving | None,
    ) -> None:  # fmt: skip
        self.filepaths = list(filepaths)
        self.color_mode = color_mode
        self.target_size = frame.height, frame.width
        self.image_shape = (*self.target_size, frame.channels)
        self._pictures = KeptPictures(self.filepaths, frame)
        super().__init__(
            generator, len(self.filepaths), targets, sample_weight, batch_size, shuffle, seed, saving
        )  # fmt: skip

    def pixels(self, rows: Array) -> Array:
        """Return some pictures as uint8."""
        return self._pictures.some(rows)

    def all_pixels(self) -> Array:
        """Return all pictures as uint8."""
        return self._pictures.all()


def targets_of(class_mode: str | None, classes: Sequence[Any], count: int) -> Any:
    """Return what a model is to say of each image, for class numbers (n,), or several of them for each image.

    "categorical": float32 (n, count); "binary": float32 (n,); "sparse": int64 (n,); "input": that word; None: None.
    """
    if class_mode is None or class_mode == INPUT:
        return class_mode
    if class_mode == "categorical":
        if all(isinstance(one, (int, np.integer)) for one in classes):
            return to_categorical(np.asarray(classes, np.int64), count, "float32")
        several = np.zeros((len(classes), count), np.float32)
        for row, numbers in zip(several, classes, strict=True):
            row[numbers] = 1.0
        return several
    return np.asarray(classes, np.float32 if class_mode == "binary" else np.int64)
