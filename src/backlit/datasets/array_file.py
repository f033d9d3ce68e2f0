"""One array from a `.npy` file: in memory where it fits, else as a map that `fit` reads in blocks.

Pickled objects are never loaded; every damage is a named `DataError`.
"""

from __future__ import annotations

import os

import numpy as np

from .. import npy
from ..arrays import Array
from ..errors import DataError
from ..training.maps import map_limit


def open_array(path: str | os.PathLike[str]) -> Array:
    """Return the array of numbers in a file, as a read-only `np.memmap` if it has more bytes than `map_limit()`."""
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            header = npy.read_header(file)
            if header.size != size:
                raise ValueError(f"{size} bytes, and {header.dtype} of shape {header.shape} has {header.size}")
            if not header.shape or header.shape[0] == 0:
                raise DataError(f"{path} has shape {header.shape} and dtype {header.dtype}. Expected rows of numbers.")
            if size > map_limit():
                return np.memmap(path, header.dtype, "r", header.start, header.shape, header.order)
            return header.arranged(file.read()).copy()
    except DataError:
        raise
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror or error}). Expected a .npy file.") from None
    except ValueError as error:
        raise DataError(f"{path} is no whole .npy file of numbers ({error}). Write it with numpy.save.") from None
