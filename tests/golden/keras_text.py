"""Golden texts: summaries, raw progress bars under a fixed clock, callback messages, CSV logs, History keys."""

from __future__ import annotations

import contextlib
import io
import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

import keras
from keras.src.utils import progbar
from store import Writer
from text_recipes import CALLBACKS, CSV, SUMMARIES, callbacks, csv_log, fit_text, summary

Updates = list[tuple[float, int, list[tuple[str, float]], bool | None]]  # seconds, current, values, finalize


def steps(n: int, seconds: float, *names: str) -> Updates:
    """Return n updates at an even pace with falling numbers."""
    updates: Updates = [
        (seconds * i, i, [(name, 2.0 / (i + j)) for j, name in enumerate(names)], False) for i in range(1, n + 1)
    ]
    return [*updates, (seconds * n + 0.5, n, [(name, 0.125) for name in names], True)]


BARS: dict[str, tuple[int | None, Updates]] = {
    "five": (5, steps(5, 0.1, "accuracy", "loss")),
    "one": (1, steps(1, 0.3, "loss")),
    "quick": (1000, [(0.0005 * i, i, [("loss", 1.0 / i)], False) for i in range(1, 1001, 100)]),
    "minutes": (938, [(float(i), i, [("loss", 0.5)], False) for i in (0, 1, 2, 10, 400, 937)]),
    "hours": (20000, [(float(i), i, [("loss", 0.5)], False) for i in (1, 2, 10, 16340, 16400, 19999)]),
    "small-numbers": (3, [(1.0, 1, [("a", 1e-3), ("b", 0.0)], False), (2.0, 3, [("a", 1.1e-3), ("b", -2.5)], None)]),
    "nan": (2, [(1.0, 1, [("loss", float("nan"))], False), (2.0, 2, [("loss", float("inf"))], None)]),
    "large-numbers": (2, [(1.0, 1, [("loss", 123456.789)], False), (2.0, 2, [("loss", -1e8)], None)]),
    "shrinking-line": (
        3,
        [(1.0, 1, [("x", 12345.0)], False), (2.0, 2, [("x", 1.0)], False), (3, 3, [("x", 2.0)], None)],
    ),
    "unknown": (None, [(1.0, 1, [("loss", 0.5)], False), (2.0, 2, [("loss", 0.25)], False)]),
    "unknown-then-known": (None, [(1.0, 1, [("loss", 0.5)], False), (2.0, 2, [("loss", 0.25)], True)]),
    "no-numbers": (4, [(1.0, 1, [], False), (2.0, 4, [], None)]),
    "starts-late": (10, [(1.0, 5, [("loss", 0.5)], False), (2.0, 10, [("loss", 0.25)], None)]),
    "microseconds": (2000, [(0.06, 1, [], False), (0.16, 1500, [], False), (0.3, 2000, [], None)]),
}


def raw_bar(target: int | None, updates: Updates, verbose: int, tty: bool, average: bool) -> str:
    """Return every character Keras' Progbar writes; `average` averages the numbers over the steps."""
    seconds = iter([0.0, *(update[0] for update in updates)])
    options: dict[str, Any] = {} if average else {"stateless_metrics": set()}
    with (
        mock.patch.object(progbar.time, "time", side_effect=seconds),
        contextlib.redirect_stdout(io.StringIO()) as out,
    ):
        bar = progbar.Progbar(target, verbose=verbose, **options)
        bar._dynamic_display = tty
        bar._last_update = -1.0  # Keras counts from 1970, so that its first update is always drawn
        for _, current, values, finalize in updates:
            bar.update(current, values, finalize)
    return out.getvalue()


def make() -> None:
    """Write text.json."""
    writer = Writer(keras=keras.__version__)
    for name in SUMMARIES:
        text = summary(keras, keras.utils.clear_session, name)
        writer.add(f"summary-{name}", {"kind": "summary", "recipe": name, "text": text})
    for name, (target, updates) in BARS.items():
        for verbose, tty, average in ((1, True, False), (1, False, False), (2, False, False), (1, True, True)):
            facts = {"kind": "bar", "target": target, "updates": updates, "verbose": verbose, "tty": tty}
            text = raw_bar(target, updates, verbose, tty, average)
            label = f"bar-{name}-{verbose}{'-tty' if tty else ''}{'-average' if average else ''}"
            writer.add(label, {**facts, "average": average, "text": text})
    for name in CALLBACKS:
        writer.add(f"callbacks-{name}", {"kind": "callbacks", "recipe": name, **callbacks(keras, name)})
    for method in ("fit", "fit-one-epoch", "evaluate", "predict"):
        for verbose in (0, 1, 2):
            spec = {"kind": "fit", "method": method, "verbose": verbose}
            writer.add(f"{method}-{verbose}", {**spec, "text": fit_text(keras, verbose, method)})
    with tempfile.TemporaryDirectory() as folder:
        for name, (options, logs, runs) in CSV.items():
            text = csv_log(keras, Path(folder), options, logs, runs)
            writer.add(f"csv-{name}", {"kind": "csv", "recipe": name, "text": text})
    writer.save("text")
