"""`DirectoryIterator`: the flow of a generator over a folder with a folder of pictures for each class."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...datasets import picture_folder
from ...errors import ConfigError, DataError, unknown_name
from ...layers.spans import channels_last
from .files import PictureFlow, targets_of
from .flow import part_of
from .pictures import frame_of
from .saving import Saving

if TYPE_CHECKING:
    from .generator import ImageDataGenerator

CLASS_MODES = ("categorical", "binary", "sparse", "input", None)


class DirectoryIterator(PictureFlow):
    """The flow over the pictures of a folder: the arguments are those of `flow_from_directory`.

    `class_indices` gives each class its number, `classes` the number of each picture (n,) int64, `filenames` their
    paths within the folder.
    """

    def __init__(
        self, directory: str | os.PathLike[str], image_data_generator: ImageDataGenerator,
        target_size: tuple[int, int] = (256, 256), color_mode: str = "rgb", classes: Sequence[str] | None = None,
        class_mode: str | None = "categorical", batch_size: int = 32, shuffle: bool = True, seed: int | None = None,
        data_format: str | None = None, save_to_dir: Any = None, save_prefix: str = "", save_format: str = "png",
        follow_links: bool = False, subset: str | None = None, interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
    ) -> None:  # fmt: skip
        channels_last(data_format)
        if class_mode not in CLASS_MODES:
            raise unknown_name("class_mode", class_mode, [str(mode) for mode in CLASS_MODES])
        frame = frame_of(target_size, color_mode, interpolation, keep_aspect_ratio)
        saving = Saving.asked(save_to_dir, save_prefix, save_format)
        listing = picture_folder.find(directory, classes, follow_links=follow_links, partly=True)
        names = listing.class_names
        if class_mode == "binary" and len(names) != 2:
            raise ConfigError(f'class_mode="binary" needs two classes, {directory} has {len(names)}: {list(names)}.')
        picture_folder.look(listing)
        rows = _rows(listing, subset, image_data_generator.validation_split)
        self.directory = directory
        self.class_mode = class_mode
        self.class_indices = {name: number for number, name in enumerate(names)}
        self.num_classes = len(names)
        self.classes = self.labels = listing.labels[rows]
        paths = [str(listing.paths[row]) for row in rows]
        self.filenames = [os.path.relpath(path, directory) for path in paths]
        print(f"Found {len(paths)} images belonging to {self.num_classes} classes.")
        targets = targets_of(class_mode, list(self.classes), self.num_classes)
        super().__init__(
            image_data_generator, paths, frame, color_mode, targets, None, batch_size, shuffle, seed, saving
        )


def _rows(listing: picture_folder.Listing, subset: str | None, split: float) -> Any:
    """Return the rows of a subset: of each class its first share validates."""
    by_class = [np.flatnonzero(listing.labels == number) for number in range(len(listing.class_names))]
    rows = np.concatenate([rows[part_of(len(rows), subset, split)] for rows in by_class])
    if not len(rows):
        raise DataError(f"validation_split={split} of {len(listing)} pictures leaves none for subset={subset!r}.")
    return rows
