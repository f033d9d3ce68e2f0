"""Ftrl follows the regularized leader, and can hold weights at exactly 0 (McMahan et al. 2013).

Its neighbor Adagrad has the same rate for each weight, and no memory of where the weight would be without its penalty.
"""

from __future__ import annotations

from typing import Any, ClassVar, Unpack

from ..errors import ConfigError
from ..ops import clip, power, square
from ..ops.op import Value
from .optimizer import Optimizer
from .options import Options, number


class Ftrl(Optimizer):
    """n' = n + g**2; z += g + 2 c w - (n'**p - n**p) / rate * w; w = (clip(z, -l1, l1) - z) / (n'**p / rate + 2 l).

    p is -learning_rate_power, c the strength of `l2_shrinkage`, l = l2 + beta / (2 rate). Like Keras, and unlike the
    paper, n grows by g without the shrinkage.
    """

    paired: ClassVar[tuple[str, ...]] = ("accumulator", "linear")

    def slots(self) -> dict[str, float]:
        """Return n and z."""
        return {"accumulator": self.initial_accumulator_value, "linear": 0.0}

    def update(
        self, w: Value, g: Value, slots: dict[str, Value], learning_rate: Value, step: Value
    ) -> tuple[Value, dict[str, Value]]:
        """One step of the recurrence."""
        p, l1 = -self.learning_rate_power, self.l1_regularization_strength
        n = slots["accumulator"] + square(g)
        root, before = power(n, p), power(slots["accumulator"], p)
        pull = g + 2.0 * self.l2_shrinkage_regularization_strength * w
        z = slots["linear"] + pull - (root - before) / learning_rate * w
        l2 = self.l2_regularization_strength + self.beta / (2.0 * learning_rate)
        w = (clip(z, low=-l1, high=l1) - z) / (root / learning_rate + 2.0 * l2)
        return w, {"accumulator": n, "linear": z}

    def __init__(
        self, learning_rate: Any = 0.001, learning_rate_power: float = -0.5, initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0, l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0, beta: float = 0.0, **options: Unpack[Options],
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, **options)
        self.learning_rate_power = number("Ftrl", "learning_rate_power", learning_rate_power)
        if self.learning_rate_power > 0:
            raise ConfigError(f"Ftrl needs learning_rate_power <= 0, got {learning_rate_power!r}.")
        strengths = {
            "initial_accumulator_value": initial_accumulator_value,
            "l1_regularization_strength": l1_regularization_strength,
            "l2_regularization_strength": l2_regularization_strength,
            "l2_shrinkage_regularization_strength": l2_shrinkage_regularization_strength,
        }
        checked = {name: number("Ftrl", name, value, low=0.0) for name, value in strengths.items()}
        self.initial_accumulator_value = checked["initial_accumulator_value"]
        self.l1_regularization_strength = checked["l1_regularization_strength"]
        self.l2_regularization_strength = checked["l2_regularization_strength"]
        self.l2_shrinkage_regularization_strength = checked["l2_shrinkage_regularization_strength"]
        self.beta = number("Ftrl", "beta", beta)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {
            "learning_rate_power": self.learning_rate_power,
            "initial_accumulator_value": self.initial_accumulator_value,
            "l1_regularization_strength": self.l1_regularization_strength,
            "l2_regularization_strength": self.l2_regularization_strength,
            "l2_shrinkage_regularization_strength": self.l2_shrinkage_regularization_strength,
            "beta": self.beta,
        }
        return {**super().get_config(), **own}
