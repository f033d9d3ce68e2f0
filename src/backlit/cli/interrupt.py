"""Ctrl-C and SIGTERM while training: the step that runs is finished, so the weights on disk are those of a whole step.

The state is kept, for `--resume`. A second Ctrl-C does not wait.
"""

from __future__ import annotations

import signal
from types import FrameType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..training.callbacks import BackupAndRestore

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopsBetweenSteps:
    """A context: inside, the first signal asks for the state to be kept and training to stop, the second raises."""

    def __init__(self, model: Any, backup: BackupAndRestore) -> None:
        self.asked = False
        self._model, self._backup = model, backup
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> StopsBetweenSteps:
        try:
            self._before = {number: signal.signal(number, self._ask) for number in SIGNALS}
        except ValueError:
            self._before = {}  # not the main thread: signals do not come here
        return self

    def __exit__(self, *exception: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        if self._backup.model is None:  # `fit` has not begun
            self._model.stop_training = True
        else:
            self._backup.interrupt()
