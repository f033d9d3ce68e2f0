"""Checks of the arguments layers are made with, so that a wrong one is named when the layer is written down.

Each returns the value as the layer keeps it, or raises `ConfigError`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import is_integer, is_number
from ..errors import ConfigError

Shape = tuple[int | None, ...]


def number(owner: str, name: str, value: Any) -> float:
    """Return a finite number."""
    if not is_number(value) or not np.isfinite(value):
        raise ConfigError(f"{owner} needs a finite number as {name}, got {name}={value!r}.")
    return float(value)


def at_least_zero(name: str, value: Any) -> float:
    """Return a number of at least 0."""
    if not is_number(value) or not value >= 0:
        raise ConfigError(f"{name} must be a number >= 0, got {value!r}.")
    return float(value)


def axis(owner: str, value: Any) -> int:
    """Return one axis."""
    if not is_integer(value):
        raise ConfigError(f"{owner} needs an integer as axis, got axis={value!r}.")
    return int(value)


def axes(owner: str, value: Any) -> int | list[int]:
    """Return one axis, or several in a list."""
    return [axis(owner, one) for one in value] if isinstance(value, (list, tuple)) else axis(owner, value)


def sizes(what: str, given: Any) -> Shape:
    """Return a shape without the batch axis: positive integers, None where a size is open."""
    shape = tuple(given) if isinstance(given, (list, tuple)) else (given,)
    if not all(size is None or (is_integer(size) and size > 0) for size in shape) or given is None:
        raise ConfigError(f"{what} must hold positive integers (or None), got {given!r}.")
    return tuple(None if size is None else int(size) for size in shape)
