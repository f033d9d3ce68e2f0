"""A picture of one handwritten digit, of any size and polarity, as the 28x28 image a network for MNIST expects.

`as_mnist` finds the ink, crops it, fits it into 20x20 pixels and puts its center of mass in the middle, as the makers
of MNIST did. Reading the file is in `picture_files`.
"""

from __future__ import annotations

import os
from typing import TypeAlias

import numpy as np

from ..arrays import Array
from ..errors import DataError
from .picture_files import from_array, read, resized, thickened

Picture: TypeAlias = str | os.PathLike[str] | Array

SIDE, BOX, CENTER = 28, 20, 14
_WORKING_SIDE = 256  # larger pictures are reduced before anything is measured
_LEAST_CONTRAST = 0.06  # of the full range between black and white
_LEAST_STROKE = 2.3  # pixels in the 20x20 box: a thinner pen is thickened, as it would fade away


def as_mnist(picture: Picture) -> Array:
    """Return the digit in a picture file or array as uint8 (28, 28), ink 255 on background 0.

    Arrays: (height, width), or with 1, 3 or 4 channels; uint8, uint16, bool, or floats in 0..1 (or 0..255). Whether
    the ink is dark or light is decided by the border. A blank, unreadable or huge picture raises `DataError`.
    """
    is_file = isinstance(picture, (str, os.PathLike))
    name = os.fspath(picture) if is_file else "the array"
    channels = read(picture) if is_file else from_array(picture)  # (height, width, channels) in 0..1
    gray = _most_contrasting(_reduced(channels))
    ink = _cropped(_ink(gray, name))
    return _centered(_boxed(_strengthened(ink)))


def _reduced(channels: Array) -> Array:
    height, width = channels.shape[:2]
    factor = _WORKING_SIDE / max(height, width)
    if factor >= 1:
        return channels
    size = max(1, round(height * factor)), max(1, round(width * factor))
    return np.stack([resized(channels[..., c], size) for c in range(channels.shape[2])], axis=-1)


def _most_contrasting(channels: Array) -> Array:
    """Return the brightness, or a single color where the ink stands out much more in that (red ink, yellow chalk)."""
    if channels.shape[2] == 1:
        return channels[..., 0]
    brightness = channels @ np.array([0.299, 0.587, 0.114])
    planes = [brightness, *np.moveaxis(channels, -1, 0)]
    spread = [float(np.subtract(*np.percentile(plane, (99.5, 0.5)))) for plane in planes]
    best = int(np.argmax(spread))
    return planes[best] if spread[best] > 1.3 * spread[0] else brightness


