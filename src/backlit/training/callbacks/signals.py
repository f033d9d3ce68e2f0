"""Ctrl-C and SIGTERM while training: the first asks for the state to be kept at the next pause, the second raises.

Handlers are set for as long as training runs, in the main thread, where Python delivers signals.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Signals:
    """Calls `ask` when the first signal comes and raises `KeyboardInterrupt` at the second, from `watch` to `release`.

    With `defaults_only`, a signal that somebody else handles is left to them, and `release` lets the one that came do
    what it would have done.
    """

    def __init__(self, ask: Callable[[], object], defaults_only: bool = False) -> None:
        self.came: int | None = None
        self._ask, self._defaults_only = ask, defaults_only
        self._before: dict[signal.Signals, Any] = {}

    def watch(self) -> None:
        """Set the handlers; outside the main thread nothing happens, for signals do not come there."""
        self.came = None
        if threading.current_thread() is not threading.main_thread():
            return
        defaults = (signal.SIG_DFL, signal.default_int_handler)
        for number in SIGNALS:
            before = signal.getsignal(number)
            if number not in self._before and before is not None and (not self._defaults_only or before in defaults):
                self._before[number] = signal.signal(number, self._handle)

    def release(self) -> None:
        """Set the handlers that were there before."""
        for number, before in self._before.items():
            signal.signal(number, before)
        self._before, came = {}, self.came
        if self._defaults_only and came is not None:
            self.came = None
            signal.raise_signal(came)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.came is not None:
            raise KeyboardInterrupt
        self.came = number
        self._ask()
