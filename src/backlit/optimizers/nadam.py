"""Nadam is Adam that looks ahead as Nesterov's momentum does (Dozat 2016).

Its first beta warms up with the step, so the correction for the start from 0 is a running product.
"""

from __future__ import annotations

from typing import Any, ClassVar, Unpack

from ..ops import power, sqrt, square
from ..ops.op import Value
from .optimizer import Optimizer
from .options import Options, number


class Nadam(Optimizer):
    """w -= rate * m_hat / (sqrt(v / (1 - b2**t)) + epsilon), with m and v as in Adam.

    m_hat = u_(t+1) * m / (1 - U * u_(t+1)) + (1 - u_t) * g / (1 - U), where u_t = b1 * (1 - 0.96**t / 2) and U is the
    product of all u up to t.
    """

    paired: ClassVar[tuple[str, ...]] = ("m", "v")

    def slots(self) -> dict[str, float]:
        """Return m and v."""
        return {"m": 0.0, "v": 0.0}

    def shared(self) -> dict[str, float]:
        """Return the product of all u so far."""
        return {"u_product": 1.0}

    def advance(self, shared: dict[str, Value], step: Value) -> dict[str, Value]:
        """Multiply the product by the u of this step."""
        return {"u_product": shared["u_product"] * self._u(step)}

    def update(
        self, w: Value, g: Value, slots: dict[str, Value], learning_rate: Value, step: Value
    ) -> tuple[Value, dict[str, Value]]:
        """One step of the recurrence."""
        product, now, ahead = slots["u_product"], self._u(step), self._u(step + 1.0)
        m = slots["m"] + (g - slots["m"]) * (1.0 - self.beta_1)
        v = slots["v"] + (square(g) - slots["v"]) * (1.0 - self.beta_2)
        m_hat = m * (ahead / (1.0 - product * ahead)) + g * ((1.0 - now) / (1.0 - product))
        v_hat = v / (1.0 - power(self.beta_2, step))
        return w - m_hat * learning_rate / (sqrt(v_hat) + self.epsilon), {"m": m, "v": v}

    def _u(self, step: Value) -> Value:
        return (1.0 - 0.5 * power(0.96, step)) * self.beta_1

    def __init__(
        self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7,
        **options: Unpack[Options],
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, **options)
        self.beta_1 = number("Nadam", "beta_1", beta_1, low=0.0, high=1.0)
        self.beta_2 = number("Nadam", "beta_2", beta_2, low=0.0, high=1.0)
        self.epsilon = number("Nadam", "epsilon", epsilon, low=0.0)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
