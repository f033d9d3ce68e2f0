"""CSVLogger writes the results of every epoch as one line of a file.

Each line is added wholly or not at all, so that the file is complete whenever training breaks off.
"""

from __future__ import annotations

import csv
import io
import os
import warnings
from collections.abc import Iterable
from typing import Any, ClassVar, cast

import numpy as np

from ...files import append_file, write_file
from .arguments import wrong
from .callback import Callback, Logs


class CSVLogger(Callback):
    """Writes `epoch` (from 0) and the logs, sorted by name, to `filename`; `append=True` continues an existing file.

    The first epoch decides on the columns. If it has no validation, a `val_` column for each of them follows, filled
    with `NA` until there is one. A continued file keeps its columns, results that have none are named in a warning.
    A folder that does not exist raises `FileNotFoundError` before the first epoch. Source: section B.10 of the Keras
    semantics.
    """

    _state_names: ClassVar[tuple[str, ...]] = ("keys", "size")

    def __init__(self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False) -> None:
        super().__init__()
        if not isinstance(separator, str) or len(separator) != 1:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise wrong("CSVLogger", "separator", separator, "one character")
        self.filename = os.fspath(filename)
        self.separator = separator
        self.append = append
        self.keys: list[str] | None = None
        self.size = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Create the file if it is not there, so that a path that cannot be written fails now."""
        self.keys = None
        size = append_file(self.filename, b"")
        self.size = size if self.append else 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write one line, before the first one the header."""
        logs = logs or {}
        if self.keys is None:
            self.keys = self._begin(sorted(logs))
        self.size = append_file(self.filename, self._line([epoch, *(cell(logs.get(key, "NA")) for key in self.keys)]))

    def restore(self, state: dict[str, Any]) -> None:
        """Continue the file after the line that was the last one then; later lines are dropped."""
        super().restore(state)
        if os.path.getsize(self.filename) > self.size:
            os.truncate(self.filename, self.size)

    def _begin(self, names: list[str]) -> list[str]:
        """Return the columns: those of the file that is continued, or new ones, written as the header."""
        header = self._header() if self.append else None
        if header is not None:
            lost = [name for name in names if name not in header]
            if lost:
                warnings.warn(f"{self.filename} has no column for {', '.join(lost)}: not written.", stacklevel=2)
            return header
        if not any(name.startswith("val_") for name in names):
            names = names + [f"val_{name}" for name in names]
        write_file(self.filename, self._line(["epoch", *names]))
        return names

    def _header(self) -> list[str] | None:
        with open(self.filename, encoding="utf-8", newline="") as file:
            first = next(csv.reader(file, delimiter=self.separator), None)
        return first[1:] if first else None

    def _line(self, row: list[Any]) -> bytes:
        text = io.StringIO(newline="")
        csv.writer(text, delimiter=self.separator).writerow(row)
        return text.getvalue().encode("utf-8")


def cell(value: Any) -> Any:
    """Return what stands in one cell: a list or an array as `"[1, 2]"`, anything else as it is."""
    if isinstance(value, str) or not isinstance(value, Iterable) or np.ndim(cast("Any", value)) == 0:
        return cast("Any", value)
    return f'"[{", ".join(str(item) for item in cast("Iterable[Any]", value))}]"'
