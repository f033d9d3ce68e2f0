"""A data set from the word a user types: a name, "auto", or the path of an .npz file.

"auto" means MNIST where it can be had, and otherwise the built-in strokes, said in one line.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..arrays import Array
from ..errors import DownloadError, unknown_name
from . import digits, npz, strokes
from .catalog import CATALOG, MNIST
from .family import Split, load_published

NAMES = ("auto", *CATALOG, "strokes", "digits")


@dataclass(frozen=True, eq=False)
class Dataset:
    """A data set with its name, where it came from, and what the user should be told (or an empty string)."""

    name: str
    x_train: Array
    y_train: Array
    x_test: Array
    y_test: Array
    source: str
    notice: str = ""


def load(name: str | os.PathLike[str] = "auto", data_dir: str | os.PathLike[str] | None = None) -> Dataset:
    """Return the data set called `name`: one of `NAMES`, or the path of an .npz file.

    An .npz file needs x_train and y_train, and may have x_test and y_test. `data_dir` is where the
    files of a published set lie. Unknown names raise `ConfigError`, wrong files `DataError`, failed downloads
    `DownloadError`.

    >>> load("strokes").x_train.shape
    (60000, 28, 28)
    """
    text = os.fspath(name)
    if text in _BUILT_IN:
        make, source = _BUILT_IN[text]
        return _dataset(text, make(), source)
    if text in CATALOG:
        loaded = load_published(CATALOG[text], data_dir=data_dir)
        return _dataset(text, loaded.as_split(), loaded.source)
    if text == "auto":
        return _auto(data_dir)
    if text.lower().endswith(".npz") or isinstance(name, Path):
        a = npz.read_dataset(Path(text).expanduser())
        return Dataset(Path(text).stem, a["x_train"], a["y_train"], a["x_test"], a["y_test"], source=text)
    raise unknown_name("dataset", text, NAMES)


def _auto(data_dir: str | os.PathLike[str] | None) -> Dataset:
    try:
        loaded = load_published(MNIST, data_dir=data_dir)
    except DownloadError:
        notice = (
            "MNIST is not on this machine and could not be fetched: using the built-in strokes instead "
            "(set BACKLIT_DATA or --data-dir to a folder with MNIST to use that)."
        )
        make, source = _BUILT_IN["strokes"]
        return _dataset("strokes", make(), source, notice)
    return _dataset("mnist", loaded.as_split(), loaded.source)


def _dataset(name: str, split: Split, source: str, notice: str = "") -> Dataset:
    (x_train, y_train), (x_test, y_test) = split
    return Dataset(name, x_train, y_train, x_test, y_test, source, notice)


_BUILT_IN: dict[str, tuple[Callable[[], Split], str]] = {
    "strokes": (strokes.load_data, "drawn by backlit, seed 0"),
    "digits": (digits.load_data, "scikit-learn"),
}
