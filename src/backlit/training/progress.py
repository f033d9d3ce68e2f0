"""The progress bar, character for character the one Keras draws, and the one place that prints while training.

It knows nothing of models: `callbacks.ProgbarLogger` tells it how far the work is and which numbers to show.
"""

from __future__ import annotations

import math
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TextIO, TypeAlias

import numpy as np

Values: TypeAlias = Mapping[str, Any] | Iterable[tuple[str, Any]]

BOLD, GREEN, WHITE, PLAIN = "\x1b[1m", "\x1b[32m", "\x1b[37m", "\x1b[0m"
COLORS = re.compile(r"\x1b\[\d+m")


class Progbar:
    """Shows how many of `target` steps are done, the time they take and the latest numbers.

    `verbose` 1 redraws one line at most every `interval` seconds, 2 prints one line at the end, 0 nothing. `target` is
    None while the number of steps is unknown. Values given as pairs are averaged over the steps since the last update,
    except those named in `stateful_metrics`; values given as a callable are shown as they are. `clock` returns
    seconds; `stream` is where to write, by default the `sys.stdout` of the moment.

    Source of the format: section B.8 of the Keras semantics, recorded from Keras 3.15.1. One difference: with
    `verbose=2` Keras prints every negative number in scientific notation, here only the small ones.

    >>> import itertools
    >>> seconds = itertools.count()
    >>> bar = Progbar(2, verbose=2, clock=lambda: next(seconds))
    >>> bar.update(1, {"loss": 0.5})
    >>> bar.update(2, {"loss": 0.25})
    2/2 - 2s - 1s/step - loss: 0.2500
    """

    def __init__(
        self,
        target: int | None,
        width: int = 20,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
        *,
        clock: Callable[[], float] = time.perf_counter,
        stream: TextIO | None = None,
    ) -> None:
        self.target = target
        self.width = width
        self.verbose = verbose
        self.interval = interval
        self.unit_name = unit_name
        self.stateful_metrics = set(stateful_metrics or ())
        self._clock = clock
        self._stream = stream
        self._rewrites = rewrites_lines(stream)
        self._done, self._rest = bar_characters(stream)
        self._values: dict[str, Any] = {}  # what is shown
        self._sums: dict[str, tuple[Any, int]] = {}  # name -> sum over steps, number of steps
        self._seen = 0
        self._start = clock()
        self._after_first_step: float | None = None
        self._drawn_at = -math.inf
        self._line_width = 0

    def update(
        self, current: int, values: Values | Callable[[], Values] | None = None, finalize: bool | None = None
    ) -> None:
        """Say that `current` steps are done; a callable for `values` is called only if something is printed.

        `finalize` ends the line; None means once `target` is reached.
        """
        now = self._clock()
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        seconds = self._seconds_per_step(current, now)
        drawn = self._is_due(now, finalize)
        if callable(values):
            self._values.update(values() if drawn else ())
        else:
            self._average(dict(values or ()), max(current - self._seen, 1), finalize)
        self._seen = current
        if drawn and self.verbose == 1:
            self._draw(current, now, seconds, finalize)
            self._drawn_at = now
        elif drawn:
            write(self._summary(current, now, seconds), self._stream)

    def add(self, n: int, values: Values | Callable[[], Values] | None = None) -> None:
        """Say that `n` more steps are done."""
        self.update(self._seen + n, values)

    def _is_due(self, now: float, finalize: bool) -> bool:
        if self.verbose == 2:
            return finalize and bool(self.target)
        return self.verbose == 1 and (finalize or now - self._drawn_at >= self.interval)

    def _average(self, values: dict[str, Any], steps: int, finalize: bool) -> None:
        for name, value in values.items():
            if finalize or name in self.stateful_metrics or isinstance(value, str):
                self._values[name] = value
            else:
                total, count = self._sums.get(name, (0.0, 0))
                total, count = total + value * steps, count + steps
                self._sums[name] = (total, count)
                self._values[name] = total / count

    def _seconds_per_step(self, current: int, now: float) -> float:
        """Return the mean time of a step, without the first one, which also records and compiles."""
        if not current:
            return 0.0
        first = self._after_first_step
        seconds = (now - self._start) / current if first is None or current == 1 else (now - first) / (current - 1)
        if current == 1:
            self._after_first_step = now
        return seconds

    def _draw(self, current: int, now: float, seconds: float, finalize: bool) -> None:
        line = f"{self._bar(current)} {BOLD}{self._clock_text(current, now, seconds, finalize)}{PLAIN}"
        line += f" {duration(seconds)}/{self.unit_name}{self._metrics()}"
        width = len(COLORS.sub("", line))
        before = "\b" * self._line_width + "\r" if self._rewrites else "\n"
        rubbed_out = " " * max(0, self._line_width - width)
        write(before + line + rubbed_out + ("\n" if finalize else ""), self._stream)
        self._line_width = width

    def _bar(self, current: int) -> str:
        if not self.target:
            return f"{current:7d}/Unknown"
        done = int(self.width * current / self.target)
        green = f"{GREEN}{self._done * done}{PLAIN}" if done > 0 else ""
        return f"{BOLD}{self._count(current)}{PLAIN} {green}{WHITE}{self._rest * (self.width - done)}{PLAIN}"

    def _count(self, current: int) -> str:
        return f"{current:{len(str(self.target))}d}/{self.target}"

    def _clock_text(self, current: int, now: float, seconds: float, finalize: bool) -> str:
        """Return the time still needed, or, at the end or when that is unknown, the time taken."""
        if finalize or not self.target:
            return f"{now - self._start:.0f}s"
        return remaining(seconds * (self.target - current))

    def _summary(self, current: int, now: float, seconds: float) -> str:
        took = f"{now - self._start:.0f}s - {duration(seconds)}/{self.unit_name}"
        return f"{self._count(current)} - {took}{self._metrics()}\n"

    def _metrics(self) -> str:
        return "".join(f" - {name}: {number(value)}" for name, value in self._values.items())


