"""How a callback reads and sets the learning rate of an optimizer, whichever way the optimizer keeps it.

A Variable can be set; a schedule can only be read, at the optimizer's current step.
"""

from __future__ import annotations

from typing import Any

from ...errors import ConfigError
from .plain_logs import as_float


def current_learning_rate(optimizer: Any) -> float:
    """Return the learning rate of the next step, rounded as the optimizer keeps it (float32 unless told otherwise)."""
    rate = optimizer.learning_rate
    if callable(rate):
        rate = rate(optimizer.iterations)
    return float(as_float(rate))


def set_learning_rate(optimizer: Any, value: float) -> None:
    """Give the optimizer a new learning rate."""
    optimizer.learning_rate.assign(value)


def check_settable(owner: str, optimizer: Any) -> None:
    """Raise `ConfigError` for an optimizer that has no learning rate, or one that follows a schedule."""
    rate = getattr(optimizer, "learning_rate", None)
    if not hasattr(rate, "assign"):
        what = "has no learning_rate" if rate is None else f"follows the schedule {rate!r}"
        raise ConfigError(
            f"{owner} cannot set the learning rate: the optimizer {what}. Expected a plain number. "
            f"Compile with learning_rate=0.001, or leave {owner} out."
        )
