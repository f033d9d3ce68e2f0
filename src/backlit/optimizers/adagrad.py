"""Adagrad divides by the root of all squared gradients so far (Duchi, Hazan and Singer 2011).

Weights that rarely receive a gradient keep moving, the others slow down.
"""

from __future__ import annotations

from typing import Any, Unpack

from ..ops import sqrt, square
from ..ops.op import Value
from .optimizer import Optimizer
from .options import Options, number


class Adagrad(Optimizer):
    """s += g**2; w -= rate * g / sqrt(s + epsilon)."""

    def slots(self) -> dict[str, float]:
        """Return the sum of squares."""
        return {"square_sum": self.initial_accumulator_value}

    def update(
        self, w: Value, g: Value, slots: dict[str, Value], learning_rate: Value, step: Value
    ) -> tuple[Value, dict[str, Value]]:
        """One step of the recurrence."""
        s = slots["square_sum"] + square(g)
        return w - learning_rate * g / sqrt(s + self.epsilon), {"square_sum": s}

    def __init__(
        self, learning_rate: Any = 0.001, initial_accumulator_value: float = 0.1, epsilon: float = 1e-7,
        **options: Unpack[Options],
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, **options)
        self.initial_accumulator_value = number(
            "Adagrad", "initial_accumulator_value", initial_accumulator_value, low=0.0
        )
        self.epsilon = number("Adagrad", "epsilon", epsilon, low=0.0)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {"initial_accumulator_value": self.initial_accumulator_value, "epsilon": self.epsilon}
        return {**super().get_config(), **own}
