"""One change for one image, told or drawn: functions on arrays, with the names Keras has for them.

By default an image is (channels, height, width), as it is for Keras here; `row_axis`, `col_axis` and `channel_axis` say
another order. What is drawn comes from the stream of the global seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import seeds
from ...arrays import Array, floatx
from ...errors import ConfigError, ShapeError
from . import settings
from .pictures import stretched
from .settings import Moves
from .transform import Transform, applied


def apply_affine_transform(
    x: Any, theta: float = 0, tx: float = 0, ty: float = 0, shear: float = 0, zx: float = 1, zy: float = 1,
    row_axis: int = 1, col_axis: int = 2, channel_axis: int = 0, fill_mode: str = "nearest", cval: float = 0.0,
    order: int = 1, axes: str = "documented",
) -> Array:  # fmt: skip
    """Return an image turned by `theta` and sheared by `shear` degrees, looked at `tx` rows and `ty` columns further.

    `zx` and `zy` say how many times as far out along rows and columns. With `axes="keras"` Keras' pixels: it exchanges
    rows and columns.
    """
    moves = Moves(**settings.filling(fill_mode, cval, order), axes=settings.choice("axes", axes, settings.AXES))
    order_of_axes = _order(row_axis, col_axis, channel_axis)
    image = np.transpose(_image(x), order_of_axes)
    change = Transform(float(theta), float(tx), float(ty), float(shear), float(zx), float(zy))
    moved = np.asarray(applied(image[None], change, moves))[0]
    return np.transpose(moved, np.argsort(order_of_axes))


def apply_channel_shift(x: Any, intensity: float, channel_axis: int = 0) -> Array:
    """Return an image with `intensity` added, kept within its lowest and highest number. All channels move alike."""
    image = _image(x)
    return np.clip(image + np.asarray(intensity, image.dtype), image.min(), image.max())


def apply_brightness_shift(x: Any, brightness: float, scale: bool = True) -> Array:
    """Return an image (height, width, channels) `brightness` times as bright, in whole numbers of 0..255.

    With `scale` it is spread over 0..255 before; an image with numbers outside of that always is, and without `scale`
    brought back to its own range afterwards.
    """
    image = _image(x)
    low, high = image.min(), image.max()
    beyond = bool(low < 0 or high > 255)
    spread = stretched(image) if scale or beyond else image
    bright = np.asarray(applied(spread[None], Transform(brightness=float(brightness)), Moves(axes="keras")))[0]
    return bright / 255 * (high - low) + low if beyond and not scale else bright


def random_rotation(
    x: Any, rg: float, row_axis: int = 1, col_axis: int = 2, channel_axis: int = 0, fill_mode: str = "nearest",
    cval: float = 0.0, interpolation_order: int = 1,
) -> Array:  # fmt: skip
    """Return an image turned by up to `rg` degrees either way."""
    most = settings.amount("rg", rg, "degrees")
    return apply_affine_transform(
        x, _drawn(1, -most, most)[0], row_axis=row_axis, col_axis=col_axis, channel_axis=channel_axis,
        fill_mode=fill_mode, cval=cval, order=interpolation_order,
    )  # fmt: skip


def random_shift(
    x: Any, wrg: float, hrg: float, row_axis: int = 1, col_axis: int = 2, channel_axis: int = 0,
    fill_mode: str = "nearest", cval: float = 0.0, interpolation_order: int = 1,
) -> Array:  # fmt: skip
    """Return an image shifted by up to `wrg` widths and `hrg` heights either way."""
    shape = np.shape(_image(x))
    down, aside = (settings.amount(name, share, "sizes of the image") for name, share in (("hrg", hrg), ("wrg", wrg)))
    rows, columns = _drawn(2, -1.0, 1.0)
    return apply_affine_transform(
        x, tx=rows * down * shape[row_axis], ty=columns * aside * shape[col_axis], row_axis=row_axis,
        col_axis=col_axis, channel_axis=channel_axis, fill_mode=fill_mode, cval=cval, order=interpolation_order,
    )  # fmt: skip


def random_shear(
    x: Any, intensity: float, row_axis: int = 1, col_axis: int = 2, channel_axis: int = 0, fill_mode: str = "nearest",
    cval: float = 0.0, interpolation_order: int = 1,
) -> Array:  # fmt: skip
    """Return an image sheared by up to `intensity` degrees either way."""
    most = settings.amount("intensity", intensity, "degrees")
    return apply_affine_transform(
        x, shear=_drawn(1, -most, most)[0], row_axis=row_axis, col_axis=col_axis, channel_axis=channel_axis,
        fill_mode=fill_mode, cval=cval, order=interpolation_order,
    )  # fmt: skip


def random_zoom(
    x: Any, zoom_range: Sequence[float], row_axis: int = 1, col_axis: int = 2, channel_axis: int = 0,
    fill_mode: str = "nearest", cval: float = 0.0, interpolation_order: int = 1,
) -> Array:  # fmt: skip
    """Return an image looked at from as far out as the two numbers say, lowest and highest, drawn for each axis."""
    if np.shape(zoom_range) != (2,):
        raise ConfigError(f"zoom_range={zoom_range!r}: expected two positive numbers, lowest and highest.")
    zx, zy = _drawn(2, *settings.zoom(zoom_range))
    return apply_affine_transform(
        x, zx=zx, zy=zy, row_axis=row_axis, col_axis=col_axis, channel_axis=channel_axis, fill_mode=fill_mode,
        cval=cval, order=interpolation_order,
    )  # fmt: skip


def random_channel_shift(x: Any, intensity_range: float, channel_axis: int = 0) -> Array:
    """Return an image with up to `intensity_range` added to all channels, or taken away."""
    most = settings.amount("intensity_range", intensity_range, "units of a pixel's value")
    return apply_channel_shift(x, _drawn(1, -most, most)[0], channel_axis)


def random_brightness(x: Any, brightness_range: Sequence[float], scale: bool = True) -> Array:
    """Return an image (height, width, channels) as bright as `apply_brightness_shift` makes it by a factor drawn."""
    pair = settings.brightness(brightness_range)
    if pair is None:
        raise ConfigError("brightness_range is None: expected two numbers >= 0, such as (0.8, 1.2).")
    return apply_brightness_shift(x, _drawn(1, *pair)[0], scale)


def _drawn(count: int, low: float, high: float) -> list[float]:
    u = seeds.uniform(seeds.fresh_seed(), seeds.AUGMENT, 0, (count,))
    return [low + float(number) * (high - low) for number in u]


def _image(x: Any) -> Array:
    image = np.asarray(x)
    if image.ndim != 3 or image.dtype.kind not in "buif":
        raise ShapeError(f"Expected one image of three axes, got {image.dtype} of shape {image.shape}.")
    return image if image.dtype == np.float64 else image.astype(floatx(), copy=False)


def _order(row_axis: int, col_axis: int, channel_axis: int) -> tuple[int, int, int]:
    axes = row_axis, col_axis, channel_axis
    if sorted(axes) != [0, 1, 2]:
        raise ConfigError(f"row_axis, col_axis, channel_axis are {axes}. Expected 0, 1 and 2, each once.")
    return axes
