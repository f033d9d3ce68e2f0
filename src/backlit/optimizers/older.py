"""What optimizers had in Keras 2: `minimize`, and the arguments `lr` and `decay`.

The arguments are refused, as by Keras 3, but understood in foreign programs: `compat.install()` says which of both it
is. A warning tells what to write now.
"""

from __future__ import annotations

import warnings
from typing import Any

from ..errors import ConfigError
from ..tensor import GradientTape
from .options import OLD_NAMES, number
from .schedules import InverseTimeDecay

_understood = False


class OlderNames:
    """`minimize`, for programs written long ago."""

    def minimize(self: Any, loss: Any, var_list: Any, grad_loss: Any = None, name: Any = None, tape: Any = None) -> Any:
        """Make one step down `loss`: a function without arguments, or a Tensor with the `tape` that saw it come about.

        `var_list` holds the weights, or is a function that returns them. Returns the step. A Tensor without a tape
        raises `ConfigError`.
        """
        warnings.warn("optimizer.minimize is of Keras 2. Write a GradientTape and apply_gradients.", stacklevel=2)
        if callable(loss):
            with GradientTape() as tape:
                loss = loss()
        elif tape is None:
            raise ConfigError("minimize was given a loss that is no function. Pass the tape= that saw it come about.")
        given: Any = var_list() if callable(var_list) else var_list
        weights = list(given)
        return self.apply_gradients(zip(tape.gradient(loss, weights, grad_loss), weights, strict=True))


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
