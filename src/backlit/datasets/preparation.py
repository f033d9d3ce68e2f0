"""New data for a network that was trained on a user's own: made ready by the numbers written down in training.

`Preparation` is what `own` left in the model file: it reads files as `own` did and gives answers in the user's words.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..arrays import Array
from ..errors import ConfigError, DataError
from . import npz, picture_folder, table_columns
from .array_file import open_array
from .faults import refuse_any
from .held_out import digest, hold_out, last_rows
from .own import array_digest, folder_digest, labeled_array, parts_of, read_target
from .picture_frames import Frame
from .picture_rows import read_rows
from .table_file import is_missing, read_table
from .target import Target, target_from_json

PathLike = str | os.PathLike[str]


@dataclass(frozen=True, eq=False)
class Rows:
    """Examples made ready: `x` (n, ...), what to call each, and what the user should be told."""

    x: Array
    names: list[str]
    notice: str = ""


@dataclass(frozen=True, eq=False)
class Labeled:
    """Examples with their right answers as the network gives them; `held_out` if they are those of training's test."""

    x: Array
    y: Array
    held_out: bool
    notice: str = ""


class Preparation:
    """How data were made ready for a network; `description` is what `Dataset.description` was.

    A description that is damaged raises `DataError`.
    """

    def __init__(self, description: Mapping[str, Any]) -> None:
        try:
            self.kind = str(description.get("kind"))
            self._held_out: Mapping[str, Any] = dict(description.get("held_out") or {})
            self._frame = Frame(**description["frame"]) if self.kind == "pictures" else None
            columns = list(description.get("columns", []))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise DataError(
                f"The model's description of its data is damaged ({error!r}). Use an intact copy."
            ) from None
        self.row_name = "line" if self.kind == "table" else "row"
        self.target: Target = target_from_json(description.get("target", {}))
        self._column = str(description.get("column", ""))
        self._columns = table_columns.from_json(columns)

    def read(self, paths: Sequence[PathLike]) -> Rows:
        """Return the examples in files: pictures (or folders of them), one table, or one array, as in training."""
        if self._frame is not None:
            return self._pictures(paths)
        if len(paths) != 1:
            raise ConfigError(f"{len(paths)} files were given. Expected one, with all rows.")
        if self.kind == "array":
            x = open_array(paths[0])
            return Rows(x, [str(i) for i in range(len(x))])
        table = read_table(paths[0])
        x = table_columns.apply_columns(table, self._columns)
        return Rows(x, [str(line) for line in table.lines], " ".join(table_columns.unseen(table, self._columns)))

    def _pictures(self, paths: Sequence[PathLike]) -> Rows:
        frame = self._frame
        assert frame is not None
        files: list[Path] = []
        for path in map(Path, paths):
            inside = (
                sorted(p for p in path.rglob("*") if p.suffix.lower() in picture_folder.ENDINGS)
                if path.is_dir()
                else [path]
            )
            files += inside
        if not files:
            raise DataError("There is no picture in what was given. Expected PNG, JPEG or the like.")
        x = read_rows(files, frame, "", "Mend them or leave them out.")
        return Rows(x[..., 0] if frame.channels == 1 else x, [str(path) for path in files])

    def read_labeled(self, path: PathLike, labels: PathLike | None = None) -> Labeled:
        """Return the examples in data like those of training, with the right answers.

        Of the very data of training, the rows that were held out then; of other data all rows.
        """
        place = Path(path).expanduser()
        if self._frame is not None:
            return self._pictures_labeled(place, self._frame)
        if self.kind == "array" and place.suffix.lower() == ".npz":
            found = npz.read_dataset(place)
            y = self.target.encoded(found["y_test"]) if self.target.is_number else found["y_test"]
            return Labeled(found["x_test"], y, False, f"Of {place.name} the test rows are taken.")
        x, y, groups, found, notice = self._all(place, labels)
        wanted = self._held_out
        if wanted.get("digest") != found:
            return Labeled(x, y, False, notice)
        if isinstance(x, np.memmap):
            cut = last_rows(len(x), float(wanted["share"]))
            return Labeled(x[cut:], y[cut:], True, notice)
        _, test = hold_out(len(y), float(wanted["share"]), int(wanted["seed"]), groups)
        return Labeled(x[test], y[test], True, notice)

    def _pictures_labeled(self, path: Path, frame: Frame) -> Labeled:
        """Read the pictures that are wanted, and no others: those of the test where the folder has such a part."""
        part = parts_of(path)[-1] if path.is_dir() else path
        listing, wanted = picture_folder.find(part), self._held_out
        notice = "" if part == path else f"Of {path.name} the pictures in {part.name} are taken."
        y = self._class_numbers(path, listing.class_names)[listing.labels]
        if wanted.get("digest") != folder_digest(listing):
            return Labeled(picture_folder.read(listing, frame), y, False, notice)
        _, test = hold_out(len(y), float(wanted["share"]), int(wanted["seed"]), y)
        return Labeled(picture_folder.read(listing, frame, test), y[test], True)

    def _all(self, path: Path, labels: PathLike | None) -> tuple[Array, Array, Array | None, str, str]:
        """Return x, y, by what the split kept shares, the digest, and what there is to say, of an array or a table."""
        if self.kind == "array":
            x, given = labeled_array(path, labels)
            y = self.target.encoded(given) if self.target.is_number else given
            return x, y, None if self.target.is_number else y, array_digest(x, given), ""
        return self._table(path)

    def _table(self, path: Path) -> tuple[Array, Array, Array | None, str, str]:
        table = read_table(path)
        if self._column not in table.columns:
            raise DataError(f"{path} has no column {self._column!r}, the target. Expected the right answers in it.")
        table = table.rows([i for i, value in enumerate(table.columns[self._column]) if not is_missing(value)])
        if not len(table):
            raise DataError(f"{path} has no value of the target {self._column!r} in any row. Expected right answers.")
        x = table_columns.apply_columns(table, self._columns)
        notice = " ".join(table_columns.unseen(table, self._columns))
        _, amounts, names = read_target(table, self._column, self.target.task)
        found = digest([path.read_bytes()])
        if names is None:
            return x, self.target.encoded(amounts), None, found, notice
        y = self._class_numbers(path, names)
        return x, y, y, found, notice

    def _class_numbers(self, path: Path, names: Sequence[str]) -> Array:
        """Return the numbers of classes by their names; those the network does not know are all named."""
        place = {name: number for number, name in enumerate(self.target.classes)}
        strange = sorted(set(names) - set(place))
        refuse_any(strange, f"{path} has classes the network does not know:", f"It knows {', '.join(place)}.")
        return np.array([place[name] for name in names])
