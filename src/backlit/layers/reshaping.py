"""Layers that move numbers without changing them: Flatten and Reshape.

The batch axis always stays first.
"""

from __future__ import annotations

import math
from typing import Any

from ..arrays import is_integer
from ..errors import ConfigError, ShapeError
from ..ops import expand_dims, reshape
from .layer import Layer


class Flatten(Layer):
    """Turn each sample into one row: (batch, a, b, ...) becomes (batch, a * b * ...); (batch,) becomes (batch, 1)."""

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if data_format not in (None, "channels_last", "channels_first"):
            raise ConfigError(f'data_format must be "channels_last" or "channels_first", got {data_format!r}.')
        self.data_format = data_format

    def call(self, inputs: Any) -> Any:
        if len(inputs.shape) == 1:
            return expand_dims(inputs, -1)
        return reshape(inputs, (inputs.shape[0], math.prod(inputs.shape[1:])))


class Reshape(Layer):
    """Give each sample another shape: (batch, ...) becomes (batch, *target_shape); one size may be -1."""

    def __init__(self, target_shape: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        sizes = tuple(target_shape) if isinstance(target_shape, (list, tuple)) else (target_shape,)
        if any(not is_integer(n) or n < -1 for n in sizes) or sizes.count(-1) > 1:
            raise ConfigError(f"Reshape needs sizes (at most one of them -1), got {target_shape!r}.")
        self.target_shape = tuple(int(n) for n in sizes)

    def call(self, inputs: Any) -> Any:
        size, known = math.prod(inputs.shape[1:]), math.prod(n for n in self.target_shape if n != -1)
        if size % known if -1 in self.target_shape and known else size != known:
            have = inputs.shape[1:]
            raise ShapeError(
                f"Reshape {self.name!r} cannot give a sample of shape {have} the shape {self.target_shape}."
            )
        sizes = tuple(size // known if n == -1 else n for n in self.target_shape)
        return reshape(inputs, (inputs.shape[0], *sizes))
