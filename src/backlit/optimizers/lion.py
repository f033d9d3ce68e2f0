"""Lion takes steps of one size, in the direction of a sign (Chen et al. 2023).

It remembers one array per weight, half of Adam's memory.
"""

from __future__ import annotations

from typing import Any, Unpack

from ..ops import sign
from ..ops.op import Value
from .optimizer import Optimizer
from .options import Options, number


class Lion(Optimizer):
    """w -= rate * sign(b1 * m + (1 - b1) * g); then m = b2 * m + (1 - b2) * g."""

    def slots(self) -> dict[str, float]:
        """Return m."""
        return {"m": 0.0}

    def update(
        self, w: Value, g: Value, slots: dict[str, Value], learning_rate: Value, step: Value
    ) -> tuple[Value, dict[str, Value]]:
        """One step of the recurrence."""
        m = slots["m"]
        direction = sign(m * self.beta_1 + g * (1.0 - self.beta_1))
        return w - learning_rate * direction, {"m": m * self.beta_2 + g * (1.0 - self.beta_2)}

    def __init__(
        self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.99, **options: Unpack[Options]
    ) -> None:
        super().__init__(learning_rate, **options)
        self.beta_1 = number("Lion", "beta_1", beta_1, above=0.0, high=1.0)
        self.beta_2 = number("Lion", "beta_2", beta_2, low=0.0, high=1.0)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2}
