"""LearningRateScheduler sets the learning rate at the start of every epoch, by a function of the user's.

A schedule by steps belongs to the optimizer instead: `learning_rate=` takes one.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

from ...errors import ConfigError
from ..progress import say
from .arguments import whole, wrong
from .callback import Callback, Logs
from .learning_rate import check_settable, current_learning_rate, set_learning_rate
from .plain_logs import as_float


class LearningRateScheduler(Callback):
    """Sets the rate to `schedule(epoch, learning_rate)`, or `schedule(epoch)`; `epoch` counts from 0.

    The rate of each epoch goes into the logs as `learning_rate`. A schedule that returns no finite number >= 0
    raises `ConfigError`. Source: section B.10 of the Keras semantics.
    """

    def __init__(self, schedule: Callable[..., Any], verbose: int = 0) -> None:
        super().__init__()
        if not callable(schedule):
            raise wrong("LearningRateScheduler", "schedule", schedule, "a function of (epoch, learning_rate)")
        self.schedule = schedule
        self.verbose = whole("LearningRateScheduler", "verbose", verbose)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Ask the schedule and set the learning rate."""
        optimizer = self.model.optimizer
        check_settable("LearningRateScheduler", optimizer)
        rate = self._ask(epoch, current_learning_rate(optimizer))
        set_learning_rate(optimizer, rate)
        if self.verbose:
            say(f"\nEpoch {epoch + 1}: LearningRateScheduler setting learning rate to {rate}.")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Log the learning rate of the epoch."""
        if logs is not None:
            logs["learning_rate"] = current_learning_rate(self.model.optimizer)

    def _ask(self, epoch: int, current: float) -> float:
        answer: Any = self.schedule(epoch, current) if takes_two(self.schedule) else self.schedule(epoch)
        rate = as_float(answer)
        if not isinstance(rate, float) or not math.isfinite(rate) or rate < 0:
            raise ConfigError(
                f"The schedule of LearningRateScheduler returned {answer!r} for epoch {epoch}. "
                "Expected a finite number >= 0. Return the learning rate."
            )
        return rate


def takes_two(schedule: Callable[..., Any]) -> bool:
    """Say whether `schedule` can be called with an epoch and a learning rate."""
    try:
        inspect.signature(schedule).bind(0, 0.0)
    except TypeError:
        return False
    except ValueError:  # a function written in C that tells nothing
        return True
    return True
