"""ProgbarLogger turns the hooks of `fit`, `evaluate` and `predict` into updates of one `Progbar`.

It asks for the numbers only when it really draws, so that nobody computes them for every batch.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ..progress import Progbar, say
from .arguments import choice
from .callback import Callback, Logs
from .plain_logs import AnyLogs


class ProgbarLogger(Callback):
    """Shows the progress bar; `fit`, `evaluate` and `predict` add one by themselves unless `verbose=0`.

    Validation inside `fit` is silent, its results appear when the epoch ends. An epoch that stops early shows the
    steps it really did (Keras claims all of them). `clock` returns seconds.
    """

    def __init__(self, *, clock: Callable[[], float] = time.perf_counter) -> None:
        super().__init__()
        self.verbose = 1
        self.epochs = 1
        self.target: int | None = None
        self.seen = 0
        self._clock = clock
        self._in_fit = False
        self._progbar = Progbar(None, clock=clock)

    def set_params(self, params: dict[str, Any]) -> None:
        """Receive `verbose` (0, 1, 2 or "auto", which is 1), `epochs` and `steps`; else `ConfigError`."""
        super().set_params(params)
        verbose = choice("fit/evaluate/predict", "verbose", params.get("verbose", "auto"), ("auto", 0, 1, 2))
        self.verbose = 1 if verbose == "auto" else int(verbose)
        self.epochs = params.get("epochs") or 1
        self.target = params.get("steps")

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """From here on, tests are validation: no bar of their own."""
        self._in_fit = True

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Print `Epoch 1/10`, if there are several, and start a bar."""
        self._begin()
        if self.verbose and self.epochs > 1:
            say(f"Epoch {epoch + 1}/{self.epochs}")

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Start a bar for `evaluate`."""
        if not self._in_fit:
            self._begin()

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Start a bar for `predict`."""
        self._begin()

    def on_train_batch_end(self, batch: int, logs: AnyLogs = None) -> None:
        """Redraw, if it is time to; `logs` may be a function, called only then."""
        self._advance(batch, logs)

    def on_test_batch_end(self, batch: int, logs: AnyLogs = None) -> None:
        """Redraw in `evaluate`, if it is time to; `logs` may be a function, called only then."""
        if not self._in_fit:
            self._advance(batch, logs)

    def on_predict_batch_end(self, batch: int, logs: AnyLogs = None) -> None:
        """Redraw, if it is time to; the outputs are not shown."""
        self._advance(batch, None)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """End the bar of the epoch with its final results."""
        self._end(logs)

    def on_test_end(self, logs: Logs | None = None) -> None:
        """End the bar of `evaluate` with its results."""
        if not self._in_fit:
            self._end(logs)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """End the bar of `predict`."""
        self._end(None)

    def _begin(self) -> None:
        self.seen = 0
        self._progbar = Progbar(self.target, verbose=self.verbose, clock=self._clock)

    def _advance(self, batch: int, logs: AnyLogs) -> None:
        self.seen = batch + 1
        if self.verbose == 1:
            self._progbar.update(self.seen, logs if callable(logs) else lambda: logs or {}, finalize=False)

    def _end(self, logs: Logs | None) -> None:
        if self.target is None:  # now the length is known: for this bar, and for the epochs to come
            self.target = self._progbar.target = self.seen
        self._progbar.update(min(self.seen or self.target, self.target), lambda: logs or {}, finalize=True)
