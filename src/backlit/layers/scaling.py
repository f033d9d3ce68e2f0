"""Layers without weights that pass numbers on: Rescaling by fixed amounts, and Identity.

Rescaling lets a model take raw pixels.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ConfigError
from ..ops import cast
from .layer import Layer


class Rescaling(Layer):
    """y = x * scale + offset, such as scale=1/255 for pixels. Integers are cast to the layer's dtype first."""

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = _numbers("scale", scale)
        self.offset = _numbers("offset", offset)

    def call(self, inputs: Any) -> Any:
        return cast(inputs, self.dtype.name) * self.scale + self.offset


class Identity(Layer):
    """y = x"""

    def call(self, inputs: Any) -> Any:
        return inputs


def _numbers(name: str, value: Any) -> Any:
    """Return a number, or numbers one for each feature."""
    if np.asarray(value).dtype.kind not in "iuf":
        raise ConfigError(f"Rescaling needs numbers as {name}, got {name}={value!r}.")
    return value
