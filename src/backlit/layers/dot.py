"""Dot multiplies two inputs sample by sample: the products along one axis of each, summed.

Its neighbors in `merging` work number by number; here one axis of each input is used up.
"""

from __future__ import annotations

import math
from typing import Any

from ..arrays import is_integer, positive_axis
from ..errors import ConfigError, ShapeError
from ..ops import matmul, reshape, sum, transpose
from ..ops.softmax import unit_normalize
from .layer import Layer

EPSILON = 1e-7  # the least norm that is divided by


class Dot(Layer):
    """y = sum over k of x1[..., k] * x2[..., k], for each sample; `axes` says where k lies, in one number or a pair.

    Inputs (batch, k) and (batch, k) give (batch, 1); (batch, m, k) and (batch, n, k) with axes=2 give (batch, m, n).
    With `normalize` both are divided by their norms along k first: cosine similarity. The batch axis cannot be used
    up, `ConfigError`; other numbers of inputs and unequal sizes raise `ShapeError`. Source: Keras 3, layers.Dot.
    """

    def __init__(self, axes: Any, normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        pair = list(axes) if isinstance(axes, (list, tuple)) else [axes, axes]
        if len(pair) != 2 or not all(is_integer(axis) and axis != 0 for axis in pair):
            raise ConfigError(f"Dot needs an axis, or a pair of axes, none of them 0 (the batch), got axes={axes!r}.")
        self.axes = [int(axis) for axis in pair] if isinstance(axes, (list, tuple)) else int(axes)
        self.normalize = bool(normalize)

    def build(self, input_shape: Any) -> None:
        self._places(input_shape)

    def check_input(self, shape: Any) -> None:
        self._places(shape)

    def _places(self, shapes: Any) -> tuple[int, int]:
        """Return the axis of each input; inputs that do not fit raise `ShapeError`."""
        if not isinstance(shapes, list) or len(shapes) != 2:
            raise ShapeError(f"Dot {self.name!r} multiplies a list of two tensors, got shapes {shapes}.")
        pair = self.axes if isinstance(self.axes, list) else [self.axes, self.axes]
        first, second = (positive_axis(axis, len(shape)) for axis, shape in zip(pair, shapes, strict=True))
        if 0 in (first, second) or shapes[0][first] != shapes[1][second]:
            raise ShapeError(f"Dot {self.name!r} with axes={self.axes} cannot multiply {shapes[0]} and {shapes[1]}.")
        return first, second

    def call(self, inputs: Any) -> Any:
        x1, x2 = inputs
        first, second = self._places([tuple(x1.shape), tuple(x2.shape)])
        if self.normalize:
            x1, x2 = unit_normalize(x1, first, EPSILON**2), unit_normalize(x2, second, EPSILON**2)
        if len(x1.shape) == len(x2.shape) == 2:
            return sum(x1 * x2, -1, keepdims=True)
        left, right = _last(x1, first), _last(x2, second)  # (batch, ..., k)
        batch, rest, k = x1.shape[0], (*left.shape[1:-1], *right.shape[1:-1]), left.shape[-1]
        rows = reshape(left, (batch, math.prod(left.shape[1:-1]), k))
        columns = reshape(right, (batch, math.prod(right.shape[1:-1]), k))
        return reshape(matmul(rows, columns, transpose_b=True), (batch, *rest))


def dot(inputs: Any, axes: Any = -1, **kwargs: Any) -> Any:
    """Return the products of a list of two tensors, summed along `axes`."""
    return Dot(axes=axes, **kwargs)(inputs)


def _last(x: Any, axis: int) -> Any:
    """Return `x` with one axis moved to the end."""
    order = tuple(i for i in range(len(x.shape)) if i != axis)
    return x if axis == len(x.shape) - 1 else transpose(x, (*order, axis))
