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
from bad_input.row import CLASSES, LABELS, Row, Source, X, evaluate, fit, leaves, network
from golden.misuse_recipes import recipes
from golden.store import read

import backlit
from backlit.arrays import using_floatx
from backlit.cli.app import run
from backlit.errors import BacklitError, DataError, LabelError
from backlit.training.border import check_finite

ROWS: list[Row] = [
    row for table in (labels, inputs, fitting, names, models, low_level) for row in table.ROWS
]  # fmt: skip
DATA = {"x", "y", "sample_weight"}


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
def test_it_is_taken_as_documented(
    row: Row, act: Any, recwarn: pytest.WarningsRecorder, request: pytest.FixtureRequest
) -> None:
    if act is eagerly:  # compared to the last bit with a recorded run
        request.getfixturevalue("interpreted")
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


# What Keras refuses and Backlit does: the answer is plain, so there is nothing to refuse.
GIVEN_ANYWAY = {
    "label-list", "x-list", "x-list-of-rows",  # lists are arrays to everyone else
    "noise-above-one",  # a deviation may be any size
    "generator-runs-dry",  # a warning, and the epochs there were
    "unknown-argument",  # `workers` of Keras 2 changes no number
}  # fmt: skip


@pytest.mark.parametrize("name", recipes())
@pytest.mark.filterwarnings("ignore:The source of batches", "ignore:fit.workers", "ignore::backlit.errors.LintWarning")
def test_what_keras_refuses_is_refused(name: str) -> None:
    (case,) = (case for case in read("misuse").cases if case.id == name)
    try:
        recipes()[name](backlit)
    except BacklitError:
        assert name not in GIVEN_ANYWAY
    else:
        assert "raises" not in case.spec or name in GIVEN_ANYWAY


@pytest.mark.parametrize(
    "row", [pytest.param(r, id=r.name) for r in ROWS if r.error and r.model is CLASSES and r.act is fit]
)
def test_after_an_error_the_right_data_train_as_if_nothing_had_happened(row: Row) -> None:
    model = network(metrics=["accuracy"])()
    with pytest.raises(BacklitError):
        fit(model, **row.given)
    assert_same(fit(model, verbose=0), fit(network(metrics=["accuracy"])(), verbose=0))


def test_a_bad_batch_is_numbered() -> None:
    model = CLASSES()
    good, bad = (X, LABELS), (X, LABELS + 1)
    with pytest.raises(LabelError, match=r"^y\[2\] is 3") as caught:
        model.fit(iter([good, good, bad]), steps_per_epoch=3, verbose=0)
    assert caught.value.__notes__ == ["This was batch 2, counted from 0, of the source of batches given as x."]
    with pytest.raises(DataError, match=r"^validation_data gave no batches"):
        model.fit(X, LABELS, validation_data=iter([]), verbose=0)


def test_an_error_in_a_users_source_is_his_own() -> None:
    def source() -> Any:
        yield X, LABELS
        raise RuntimeError("the disk is gone")

    with pytest.raises(RuntimeError, match="the disk is gone"):
        CLASSES().fit(source(), steps_per_epoch=2, verbose=0)


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


@pytest.mark.parametrize("rows", [[1], [3000, 70_001], [99_999], [50_000, 49_999]])
def test_a_large_array_is_refused_with_its_first_bad_row(rows: list[int]) -> None:
    x = np.zeros((100_000, 30), np.float32)
    x[rows, 7] = [np.inf, -np.inf][: len(rows)]
    with pytest.raises(DataError, match=rf"^x holds -?inf in row {min(rows)} \(at index \({min(rows)}, 7\)\)"):
        check_finite("x", x)


def test_threads_that_look_know_the_default_float_of_their_caller() -> None:
    x = np.full((100_000, 20), 1e300)
    with pytest.raises(DataError, match=r"^x holds 1e\+300 in row 0 .* finite float32"):
        check_finite("x", x)
    with using_floatx("float64"):
        check_finite("x", x)
