"""Layers without weights that pass numbers on: Rescaling by fixed amounts, and Identity.

Rescaling lets a model take raw pixels.
"""

from __future__ import annotations

from typing import Any

from ..ops import cast
from .layer import Layer


class Rescaling(Layer):
    """y = x * scale + offset, such as scale=1/255 for pixels. Integers are cast to the layer's dtype first."""

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = scale
        self.offset = offset

    def call(self, inputs: Any) -> Any:
        return cast(inputs, self.dtype.name) * self.scale + self.offset


class Identity(Layer):
    """y = x"""

    def call(self, inputs: Any) -> Any:
        return inputs
