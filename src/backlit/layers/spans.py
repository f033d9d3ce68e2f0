"""Ranges that augmentation layers draw from, checked when the layer is written down.

A factor is a number or a pair, as in Keras; `between` spreads uniform numbers over it.
"""

from __future__ import annotations

import math
from typing import Any

from ..arrays import is_number
from ..errors import ConfigError, ShapeError
from .layer import Layer

Range = tuple[float, float]


def span(name: str, value: Any) -> Range:
    """Return a factor as (lowest, highest): a number f stands for -f to f."""
    if is_number(value) and 0 <= value < math.inf:
        return -float(value), float(value)
    if isinstance(value, (list, tuple)) and len(value) == 2 and all(is_number(v) for v in value):
        low, high = float(value[0]), float(value[1])
        if -math.inf < low <= high < math.inf:
            return low, high
    raise ConfigError(f"{name}={value!r}: expected a number >= 0, or a pair (lowest, highest).")


def zoom_span(name: str, value: Any) -> Range:
    """Return how much further out to look, as (lowest, highest)."""
    low, high = span(name, value)
    if low <= -1:
        raise ConfigError(f"{name}={value!r}: a zoom of -1 or less shows nothing. Expected more than -1.")
    return low, high


def shear_span(name: str, value: Any) -> Range:
    """Return how much each row looks further than the one above; a number f stands for 0 to f."""
    low, high = (0.0, float(value)) if is_number(value) and value >= 0 else span(name, value)
    if not 0 <= low <= high <= 1:
        raise ConfigError(f"{name}={value!r}: expected a number between 0 and 1, or a pair of them.")
    return low, high


def between(u: Any, limits: Range) -> Any:
    """Return uniform numbers spread over a range; where it is a point, that."""
    low, high = limits
    return low if low == high else low + u * (high - low)


def image_shape(layer: Layer, inputs: Any) -> tuple[int, int, int, int]:
    """Return the shape of a batch of images, or raise `ShapeError`."""
    shape = tuple(inputs.shape)
    if len(shape) != 4:
        hint = {3: " Give one image as images[None], gray ones with an axis of channels, by layers.Reshape."}
        raise ShapeError(
            f"{type(layer).__name__} {layer.name!r} takes images (n, height, width, channels), got {shape}."
            + hint.get(len(shape), "")
        )
    return shape


def channels_last(data_format: Any) -> Any:
    """Return the only data format there is, "channels_last", or None for it."""
    if data_format not in (None, "channels_last"):
        raise ConfigError(f"data_format={data_format!r}: images are (n, height, width, channels), channels_last.")
    return data_format
