"""Arguments optimizers had in Keras 2, `lr` and `decay`: understood, with a warning that says what to write now."""

from __future__ import annotations

import warnings
from typing import Any

from .options import number
from .schedules import InverseTimeDecay

DECAY = "learning_rate=optimizers.schedules.InverseTimeDecay(learning_rate, 1, decay)"


def modern(owner: str, learning_rate: Any, given: dict[str, Any]) -> Any:
    """Return the learning rate that `lr` and `decay` stand for, and take both out of `given`.

    With `decay` the rate of step t, counted from 0, is learning_rate / (1 + decay t), as in Keras 2.
    """
    if "lr" in given:
        learning_rate = given.pop("lr")
        _warn(owner, "lr", "learning_rate=")
    decay = given.pop("decay", None)
    if decay is None or number(owner, "decay", decay, low=0.0) == 0.0:
        return learning_rate
    _warn(owner, "decay", DECAY)
    return InverseTimeDecay(number(owner, "learning_rate", learning_rate), 1, float(decay))


def _warn(owner: str, name: str, better: str) -> None:
    warnings.warn(f"{owner}: the argument `{name}` is of Keras 2. Write {better}.", stacklevel=5)