def _border(gray: Array) -> Array:
    """Return the outermost pixels, a fiftieth of the size deep, as one flat array."""
    deep = max(1, min(gray.shape) // 50)
    return np.concatenate([part.ravel() for part in (gray[:deep], gray[-deep:], gray[:, :deep], gray[:, -deep:])])


def _ink(gray: Array, name: str) -> Array:
    """Return the ink, 0 where there is none and 1 where it is full, whatever the lighting of the paper."""
    low, high = np.percentile(gray, (0.02, 99.98))
    background = np.median(_border(gray))
    if high - low < _LEAST_CONTRAST:
        raise DataError(
            f"{name} is blank: its brightness spans {high - low:.3f} of 1. Expected a digit on plain paper."
        )
    if abs(high - background) < abs(low - background):  # dark ink: a shadow multiplies both paper and ink
        paper = _paper(1 - gray, float(1 - background))
        lifted = (1 - gray - paper) / np.maximum(1 - paper, 0.15)
    else:
        lifted = gray - _paper(gray, float(background))
    noise = 1.4826 * float(np.median(np.abs(lifted[lifted <= np.percentile(lifted, 80)])))
    full = float(np.percentile(lifted[lifted > _otsu(lifted)], 80))
    floor = min(3.5 * noise, 0.4 * full)
    mask = _connected(lifted > max(0.35 * full, floor))
    if full < max(_LEAST_CONTRAST, 6 * noise) or not mask.any():
        raise DataError(f"{name} shows no ink that stands out from its background. Expected one digit on plain paper.")
    return np.where(_grown(mask), np.clip((lifted - floor) / (full - floor), 0, 1), 0)


def _paper(gray: Array, start: float) -> Array:
    """Fit a parabola in x and y to what is not ink: shadows and vignettes vary slowly, strokes do not.

    A grid of at most 48x48 pixels is enough to fit. The first fits use its border only, the later ones every pixel
    close to the fit before.
    """
    height, width = gray.shape
    rows, columns = (np.unique(np.linspace(0, n - 1, min(n, 48)).round().astype(int)) for n in (height, width))
    sample = gray[np.ix_(rows, columns)]
    border = np.ones(sample.shape, bool)
    border[1:-1, 1:-1] = False
    y, x = rows[:, None] / height - 0.5, columns[None, :] / width - 0.5
    terms = np.stack([np.broadcast_to(term, sample.shape).ravel() for term in _parabola(x, y)], axis=-1)
    flat, weights = sample.ravel(), np.array([start, 0, 0, 0, 0, 0])
    considered = border.ravel()
    for step in range(6):
        away = np.abs(flat - terms @ weights)
        spread = 1.4826 * float(np.median(away[considered]))
        considered = (away <= max(3 * spread, 0.04)) & (border.ravel() if step < 3 else True)
        if considered.sum() < 24:  # too small a picture to fit anything
            break
        near = terms[considered]
        weights = np.linalg.lstsq(near.T @ near, near.T @ flat[considered], rcond=None)[0]
    y, x = np.arange(height)[:, None] / height - 0.5, np.arange(width)[None, :] / width - 0.5
    return sum((w * term for w, term in zip(weights, _parabola(x, y), strict=True)), np.zeros(gray.shape))


def _parabola(x: Array, y: Array) -> tuple[Array, ...]:
    return np.ones((1, 1)), x, y, x * x, x * y, y * y


def _otsu(values: Array) -> float:
    """Return the threshold that separates values into two classes of least variance (Otsu 1979), on 128 bins."""
    counts, edges = np.histogram(values, bins=128)
    middles = (edges[:-1] + edges[1:]) / 2
    below, sums = np.cumsum(counts), np.cumsum(counts * middles)
    above = below[-1] - below
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (sums / below - (sums[-1] - sums) / above) ** 2
    return float(edges[1 + int(np.argmax(np.nan_to_num(between[:-1])))])


def _connected(mask: Array) -> Array:
    """Return the mask without specks: pieces below 3 % of the largest (a dot, dust) are dropped."""
    labels = np.where(mask, np.arange(1, mask.size + 1, dtype=np.int32).reshape(mask.shape), 0)
    while True:  # every pixel takes the largest label of its neighbors, and jumps to the label that one has
        spread = np.where(mask, _neighborhood_max(labels), 0)
        spread = np.append(np.int32(0), spread)[spread]
        if np.array_equal(spread, labels):
            break
        labels = spread
    sizes = np.bincount(labels.ravel(), minlength=2)
    sizes[0] = 0
    return mask & (sizes >= 0.03 * sizes.max())[labels]


def _neighborhood_max(a: Array) -> Array:
    padded = np.pad(a, 1)
    rows = np.maximum(np.maximum(padded[:-2], padded[1:-1]), padded[2:])
    return np.maximum(np.maximum(rows[:, :-2], rows[:, 1:-1]), rows[:, 2:])


def _grown(mask: Array) -> Array:
    """Take the soft edge of the ink into the mask: half a pixel of the final image, at least one of this one."""
    for _ in range(max(1, round(0.5 * max(mask.shape) / SIDE))):
        mask = _neighborhood_max(mask)
    return mask


def _cropped(ink: Array) -> Array:
    visible = ink > 0.02
    rows, columns = np.flatnonzero(visible.any(axis=1)), np.flatnonzero(visible.any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _strengthened(ink: Array) -> Array:
    """Thicken strokes that would be thinner than `_LEAST_STROKE` in the box; their width is twice area by outline.

    Measured at four times the final size, where grain and dithering have been averaged away.
    """
    if max(ink.shape) <= 2 * BOX:
        return ink
    ink = _fitted(ink, min(4 * BOX, max(ink.shape)))
    ink = np.clip(ink / np.percentile(ink[ink > 0.1], 80), 0, 1)
    solid = np.pad(ink > 0.5, 1)
    inner = solid[1:-1, :-2] & solid[1:-1, 2:] & solid[:-2, 1:-1] & solid[2:, 1:-1]
    outline = int((solid[1:-1, 1:-1] & ~inner).sum())
    width = 2 * int(solid.sum()) / max(outline, 1)
    wanted = _LEAST_STROKE * max(ink.shape) / BOX
    return thickened(ink, round((wanted - width) / 2)) if width < wanted - 1 else ink


def _fitted(ink: Array, longer: int) -> Array:
    """Return the ink resized so that its longer side has `longer` pixels."""
    factor = longer / max(ink.shape)
    size = max(1, round(ink.shape[0] * factor)), max(1, round(ink.shape[1] * factor))
    return np.clip(resized(ink, size), 0, 1)


def _boxed(ink: Array) -> Array:
    """Return the ink with its longer side at 20 pixels, or 19 or 21 where it comes so."""
    small = ink if abs(max(ink.shape) - BOX) <= 1 else _fitted(ink, BOX)  # to resample for one pixel would only blur
    return small / max(float(small.max()), 1e-6)


def _centered(small: Array) -> Array:
    """Return uint8 (28, 28) with the center of mass at pixel (14, 14), to the nearest pixel."""
    total = float(small.sum())
    corner: list[slice] = []
    for axis in (0, 1):
        size = small.shape[axis]
        mass = float((small.sum(axis=1 - axis) * np.arange(size)).sum()) / total
        start = min(max(round(CENTER - mass), 0), SIDE - size)
        corner.append(slice(start, start + size))
    image = np.zeros((SIDE, SIDE), np.uint8)
    image[corner[0], corner[1]] = np.rint(small * 255).astype(np.uint8)
    return image
