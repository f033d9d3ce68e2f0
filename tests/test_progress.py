"""The progress bar: the characters real Keras prints, when they are printed, and what happens on odd streams.

`golden/callbacks.json` was recorded by `golden/keras_callbacks.py`.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

import backlit
from backlit.errors import ConfigError
from backlit.training import progress
from backlit.training.callbacks import Callback, CallbackList, ProgbarLogger
from backlit.training.progress import Progbar

GOLDEN = json.loads((Path(__file__).parent / "golden" / "callbacks.json").read_text("utf-8"))


class Clock:
    """Tells the time it was set to."""

    def __init__(self, now: float = 10.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("case", GOLDEN["progbar"], ids=lambda case: "-".join(map(str, case["kwargs"].values())))
def test_bar_prints_what_keras_prints(case: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "rewrites_lines", lambda stream: case["rewrites"])
    clock, out = Clock(), io.StringIO()
    bar = Progbar(**case["kwargs"], clock=clock, stream=out)
    for clock.now, step, values, finalize in case["updates"]:
        bar.update(step, list(values.items()), finalize)
    assert out.getvalue() == case["text"]


# --- a whole training, as the loop drives it ---------------------------------------------------------------------


class Tick(Callback):
    """Lets the time pass that passed in the recording, and adds a number of its own at the end of an epoch."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.clock.now += 0.06

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        self.clock.now += 0.01

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        self.clock.now += 0.01

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs["added"] = 0.5


def make_list(clock: Clock, case: dict[str, Any], epochs: int, steps: int) -> CallbackList:
    callbacks = [Tick(clock), ProgbarLogger(clock=clock)]
    return CallbackList(callbacks, add_history=True, verbose=case["verbose"], epochs=epochs, steps=steps)


def run_epochs(callbacks: CallbackList, case: dict[str, Any], calls: list[Any]) -> None:
    callbacks.on_train_begin()
    for epoch in range(case["epochs"]):
        callbacks.on_epoch_begin(epoch)
        for batch in range(case["steps"]):
            callbacks.on_train_batch_begin(batch)
            callbacks.on_train_batch_end(batch, calls.pop(0)[2])
        if case["validation"]:
            run_test(callbacks, calls)
        logs = calls.pop(0)[2]
        del logs["added"]
        callbacks.on_epoch_end(epoch, dict(reversed(logs.items())))  # in any order: the list sorts them
    callbacks.on_train_end(logs)


def run_test(callbacks: CallbackList, calls: list[Any]) -> None:
    callbacks.on_test_begin()
    while calls[0][0] == "test_batch":
        _, batch, logs = calls.pop(0)
        callbacks.on_test_batch_begin(batch)
        callbacks.on_test_batch_end(batch, logs)
    callbacks.on_test_end(calls.pop(0)[2])


@pytest.mark.parametrize("case", GOLDEN["fit"], ids=lambda case: f"{case['verbose']}-{case['epochs']}-{case['steps']}")
def test_training_prints_and_records_what_keras_does(
    case: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "rewrites_lines", lambda stream: True)
    clock, calls = Clock(), [[*call[:2], dict(call[2])] for call in case["calls"]]
    fitting = make_list(clock, case, case["epochs"], case["steps"])
    run_epochs(fitting, case, calls)
    run_test(make_list(clock, case, 1, 4), calls)
    predicting = make_list(clock, case, 1, 4)
    predicting.on_predict_begin()
    for _, batch, _ in calls:
        predicting.on_predict_batch_end(batch, {"outputs": None})
    predicting.on_predict_end()
    assert capsys.readouterr().out == case["text"]
    assert fitting.history is not None
    assert fitting.history.history == case["history"]
    assert list(fitting.history.history) == list(case["history"])
    assert fitting.history.epoch == case["epoch"]


# --- when something is computed and printed ----------------------------------------------------------------------


def counted(values: Mapping[str, Any]) -> tuple[list[int], Callable[[], Mapping[str, Any]]]:
    calls = [0]

    def compute() -> Mapping[str, Any]:
        calls[0] += 1
        return values

    return calls, compute


@pytest.mark.parametrize(("verbose", "computed"), [(0, 0), (1, 11), (2, 1)])
def test_values_are_computed_only_when_printed(verbose: int, computed: int) -> None:
    clock, out = Clock(), io.StringIO()
    bar = Progbar(1001, verbose=verbose, clock=clock, stream=out)
    calls, compute = counted({"loss": 0.5})
    for step in range(1, 1002):
        clock.now = 10 + step * 0.5 / 1000
        bar.update(step, compute)
    assert calls == [computed]
    assert out.getvalue().count("loss: 0.5000") == computed


def test_running_values_are_shown_as_they_are() -> None:
    clock, out = Clock(), io.StringIO()
    bar = Progbar(3, clock=clock, stream=out)
    for step, loss in ((1, 1.0), (2, 0.5)):
        clock.now += 1
        bar.update(step, lambda loss=loss: {"loss": loss})
    assert "loss: 0.5000" in out.getvalue()
    assert "loss: 0.7500" not in out.getvalue()


def test_add_counts_on() -> None:
    out = io.StringIO()
    bar = Progbar(5, verbose=2, clock=Clock(), stream=out)
    bar.add(2)
    bar.add(3, {"loss": -0.5, "note": "text", "small": -5e-4})
    assert out.getvalue() == "5/5 - 0s - 0s/step - loss: -0.5000 - note: text - small: -5.0000e-04\n"


