"""Adam: a running mean of the gradient over a running root of its square (Kingma and Ba 2014).

Epsilon stands outside the square root and next to the uncorrected v ("epsilon hat" of the paper), as in Keras.
"""

from __future__ import annotations

from typing import Any, ClassVar, Unpack

from ..ops import maximum, power, sqrt, square
from ..ops.op import Value
from .optimizer import Optimizer
from .options import Options, number


class Adam(Optimizer):
    """m += (g - m)(1 - b1); v += (g**2 - v)(1 - b2); w -= a * m / (sqrt(v) + epsilon).

    a = rate * sqrt(1 - b2**t) / (1 - b1**t) undoes the start from 0. `amsgrad` divides by the greatest v so far.
    """

    paired: ClassVar[tuple[str, ...]] = ("m", "v")

    def slots(self) -> dict[str, float]:
        """Return m and v, and the greatest v for amsgrad."""
        return {"m": 0.0, "v": 0.0, **({"v_max": 0.0} if self.amsgrad else {})}

    def update(
        self, w: Value, g: Value, slots: dict[str, Value], learning_rate: Value, step: Value
    ) -> tuple[Value, dict[str, Value]]:
        """One step of the recurrence."""
        a = learning_rate * sqrt(1.0 - power(self.beta_2, step)) / (1.0 - power(self.beta_1, step))
        m = slots["m"] + (g - slots["m"]) * (1.0 - self.beta_1)
        v = slots["v"] + (square(g) - slots["v"]) * (1.0 - self.beta_2)
        new = {"m": m, "v": v}
        if self.amsgrad:
            v = new["v_max"] = maximum(slots["v_max"], v)
        return w - m * a / (sqrt(v) + self.epsilon), new

    def __init__(
        self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7,
        amsgrad: bool = False, **options: Unpack[Options],
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, **options)
        owner = type(self).__name__
        self.beta_1 = number(owner, "beta_1", beta_1, low=0.0, high=1.0)
        self.beta_2 = number(owner, "beta_2", beta_2, low=0.0, high=1.0)
        self.epsilon = number(owner, "epsilon", epsilon, low=0.0)
        self.amsgrad = bool(amsgrad)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {"beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon, "amsgrad": self.amsgrad}
        return {**super().get_config(), **own}
