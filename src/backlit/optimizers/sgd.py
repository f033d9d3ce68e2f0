"""Stochastic gradient descent, with the momentum of a ball that rolls downhill.

The gradient is scaled by the learning rate before it enters the velocity, as in Keras; PyTorch scales it afterwards.
"""

from __future__ import annotations

from typing import Any, Unpack

from ..errors import ConfigError
from ..ops.op import Value
from .optimizer import Optimizer
from .options import Options


class SGD(Optimizer):
    """w -= rate * g; with momentum mu: v = mu * v - rate * g, w += v; Nesterov: w += mu * v - rate * g."""

    def slots(self) -> dict[str, float]:
        """Return the velocity, if there is momentum."""
        return {"velocity": 0.0} if self.momentum else {}

    def update(
        self, w: Value, g: Value, slots: dict[str, Value], learning_rate: Value, step: Value
    ) -> tuple[Value, dict[str, Value]]:
        """One step of the recurrence."""
        move = learning_rate * g
        if not self.momentum:
            return w - move, {}
        v = slots["velocity"] * self.momentum - move
        return w + (v * self.momentum - move if self.nesterov else v), {"velocity": v}

    def __init__(
        self, learning_rate: Any = 0.01, momentum: float = 0.0, nesterov: bool = False, **options: Unpack[Options]
    ) -> None:
        if not isinstance(momentum, float) or not 0 <= momentum <= 1:
            raise ConfigError(f"SGD was given momentum={momentum!r}. Expected a float between 0.0 and 1.0.")
        super().__init__(learning_rate, **options)
        self.momentum = momentum
        self.nesterov = bool(nesterov)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "momentum": self.momentum, "nesterov": self.nesterov}
