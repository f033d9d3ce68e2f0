"""EarlyStopping ends the training when a watched number has stopped improving.

Its neighbor `ReduceLROnPlateau` tries a smaller learning rate first.
"""

from __future__ import annotations

from typing import Any, ClassVar

from ..progress import say
from .arguments import real, whole
from .callback import Callback, Logs
from .monitor import Monitor


class EarlyStopping(Callback):
    """Stops after `patience` epochs in a row without an improvement of `monitor`, never in the very first epoch.

    An improvement beats the best so far by more than `min_delta`; with a `baseline` only those that also beat it
    renew the patience. Epochs before `start_from_epoch` do not count. With `restore_best_weights` the model ends with
    the weights of its best epoch. Afterwards `stopped_epoch` (0: it was not stopped), `best_epoch` and `best` tell
    what happened. A wrong argument raises `ConfigError`, a number missing from the logs warns once. Source: section
    B.10 of the Keras semantics, except that NaN is never an improvement.
    """

    _state_names: ClassVar[tuple[str, ...]] = ("wait", "stopped_epoch", "best", "best_epoch", "best_weights")

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__()
        self._monitor = Monitor("EarlyStopping", monitor, mode, min_delta)
        self.monitor = monitor
        self.mode = mode
        self.min_delta = self._monitor.min_delta
        self.patience = whole("EarlyStopping", "patience", patience)
        self.verbose = whole("EarlyStopping", "verbose", verbose)
        self.baseline = None if baseline is None else real("EarlyStopping", "baseline", baseline)
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = whole("EarlyStopping", "start_from_epoch", start_from_epoch)
        self.wait = 0
        self.stopped_epoch = 0
        self.best: float | None = None
        self.best_epoch = 0
        self.best_weights: list[Any] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Start anew, so that one instance can serve several trainings."""
        self._monitor.begin()
        self.wait = 0
        self.stopped_epoch = 0
        self.best = None
        self.best_epoch = 0
        self.best_weights = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Compare the epoch with the best one and stop if the patience is used up."""
        current = self._monitor.read(self.model, logs or {})
        if current is None or epoch < self.start_from_epoch:
            return
        self.wait += 1
        if self._monitor.improves(current, self.best):
            self.best = current
            self._keep(epoch)
            if self.baseline is None or self._monitor.improves(current, self.baseline):
                self.wait = 0
            return
        if self.restore_best_weights and self.best_weights is None:
            self._keep(epoch)
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Say that training was stopped, and put the best weights back."""
        if self.stopped_epoch > 0 and self.verbose:
            say(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose:
                say(f"Restoring model weights from the end of the best epoch: {self.best_epoch + 1}.")
            self.model.set_weights(self.best_weights)

    def _keep(self, epoch: int) -> None:
        self.best_epoch = epoch
        if self.restore_best_weights:
            self.best_weights = self.model.get_weights()
