"""From pen positions to pixels: positions are dropped on the pixel grid, blurred by the nib and developed like film.

Every step is either element-wise or exact in whole numbers, so an image has the same bits in any company.
"""

from __future__ import annotations

import numpy as np

from ..arrays import Array

SIDE = 28
CENTER = 14.0  # MNIST puts the center of mass at pixel (14, 14)
BOX = 19.5  # between the half-dark edges of the ink; with its soft edge this is the 20 pixels of MNIST
PENS = 64  # half widths of the stroke, from THINNEST to THICKEST pixels
THINNEST, THICKEST = 0.6, 2.2
NIBS = 8
_EDGE = 0.9  # pixels from full ink to none
_GRID_UNIT = 2048.0  # whole numbers per pixel length of pen way
_KERNEL_UNIT = 256  # a blur kernel sums to this

HALF_WIDTH: Array = np.linspace(THINNEST, THICKEST, PENS).astype(np.float32)
NIB: Array = np.minimum(np.arange(PENS) * NIBS // PENS, NIBS - 1)


def _nib_sigma() -> Array:
    """The blur of a nib is 3/4 of the half width in the middle of its range."""
    return np.array([0.75 * HALF_WIDTH[nib == NIB].mean() for nib in range(NIBS)])


def _blur_matrix(sigma: float) -> Array:
    """Return (28, 28) whole numbers: row i spreads over its neighbors as a Gaussian; float32 sums of them are exact."""
    offsets = np.arange(SIDE)[:, None] - np.arange(SIDE)[None, :]
    kernel = np.exp(-0.5 * (np.arange(-SIDE, SIDE + 1) / sigma) ** 2)
    whole = np.rint(kernel / kernel.sum() * _KERNEL_UNIT)
    whole[SIDE] += _KERNEL_UNIT - whole.sum()
    return whole[offsets + SIDE].astype(np.float32)


_SIGMA = _nib_sigma()
_BLUR = np.stack([_blur_matrix(sigma) for sigma in _SIGMA])
_DEPTH = np.exp(-0.5 * (HALF_WIDTH / _SIGMA[NIB]) ** 2) / (_SIGMA[NIB] * np.sqrt(2 * np.pi))
_THRESHOLD = (_DEPTH * _GRID_UNIT).astype(np.float32)
_SLOPE = np.maximum(_SIGMA[NIB] ** 2 / (HALF_WIDTH * _EDGE), 0.58).astype(np.float32)  # above 0.5: no ink, no gray


def drop(x: Array, y: Array, ink: Array, row: Array) -> Array:
    """Return grids (images, 28, 28), [y, x], of whole numbers: every position's ink shared among its four pixels.

    `x`, `y`, `ink` are (positions, images); image k goes to grid `row[k]`.
    """
    images = x.shape[1]
    x, y, ink = (np.ascontiguousarray(a.T) for a in (x, y, ink))
    left, top = (np.clip(np.floor(a), 0, SIDE - 2) for a in (x, y))
    fx, fy = np.clip(x - left, 0, 1), np.clip(y - top, 0, 1)
    cell = (top * SIDE + left).astype(np.intp) + (row * (SIDE * SIDE))[:, None]
    low = ink * fy
    high = ink - low
    cells = np.stack([cell, cell + 1, cell + SIDE, cell + SIDE + 1], axis=1)
    shares = np.stack([high - high * fx, high * fx, low - low * fx, low * fx], axis=1)
    total = np.bincount(cells.ravel(), weights=shares.ravel(), minlength=images * SIDE * SIDE)
    return np.rint(total * _GRID_UNIT).astype(np.float32).reshape(images, SIDE, SIDE)


def blur(grids: Array, nib: Array) -> Array:
    """Return the grids blurred by their nib; `nib` must be sorted."""
    blurred = np.empty_like(grids)
    bounds = np.searchsorted(nib, np.arange(NIBS + 1))
    for matrix, start, stop in zip(_BLUR, bounds[:-1], bounds[1:], strict=True):
        if start < stop:  # image by image: matrices this small stay on one thread
            rows = np.matmul(grids[start:stop], matrix)
            rows *= np.float32(1 / _KERNEL_UNIT)
            np.matmul(matrix, np.rint(rows, out=rows), out=blurred[start:stop])
    blurred *= np.float32(1 / _KERNEL_UNIT)
    return blurred


def develop(density: Array, pen: Array, ink: Array) -> Array:
    """Return uint8 images: density above the pen's threshold is ink, with an edge about one pixel wide.

    `density` (images, 28, 28) is overwritten; `pen` (images,) in 0..PENS-1; `ink` (images,) is the darkest value.
    """
    slope = (_SLOPE[pen] / _THRESHOLD[pen])[:, None, None]
    offset = (np.float32(0.5) - _SLOPE[pen])[:, None, None]
    density *= slope
    density += offset
    np.clip(density, 0, 1, out=density)
    density *= ink[:, None, None]
    return np.rint(density, out=density).astype(np.uint8)