def test_nan_and_infinity_are_shown() -> None:
    out = io.StringIO()
    Progbar(1, verbose=2, clock=Clock(), stream=out).update(1, {"loss": float("nan"), "other": float("inf")})
    assert out.getvalue() == "1/1 - 0s - 0s/step - loss: nan - other: inf\n"


def test_an_epoch_that_stops_early_shows_the_steps_it_did(capsys: pytest.CaptureFixture[str]) -> None:
    callbacks = CallbackList(ProgbarLogger(clock=Clock()), verbose=2, epochs=1, steps=5)
    callbacks.on_train_begin()
    callbacks.on_epoch_begin(0)
    callbacks.on_train_batch_end(0, {"loss": 1.0})
    callbacks.on_train_batch_end(1, {"loss": 1.0})
    callbacks.on_epoch_end(0, {"loss": 1.0})
    assert capsys.readouterr().out == "2/5 - 0s - 0s/step - loss: 1.0000\n"


def test_unknown_length_is_known_from_the_second_epoch_on(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    callbacks = CallbackList(ProgbarLogger(clock=clock), verbose="auto", epochs=2, steps=None)
    callbacks.on_train_begin()
    for epoch in range(2):
        callbacks.on_epoch_begin(epoch)
        for batch in range(3):
            clock.now += 1
            callbacks.on_train_batch_end(batch, {"loss": 1.0})
        callbacks.on_epoch_end(epoch, {"loss": 1.0})
    first, second = capsys.readouterr().out.split("Epoch 2/2\n")
    assert "      1/Unknown \x1b[1m1s\x1b[0m 1s/step - loss: 1.0000" in first
    assert "\x1b[1m3/3\x1b[0m" in first
    assert "Unknown" not in second
    assert second.count("\x1b[1m1/3\x1b[0m") == 1


def test_a_length_of_zero_prints_no_bar() -> None:
    out = io.StringIO()
    Progbar(0, clock=Clock(), stream=out).update(0, finalize=True)
    assert "      0/Unknown" in out.getvalue()


def test_silence(capsys: pytest.CaptureFixture[str]) -> None:
    callbacks = CallbackList(ProgbarLogger(), verbose=0, epochs=3, steps=1)
    callbacks.on_epoch_begin(0)
    callbacks.on_train_batch_end(0, {"loss": 1.0})
    callbacks.on_epoch_end(0, {"loss": 1.0})
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("verbose", ["Auto", "loud", 3, -1, None])
def test_unknown_verbosity_is_refused(verbose: Any) -> None:
    with pytest.raises(ConfigError, match="verbose"):
        CallbackList(add_progbar=True, verbose=verbose, epochs=1, steps=1)


# --- streams -----------------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_lines_are_rewritten_where_keras_rewrites_them(monkeypatch: pytest.MonkeyPatch) -> None:
    assert progress.rewrites_lines(io.StringIO()) == (os.name == "posix" or "PYCHARM_HOSTED" in os.environ)
    monkeypatch.setattr(os, "name", "nt")
    monkeypatch.delenv("PYCHARM_HOSTED", raising=False)
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    assert not progress.rewrites_lines(io.StringIO())
    assert progress.rewrites_lines(Terminal())
    monkeypatch.setitem(sys.modules, "ipykernel", backlit)
    assert progress.rewrites_lines(io.StringIO())


def encoded(encoding: str, name: str) -> bytes:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, newline="")
    Progbar(2, width=4, clock=Clock(), stream=stream).update(1, {name: 0.5})
    return raw.getvalue()


def test_a_stream_that_cannot_show_the_line_gets_plain_ascii() -> None:
    assert b"\x1b[32m==\x1b[0m\x1b[37m..\x1b[0m" in encoded("cp1252", "loss")
    assert b"- ??: 0.5000" in encoded("ascii", "损失")
    assert "损失: 0.5000".encode() in encoded("utf-8", "损失")
    assert "\x1b[32m━━\x1b[0m\x1b[37m━━\x1b[0m".encode() in encoded("utf-8", "loss")


def test_a_program_without_a_console(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    calls, compute = counted({"loss": 1.0})
    Progbar(1, clock=Clock()).update(1, compute)
    progress.say("nobody hears this")
    assert calls == [1]


PIPED = """
from backlit.training.callbacks import CallbackList
callbacks = CallbackList(add_progbar=True, verbose=1, epochs=2, steps=1)
callbacks.on_train_begin()
callbacks.on_epoch_begin(0)
callbacks.on_train_batch_end(0, lambda: {"loss": 0.5})
callbacks.on_epoch_end(0, {"loss": 0.5})
"""


@pytest.mark.parametrize(("encoding", "line"), [("utf-8", "━"), ("latin-1", "=")])
def test_a_real_pipe(encoding: str, line: str) -> None:
    source = str(Path(backlit.__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": source, "PYTHONIOENCODING": encoding}
    done = subprocess.run([sys.executable, "-c", PIPED], capture_output=True, env=environment, check=True)
    text = done.stdout.decode(encoding)
    assert text.startswith("Epoch 1/2")
    assert f"\x1b[1m1/1\x1b[0m \x1b[32m{line * 20}\x1b[0m\x1b[37m\x1b[0m \x1b[1m0s\x1b[0m" in text
    assert text.endswith("step - loss: 0.5000\n" if os.name == "posix" else "step - loss: 0.5000\r\n")
