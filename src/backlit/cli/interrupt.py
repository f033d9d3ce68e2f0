"""Ctrl-C while training: the step that runs is finished, so the weights on disk are those of a whole step.

A second Ctrl-C does not wait.
"""

from __future__ import annotations

import signal
from types import FrameType
from typing import Any


class StopsBetweenSteps:
    """A context: inside, the first Ctrl-C asks `model` to stop training, the second raises `KeyboardInterrupt`."""

    def __init__(self, model: Any) -> None:
        self.asked = False
        self._model = model
        self._before: Any = None

    def __enter__(self) -> StopsBetweenSteps:
        try:
            self._before = signal.signal(signal.SIGINT, self._ask)
        except ValueError:
            self._before = None  # not the main thread: Ctrl-C does not come here
        return self

    def __exit__(self, *exception: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = self._model.stop_training = True
