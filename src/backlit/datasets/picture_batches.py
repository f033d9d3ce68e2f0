"""Batches of pictures from a folder, with the arguments that Keras users know: a source for `fit`.

The files are those of `picture_folder`, the pixels those of `picture_frames`; the split is the one Keras makes.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from .. import seeds
from ..arrays import Array, is_integer, is_number
from ..errors import ConfigError, DataError, unknown_name
from . import picture_folder
from .labels import to_categorical
from .picture_cache import KeptPictures
from .picture_folder import Listing
from .picture_frames import Frame

COLOR_MODES = {"grayscale": 1, "rgb": 3, "rgba": 4}
LABEL_MODES = ("int", "categorical", "binary", None)
SUBSETS = ("training", "validation", "both")


class PictureBatches:
    """A source of batches of pictures: iterating gives (images, labels), or images alone without labels.

    `images` is float32 (batch, height, width, channels) in 0..255, `labels` as `label_mode` says. With `shuffle`, each
    pass takes another order, a function of (seed, number of the pass). `file_paths` are in the order of a pass that is
    not shuffled, `class_names` in the order of the class numbers.
    """

    def __init__(
        self, paths: Sequence[str], labels: Array | None, class_names: Sequence[str], frame: Frame,
        batch_size: int | None, shuffle: bool, seed: int,
    ) -> None:  # fmt: skip
        self.file_paths = list(paths)
        self.class_names = list(class_names)
        self.labels = labels
        self.batch_size = batch_size
        self._shuffle, self._seed = shuffle, seed
        self._passes = 0
        self._pictures = KeptPictures(self.file_paths, frame)

    def __len__(self) -> int:
        return math.ceil(len(self.file_paths) / (self.batch_size or 1))

    def __iter__(self) -> Iterator[Any]:
        count, size = len(self.file_paths), self.batch_size or 1
        order = seeds.permutation(self._seed, self._passes, count) if self._shuffle else np.arange(count)
        self._passes += 1
        for start in range(0, count, size):
            rows = order[start : start + size]
            images = self._pictures.some(rows).astype(np.float32)
            labels = None if self.labels is None else self.labels[rows]
            if self.batch_size is None:
                images, labels = images[0], None if labels is None else labels[0]
            yield images if labels is None else (images, labels)


def image_dataset_from_directory(
    directory: str | os.PathLike[str],
    labels: str | Sequence[int] | None = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    color_mode: str = "rgb",
    batch_size: int | None = 32,
    image_size: tuple[int, int] = (256, 256),
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    interpolation: str = "bilinear",
    follow_links: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    data_format: str | None = None,
    verbose: bool = True,
) -> Any:
    """Return a `PictureBatches` (two of them for `subset="both"`) of the pictures in a folder, as Keras does.

    The arguments are those of `keras.utils.image_dataset_from_directory`; with the same seed the split has the same
    files. What differs: pictures shrink by averaging all pixels that fall into one (Keras looks at four of them), the
    order within an epoch is a shuffle of all files (Keras shuffles in a buffer), WebP, TIFF and PPM are read too, and
    empty classes and pictures that cannot be read raise `DataError` here, all of them named. A picture of the right
    size has Keras' values. Impossible arguments raise `ConfigError`.
    """
    _check(label_mode, color_mode, image_size, batch_size, data_format, crop_to_aspect_ratio and pad_to_aspect_ratio)
    _check_split(validation_split, subset, shuffle, seed)
    listing = _listing(directory, labels, label_mode, class_names, follow_links)
    picture_folder.look(listing)
    if verbose:
        print(f"Found {len(listing):,} files{_belonging(listing)}.")
    number = int.from_bytes(os.urandom(4), "little") if seed is None else int(seed)
    order = _keras_order(len(listing), number) if shuffle else np.arange(len(listing))
    fit = "crop" if crop_to_aspect_ratio else "pad" if pad_to_aspect_ratio else "stretch"
    frame = Frame(*image_size, COLOR_MODES[color_mode], fit, interpolation, 0.0)
    targets = _targets(listing, label_mode)
    parts = _split(order, validation_split, subset, verbose)
    made = [
        PictureBatches([str(listing.paths[i]) for i in rows], None if targets is None else targets[rows],
                       listing.class_names, frame, batch_size, shuffle, number)
        for rows in parts
    ]  # fmt: skip
    return tuple(made) if subset == "both" else made[0]


def _check(
    label_mode: str | None, color_mode: str, size: Any, batch_size: Any, data_format: str | None, both: bool
) -> None:
    if label_mode not in LABEL_MODES:
        raise unknown_name("label_mode", label_mode, [str(mode) for mode in LABEL_MODES])
    if color_mode not in COLOR_MODES:
        raise unknown_name("color_mode", color_mode, COLOR_MODES)
    if not isinstance(size, (tuple, list)) or len(size) != 2 or not all(is_integer(n) and n > 0 for n in size):
        raise ConfigError(f"image_size is {size!r}. Expected (height, width) in pixels, such as (28, 28).")
    if batch_size is not None and (not is_integer(batch_size) or batch_size < 1):
        raise ConfigError(f"batch_size is {batch_size!r}. Expected 1 or more, or None for single pictures.")
    if data_format == "channels_first":
        raise ConfigError('data_format is "channels_first". Expected "channels_last": move the axis of the result.')
    if both:
        raise ConfigError("crop_to_aspect_ratio and pad_to_aspect_ratio are both True. Choose one.")


def _check_split(fraction: float | None, subset: str | None, shuffle: bool, seed: int | None) -> None:
    if (fraction is None) != (subset is None):
        raise ConfigError(f"validation_split is {fraction!r} and subset is {subset!r}. Give both, or neither.")
    if fraction is None:
        return
    if not is_number(fraction) or not 0 < fraction < 1:
        raise ConfigError(f"validation_split is {fraction!r}. Expected a share such as 0.2.")
    if subset not in SUBSETS:
        raise unknown_name("subset", subset, SUBSETS)
    if shuffle and seed is None:
        raise ConfigError("With validation_split, training and validation must be shuffled alike: give a seed.")


def _listing(
    directory: Any, labels: Any, label_mode: str | None, class_names: Sequence[str] | None, follow_links: bool
) -> Listing:
    if labels == "inferred":
        listing = picture_folder.find(directory, class_names, follow_links=follow_links)
        if label_mode == "binary" and len(listing.class_names) != 2:
            raise ConfigError(f'label_mode="binary" needs two classes, {directory} has {len(listing.class_names)}.')
        return listing
    if class_names is not None:
        raise ConfigError(f'class_names names the folders of labels="inferred"; labels is {type(labels).__name__}.')
    listing = picture_folder.find_flat(directory, follow_links)
    if labels is None:
        if label_mode is not None:
            raise ConfigError("labels is None: there is nothing for label_mode. Pass label_mode=None.")
        return listing
    numbers = np.asarray(labels)
    if numbers.shape != (len(listing),) or numbers.dtype.kind not in "iu":
        raise DataError(
            f"labels has shape {numbers.shape}, {directory} has {len(listing)} pictures. Expected one each."
        )
    names = tuple(str(i) for i in sorted(set(numbers.tolist())))
    return Listing(listing.folder, listing.paths, numbers.astype(np.int64), names)


def _belonging(listing: Listing) -> str:
    return f" belonging to {len(listing.class_names)} classes" if listing.class_names else ""


def _keras_order(count: int, seed: int) -> Array:
    """Return the order in which Keras puts the files before it splits them."""
    order = np.arange(count)
    np.random.RandomState(seed % 2**32).shuffle(order)
    return order


def _split(order: Array, fraction: float | None, subset: str | None, verbose: bool) -> list[Array]:
    if fraction is None:
        return [order]
    kept = int(fraction * len(order))
    parts = {"training": order[: len(order) - kept], "validation": order[len(order) - kept :]}
    wanted = ["training", "validation"] if subset == "both" else [str(subset)]
    for name in wanted:
        if not len(parts[name]):
            raise ConfigError(f"validation_split={fraction} of {len(order)} files leaves none for {name}.")
        if verbose:
            print(f"Using {len(parts[name]):,} files for {name}.")
    return [parts[name] for name in wanted]


def _targets(listing: Listing, label_mode: str | None) -> Array | None:
    if label_mode is None:
        return None
    if label_mode == "categorical":
        return to_categorical(listing.labels, len(listing.class_names), "float32")
    return listing.labels.astype(np.float32)[:, None] if label_mode == "binary" else listing.labels.astype(np.int32)
