"""`DataFrameIterator`: the flow of a generator over the pictures that a table names, with what it says of each.

The table is a DataFrame of pandas, or a dictionary of columns of equal length: columns are taken by name, no more.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...arrays import Array
from ...datasets.faults import shortened
from ...datasets.picture_folder import ENDINGS
from ...errors import ConfigError, DataError, unknown_name
from ...layers.spans import channels_last
from .files import PictureFlow, targets_of
from .flow import part_of
from .pictures import frame_of
from .saving import Saving

if TYPE_CHECKING:
    from .generator import ImageDataGenerator

WITH_CLASSES = ("categorical", "binary", "sparse")
CLASS_MODES = (*WITH_CLASSES, "input", "multi_output", "raw", None)


class DataFrameIterator(PictureFlow):
    """The flow over the rows of a table: the arguments are those of `flow_from_dataframe`.

    `filenames` are as the table gives them, `class_indices` gives each class its number and `classes` the number (or
    numbers) of each picture, where there are classes.
    """

    def __init__(
        self, dataframe: Any, directory: str | os.PathLike[str] | None, image_data_generator: ImageDataGenerator,
        x_col: str = "filename", y_col: Any = "class", weight_col: str | None = None,
        target_size: tuple[int, int] = (256, 256), color_mode: str = "rgb", classes: Sequence[str] | None = None,
        class_mode: str | None = "categorical", batch_size: int = 32, shuffle: bool = True, seed: int | None = None,
        data_format: str | None = None, save_to_dir: Any = None, save_prefix: str = "", save_format: str = "png",
        subset: str | None = None, interpolation: str = "nearest", keep_aspect_ratio: bool = False,
        validate_filenames: bool = True,
    ) -> None:  # fmt: skip
        channels_last(data_format)
        if class_mode not in CLASS_MODES:
            raise unknown_name("class_mode", class_mode, [str(mode) for mode in CLASS_MODES])
        frame = frame_of(target_size, color_mode, interpolation, keep_aspect_ratio)
        saving = Saving.asked(save_to_dir, save_prefix, save_format)
        self.directory = "" if directory is None else os.fspath(directory)
        self.class_mode = class_mode
        names = _names(dataframe, x_col)
        rows = self._usable(names, x_col) if validate_filenames else np.arange(len(names))
        labels: list[Any] = []
        if class_mode in WITH_CLASSES:
            labels = _labels(dataframe, y_col, str(class_mode))
            rows, self.class_indices = _of_classes(labels, rows, classes)
            if class_mode == "binary" and len(self.class_indices) != 2:
                raise ConfigError(f'class_mode="binary" needs two classes, there are {list(self.class_indices)}.')
        elif classes is not None:
            warnings.warn(f"classes is not used with class_mode={class_mode!r}.", stacklevel=3)
        found = len(rows)
        rows = rows[part_of(found, subset, image_data_generator.validation_split)]
        if not len(rows):
            raise DataError(f"No picture is left of {len(names)} rows ({found} usable, subset={subset!r}).")
        self.filenames = [names[row] for row in rows]
        if class_mode in WITH_CLASSES:
            self.classes = [_numbers(labels[row], self.class_indices) for row in rows]
            targets = targets_of(class_mode, self.classes, len(self.class_indices))
        else:
            targets = _given(dataframe, y_col, class_mode, rows)
        self.labels = self.classes if class_mode in WITH_CLASSES else targets
        weight = None if weight_col is None else _weights(dataframe, weight_col)[rows]
        self._say(validate_filenames)
        paths = [os.path.join(self.directory, name) for name in self.filenames]
        super().__init__(
            image_data_generator, paths, frame, color_mode, targets, weight, batch_size, shuffle, seed, saving
        )

    def _usable(self, names: list[str], x_col: str) -> Array:
        """Return the rows whose file is there and ends like a picture; the others are said."""
        paths = [Path(self.directory, name) for name in names]
        usable = np.array([path.suffix.lower() in ENDINGS and path.is_file() for path in paths], bool)
        if not usable.all():
            left = [names[row] for row in np.flatnonzero(~usable)]
            warnings.warn(
                f"{len(left)} of {len(names)} rows are left out: {x_col} names no picture file in "
                f"{self.directory or 'the current folder'}: {', '.join(shortened(left, 3))}.",
                stacklevel=4,
            )
        return np.flatnonzero(usable)

    def _say(self, validated: bool) -> None:
        belonging = f" belonging to {len(self.class_indices)} classes" if self.class_mode in WITH_CLASSES else ""
        how = "validated" if validated else "non-validated"
        print(f"Found {len(self.filenames)} {how} image filenames{belonging}.")


def _column(table: Any, name: Any) -> list[Any]:
    """Return one column of a table as a list."""
    try:
        return list(table[name])
    except (KeyError, IndexError, TypeError, ValueError):
        columns = [str(column) for column in getattr(table, "columns", table if isinstance(table, dict) else [])]
        there = ", ".join(shortened(columns)) if columns else f"it is {type(table).__name__}"
        raise ConfigError(f"The dataframe has no column {name!r}. Expected one of its columns: {there}.") from None


def _names(table: Any, x_col: str) -> list[str]:
    names = _column(table, x_col)
    wrong = next((row for row, name in enumerate(names) if not isinstance(name, (str, os.PathLike))), None)
    if wrong is not None:
        raise DataError(f"{x_col} of row {wrong} is {names[wrong]!r}. Expected the name of a picture file.")
    return [os.fspath(name) for name in names]


def _labels(table: Any, y_col: Any, class_mode: str) -> list[Any]:
    """Return the classes of each row by their names: one, or with "categorical" several."""
    labels = _column(table, y_col)
    kinds = (str, list, tuple) if class_mode == "categorical" else (str,)
    wrong = next((row for row, label in enumerate(labels) if not isinstance(label, kinds)), None)
    if wrong is not None:
        raise DataError(
            f'{y_col} of row {wrong} is {labels[wrong]!r}. Expected names of classes for class_mode="{class_mode}": '
            f'write df["{y_col}"] = df["{y_col}"].astype(str), or pass class_mode="raw" for numbers.'
        )
    return labels


def _of_classes(labels: list[Any], rows: Array, classes: Sequence[str] | None) -> tuple[Array, dict[str, int]]:
    """Return the rows that belong to a class asked for, and the number of each class."""

    def several(label: Any) -> list[str]:
        return [label] if isinstance(label, str) else list(label)

    names = list(dict.fromkeys(classes)) if classes else sorted({one for row in rows for one in several(labels[row])})
    asked = set(names)
    kept = [row for row in rows if asked.intersection(several(labels[row]))]
    return np.array(kept, np.int64), {name: number for number, name in enumerate(names)}


def _numbers(label: Any, class_indices: dict[str, int]) -> Any:
    if isinstance(label, str):
        return class_indices[label]
    return [class_indices[one] for one in label if one in class_indices]


def _given(table: Any, y_col: Any, class_mode: str | None, rows: Array) -> Any:
    """Return the numbers of one column or of several, as they are."""
    if class_mode is None or class_mode == "input":
        return class_mode
    several = isinstance(y_col, (list, tuple))
    if class_mode == "multi_output" and not several:
        raise ConfigError(f'class_mode="multi_output" needs a list of columns as y_col, got {y_col!r}.')
    columns = [_numeric(_column(table, name), name)[rows] for name in (y_col if several else [y_col])]
    if class_mode == "multi_output":
        return columns
    return np.stack(columns, axis=1) if several else columns[0]


def _numeric(values: list[Any], name: str) -> Array:
    column = np.asarray(values)
    if column.dtype.kind not in "buif":
        raise DataError(f"{name} holds {column.dtype}, not numbers.")
    return column


def _weights(table: Any, name: str) -> Array:
    return _numeric(_column(table, name), f"weight_col {name}").astype(np.float32)
