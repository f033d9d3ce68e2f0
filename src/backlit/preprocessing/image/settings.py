"""What `ImageDataGenerator` was asked for, checked and brought into one form.

`transform` draws from it and carries it out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...arrays import is_number
from ...errors import ConfigError, did_you_mean
from ...ops.image import FILL_MODES

AXES = ("documented", "keras")


@dataclass(frozen=True)
class Shift:
    """How far images may be shifted along one axis: evenly up to `most`, or by one of `choices` either way, in pixels.

    Where no size reaches 1, they are shares of the size of the image.
    """

    most: float = 0.0
    choices: tuple[float, ...] = ()

    @property
    def is_share(self) -> bool:
        """Whether sizes are shares of the image."""
        return max(self.choices, default=self.most) < 1

    def __bool__(self) -> bool:
        return bool(self.most or self.choices)


@dataclass(frozen=True)
class Moves:
    """Everything that is drawn anew for each image, and how what lies outside of it is filled."""

    rotation: float = 0.0  # degrees
    rows: Shift = field(default_factory=Shift)
    columns: Shift = field(default_factory=Shift)
    shear: float = 0.0  # degrees
    zoom: tuple[float, float] = (1.0, 1.0)
    channel_shift: float = 0.0
    brightness: tuple[float, float] | None = None
    flip_horizontal: bool = False
    flip_vertical: bool = False
    fill_mode: str = "nearest"
    cval: float = 0.0
    order: int = 1
    axes: str = "documented"

    @property
    def is_affine(self) -> bool:
        """Whether images are looked at from elsewhere at all."""
        turned = self.rotation or self.rows or self.columns or self.shear or self.zoom != (1.0, 1.0)
        return bool(turned or self.flip_horizontal or self.flip_vertical)


def shift(name: str, value: Any) -> Shift:
    """Return a float as the most, an integer n as one of 0..n - 1, a list as its members, as Keras reads them."""
    if isinstance(value, (list, tuple, np.ndarray)):
        choices = np.asarray(value)
        if choices.ndim == 1 and choices.size and choices.dtype.kind in "iuf":
            return Shift(choices=tuple(float(c) for c in choices))
    elif is_number(value) and math.isfinite(value) and value >= 0:
        if isinstance(value, (int, np.integer)) and value > 0:
            return Shift(choices=tuple(float(c) for c in range(int(value))))
        return Shift(most=float(value))
    raise ConfigError(
        f"{name}={value!r}: expected a number >= 0 (below 1: a share of the image, else pixels) or a list of pixels."
    )


def amount(name: str, value: Any, unit: str) -> float:
    """Return how far something may go either way."""
    if not is_number(value) or not 0 <= value < math.inf:
        raise ConfigError(f"{name}={value!r}: expected a number >= 0, in {unit}.")
    return float(value)


def zoom(value: Any) -> tuple[float, float]:
    """Return the lowest and the highest zoom; a number z stands for 1 - z to 1 + z."""
    if is_number(value) and 0 <= value < math.inf:
        return 1.0 - value, 1.0 + value
    pair = _pair(value)
    if pair is None or min(pair) <= 0:
        raise ConfigError(f"zoom_range={value!r}: expected a number >= 0 or two positive numbers, lowest and highest.")
    return pair


def brightness(value: Any) -> tuple[float, float] | None:
    """Return the lowest and the highest factor, or None."""
    pair = None if value is None else _pair(value)
    if value is not None and (pair is None or min(pair) < 0):
        raise ConfigError(f"brightness_range={value!r}: expected two numbers >= 0, such as (0.8, 1.2).")
    return pair


def _pair(value: Any) -> tuple[float, float] | None:
    if isinstance(value, (list, tuple, np.ndarray)) and len(value) == 2 and all(is_number(v) for v in value):
        low, high = float(value[0]), float(value[1])
        return (low, high) if low <= high and math.isfinite(high) else None
    return None


def choice(name: str, value: Any, choices: tuple[Any, ...]) -> Any:
    """Return one of `choices`, or raise `ConfigError`."""
    if isinstance(value, bool) or value not in choices:
        hint = did_you_mean(value, choices) if isinstance(choices[0], str) else f" Expected one of {choices}."
        raise ConfigError(f"{name}={value!r} is unknown.{hint}")
    return value


def filling(fill_mode: Any, cval: Any, order: Any) -> dict[str, Any]:
    """Return how what lies outside is filled, and how many pixels are looked at."""
    if not is_number(cval):
        raise ConfigError(f"cval={cval!r}: expected a number, the value of what lies outside.")
    return {
        "fill_mode": choice("fill_mode", fill_mode, FILL_MODES), "cval": float(cval),
        "order": choice("interpolation_order", order, (0, 1)),
    }  # fmt: skip
