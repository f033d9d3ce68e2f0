"""The plain arguments of `compile`, `fit`, `evaluate` and `predict`: counts, switches and shares, checked by name.

A wrong one raises `ConfigError` before any data is looked at.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ..arrays import is_integer, is_number, is_truth
from ..errors import ConfigError


def count(name: str, value: Any, least: int = 1) -> int:
    """Return an integer of at least `least`; NumPy's integers count, truth values and whole floats do not."""
    if not is_integer(value) or value < least:
        kind = "a positive integer" if least == 1 else f"an integer >= {least}"
        raise ConfigError(f"{name} must be {kind}, got {value!r}.")
    return int(value)


def optional_count(name: str, value: Any) -> int | None:
    """Return a positive integer, or None."""
    return None if value is None else count(name, value)


def truth(name: str, value: Any) -> bool:
    """Return True or False."""
    if not is_truth(value):
        raise ConfigError(f"{name} must be True or False, got {value!r}.")
    return bool(value)


def shuffling(value: Any) -> bool:
    """Return whether to shuffle; "batch", which older Kerases knew, shuffles too."""
    return True if isinstance(value, str) and value == "batch" else truth("shuffle", value)


def verbosity(verbose: Any) -> int:
    """Return 0, 1 or 2; "auto" is 1."""
    if isinstance(verbose, str) and verbose == "auto":
        return 1
    if not (is_integer(verbose) or isinstance(verbose, bool)) or verbose not in (0, 1, 2):
        meant = '0 (silent), 1 (progress bar), 2 (one line an epoch) or "auto"'
        raise ConfigError(f"verbose must be {meant}, got {verbose!r}.")
    return int(verbose)


def share(name: str, value: Any) -> float:
    """Return a number from 0 up to, but not including, 1; None is 0."""
    if value is None:
        return 0.0
    if not is_number(value) or not 0 <= value < 1:
        raise ConfigError(f"{name} must lie between 0 and 1, got {value!r}.")
    return float(value)


def frequency(value: int | Collection[int]) -> int | set[int]:
    """Return how often to validate: every so many epochs, or the set of epochs, counted from 1, to validate after."""
    if isinstance(value, (list, tuple, set)):
        if value and all(is_integer(n) and n >= 1 for n in value):
            return {int(n) for n in value}
    elif is_integer(value) and value >= 1:
        return int(value)
    raise ConfigError(f"validation_freq must be a positive integer or a list of epochs from 1 on, got {value!r}.")