def number(value: Any) -> str:
    """Return a number (of an array, the mean) as the bar shows it: `0.9712`, or `5.0000e-04` when small."""
    try:
        mean = float(np.mean(np.asarray(value)))
    except (TypeError, ValueError):
        return str(value)
    return f"{mean:.4f}" if abs(mean) > 1e-3 else f"{mean:.4e}"


def duration(seconds: float) -> str:
    """Return the time of one step: `2s`, `15ms` or `80us`."""
    if seconds >= 1 or seconds == 0:
        return f"{seconds:.0f}s"
    return f"{seconds * 1e3:.0f}ms" if seconds >= 1e-3 else f"{seconds * 1e6:.0f}us"


def remaining(seconds: float) -> str:
    """Return the time still needed: `12s`, `1:05` or `1:02:03`."""
    whole = int(seconds)
    if seconds > 3600:
        return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"
    return f"{whole // 60}:{whole % 60:02d}" if seconds > 60 else f"{whole}s"


def rewrites_lines(stream: TextIO | None = None) -> bool:
    """Say whether the bar goes back to the start of its line (terminal, notebook, PyCharm, any POSIX pipe).

    Elsewhere (a pipe or a file on Windows) each redraw starts a new line. Both are what Keras does.
    """
    out = stream or sys.stdout
    terminal = getattr(out, "isatty", None)
    if terminal is not None and terminal():
        return True
    return "ipykernel" in sys.modules or os.name == "posix" or "PYCHARM_HOSTED" in os.environ


def bar_characters(stream: TextIO | None = None) -> tuple[str, str]:
    """Return the characters of the done part and of the rest; plain ASCII where the heavy line cannot be encoded."""
    encoding = getattr(stream or sys.stdout, "encoding", None) or "utf-8"
    try:
        "━".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return "=", "."
    return "━", "━"


def write(text: str, stream: TextIO | None = None) -> None:
    """Write `text` and flush; what the stream cannot encode becomes `?`, and without a stream nothing is written."""
    out: TextIO | None = stream or sys.stdout
    if out is None:  # pyright: ignore[reportUnnecessaryComparison]  # a program without a console
        return
    try:
        out.write(text)
    except UnicodeEncodeError as error:
        out.write(text.encode(error.encoding, "replace").decode(error.encoding))
    out.flush()


def say(message: str) -> None:
    """Print one line for the user: what a callback did."""
    write(message + "\n")
