"""ModelCheckpoint saves the model, or its weights, as training goes on: every epoch, every few batches, or the best.

Its neighbor `BackupAndRestore` keeps what a training needs to go on.
"""

from __future__ import annotations

import os
from typing import Any, ClassVar

from ...errors import ConfigError
from ..progress import say
from .arguments import real, save_frequency, whole
from .callback import Callback, Logs
from .monitor import Monitor

ENDINGS = (".keras", ".h5")
WEIGHTS = ".weights.h5"


class ModelCheckpoint(Callback):
    """Saves to `filepath`; `{epoch:02d}` (from 1), `{batch}` and results such as `{val_loss:.2f}` in it are filled in.

    `save_freq` is "epoch" or a number of batches. With `save_best_only` a file is only written when `monitor` beats
    the best so far, or `initial_value_threshold`. `save_weights_only` writes weights alone: the name must end in
    `.weights.h5`, else in `.keras` or `.h5`. A wrong argument raises `ConfigError`; a number missing from the logs
    warns and nothing is saved. Source: section B.10 of the Keras semantics, except that NaN is never an improvement.
    """

    _state_names: ClassVar[tuple[str, ...]] = ("best", "batches_seen", "batches_at_save")

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__()
        self.filepath = os.fspath(filepath)
        self._monitor = Monitor("ModelCheckpoint", monitor, mode, 0.0)
        self.monitor = monitor
        self.verbose = whole("ModelCheckpoint", "verbose", verbose)
        self.save_best_only = bool(save_best_only)
        self.save_weights_only = bool(save_weights_only)
        self._check_name()
        self.save_freq = save_frequency("ModelCheckpoint", save_freq)
        threshold = initial_value_threshold
        self.initial_value_threshold = (
            None if threshold is None else real("ModelCheckpoint", "initial_value_threshold", threshold)
        )
        self.best = self.initial_value_threshold
        self.batches_seen = 0
        self.batches_at_save = 0
        self._epoch = 0
        if save_freq != "epoch":  # only then every batch must be heard of
            self.on_train_batch_end = self._after_batch

    def _check_name(self) -> None:
        name = self.filepath
        if self.save_weights_only and not name.endswith(WEIGHTS):
            raise ConfigError(
                f"ModelCheckpoint got filepath={name!r}. With save_weights_only it must end in {WEIGHTS}."
            )
        if not self.save_weights_only and (name.endswith(WEIGHTS) or not name.endswith(ENDINGS)):
            raise ConfigError(f"ModelCheckpoint got filepath={name!r}. A model's name must end in .keras or .h5.")

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Look at the direction of the monitored number anew; the best so far is kept, as in Keras."""
        self._monitor.begin()

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Remember the epoch, for the name of the file."""
        self._epoch = epoch

    def _after_batch(self, batch: int, logs: Logs | None = None) -> None:
        """Save if so many batches have passed since the last time."""
        self.batches_seen += 1
        if self.batches_seen - self.batches_at_save >= int(self.save_freq):
            self.batches_at_save = self.batches_seen
            self._save(self._epoch, batch, logs or {})

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Save if epochs are what counts."""
        if self.save_freq == "epoch":
            self._save(epoch, None, logs or {})

    def _save(self, epoch: int, batch: int | None, logs: Logs) -> None:
        path = self._named(epoch, batch, logs)
        if not self.save_best_only:
            self._write(path, f"\nEpoch {epoch + 1}: saving model to {path}")
            return
        current = self._monitor.read(self.model, logs)
        if current is None:
            return
        if not self._monitor.improves(current, self.best):
            if self.verbose:
                say(f"\nEpoch {epoch + 1}: {self.monitor} did not improve from {_short(self.best)}")
            return
        before, self.best = self.best, current
        what = f"{self.monitor} improved from {_short(before)} to {_short(current)}"
        self._write(path, f"\nEpoch {epoch + 1}: {what}, saving model to {path}")

    def _write(self, path: str, words: str) -> None:
        if self.verbose:
            say(words)
        folder = os.path.dirname(path)
        if folder:
            os.makedirs(folder, exist_ok=True)
        if self.save_weights_only:
            self.model.save_weights(path, overwrite=True)
        else:
            self.model.save(path, overwrite=True)
        if self.verbose:
            say(f"\nEpoch {self._epoch + 1}: finished saving model to {path}")

    def _named(self, epoch: int, batch: int | None, logs: Logs) -> str:
        """Return the file's name with the epoch, the batch and the results in it."""
        known: dict[str, Any] = {"epoch": epoch + 1, **logs}
        if batch is not None:
            known["batch"] = batch + 1
        try:
            return self.filepath.format(**known)
        except KeyError as missing:
            raise ConfigError(
                f"ModelCheckpoint got filepath={self.filepath!r}, but there is no {missing} to fill in. "
                f"Known are: {', '.join(known)}."
            ) from None


def _short(value: float | None) -> str:
    return "None" if value is None else f"{value:.5f}"
