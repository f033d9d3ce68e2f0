"""RMSprop divides the gradient by a running root of its mean square (Hinton, lecture 6e, 2012).

Epsilon stands inside the square root, as in Keras; PyTorch adds it outside.
"""

from __future__ import annotations

from typing import Any, Unpack

from ..ops import sqrt, square
from ..ops.op import Value
from .optimizer import Optimizer
from .options import Options, number


class RMSprop(Optimizer):
    """v = rho * v + (1 - rho) * g**2; w -= rate * g / sqrt(v + epsilon).

    `centered` takes the square of the mean gradient off v; with momentum the quotients are gathered in a velocity.
    """

    def slots(self) -> dict[str, float]:
        """Return v, and the velocity and the mean gradient where they are used."""
        momentum = {"momentum": 0.0} if self.momentum > 0 else {}
        return {"v": 0.0, **momentum, **({"mean_gradient": 0.0} if self.centered else {})}

    def update(
        self, w: Value, g: Value, slots: dict[str, Value], learning_rate: Value, step: Value
    ) -> tuple[Value, dict[str, Value]]:
        """One step of the recurrence."""
        rho = self.rho
        v = slots["v"] * rho + square(g) * (1.0 - rho)
        new: dict[str, Value] = {"v": v}
        spread = v
        if self.centered:
            new["mean_gradient"] = slots["mean_gradient"] * rho + g * (1.0 - rho)
            spread = v - square(new["mean_gradient"])
        move = learning_rate * g / sqrt(spread + self.epsilon)
        if self.momentum > 0:
            move = new["momentum"] = slots["momentum"] * self.momentum + move
        return w - move, new

    def __init__(
        self, learning_rate: Any = 0.001, rho: float = 0.9, momentum: float = 0.0, epsilon: float = 1e-7,
        centered: bool = False, **options: Unpack[Options],
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, **options)
        self.rho = number("RMSprop", "rho", rho, low=0.0, high=1.0)
        self.momentum = number("RMSprop", "momentum", momentum, low=0.0, high=1.0)
        self.epsilon = number("RMSprop", "epsilon", epsilon, low=0.0)
        self.centered = bool(centered)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {"rho": self.rho, "momentum": self.momentum, "epsilon": self.epsilon, "centered": self.centered}
        return {**super().get_config(), **own}
