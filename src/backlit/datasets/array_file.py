"""One array from a `.npy` file: in memory where it fits, else as a map that `fit` reads in blocks.

Pickled objects are never loaded; every damage is a named `DataError`.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from ..arrays import Array
from ..errors import DataError
from ..training.maps import map_limit


def open_array(path: str | os.PathLike[str]) -> Array:
    """Return the array of numbers in a file, as a read-only `np.memmap` if it has more bytes than `map_limit()`."""
    try:
        found: Any = np.load(path, mmap_mode="r", allow_pickle=False)
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror or error}). Expected a .npy file.") from None
    except (ValueError, EOFError) as error:
        raise DataError(f"{path} is no whole .npy file of numbers ({error}). Write it with numpy.save.") from None
    if not isinstance(found, np.ndarray):
        raise DataError(f"{path} holds several arrays. Expected one, written with numpy.save; or name it .npz.")
    if found.dtype.kind not in "buif" or found.ndim == 0 or len(found) == 0:
        raise DataError(f"{path} has shape {found.shape} and dtype {found.dtype}. Expected rows of numbers.")
    return found if found.nbytes > map_limit() else np.array(found)
