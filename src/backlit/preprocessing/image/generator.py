"""`ImageDataGenerator`: images moved, distorted and standardized anew in every epoch, inside the training step."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ... import seeds
from ...arrays import Array, as_dtype, floatx, is_integer, is_number
from ...errors import ConfigError, ShapeError
from ...layers.spans import channels_last
from ...lints.rules import angle_in_degrees
from ...training.arguments import truth
from . import settings
from .arrays import NumpyArrayIterator, images_of
from .change import Change
from .folders import DirectoryIterator
from .frames import DataFrameIterator
from .settings import Moves
from .standard import Standard
from .transform import DRAWS, Transform, applied, drawn


class ImageDataGenerator:
    """Draws a change for each image, anew in each epoch: the arguments are those of Keras.

    `rotation_range` and `shear_range` are degrees either way, `width_shift_range` and `height_shift_range` shares of
    the size below 1, else pixels (an integer n: one of 0..n-1 pixels; a list: one of its members), `zoom_range` z draws
    how far out to look along each axis from 1 - z to 1 + z, or from the two numbers given. `fill_mode` ("nearest",
    "constant" with `cval`, "reflect", "wrap") fills what lies outside, `interpolation_order` is 0 or 1. All of this and
    the flips is one resampling. `channel_shift_range` is added to all channels, `brightness_range` multiplies. Then
    images are standardized: `preprocessing_function` (one image to another of the same shape), `rescale`, and the
    samplewise, featurewise and ZCA settings, the last two after `fit`.

    `axes="documented"` shifts, zooms and shears the axes that the arguments name. Keras itself exchanges them and takes
    pixels for whole numbers when it brightens: `axes="keras"` does the same.

    The change of an image is a function of (seed, epoch, its number in the data): the same bits for any batch size,
    number of threads and executor. `fit(generator.flow(x, y))` of a model runs it in machine code within the training
    step; a `preprocessing_function` makes it run in Python, image by image.
    """

    def __init__(
        self, featurewise_center: bool = False, samplewise_center: bool = False,
        featurewise_std_normalization: bool = False, samplewise_std_normalization: bool = False,
        zca_whitening: bool = False, zca_epsilon: float = 1e-6, rotation_range: float = 0, width_shift_range: Any = 0.0,
        height_shift_range: Any = 0.0, brightness_range: Any = None, shear_range: float = 0.0, zoom_range: Any = 0.0,
        channel_shift_range: float = 0.0, fill_mode: str = "nearest", cval: float = 0.0, horizontal_flip: bool = False,
        vertical_flip: bool = False, rescale: float | None = None,
        preprocessing_function: Callable[[Array], Any] | None = None, data_format: str | None = None,
        validation_split: float = 0.0, interpolation_order: int = 1, dtype: Any = None, axes: str = "documented",
    ) -> None:  # fmt: skip
        self.moves = Moves(
            settings.amount("rotation_range", rotation_range, "degrees"),
            settings.shift("height_shift_range", height_shift_range),
            settings.shift("width_shift_range", width_shift_range),
            settings.amount("shear_range", shear_range, "degrees"), settings.zoom(zoom_range),
            settings.amount("channel_shift_range", channel_shift_range, "units of a pixel's value"),
            settings.brightness(brightness_range), truth("horizontal_flip", horizontal_flip),
            truth("vertical_flip", vertical_flip), **settings.filling(fill_mode, cval, interpolation_order),
            axes=settings.choice("axes", axes, settings.AXES),
        )  # fmt: skip
        angle_in_degrees.told(self.moves.shear, self.moves.rotation)
        channels_last(data_format)
        if rescale is not None and not is_number(rescale):
            raise ConfigError(f"rescale={rescale!r}: expected a number such as 1/255, or None.")
        if preprocessing_function is not None and not callable(preprocessing_function):
            raise ConfigError(f"preprocessing_function must be callable, got {preprocessing_function!r}.")
        if not is_number(validation_split) or not 0 <= validation_split < 1:
            raise ConfigError(f"validation_split={validation_split!r}: expected a share from 0 up to 1.")
        self.validation_split = float(validation_split)
        self.dtype = as_dtype(dtype) if dtype is not None else np.dtype(floatx())
        self.standard = Standard(
            rescale=rescale or None,
            preprocessing_function=preprocessing_function,
            samplewise_center=truth("samplewise_center", samplewise_center),
            samplewise_std=truth("samplewise_std_normalization", samplewise_std_normalization),
            featurewise_center=truth("featurewise_center", featurewise_center),
            featurewise_std=truth("featurewise_std_normalization", featurewise_std_normalization),
            zca=truth("zca_whitening", zca_whitening),
            zca_epsilon=float(zca_epsilon),
        )
        self.standard.make_consistent()
        self.change = Change(self)

    def flow(
        self, x: Any, y: Any = None, batch_size: int = 32, shuffle: bool = True, sample_weight: Any = None,
        seed: int | None = None, save_to_dir: Any = None, save_prefix: str = "", save_format: str = "png",
        ignore_class_split: bool = False, subset: str | None = None,
    ) -> NumpyArrayIterator:  # fmt: skip
        """Return the batches of images `x` (n, height, width, channels) and whatever `y` holds for them, endlessly.

        With `validation_split`, `subset` "validation" is the first share of the rows and "training" the rest; both must
        have the same class numbers unless `ignore_class_split`. With `save_to_dir` each image is written there as
        `prefix_row_epoch.format`, which is slow and meant for looking.
        """
        return NumpyArrayIterator(
            x, y, self, batch_size, shuffle, sample_weight, seed, None, save_to_dir, save_prefix, save_format, subset,
            ignore_class_split,
        )  # fmt: skip

    def flow_from_directory(
        self, directory: str | os.PathLike[str], target_size: tuple[int, int] = (256, 256), color_mode: str = "rgb",
        classes: Sequence[str] | None = None, class_mode: str | None = "categorical", batch_size: int = 32,
        shuffle: bool = True, seed: int | None = None, save_to_dir: Any = None, save_prefix: str = "",
        save_format: str = "png", follow_links: bool = False, subset: str | None = None,
        interpolation: str = "nearest", keep_aspect_ratio: bool = False,
    ) -> DirectoryIterator:  # fmt: skip
        """Return the batches of a folder with a folder of pictures for each class (those in `classes`, or all).

        Pictures become `target_size` (height, width), stretched, or with `keep_aspect_ratio` cropped in the middle.
        `class_mode`: "categorical" gives labels float32 (n, classes), "binary" float32 (n,), "sparse" int64 (n,),
        "input" the images themselves, None no labels. Of each class the first share validates (`subset`). Pictures that
        cannot be read, and classes without any, raise `DataError`. Up to 1 GiB of pixels are read once.
        """
        return DirectoryIterator(
            directory, self, target_size, color_mode, classes, class_mode, batch_size, shuffle, seed, None, save_to_dir,
            save_prefix, save_format, follow_links, subset, interpolation, keep_aspect_ratio,
        )  # fmt: skip

    def flow_from_dataframe(
        self, dataframe: Any, directory: str | os.PathLike[str] | None = None, x_col: str = "filename",
        y_col: Any = "class", weight_col: str | None = None, target_size: tuple[int, int] = (256, 256),
        color_mode: str = "rgb", classes: Sequence[str] | None = None, class_mode: str | None = "categorical",
        batch_size: int = 32, shuffle: bool = True, seed: int | None = None, save_to_dir: Any = None,
        save_prefix: str = "", save_format: str = "png", subset: str | None = None, interpolation: str = "nearest",
        validate_filenames: bool = True, keep_aspect_ratio: bool = False,
    ) -> DataFrameIterator:  # fmt: skip
        """Return the batches of the pictures that column `x_col` names, within `directory` if that is given.

        `class_mode` "categorical", "binary" and "sparse" take names of classes from `y_col` (with the first, a list of
        them too); "raw" takes numbers of one column or a list of columns, "multi_output" a list of columns as so many
        outputs; "input" and None are as in `flow_from_directory`. Rows that name no picture file are left out with a
        warning, unless `validate_filenames=False`. The first share of the rows validates (`subset`).
        """
        return DataFrameIterator(
            dataframe, directory, self, x_col, y_col, weight_col, target_size, color_mode, classes, class_mode,
            batch_size, shuffle, seed, None, save_to_dir, save_prefix, save_format, subset, interpolation,
            keep_aspect_ratio, validate_filenames,
        )  # fmt: skip

    def fit(self, x: Any, augment: bool = False, rounds: int = 1, seed: int | None = None) -> None:
        """Find the statistics of images (n, height, width, channels); `augment` moves them first, `rounds` times."""
        images = images_of(x, "x")
        if not is_integer(rounds) or rounds < 1:
            raise ConfigError(f"rounds={rounds!r}: expected a positive integer.")
        if not (self.standard.featurewise_center or self.standard.featurewise_std or self.standard.zca):
            return
        if augment:
            seed = seeds.fresh_seed() if seed is None else seed
            u = seeds.uniform(seed, seeds.AUGMENT, 0, (rounds * len(images), DRAWS))
            repeated = np.concatenate([images.astype(self.dtype)] * rounds)
            images = np.asarray(self._moved(repeated, drawn(self.moves, u, *images.shape[1:3])))
        self.standard.fit(images)
        self.change = Change(self)  # what was recorded before knew other statistics

    def standardize(self, x: Any) -> Array:
        """Return one image, or a batch, standardized: a new array."""
        self.standard.warn_of_missing()
        images = np.asarray(x, self.dtype)
        if images.ndim not in (3, 4):
            raise ShapeError(f"standardize takes (height, width, channels) or a batch of it, got {images.shape}.")
        single = images.ndim == 3
        batch = images[None] if single else images
        function = self.standard.preprocessing_function
        if function is not None:
            batch = np.stack([_called(function, image) for image in batch]).astype(self.dtype)
        found = np.asarray(self.standard.applied(batch), self.dtype)
        return found[0] if single else found

    def get_random_transform(self, img_shape: tuple[int, ...], seed: int | None = None) -> dict[str, Any]:
        """Return the change drawn for one image of this shape, by Keras' names: degrees, pixels, factors."""
        u = seeds.uniform(seeds.fresh_seed() if seed is None else seed, seeds.AUGMENT, 0, (1, DRAWS))
        change = drawn(self.moves, u, img_shape[0], img_shape[1])
        return {name: None if v is None else np.ravel(v)[0].item() for name, v in change._asdict().items()}

    def apply_transform(self, x: Any, transform_parameters: dict[str, Any]) -> Array:
        """Return one image (height, width, channels) after a change; names that are missing change nothing."""
        image = np.asarray(x, self.dtype)
        if image.ndim != 3:
            raise ShapeError(f"apply_transform takes one image (height, width, channels), got {image.shape}.")
        unknown = sorted(set(transform_parameters) - set(Transform._fields))
        if unknown:
            raise ConfigError(f"Unknown {unknown[0]!r}. A change has {', '.join(Transform._fields)}.")
        given = {
            name: bool(value) if name.startswith("flip") else value for name, value in transform_parameters.items()
        }
        change = Transform(**{name: value for name, value in given.items() if value is not False})
        return np.asarray(self._moved(image[None], change), self.dtype)[0]

    def random_transform(self, x: Any, seed: int | None = None) -> Array:
        """Return one image after a change drawn for it."""
        return self.apply_transform(x, self.get_random_transform(np.shape(x), seed))

    def changed(self, images: Any, u: Any, standardized: bool = True) -> Any:
        """Return a batch moved as the uniform numbers `u` (n, `DRAWS`) say, and standardized: what a step records."""
        moved = self._moved(images, drawn(self.moves, u, *images.shape[1:3]))
        return self.standard.applied(moved) if standardized else moved

    def _moved(self, images: Any, change: Transform) -> Any:
        return applied(images, change, self.moves)


def _called(function: Callable[[Array], Any], image: Array) -> Array:
    found = np.asarray(function(image))
    if found.shape != image.shape:
        raise ShapeError(
            f"preprocessing_function made {found.shape} of an image of shape {image.shape}. It must keep the shape."
        )
    return found
