"""Arguments optimizers had in Keras 2, `lr` and `decay`: refused, as by Keras 3, but understood in foreign programs.

`compat.install()` says which of both it is; then a warning tells what to write now.
"""

from __future__ import annotations

import warnings
from typing import Any

from .options import OLD_NAMES, number
from .schedules import InverseTimeDecay

_understood = False


def understand(yes: bool) -> None:
    """Let `lr` and `decay` be understood from now on, or refused."""
    global _understood
    _understood = yes


def modern(owner: str, learning_rate: Any, given: dict[str, Any]) -> Any:
    """Return the learning rate that `lr` and `decay` stand for, and take both out of `given`, if they are understood.

    With `decay` the rate of step t, counted from 0, is learning_rate / (1 + decay t), as in Keras 2.
    """
    if not _understood:
        return learning_rate
    if "lr" in given:
        learning_rate = given.pop("lr")
        _warn(owner, "lr")
    decay = given.pop("decay", None)
    if decay is None or number(owner, "decay", decay, low=0.0) == 0.0:
        return learning_rate
    _warn(owner, "decay")
    return InverseTimeDecay(number(owner, "learning_rate", learning_rate), 1, float(decay))


def _warn(owner: str, name: str) -> None:
    warnings.warn(f"{owner}: the argument `{name}` is of Keras 2. {OLD_NAMES[name]}", stacklevel=5)
