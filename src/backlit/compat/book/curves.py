"""The book's `common.util`: a curve made smooth, and a data set in another order."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...arrays import Array
from ...errors import DataError, ShapeError

__all__ = ["shuffle_dataset", "smooth_curve"]
WIDTH, SHARPNESS = 11, 2  # numbers under the window, and the beta of its Kaiser shape


def smooth_curve(x: Any) -> Array:
    """Return each number averaged with its neighbors: a Kaiser window of 11 numbers, ends mirrored; the length stays.

    >>> smooth_curve(np.full(20, 3.0)).round(6)[:3]
    array([3., 3., 3.])
    """
    curve = np.asarray(x, np.float64)
    if curve.ndim != 1 or len(curve) < WIDTH:
        raise ShapeError(
            f"smooth_curve was given an array of shape {curve.shape}. Expected one row of {WIDTH} numbers or more."
        )
    window = np.kaiser(WIDTH, SHARPNESS)
    mirrored = np.concatenate([curve[WIDTH - 1 : 0 : -1], curve, curve[-1:-WIDTH:-1]])
    smooth = np.convolve(window / window.sum(), mirrored, mode="valid")
    half = WIDTH // 2
    return smooth[half : len(smooth) - half]


def shuffle_dataset(x: Any, t: Any) -> tuple[Array, Array]:
    """Return x and t in one new order, drawn from NumPy's global random numbers. Different lengths: `DataError`."""
    x, t = np.asarray(x), np.asarray(t)
    if len(x) != len(t):
        raise DataError(f"shuffle_dataset was given {len(x)} examples and {len(t)} targets. Expected one each.")
    order = np.random.permutation(len(x))
    return x[order], t[order]
