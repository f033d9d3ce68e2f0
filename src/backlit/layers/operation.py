"""An op applied to a symbolic tensor becomes a layer without weights: `Input(...) * 2 + 1` is a model's part too.

It holds the op, its attributes and the inputs that are plain numbers.
"""

from __future__ import annotations

from typing import Any

from ..ops import Op, apply
from .layer import Layer
from .naming import auto_name

NAMES = {"divide": "true_divide", "take_slice": "get_item"}  # where Keras calls an op otherwise


class Operation(Layer):
    """One op with its attributes, as a layer of as many inputs as the op has."""

    def __init__(self, op: Op, attrs: dict[str, Any], arity: int) -> None:
        super().__init__(name=auto_name(NAMES.get(op.name, op.name)))
        self.op = op
        self.attrs = attrs
        self.arity = arity
        self.built = True

    def call(self, *inputs: Any) -> Any:
        return apply(self.op, inputs, self.attrs)
