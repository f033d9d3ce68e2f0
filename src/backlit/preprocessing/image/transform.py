"""One image's change: what is drawn for it, and how it is carried out.

Everything is written with ops over a batch, so the same lines compute with NumPy at the prompt and become nodes of the
training step.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ... import ops
from ...ops import geometry
from .settings import Moves, Shift

DRAWS = 12  # uniform numbers for an image, whatever is asked for: so one setting does not change what another draws
RADIANS = math.pi / 180.0


class Transform(NamedTuple):
    """What happens to each image: numbers or arrays of shape (n,). Angles in degrees, shifts in pixels; None: nothing.

    `theta` turns, `tx` shifts rows (columns with `axes="keras"`), `ty` the other axis, `zx` and `zy` say how many times
    as far out to look along them.
    """

    theta: Any = 0.0
    tx: Any = 0.0
    ty: Any = 0.0
    shear: Any = 0.0
    zx: Any = 1.0
    zy: Any = 1.0
    flip_horizontal: Any = False
    flip_vertical: Any = False
    channel_shift_intensity: Any = None
    brightness: Any = None


def drawn(moves: Moves, u: Any, height: int, width: int) -> Transform:
    """Return the changes that uniform numbers `u` (n, `DRAWS`) stand for, for images of this size."""
    u = [u[:, i] for i in range(DRAWS)]
    zx, zy = (_between(v, *moves.zoom) if moves.zoom[0] != moves.zoom[1] else moves.zoom[0] for v in u[4:6])
    return Transform(
        theta=_between(u[0], -moves.rotation, moves.rotation) if moves.rotation else 0.0,
        tx=_shifted(moves.rows, u[1], u[10], height),
        ty=_shifted(moves.columns, u[2], u[11], width),
        shear=_between(u[3], -moves.shear, moves.shear) if moves.shear else 0.0,
        zx=zx,
        zy=zy,
        flip_horizontal=u[6] < 0.5 if moves.flip_horizontal else False,
        flip_vertical=u[7] < 0.5 if moves.flip_vertical else False,
        channel_shift_intensity=_between(u[8], -moves.channel_shift, moves.channel_shift)
        if moves.channel_shift
        else None,
        brightness=None if moves.brightness is None else _between(u[9], *moves.brightness),
    )


def _between(u: Any, low: float, high: float) -> Any:
    return low + u * (high - low)


def _shifted(shift: Shift, u: Any, sign: Any, size: int) -> Any:
    if not shift:
        return 0.0
    if not shift.choices:
        found = _between(u, -shift.most, shift.most)
    else:
        sizes = np.asarray(shift.choices, np.float32)
        found = ops.gather(sizes, ops.cast(u * len(sizes), "int64")) * ops.where(sign < 0.5, -1.0, 1.0)
    return found * float(size) if shift.is_share else found


def applied(images: Any, change: Transform, moves: Moves, top: float = 255.0) -> Any:
    """Return images (n, height, width, channels) after their changes; `top` is the brightest a pixel can be."""
    if _looks_elsewhere(change):
        at = looked_at(images.shape, change, moves, images.dtype.name)
        images = ops.resample(images, *at, moves.fill_mode, moves.cval, moves.order)
    if change.channel_shift_intensity is not None:
        low, high = (f(images, (1, 2, 3), keepdims=True) for f in (ops.min, ops.max))
        images = ops.minimum(ops.maximum(images + _each(change.channel_shift_intensity), low), high)
    if change.brightness is not None:
        images = _brightened(images, _each(change.brightness), moves.axes, top)
    return images


def _looks_elsewhere(change: Transform) -> bool:
    still = Transform()
    return any(got is not at for got, at in zip(change[:8], still[:8], strict=True))


def looked_at(shape: tuple[int, ...], change: Transform, moves: Moves, dtype: str = "float32") -> tuple[Any, Any]:
    """Return the rows and columns (n, height, width) that images of this shape are looked at."""
    count, height, width, _ = shape
    look = (
        geometry.rotation(change.theta * RADIANS)
        .after(geometry.shift(change.tx, change.ty))
        .after(geometry.shear(change.shear * RADIANS))
        .after(geometry.zoom(change.zx, change.zy))
    )
    if moves.axes == "keras":  # Keras takes rows for x, and exchanges both once it has found the middle
        off = (width - height) / 2
        look = geometry.shift(off, -off).after(look.swapped()).after(geometry.shift(-off, off))
    return geometry.coordinates(look.after(_flip(change)), count, height, width, dtype)


def _flip(change: Transform) -> geometry.Affine:
    """Return the map that looks at the mirror image."""
    signs = [
        1.0 if flip is False else ops.where(flip, -1.0, 1.0) for flip in (change.flip_vertical, change.flip_horizontal)
    ]
    return geometry.zoom(*signs)


def _each(value: Any) -> Any:
    """Return numbers, one for each image, in a shape that spreads over its pixels."""
    return value if np.shape(value) == () else ops.reshape(value, (value.shape[0], 1, 1, 1))


def _brightened(images: Any, factor: Any, axes: str, top: float) -> Any:
    """Return images `factor` times as bright; with Keras' axes pixels are whole numbers up to 255, as it takes them."""
    if axes != "keras":
        return ops.clip(images * factor, 0.0, top)
    return ops.floor(ops.clip(ops.floor(ops.clip(images, 0.0, 255.0)) * factor, 0.0, 255.0))
