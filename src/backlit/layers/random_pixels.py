"""Layers that mirror, cover or disturb images, anew for each one and each step, and only in training.

Those that look at images from elsewhere are in `random_look`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..arrays import is_number
from ..errors import ConfigError, did_you_mean
from ..ops.random import normal, uniform
from . import settings
from .noise import RandomLayer
from .spans import between, channels_last, image_shape, span


class RandomFlip(RandomLayer):
    """Mirrors half of the images: `mode` "horizontal" (left and right), "vertical", or "horizontal_and_vertical"."""

    MODES = ("horizontal", "vertical", "horizontal_and_vertical")

    def __init__(
        self, mode: str = "horizontal_and_vertical", seed: int | None = None, data_format: str | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(seed, **kwargs)
        self.data_format = channels_last(data_format)
        if mode not in self.MODES:
            raise ConfigError(f"Unknown mode {mode!r} of RandomFlip.{did_you_mean(mode, self.MODES)}")
        self.mode = mode

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training:
            return inputs
        count = image_shape(self, inputs)[0]
        u = uniform(*self._source(), shape=(2, count, 1, 1, 1))
        if "horizontal" in self.mode:
            inputs = ops.where(u[0] < 0.5, inputs[:, :, ::-1], inputs)
        if "vertical" in self.mode:
            inputs = ops.where(u[1] < 0.5, inputs[:, ::-1], inputs)
        return inputs


class RandomNoise(RandomLayer):
    """Sets a share of the numbers anew, in training: with probability `rate`, to an even draw from `value_range`."""

    def __init__(
        self, rate: float, value_range: Any = (0.0, 1.0), seed: int | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(seed, **kwargs)
        if not is_number(rate) or not 0 <= rate <= 1:
            raise ConfigError(f"RandomNoise needs a rate between 0 and 1, the share of numbers to set, got {rate!r}.")
        self.rate, self.value_range = float(rate), value_range
        self._values = span("value_range", value_range)

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training or self.rate == 0.0:
            return inputs
        shape = tuple(inputs.shape)
        u = uniform(*self._source(), shape=shape, dtype=inputs.dtype.name)
        anew = between(uniform(*self._source(), shape=shape, dtype=inputs.dtype.name), self._values)
        return ops.where(u < self.rate, anew, inputs)


class RandomErasing(RandomLayer):
    """Covers a rectangle of some images (Zhong et al. 2020), in training.

    `factor` is the share of images (a pair: drawn between both), `scale` between which shares of the image the
    rectangle lies; its height and its width are the roots of two such draws. It is filled with `fill_value`, or,
    without one, with normal noise in the middle of `value_range`.
    """

    def __init__(
        self, factor: Any = 1.0, scale: Any = (0.02, 0.33), fill_value: float | None = None,
        value_range: Any = (0, 255), seed: int | None = None, data_format: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(seed, **kwargs)
        self.data_format = channels_last(data_format)
        self.factor, self.scale, self.fill_value, self.value_range = factor, scale, fill_value, value_range
        self._share = (float(factor), float(factor)) if is_number(factor) else span("factor", factor)
        self._scale = (float(scale), float(scale)) if is_number(scale) else span("scale", scale)
        self._values = span("value_range", value_range)
        for name, (low, high) in (("factor", self._share), ("scale", self._scale)):
            if not 0 <= low <= high <= 1:
                raise ConfigError(f"{name} must lie between 0 and 1, got {getattr(self, name)!r}.")
        if fill_value is not None:
            settings.number("RandomErasing", "fill_value", fill_value)

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training:
            return inputs
        shape = image_shape(self, inputs)
        u = uniform(*self._source(), shape=(6, shape[0], 1, 1, 1), dtype=inputs.dtype.name)
        covered = u[0] < between(u[1], self._share)
        for axis, (size, position) in ((1, (u[2], u[3])), (2, (u[4], u[5]))):
            length = shape[axis]
            extent = ops.sqrt(between(size, self._scale)) * float(length)
            start = position * (float(length) - extent)
            at = (np.arange(length) + 0.5).astype(inputs.dtype).reshape([-1 if a == axis else 1 for a in range(4)])
            covered = ops.logical_and(covered, ops.logical_and(start <= at, at < start + extent))
        return ops.where(covered, self._filling(inputs), inputs)

    def _filling(self, inputs: Any) -> Any:
        if self.fill_value is not None:
            return float(self.fill_value)
        low, high = self._values
        noise = normal(*self._source(), shape=tuple(inputs.shape), dtype=inputs.dtype.name)
        return ops.clip((low + high) / 2 + noise * ((high - low) / 4), low, high)
