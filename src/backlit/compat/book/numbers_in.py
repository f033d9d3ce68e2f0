"""What the book's functions accept: arrays, lists and numbers, computed in float64 where they are not floats yet.

The book leaves this to NumPy, where integers become float64; ours would become the library's default float.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...arrays import Array
from ...errors import ConfigError, DataError


def as_numbers(x: Any, name: str = "x") -> Array:
    """Return `x` as an array of floats; anything without numbers raises `DataError`."""
    array = np.asarray(x)
    if array.dtype.kind == "f":
        return array
    if array.dtype.kind not in "iub":
        what = "None" if x is None else f"{type(x).__name__} of dtype {array.dtype}"
        raise DataError(
            f"{name} is {what}. Expected an array of numbers. A forward method that lacks its `return` gives None."
        )
    return array.astype(np.float64)


def seen(value: Any, node: object) -> Any:
    """Return what a node kept of its forward pass; `ConfigError` where there was none."""
    if value is None:
        name = type(node).__name__
        raise ConfigError(
            f"{name}.backward was called, but {name}.forward was not. The way back needs what the way there kept: "
            "call forward first."
        )
    return value
