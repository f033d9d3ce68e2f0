"""Adamax is Adam with the greatest recent gradient in place of the mean square (Kingma and Ba 2014, section 7.1).

The greatest needs no correction for its start from 0.
"""

from __future__ import annotations

from typing import Any, ClassVar, Unpack

from ..ops import absolute, maximum, power
from ..ops.op import Value
from .optimizer import Optimizer
from .options import Options, number


class Adamax(Optimizer):
    """m += (g - m)(1 - b1); u = max(b2 * u, |g|); w -= rate / (1 - b1**t) * m / (u + epsilon)."""

    paired: ClassVar[tuple[str, ...]] = ("m", "u")

    def slots(self) -> dict[str, float]:
        """Return m and u."""
        return {"m": 0.0, "u": 0.0}

    def update(
        self, w: Value, g: Value, slots: dict[str, Value], learning_rate: Value, step: Value
    ) -> tuple[Value, dict[str, Value]]:
        """One step of the recurrence."""
        a = learning_rate / (1.0 - power(self.beta_1, step))
        m = slots["m"] + (g - slots["m"]) * (1.0 - self.beta_1)
        u = maximum(slots["u"] * self.beta_2, absolute(g))
        return w - m * a / (u + self.epsilon), {"m": m, "u": u}

    def __init__(
        self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7,
        **options: Unpack[Options],
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, **options)
        self.beta_1 = number("Adamax", "beta_1", beta_1, low=0.0, high=1.0)
        self.beta_2 = number("Adamax", "beta_2", beta_2, low=0.0, high=1.0)
        self.epsilon = number("Adamax", "epsilon", epsilon, low=0.0)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
