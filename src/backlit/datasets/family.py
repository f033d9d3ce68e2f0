"""Loading one data set of the MNIST family: the first complete copy that is right, else a download.

`mnist`, `fashion_mnist` and `kmnist` are this function with another row of the catalog.
"""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass

from ..arrays import Array
from ..errors import DataError, DownloadError
from ..lints import test_parts
from . import fetch, openml, verify
from .catalog import Published
from .sources import Candidate, candidates

Split = tuple[tuple[Array, Array], tuple[Array, Array]]


@dataclass(frozen=True)
class Loaded:
    """Four uint8 arrays by role, and where they came from."""

    arrays: dict[str, Array]
    source: str

    def as_split(self) -> Split:
        """Return `(x_train, y_train), (x_test, y_test)` as Keras does."""
        a = self.arrays
        return (a["x_train"], a["y_train"]), (a["x_test"], a["y_test"])


def load_published(
    published: Published,
    path: str | None = None,
    data_dir: str | os.PathLike[str] | None = None,
    download: bool = True,
) -> Loaded:
    """Return the data set from the first place that has it.

    A wrong file raises `DataError` in `data_dir`, `path` or `BACKLIT_DATA`; in the cache of another tool or ours it is
    named in a warning and passed over. Without any copy and without `download` or network: `DownloadError`.
    """
    refused: list[str] = []
    for candidate in candidates(published, data_dir, path):
        try:
            return _told(published, Loaded(_read(published, candidate), str(candidate.where)))
        except DataError as error:
            if candidate.chosen:
                raise
            refused.append(str(error))
            warnings.warn(f"A file was passed over. {error}", UserWarning, stacklevel=4)
    if not download:
        seen = " ".join(refused)
        raise DownloadError(f"{published.title} was not found on this machine. {seen} Set BACKLIT_DATA to its folder.")
    return _told(published, Loaded(fetch.fetch(published), published.mirrors[0]))


def _told(published: Published, loaded: Loaded) -> Loaded:
    """Let the lints know the test labels again, should they come as validation data."""
    test_parts.remember(published.name, loaded.arrays["y_test"])
    return loaded


def _read(published: Published, candidate: Candidate) -> dict[str, Array]:
    if candidate.kind == "npz":
        return verify.read_archive(published, candidate.where)
    if candidate.kind == "openml":
        arrays = openml.read(candidate.where)
        verify.check_arrays(published, arrays, candidate.where)
        return arrays
    return verify.read_parts(published, candidate.paths)
