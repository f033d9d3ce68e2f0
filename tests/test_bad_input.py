"""Bad input: every row of the tables is the documented result, or one typed error that names what is wrong.

A row of data is shown to every face that takes it: fit recorded and eager, a source of batches, evaluate, a functional
model. An error leaves the weights and the data as they were, and prints nothing.
"""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bad_input import fitting, inputs, labels, low_level, models, names
from bad_input.row import CLASSES, LABELS, X, Row, Source, evaluate, fit, leaves

from backlit.cli.app import run
from backlit.errors import BacklitError

ROWS: list[Row] = [
    row for table in (labels, inputs, fitting, names, models, low_level) for row in table.ROWS
]  # fmt: skip
DATA = {"x", "y", "sample_weight", "verbose"}


def eagerly(model: Any, **given: Any) -> Any:
    if model is not None and model.compiled is not None:
        model.compiled.run_eagerly = True
    return fit(model, **given)


def from_a_source(model: Any, **given: Any) -> Any:
    """Train on one batch that a generator yields."""
    whole = {"x": X, "y": LABELS, **given}
    batch = (whole["x"], whole["y"], whole.get("sample_weight"))
    model.fit(iter([batch]), steps_per_epoch=1, verbose=whole.get("verbose", 0))
    return model.history.history, model.get_weights()


def on_a_batch(model: Any, **given: Any) -> Any:
    return model.train_on_batch(**{"x": X, "y": LABELS, **{k: v for k, v in given.items() if k != "verbose"}})


FACES = {"eager": eagerly, "source": from_a_source, "on_batch": on_a_batch, "evaluate": evaluate}


def faces(row: Row) -> dict[str, Any]:
    """Return the ways to do what a row says: `act` alone, or, for a row of data, everything that takes data."""
    found = {"": row.act}
    if row.act is not fit:
        return found
    found["eager"] = eagerly
    whole = set(row.given) <= DATA and not any(isinstance(value, Source) for value in row.given.values())
    return found | (FACES if whole and row.error else {})


CASES = [pytest.param(row, act, id=f"{row.name} {face}".strip()) for row in ROWS for face, act in faces(row).items()]


@pytest.mark.parametrize(("row", "act"), [case for case in CASES if case.values[0].error])
def test_it_is_refused(row: Row, act: Any, capsys: pytest.CaptureFixture[str]) -> None:
    model, kept = row.model(), snapshot(row.given)
    before = [] if model is None else model.get_weights()
    with pytest.raises(BacklitError) as caught:
        act(model, **row.given)
    assert type(caught.value) is row.error
    for words in row.says:
        assert re.search(words, str(caught.value)), f"{words!r} is not in: {caught.value}"
    assert re.search(r"[.?]$", str(caught.value)), "no whole sentence"
    assert capsys.readouterr() == ("", "")
    assert_same(snapshot(row.given), kept)
    if before:
        assert_same(model.get_weights(), before)


@pytest.mark.parametrize(("row", "act"), [case for case in CASES if not case.values[0].error])
@pytest.mark.filterwarnings("default:The source of batches ended")
def test_it_is_taken_as_documented(row: Row, act: Any, recwarn: pytest.WarningsRecorder) -> None:
    kept = snapshot(row.given)
    result = act(row.model(), **row.given)
    assert_same(snapshot(row.given), kept)
    assert [str(w.message) for w in recwarn if not re.search(row.warns or "$^", str(w.message))] == []
    assert bool(row.warns) == bool(recwarn)
    assert_same(result, row.clean(row.model()))


@pytest.mark.parametrize("command", low_level.COMMANDS)
def test_impossible_commands_say_so_in_one_line(
    command: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    says, status = low_level.COMMANDS[command]
    assert run(command.split()) == status
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert says in printed.err


def test_there_are_enough_rows_and_no_two_are_called_alike() -> None:
    assert len(ROWS) >= 140
    assert len({row.name for row in ROWS}) == len(ROWS)


def snapshot(given: dict[str, Any]) -> list[Any]:
    """Return copies of the data in the arguments of a call."""
    plain = (np.ndarray, str, int, float, bool, list, tuple)
    return [copy.deepcopy(np.array(v) if isinstance(v, np.ndarray) else v) for v in leaves(given)
            if isinstance(v, plain) or hasattr(v, "iloc")]  # fmt: skip


def assert_same(result: Any, expected: Any) -> None:
    """Assert the same structure with the same bits."""
    got, wanted = list(leaves(result)), list(leaves(expected))
    assert len(got) == len(wanted)
    for a, b in zip(got, wanted, strict=True):
        a, b = np.asarray(a), np.asarray(b)
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        np.testing.assert_array_equal(a, b)
