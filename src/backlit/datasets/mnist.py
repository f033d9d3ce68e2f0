"""MNIST: 60,000 + 10,000 grayscale images of handwritten digits (LeCun, Cortes, Burges).

Same shapes and dtypes as Keras' data set of this name; every copy is checked against the catalog's digests.
"""

from __future__ import annotations

import os

from .catalog import MNIST
from .family import Split, load_published


def load_data(
    path: str | None = None, *, data_dir: str | os.PathLike[str] | None = None, download: bool = True
) -> Split:
    """Return `(x_train, y_train), (x_test, y_test)`: images uint8 (60000, 28, 28) and (10000, 28, 28), labels uint8.

    `data_dir` is the only place looked at when given. Else: `path` (an .npz file, also relative to Keras' folder),
    `BACKLIT_DATA`, the caches of Keras, torchvision and scikit-learn, our own cache, and then the network.
    Raises `DataError` for a wrong file and `DownloadError` when there is none.
    """
    return load_published(MNIST, path, data_dir, download).as_split()
