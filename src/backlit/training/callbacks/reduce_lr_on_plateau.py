"""ReduceLROnPlateau makes the learning rate smaller when a watched number has stopped improving.

Its neighbor `EarlyStopping` gives up instead.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ...errors import ConfigError
from ..progress import say
from .arguments import real, whole
from .callback import Callback, Logs
from .learning_rate import check_settable, current_learning_rate, set_learning_rate
from .monitor import Monitor


class ReduceLROnPlateau(Callback):
    """Multiplies the learning rate by `factor` after `patience` epochs in a row without an improvement.

    An improvement beats the best so far by more than `min_delta`. After a reduction `cooldown` epochs pass before
    epochs count again; the rate never falls below `min_lr`. The rate of each epoch goes into the logs as
    `learning_rate`. A wrong argument, or an optimizer with a schedule, raises `ConfigError`; a number missing from
    the logs warns once. Source: section B.10 of the Keras semantics, except that NaN is never an improvement.
    """

    _state_names: ClassVar[tuple[str, ...]] = ("wait", "best", "cooldown_counter")

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__()
        self._monitor = Monitor("ReduceLROnPlateau", monitor, mode, min_delta)
        self.monitor = monitor
        self.mode = mode
        self.min_delta = self._monitor.min_delta
        self.factor = real("ReduceLROnPlateau", "factor", factor)
        if not 0 <= self.factor < 1:
            raise ConfigError(
                f"ReduceLROnPlateau got factor={factor!r}, which would not make the learning rate smaller. "
                "Expected 0 <= factor < 1. Pass, for example, factor=0.1."
            )
        self.patience = whole("ReduceLROnPlateau", "patience", patience)
        self.verbose = whole("ReduceLROnPlateau", "verbose", verbose)
        self.cooldown = whole("ReduceLROnPlateau", "cooldown", cooldown)
        self.min_lr = real("ReduceLROnPlateau", "min_lr", min_lr)
        self.wait = 0
        self.best: float | None = None
        self.cooldown_counter = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Start anew; an optimizer whose rate cannot be set is refused now rather than at the first plateau."""
        check_settable("ReduceLROnPlateau", self.model.optimizer)
        self._monitor.begin()
        self.wait = 0
        self.best = None
        self.cooldown_counter = 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Log the learning rate, compare the epoch with the best one, reduce if the patience is used up."""
        logs = {} if logs is None else logs
        logs["learning_rate"] = current_learning_rate(self.model.optimizer)
        current = self._monitor.read(self.model, logs)
        if current is None:
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self._monitor.improves(current, self.best):
            self.best = current
            self.wait = 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience:
                self._reduce(epoch)

    def in_cooldown(self) -> bool:
        """Say whether a reduction is so recent that epochs do not count."""
        return self.cooldown_counter > 0

    def _reduce(self, epoch: int) -> None:
        old = current_learning_rate(self.model.optimizer)
        if old <= np.float32(self.min_lr):
            return
        new = max(old * self.factor, self.min_lr)
        set_learning_rate(self.model.optimizer, new)
        if self.verbose:
            say(f"\nEpoch {epoch + 1}: ReduceLROnPlateau reducing learning rate to {new}.")
        self.cooldown_counter = self.cooldown
        self.wait = 0
