"""BackupAndRestore lets a training that was cut off go on where it was: with the same bits as if nothing had happened.

Its neighbor `ModelCheckpoint` keeps models to use, not trainings to continue.
"""

from __future__ import annotations

import contextlib
import os
from typing import Any

from ...arrays import is_truth
from ...errors import CheckpointError
from .arguments import save_frequency, wrong
from .callback import Callback, Logs
from .signals import Signals

NAME = "training.checkpoint"


class BackupAndRestore(Callback):
    """Keeps the whole state of `fit` in a folder, and takes it up again if it finds one there.

    Weights, optimizer, random keys, the order of the rows and the place in it, running metrics, history and the state
    of every callback are in one file, `training.checkpoint`; the one before it, `training.checkpoint.previous`, is
    taken if the newer one is damaged. `save_freq` is "epoch" or a number of batches: then it is written at the
    first pause after so many (`fit` pauses about every 50 ms). The state is copied then, and written while training
    goes on; a disk that refuses is told at the next pause that keeps something, or at the end. When `fit` has come to
    its end the files are removed, unless `delete_checkpoint` is False. Run the same program again to go on. Arrays,
    files, sequences and flows go on with the same bits; a generator goes on with whatever it gives next.

    SIGINT (Ctrl-C) and SIGTERM, where nobody else handles them and `fit` runs in the main thread, keep the state at the
    next pause, at the latest when a validation under way is over; then they do what they always do. A second one ends
    `fit` at once, when a file that is being written is complete.

    A file of another network raises `CheckpointError`. Source: section B.10 of the Keras semantics.
    """

    def __init__(
        self,
        backup_dir: str | os.PathLike[str],
        save_freq: str | int = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ) -> None:
        super().__init__()
        if not isinstance(backup_dir, (str, os.PathLike)) or not os.fspath(backup_dir):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise wrong("BackupAndRestore", "backup_dir", backup_dir, "the name of a folder")
        if not is_truth(delete_checkpoint):
            raise wrong("BackupAndRestore", "delete_checkpoint", delete_checkpoint, "True or False")
        self.backup_dir = os.fspath(backup_dir)
        self.save_freq = save_frequency("BackupAndRestore", save_freq)
        self.double_checkpoint = bool(double_checkpoint)  # two generations are kept anyway
        self.delete_checkpoint = bool(delete_checkpoint)
        self._kept_at = 0
        self._file: Any = None
        self._signals = Signals(self.interrupt, defaults_only=True)
        self._interrupted = self._was_over = self._kept_last = False

    @property
    def path(self) -> str:
        """The file."""
        return os.path.join(self.backup_dir, NAME)

    @property
    def is_kept(self) -> bool:
        """Whether the state was kept for an interruption: an epoch that ends after that was cut short."""
        return self._kept_last

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Make the folder, so that one that cannot be written is found now."""
        os.makedirs(self.backup_dir, exist_ok=True)
        self._kept_at = 0
        self._file = self.model.checkpoint_at(self.path)
        self._interrupted = self._was_over = self._kept_last = False
        self._signals.watch()

    def interrupt(self) -> None:
        """Stop the training, in a signal handler say: the state is kept at the next pause, to go on from it later."""
        if not self._interrupted:
            self._was_over = bool(self.model.stop_training)  # somebody else had stopped it for good
        self._interrupted = self.model.stop_training = True

    def resume_from(self) -> Any:
        """Return what was kept, if there is anything."""
        return self._file.latest()

    def paused(self, epoch: int, done: int) -> None:
        """Keep the state if it is time."""
        if done == 0:
            self._kept_at = 0
        due = done == 0 if self.save_freq == "epoch" else done == 0 or done - self._kept_at >= int(self.save_freq)
        if self._kept_last or not (due or self._interrupted):
            return  # what comes after an interruption is an epoch cut short
        self._keep(done)
        if self._interrupted and not self._kept_last:  # it came while the file was being written
            self._keep(done)

    def _keep(self, done: int) -> None:
        self._kept_at, self._kept_last = done, self._interrupted
        stopped = self._was_over and done == 0 if self._kept_last else None
        self._file.begin(self.model.under_way.snapshot(stopped))
        if self._kept_last:
            self._file.finish()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Remove the files, for training is over, unless it was interrupted."""
        self._file.finish()
        if self.delete_checkpoint and not self._interrupted:
            self._file.remove()

    def released(self) -> None:
        """Wait for a file that is still being written; then signals do what they did before, one that came too."""
        try:
            with contextlib.suppress(CheckpointError):  # an error that ended `fit` is on its way: it says more
                if self._file is not None:
                    self._file.finish()
        finally:
            self._signals.release()
