"""A data set from the word a user types: a name, "auto", or the path of data of their own.

"auto" means MNIST where it can be had, and otherwise the built-in strokes, said in one line.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from ..errors import ConfigError, DownloadError, unknown_name
from . import digits, strokes
from .catalog import CATALOG, MNIST
from .dataset import Dataset
from .family import Split, load_published
from .own import Choices, is_own, load_own

NAMES = ("auto", *CATALOG, "strokes", "digits")


def load(
    name: str | os.PathLike[str] = "auto",
    data_dir: str | os.PathLike[str] | None = None,
    choices: Choices | None = None,
) -> Dataset:
    """Return the data set called `name`: one of `NAMES`, or a path: a folder of pictures, a .csv, .npz or .npy file.

    An .npz file needs x_train and y_train, and may have x_test and y_test. `data_dir` is where the files of a published
    set lie, `choices` what is to be known about data of your own. Unknown names raise `ConfigError`, wrong files
    `DataError`, failed downloads `DownloadError`. A folder that is called as one of `NAMES` is written `./mnist`.

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
    if is_own(text) or isinstance(name, Path):
        return load_own(text, choices)
    raise ConfigError(f"{unknown_name('dataset', text, NAMES)} No folder or file here is called so, either.")


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
