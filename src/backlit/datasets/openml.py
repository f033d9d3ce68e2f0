"""MNIST as scikit-learn's `fetch_openml("mnist_784")` leaves it: one text file, 784 pixels and a label per line.

OpenML lists the 60,000 training images first, then the 10,000 test images.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..arrays import Array
from ..errors import DataError
from . import idx

FILE_NUMBER = "52667"  # the file of data set 554, mnist_784 version 1
ROWS, PIXELS, _TRAIN = 70000, 784, 60000
_MOST_BYTES = 2**28


def cached_files() -> Iterator[Path]:
    """Yield the copies in scikit-learn's data home: `SCIKIT_LEARN_DATA`, else `~/scikit_learn_data`."""
    home = Path(os.environ.get("SCIKIT_LEARN_DATA") or "~/scikit_learn_data").expanduser()
    for host in ("openml.org", "api.openml.org", "www.openml.org"):
        download = home / "openml" / host / "data" / "v1" / "download"
        for path in (download / FILE_NUMBER / "mnist_784.arff.gz", download / f"{FILE_NUMBER}.gz"):
            if path.is_file():
                yield path


def read(path: Path) -> dict[str, Array]:
    """Return the four uint8 arrays of an ARFF file, gzip or not; `DataError` names the file and what is wrong."""
    try:
        text = idx.unpack(path.read_bytes(), path, _MOST_BYTES)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from None
    start = text.upper().find(b"@DATA")
    body = text[start + len(b"@DATA") :].strip()
    numbers = body.translate(None, b"'\"").replace(b"\r", b"").replace(b"\n", b",")
    if start < 0 or numbers.translate(None, b"0123456789,. "):
        raise DataError(f"{path} is not the mnist_784 file of OpenML: expected an @DATA line, then numbers.")
    try:
        table = np.fromstring(numbers.decode("ascii"), np.float32, sep=",")
    except ValueError as error:
        raise DataError(f"{path} is damaged: {error}.") from None
    if table.size != ROWS * (PIXELS + 1):
        raise DataError(f"{path} holds {table.size} numbers, expected {ROWS} rows of {PIXELS + 1}.")
    whole = table.astype(np.uint8).reshape(ROWS, PIXELS + 1)
    x, y = np.ascontiguousarray(whole[:, :-1]).reshape(ROWS, 28, 28), np.ascontiguousarray(whole[:, -1])
    return {"x_train": x[:_TRAIN], "y_train": y[:_TRAIN], "x_test": x[_TRAIN:], "y_test": y[_TRAIN:]}
