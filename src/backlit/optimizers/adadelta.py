"""Adadelta measures its steps by the running size of its own past steps (Zeiler 2012).

So they have the unit of the weight, and the learning rate is only a factor.
"""

from __future__ import annotations

from typing import Any, ClassVar, Unpack

from ..ops import sqrt, square
from ..ops.op import Value
from .optimizer import Optimizer
from .options import Options, number


class Adadelta(Optimizer):
    """s = rho * s + (1 - rho) * g**2; d = g * sqrt(q + epsilon) / sqrt(s + epsilon); w -= rate * d.

    q is the same running mean over d**2.
    """

    paired: ClassVar[tuple[str, ...]] = ("gradient_square", "step_square")

    def slots(self) -> dict[str, float]:
        """Return the running means of g**2 and d**2."""
        return {"gradient_square": 0.0, "step_square": 0.0}

    def update(
        self, w: Value, g: Value, slots: dict[str, Value], learning_rate: Value, step: Value
    ) -> tuple[Value, dict[str, Value]]:
        """One step of the recurrence."""
        rho, epsilon, q = self.rho, self.epsilon, slots["step_square"]
        s = slots["gradient_square"] * rho + square(g) * (1.0 - rho)
        d = g * sqrt(q + epsilon) / sqrt(s + epsilon)
        return w - learning_rate * d, {"gradient_square": s, "step_square": q * rho + square(d) * (1.0 - rho)}

    def __init__(
        self, learning_rate: Any = 0.001, rho: float = 0.95, epsilon: float = 1e-7, **options: Unpack[Options]
    ) -> None:
        super().__init__(learning_rate, **options)
        self.rho = number("Adadelta", "rho", rho, low=0.0, high=1.0)
        self.epsilon = number("Adadelta", "epsilon", epsilon, low=0.0)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "rho": self.rho, "epsilon": self.epsilon}
