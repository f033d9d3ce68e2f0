"""Layers that move and distort images, anew for each one and each step, and only in training.

A layer is one resampling, whatever it combines: `RandomAffine` and `RandomElastic` do everything at once. Factors and
fill modes are those of Keras; the formulas are in `ops.geometry`.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from .. import ops
from ..arrays import Array
from ..errors import ConfigError, did_you_mean
from ..ops import geometry
from ..ops.geometry import Affine
from ..ops.image import FILL_MODES
from ..ops.random import uniform
from . import settings
from .noise import RandomLayer
from .spans import Range, between, channels_last, image_shape, shear_span, span, zoom_span

INTERPOLATIONS = {"nearest": 0, "bilinear": 1}
STILL: Range = (0.0, 0.0)


class Spans(NamedTuple):
    """What an affine map is drawn from: turns, shares of the size, zooms (None: both axes alike), columns a row."""

    rotation: Range = STILL
    height_shift: Range = STILL
    width_shift: Range = STILL
    height_zoom: Range = STILL
    width_zoom: Range | None = None
    shear_x: Range = STILL

    def look(self, u: Any, height: int, width: int) -> Affine:
        """Return the maps that uniform numbers `u` (n, 6) stand for: shifted last, so looked up first."""
        turn, down, right, out, wide, slant = (u[:, i] for i in range(6))
        rows = 1.0 + between(out, self.height_zoom)
        columns = rows if self.width_zoom is None else 1.0 + between(wide, self.width_zoom)
        shift = geometry.shift(
            between(down, self.height_shift) * -float(height), between(right, self.width_shift) * -float(width)
        )
        turned = geometry.rotation(between(turn, self.rotation) * -math.tau)
        slanted = Affine(c=between(slant, self.shear_x))
        return turned.after(slanted).after(geometry.zoom(rows, columns)).after(shift)


class RandomLook(RandomLayer):
    """The parent of layers that look at images elsewhere: how what lies outside is filled, and the resampling."""

    DRAWS = 6

    def __init__(
        self, fill_mode: str = "reflect", interpolation: str = "bilinear", seed: int | None = None,
        fill_value: float = 0.0, data_format: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(seed, **kwargs)
        self.data_format = channels_last(data_format)
        for name, value, known in (
            ("fill_mode", fill_mode, FILL_MODES), ("interpolation", interpolation, tuple(INTERPOLATIONS)),
        ):  # fmt: skip
            if value not in known:
                raise ConfigError(f"Unknown {name} {value!r}.{did_you_mean(value, known)}")
        self.fill_mode, self.interpolation = fill_mode, interpolation
        self.fill_value = settings.number(type(self).__name__, "fill_value", fill_value)
        self.spans = Spans()

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training:
            return inputs
        count, height, width, _ = image_shape(self, inputs)
        rows, columns = self.looked_at(count, height, width, inputs.dtype.name)
        order = INTERPOLATIONS[self.interpolation]
        return ops.resample(inputs, rows, columns, self.fill_mode, self.fill_value, order)

    def looked_at(self, count: int, height: int, width: int, dtype: str = "float32") -> tuple[Any, Any]:
        """Return the rows and columns (n, height, width) that are drawn for a batch."""
        u = uniform(*self._source(), shape=(count, self.DRAWS), dtype=dtype)
        return geometry.coordinates(self.look(u, height, width), count, height, width, dtype)

    def look(self, u: Any, height: int, width: int) -> Affine:
        """Return the maps that uniform numbers `u` (n, `DRAWS`) stand for."""
        return self.spans.look(u, height, width)


class RandomAffine(RandomLook):
    """Rotates, slants, zooms and shifts images (n, height, width, channels), all in one resampling.

    Each factor is a number f, for an even draw from -f to f, or a pair (lowest, highest): `rotation` in full turns,
    counter-clockwise, `height_shift` and `width_shift` in heights and widths, down and to the right, `height_zoom` and
    `width_zoom` in how much further out to look (0.2: everything a sixth smaller; without `width_zoom` both axes are
    zoomed alike), `shear_x` in columns that each row looks further right. `fill_mode` ("reflect", "nearest", "constant"
    with `fill_value`, "wrap") fills what lies outside, `interpolation` is "bilinear" or "nearest".
    """

    def __init__(
        self, rotation: Any = 0.0, height_shift: Any = 0.0, width_shift: Any = 0.0, height_zoom: Any = 0.0,
        width_zoom: Any = None, shear_x: Any = 0.0, fill_mode: str = "reflect", interpolation: str = "bilinear",
        seed: int | None = None, fill_value: float = 0.0, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(fill_mode, interpolation, seed, fill_value, **kwargs)
        self.rotation, self.shear_x = rotation, shear_x
        self.height_shift, self.width_shift = height_shift, width_shift
        self.height_zoom, self.width_zoom = height_zoom, width_zoom
        self.spans = Spans(
            span("rotation", rotation), span("height_shift", height_shift), span("width_shift", width_shift),
            zoom_span("height_zoom", height_zoom),
            None if width_zoom is None else zoom_span("width_zoom", width_zoom), span("shear_x", shear_x),
        )  # fmt: skip


class RandomElastic(RandomAffine):
    """Distorts images as Simard et al. 2003 do handwriting, together with an affine map, in one resampling.

    Each pixel looks away by `alpha` times an even draw from [-1, 1] along each axis, smoothed by a Gaussian of `sigma`
    pixels. The other arguments are those of `RandomAffine`.
    """

    def __init__(
        self, alpha: float = 34.0, sigma: float = 4.0, rotation: Any = 0.0, height_shift: Any = 0.0,
        width_shift: Any = 0.0, height_zoom: Any = 0.0, width_zoom: Any = None, shear_x: Any = 0.0,
        fill_mode: str = "reflect", interpolation: str = "bilinear", seed: int | None = None, fill_value: float = 0.0,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(
            rotation, height_shift, width_shift, height_zoom, width_zoom, shear_x, fill_mode, interpolation, seed,
            fill_value, **kwargs,
        )  # fmt: skip
        self.alpha = settings.at_least_zero("alpha", alpha)
        self.sigma = settings.number("RandomElastic", "sigma", sigma)
        if self.sigma <= 0:
            raise ConfigError(f"sigma must be a positive number of pixels, got {sigma!r}.")

    def looked_at(self, count: int, height: int, width: int, dtype: str = "float32") -> tuple[Any, Any]:
        """Return the rows and columns of the affine map, each moved away."""
        rows, columns = super().looked_at(count, height, width, dtype)
        across, down = 2.0 * self.alpha * gaussian(width, self.sigma), gaussian(height, self.sigma)
        noise = uniform(*self._source(), shape=(2 * count * height, width), dtype=dtype) - 0.5
        away = ops.reshape(ops.matmul(noise, across.astype(dtype)), (2 * count, height, width))
        away = ops.matmul(down.astype(dtype), away)
        return rows + away[:count], columns + away[count:]


class RandomRotation(RandomLook):
    """Rotates images by up to `factor` full turns either way, or between a pair; counter-clockwise is positive."""

    def __init__(
        self, factor: Any, fill_mode: str = "reflect", interpolation: str = "bilinear", seed: int | None = None,
        fill_value: float = 0.0, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(fill_mode, interpolation, seed, fill_value, **kwargs)
        self.factor = factor
        self.spans = Spans(rotation=span("factor", factor))


class RandomTranslation(RandomLook):
    """Shifts images down by `height_factor` heights and to the right by `width_factor` widths, or the other way."""

    def __init__(
        self, height_factor: Any, width_factor: Any, fill_mode: str = "reflect", interpolation: str = "bilinear",
        seed: int | None = None, fill_value: float = 0.0, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(fill_mode, interpolation, seed, fill_value, **kwargs)
        self.height_factor, self.width_factor = height_factor, width_factor
        self.spans = Spans(
            height_shift=span("height_factor", height_factor), width_shift=span("width_factor", width_factor)
        )


class RandomZoom(RandomLook):
    """Looks 1 + `height_factor` times as far out, which makes everything smaller; below 0 it zooms in.

    Without `width_factor` both axes are zoomed alike.
    """

    def __init__(
        self, height_factor: Any, width_factor: Any = None, fill_mode: str = "reflect",
        interpolation: str = "bilinear", seed: int | None = None, fill_value: float = 0.0, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(fill_mode, interpolation, seed, fill_value, **kwargs)
        self.height_factor, self.width_factor = height_factor, width_factor
        self.spans = Spans(
            height_zoom=zoom_span("height_factor", height_factor),
            width_zoom=None if width_factor is None else zoom_span("width_factor", width_factor),
        )


class RandomShear(RandomLook):
    """Slants images: each row looks `x_factor` columns further than the one above, each column `y_factor` rows.

    A factor f draws from 0 to f, a pair between both, and both turn to the other side for half of the images.
    """

    def __init__(
        self, x_factor: Any = 0.0, y_factor: Any = 0.0, interpolation: str = "bilinear", fill_mode: str = "reflect",
        fill_value: float = 0.0, seed: int | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(fill_mode, interpolation, seed, fill_value, **kwargs)
        self.x_factor, self.y_factor = x_factor, y_factor
        self._slants = shear_span("x_factor", x_factor), shear_span("y_factor", y_factor)

    def look(self, u: Any, height: int, width: int) -> Affine:
        """Return the maps that uniform numbers `u` stand for."""
        side = ops.where(u[:, 0] < 0.5, 1.0, -1.0)
        return Affine(b=between(u[:, 1], self._slants[1]) * side, c=between(u[:, 2], self._slants[0]) * side)


def gaussian(size: int, sigma: float) -> Array:
    """Return the symmetric matrix (size, size) that smooths along an axis; beyond the border lies 0, as beyond 4 sigma.

    Its full rows sum to 1.
    """
    reach = math.ceil(4.0 * sigma)
    whole = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    apart = np.abs(np.subtract.outer(np.arange(size), np.arange(size)))
    weights = np.exp(-0.5 * (apart / sigma) ** 2) / whole.sum()
    return np.where(apart <= reach, weights, 0.0)
