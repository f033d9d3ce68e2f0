"""`NumpyArrayIterator`: the flow of a generator over images in memory."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from ...arrays import Array
from ...errors import DataError, ShapeError
from ...layers.spans import channels_last
from ...training.arguments import truth
from .flow import Flow, part_of
from .saving import Saving

if TYPE_CHECKING:
    from .generator import ImageDataGenerator


class NumpyArrayIterator(Flow):
    """The flow over an array of images (n, height, width, channels), which is kept in its dtype.

    uint8 pixels become floats when a batch is gathered. `y` and `sample_weight` have a row for each image, or are None.
    """

    def __init__(
        self, x: Any, y: Any, image_data_generator: ImageDataGenerator, batch_size: int = 32, shuffle: bool = True,
        sample_weight: Any = None, seed: int | None = None, data_format: str | None = None,
        save_to_dir: Any = None, save_prefix: str = "", save_format: str = "png", subset: str | None = None,
        ignore_class_split: bool = False,
    ) -> None:  # fmt: skip
        channels_last(data_format)
        truth("ignore_class_split", ignore_class_split)
        images = images_of(x, "x")
        columns = _columns(images, y, sample_weight)
        part = part_of(len(images), subset, image_data_generator.validation_split)
        if subset is not None:
            _require_rows(len(images), image_data_generator.validation_split)
            if columns[1] is not None and not ignore_class_split:
                _require_same_classes(columns[1], image_data_generator.validation_split)
        self.x: Array = images[part]
        self.y, weight = (None if column is None else column[part] for column in columns[1:])
        saving = Saving.asked(save_to_dir, save_prefix, save_format)
        super().__init__(image_data_generator, len(self.x), self.y, weight, batch_size, shuffle, seed, saving)

    def pixels(self, rows: Array) -> Array:
        """Return the images of some rows, in the dtype they have."""
        return self.x[rows]

    def all_pixels(self) -> Array:
        """Return all images as they lie in memory."""
        return self.x


def images_of(x: Any, name: str) -> Array:
    """Return images as an array (n, height, width, channels), in the dtype they have."""
    images = np.asarray(x)
    if images.dtype.kind not in "buif":
        raise DataError(f"{name} holds {images.dtype}, not numbers.")
    if images.ndim != 4 or 0 in images.shape:
        hint = " Add the axis of channels: x[..., None]." if images.ndim == 3 else ""
        raise ShapeError(f"{name} has shape {images.shape}. Expected images (n, height, width, channels).{hint}")
    if images.shape[3] not in (1, 3, 4):
        warnings.warn(
            f"{name} has {images.shape[3]} channels in its last axis; images have 1, 3 or 4. Are the axes in order?",
            stacklevel=3,
        )
    return images


def _columns(images: Array, y: Any, sample_weight: Any) -> list[Any]:
    columns: list[Any] = [images]
    for name, column in (("y", y), ("sample_weight", sample_weight)):
        column = None if column is None else np.asarray(column)
        if column is not None and (column.ndim == 0 or len(column) != len(images)):
            raise ShapeError(
                f"x has {len(images)} images, {name} has shape {column.shape}. Expected a row for each image."
            )
        columns.append(column)
    return columns


def _require_rows(rows: int, split: float) -> None:
    at = int(rows * split)
    if not 0 < at < rows:
        what = f"validation_split={split} of {rows} images"
        raise DataError(f"{what} leaves {at} to validate and {rows - at} to train. Expected at least one of each.")


def _require_same_classes(y: Array, split: float) -> None:
    """Refuse a split whose parts do not hold the same class numbers: rows in the order of their classes, most often."""
    at = int(len(y) * split)
    if y.dtype.kind not in "iub" or y.ndim > 2 or (y.ndim == 2 and y.shape[1] > 1):
        return
    parts = [set(np.unique(part).tolist()) for part in (y[:at], y[at:])]
    if parts[0] != parts[1]:
        lacking = min(parts[0] ^ parts[1])
        where = "validation" if lacking in parts[1] else "training"
        raise DataError(
            f"validation_split={split}: class {lacking} has no image in {where}. The first rows validate: shuffle "
            "x and y first, or pass ignore_class_split=True."
        )
