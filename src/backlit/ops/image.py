"""Images looked at from other places: the value of each image between its pixels, at given coordinates.

Rotation, shift, shear, zoom and elastic distortion all say where to look; one resampling does the rest, however many of
them are chained. Coordinates count pixels from the middle of the first one, as in `scipy.ndimage`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..arrays import Array, DType, shape_of
from ..errors import ConfigError, ShapeError, did_you_mean
from .op import Op, Spec, Value, apply, backward_of, primitive

FILL_MODES = ("nearest", "constant", "reflect", "wrap")
NEAREST, LINEAR = 0, 1


class Tap(NamedTuple):
    """A pixel that is looked at: which one of its image, counted row by row, and what it counts for."""

    place: Array
    weight: Array


def _resampled(images: Spec, rows: Spec, columns: Spec, fill_mode: str, cval: float, order: int) -> Spec:
    _require_images(images.shape, rows.shape, columns.shape)
    return Spec((*rows.shape, images.shape[3]), images.dtype)


@primitive("gather", _resampled)
def _resample(
    images: Value, rows: Value, columns: Value, fill_mode: str = "nearest", cval: float = 0.0, order: int = LINEAR
) -> Array:
    """y = the sum over the nearest pixels (one, or four) of weight * pixel, at each coordinate; cval outside"""
    images = np.asarray(images)
    _require_images(images.shape, np.shape(rows), np.shape(columns))
    count, height, width, channels = images.shape
    taps = _taps(np.asarray(rows), np.asarray(columns), height, width, fill_mode, order, images.dtype)
    pixels = images.reshape(count, height * width, channels)
    y = sum(_taken(pixels, tap) for tap in taps)
    if fill_mode == "constant":
        inside = _inside(rows, height) & _inside(columns, width)
        y = np.where(inside[..., None], y, images.dtype.type(cval))
    return np.asarray(y, images.dtype)


def _taken(pixels: Array, tap: Tap) -> Array:
    """Return weight * pixel for each place: (images, height * width, channels) at (images, height, width)."""
    count, height, width = tap.place.shape
    found = np.take_along_axis(pixels, tap.place.reshape(count, height * width, 1), 1)
    return found.reshape(count, height, width, pixels.shape[2]) * tap.weight[..., None]


def _spread(dy: Spec, rows: Spec, columns: Spec, height: int, width: int, fill_mode: str, order: int) -> Spec:
    return Spec((dy.shape[0], height, width, dy.shape[3]), dy.dtype)


@primitive("gather", _spread)
def _resample_adjoint(
    dy: Value, rows: Value, columns: Value, height: int = 0, width: int = 0, fill_mode: str = "nearest",
    order: int = LINEAR,
) -> Array:  # fmt: skip
    """y = zeros, to which weight * dy is added at each of the pixels that `resample` looked at"""
    given: Array = np.asarray(dy)
    count, channels = len(given), given.shape[3]
    taps = _taps(np.asarray(rows), np.asarray(columns), height, width, fill_mode, order, given.dtype)
    if fill_mode == "constant":
        given = np.where((_inside(rows, height) & _inside(columns, width))[..., None], given, given.dtype.type(0))
    pixels = np.zeros((count, height * width, channels), given.dtype)
    place = np.stack([tap.place for tap in taps], -1)  # tap after tap for each coordinate: so machine code adds, too
    weight = np.stack([tap.weight for tap in taps], -1)
    image = np.broadcast_to(np.arange(count).reshape(-1, 1, 1, 1), place.shape)
    np.add.at(pixels, (image, place), weight[..., None] * given[..., None, :])
    return pixels.reshape(count, height, width, channels)


def _taps(rows: Array, columns: Array, height: int, width: int, fill_mode: str, order: int, dtype: DType) -> list[Tap]:
    """Return the pixels to look at for each coordinate: the nearest one, or the four around with bilinear weights."""
    rows, columns = _folded(rows, height, fill_mode), _folded(columns, width, fill_mode)
    if order == NEAREST:
        place = np.floor(rows + 0.5).astype(np.intp) * width + np.floor(columns + 0.5).astype(np.intp)
        return [Tap(place, np.ones(place.shape, dtype))]
    (top, below, down), (left, after, right) = _between(rows, height, dtype), _between(columns, width, dtype)
    up, back = dtype.type(1) - down, dtype.type(1) - right
    return [
        Tap(top * width + left, up * back), Tap(top * width + after, up * right),
        Tap(below * width + left, down * back), Tap(below * width + after, down * right),
    ]  # fmt: skip


def _between(at: Array, size: int, dtype: DType) -> tuple[Array, Array, Array]:
    """Return the pixels before and behind each coordinate in [0, size - 1], and how far it is from the first."""
    before = np.minimum(np.floor(at), max(size - 2, 0))
    first = before.astype(np.intp)
    return first, np.minimum(first + 1, size - 1), (at - before).astype(dtype, copy=False)


def _folded(at: Array, size: int, fill_mode: str) -> Array:
    """Return coordinates brought into [0, size - 1], as SciPy does: NaN and what is outside of "constant" anywhere."""
    one = at.dtype.type
    last = one(size - 1)
    if fill_mode == "reflect":  # d c b a | a b c d | d c b a
        half, round_trip = one(0.5), one(2 * size)
        moved = at + half
        at = moved - round_trip * np.floor(moved / round_trip) - half
        at = np.where(at > last + half, round_trip - one(1) - at, at)
    elif fill_mode == "wrap" and size > 1:  # the last pixel is the first one of the next period
        below = at + last * (np.floor(-at / last) + one(1))
        above = at - last * np.floor(at / last)
        at = np.where(at < 0, below, np.where(at > last, above, at))
    at = np.where(at > 0, at, one(0))
    return np.where(at < last, at, last)


def _inside(at: Value, size: int) -> Array:
    at = np.asarray(at)
    return (at >= 0) & (at <= size - 1)


@backward_of(_resample_adjoint)
def spread_backward(
    dy: Value, y: Value, x: Value, rows: Value, columns: Value, height: int, width: int, fill_mode: str, order: int
) -> tuple[Value, None, None]:
    """What was spread is gathered again."""
    return resample(dy, rows, columns, fill_mode, 0.0, order), None, None


@backward_of(_resample)
def resample_backward(
    dy: Value, y: Value, images: Value, rows: Value, columns: Value, fill_mode: str, cval: float, order: int
) -> tuple[Value, None, None]:
    """Every number of dy goes back to the pixels it was made of. None goes to the coordinates."""
    _, height, width, _ = images.shape
    attrs = {"height": height, "width": width, "fill_mode": fill_mode, "order": order}
    return apply(_resample_adjoint, (dy, rows, columns), attrs), None, None


def resample(
    images: Value, rows: Value, columns: Value, fill_mode: str = "nearest", cval: float = 0.0, order: int = LINEAR
) -> Value:
    """Return images seen at other coordinates: (n, height, width, channels) to (n, h, w, channels).

    `rows` and `columns` (n, h, w) say where in its image each new pixel looks, in pixels, fractions allowed. `order` 0
    takes the nearest pixel, 1 interpolates between four. What lies outside is filled by `fill_mode`: "nearest"
    (aaaa|abcd|dddd), "constant" (`cval`), "reflect" (dcba|abcd|dcba) or "wrap" (the last pixel of a period is the first
    of the next), the modes of `scipy.ndimage.map_coordinates`. Gradients flow to the images, not to the coordinates.

    Raises `ShapeError` for shapes that do not agree, `ConfigError` for another mode or order.
    """
    if fill_mode not in FILL_MODES:
        raise ConfigError(f"Unknown fill_mode {fill_mode!r}.{did_you_mean(fill_mode, FILL_MODES)}")
    if isinstance(order, bool) or order not in (NEAREST, LINEAR):
        raise ConfigError(f"order={order!r}: expected 0 (the nearest pixel) or 1 (bilinear).")
    _require_images(shape_of(images), shape_of(rows), shape_of(columns))
    return apply(_resample, (images, rows, columns), {"fill_mode": fill_mode, "cval": float(cval), "order": int(order)})


def _require_images(images: tuple[int, ...], rows: tuple[int, ...], columns: tuple[int, ...]) -> None:
    if len(images) != 4 or 0 in images[1:3]:
        raise ShapeError(f"Images need the shape (n, height, width, channels), got {images}.")
    if rows != columns or len(rows) != 3 or rows[0] != images[0]:
        raise ShapeError(
            f"The coordinates have shapes {rows} and {columns}. Expected ({images[0]}, h, w) for both: an image each."
        )


PRIMITIVES: tuple[Op, ...] = (_resample, _resample_adjoint)
for _op in PRIMITIVES:
    _op.name = _op.name.lstrip("_")
