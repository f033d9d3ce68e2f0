"""Everything that is printed, against Keras, character by character: summaries, bars, callback messages, CSV logs."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from golden.store import Case, read
from golden.text_recipes import CSV, SUMMARIES, callbacks, csv_log, fit_text, summary

import backlit as bl
from backlit.layers.naming import clear_session
from backlit.training import progress

GOLDEN = read("text")


@pytest.mark.parametrize("name", SUMMARIES)
def test_summary(name: str) -> None:
    case = next(case for case in GOLDEN.of(kind="summary") if case["recipe"] == name)
    assert summary(bl, clear_session, name) == case["text"]


@pytest.mark.parametrize("case", GOLDEN.of(kind="bar"), ids=lambda case: case.id)
def test_progress_bar(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """One difference is meant: at verbose=2 Keras prints large negative numbers in scientific notation.

    Keras redraws its line on every POSIX system, terminal or not; the other way is Windows'.
    """
    monkeypatch.setattr(progress, "rewrites_lines", lambda stream: case["tty"])
    seconds = iter([0.0, *(update[0] for update in case["updates"])])
    names = {name for update in case["updates"] for name, _ in update[2]}
    out = io.StringIO()
    stateful = () if case["average"] else names
    options = {"clock": lambda: next(seconds), "stream": out}
    bar = progress.Progbar(case["target"], verbose=case["verbose"], stateful_metrics=stateful, **options)
    for _, current, values, finalize in case["updates"]:
        bar.update(current, [tuple(pair) for pair in values], finalize)
    expected = case["text"].replace("-2.5000e+00", "-2.5000").replace("-1.0000e+08", "-100000000.0000")
    assert out.getvalue() == expected


@pytest.mark.filterwarnings("ignore::backlit.errors.NumericalWarning")  # beside the text of TerminateOnNaN
@pytest.mark.parametrize("case", GOLDEN.of(kind="callbacks"), ids=lambda case: case.id)
def test_callbacks(case: Case) -> None:
    run = callbacks(bl, case["recipe"])
    assert run["printed"] == case["printed"]
    assert run["epochs"] == case["epochs"]
    assert run["keys"] == case["keys"]
    assert run["learning_rate"] == pytest.approx(case["learning_rate"], rel=1e-6)
    for key, values in case["history"].items():
        assert run["history"][key] == pytest.approx(values, rel=1e-6), key


@pytest.mark.parametrize("case", GOLDEN.of(kind="fit"), ids=lambda case: case.id)
def test_progress_of_fit(case: Case) -> None:
    assert fit_text(bl, case["verbose"], case["method"]) == case["text"]


@pytest.mark.parametrize("name", CSV)
def test_csv_log(name: str, tmp_path: Path) -> None:
    case: Any = next(case for case in GOLDEN.of(kind="csv") if case["recipe"] == name)
    assert csv_log(bl, tmp_path, *CSV[name]) == case["text"]
