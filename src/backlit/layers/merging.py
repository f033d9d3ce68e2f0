"""Layers of several inputs: where the branches of a functional model meet again.

All take a list of tensors; shapes must be equal (sizes of 1 broadcast), for Concatenate in all axes but one.
"""

from __future__ import annotations

from functools import reduce
from typing import Any

from ..arrays import broadcast_shape, positive_axis
from ..errors import ShapeError
from ..ops import add, concatenate, maximum, minimum, multiply, subtract
from . import settings
from .layer import Layer


class _Merge(Layer):
    """What all merging layers share: the check of their inputs."""

    least = 2

    def build(self, input_shape: Any) -> None:
        if not isinstance(input_shape, list) or len(input_shape) < self.least:
            owner = f"{type(self).__name__} {self.name!r}"
            raise ShapeError(f"{owner} merges a list of at least {self.least} tensors, got {input_shape}.")
        self.check_shapes([tuple(s) for s in input_shape])

    def check_shapes(self, shapes: list[tuple[int | None, ...]]) -> None:
        """Raise `ShapeError` unless the shapes (batch first) can be merged."""
        broadcast_shape(*(shape[1:] for shape in shapes))  # type: ignore[arg-type]


class Add(_Merge):
    """y = x1 + x2 + ..."""

    def call(self, inputs: Any) -> Any:
        return reduce(add, inputs)


class Subtract(_Merge):
    """y = x1 - x2, of exactly two inputs."""

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        if len(input_shape) != 2:
            raise ShapeError(f"Subtract {self.name!r} needs exactly two inputs, got {len(input_shape)}.")

    def call(self, inputs: Any) -> Any:
        return subtract(*inputs)


class Multiply(_Merge):
    """y = x1 * x2 * ..."""

    def call(self, inputs: Any) -> Any:
        return reduce(multiply, inputs)


class Average(_Merge):
    """y = (x1 + x2 + ...) / n"""

    def call(self, inputs: Any) -> Any:
        return reduce(add, inputs) / float(len(inputs))


class Maximum(_Merge):
    """y = the greatest of the inputs, number by number"""

    def call(self, inputs: Any) -> Any:
        return reduce(maximum, inputs)


class Minimum(_Merge):
    """y = the smallest of the inputs, number by number"""

    def call(self, inputs: Any) -> Any:
        return reduce(minimum, inputs)


class Concatenate(_Merge):
    """y = the inputs one after the other along `axis`"""

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = settings.axis("Concatenate", axis)

    def check_shapes(self, shapes: list[tuple[int | None, ...]]) -> None:
        rank = len(shapes[0])
        axis = positive_axis(self.axis, rank)
        rests = {tuple(n for i, n in enumerate(s) if i not in (0, axis)) for s in shapes}
        if len(rests) > 1 or any(len(s) != rank for s in shapes):
            raise ShapeError(f"Concatenate {self.name!r} along axis {self.axis} cannot join shapes {shapes}.")

    def call(self, inputs: Any) -> Any:
        return concatenate(inputs, self.axis)
