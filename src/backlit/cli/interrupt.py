"""Ctrl-C and SIGTERM while training: the step that runs is finished, so the weights on disk are those of a whole step.

The state is kept, for `--resume`. A second Ctrl-C does not wait.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..training.callbacks.signals import Signals

if TYPE_CHECKING:
    from ..training.callbacks import BackupAndRestore


class StopsBetweenSteps:
    """A context: inside, the first signal asks for the state to be kept and training to stop, the second raises."""

    def __init__(self, model: Any, backup: BackupAndRestore) -> None:
        self.asked = False
        self._model, self._backup = model, backup
        self._signals = Signals(self._ask)

    @property
    def cut(self) -> bool:
        """Whether an epoch that ends now was cut short; one whose last step was done when the signal came was not."""
        return self.asked and (self._backup.model is None or self._backup.is_kept)

    def __enter__(self) -> StopsBetweenSteps:
        self._signals.watch()
        return self

    def __exit__(self, *exception: object) -> None:
        self._signals.release()

    def _ask(self) -> None:
        self.asked = True
        if self._backup.model is None:  # `fit` has not begun
            self._model.stop_training = True
        else:
            self._backup.interrupt()
