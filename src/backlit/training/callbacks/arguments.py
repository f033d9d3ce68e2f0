"""Checks of the callbacks' arguments, made when a callback is built: hours before the value would be used.

Each returns the value as it will be kept, or raises a `ConfigError` that names callback and argument.
"""

from __future__ import annotations

import math
from typing import Any

from ...arrays import is_integer
from ...errors import ConfigError, did_you_mean


def whole(owner: str, name: str, value: Any) -> int:
    """Return `value` as an int; it must be a whole number of at least 0."""
    number = real(owner, name, value, "a whole number >= 0")
    if number < 0 or not number.is_integer():
        raise wrong(owner, name, value, "a whole number >= 0")
    return int(number)


def real(owner: str, name: str, value: Any, expected: str = "a number") -> float:
    """Return `value` as a float; text, None, arrays and NaN are refused."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise wrong(owner, name, value, expected) from None
    if isinstance(value, str) or math.isnan(number) or math.isinf(number):
        raise wrong(owner, name, value, expected)
    return number


def choice(owner: str, name: str, value: Any, choices: tuple[Any, ...]) -> Any:
    """Return `value`; it must be one of `choices`."""
    if value not in choices:
        expected = ", ".join(repr(known) for known in choices)
        hint = did_you_mean(value, (known for known in choices if isinstance(known, str)))
        hint = hint if "Did you mean" in hint else ""  # the list of choices is there already
        raise ConfigError(f"{owner} got {name}={value!r}. Expected one of {expected}.{hint}")
    return value


def save_frequency(owner: str, value: Any) -> str | int:
    """Return "epoch", or a positive number of batches."""
    if value != "epoch" and not (is_integer(value) and int(value) > 0):
        raise wrong(owner, "save_freq", value, '"epoch" or a number of batches')
    return value


def wrong(owner: str, name: str, value: Any, expected: str) -> ConfigError:
    """Build (not raise) the error for an argument that cannot be used."""
    return ConfigError(f"{owner} got {name}={value!r}. Expected {expected}. Change {name}.")
