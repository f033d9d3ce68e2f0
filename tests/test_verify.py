"""`backlit verify`: what it prints, what it returns, and that it can say no.

The figures themselves are reached in `test_notebook_figures`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backlit as bl
from backlit import figures
from backlit.cli import side_by_side
from backlit.cli.app import run
from backlit.cli.side_by_side import run_side_by_side
from backlit.errors import BacklitError, DataError
from backlit.figures import Digits, Figure, Plan, deep_network, deep_recipe
from backlit.figures.figure import exact, near


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Put a program without training in the place of 001, and digits in the place of MNIST."""
    made: dict[str, Any] = {"figures": [exact("a", "1.0", "1.0"), Figure("b", "not printed", "2")], "raises": None}

    def reach(digits: Digits, plan: Plan) -> Iterator[Figure]:
        made["plan"] = plan
        yield from made["figures"]
        if made["raises"]:
            raise made["raises"]

    blank = np.zeros((2, 28, 28), np.uint8), np.zeros(2, np.uint8)
    monkeypatch.setitem(figures.NOTEBOOKS, "001", ("a program", reach))
    monkeypatch.setattr(bl.datasets.mnist, "load_data", lambda data_dir: (blank, blank))
    return made


def test_all_hold(program: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program["figures"].append(near("c", 0.95, 0.951, 0.01))
    assert run(["verify", "--only", "001", "--quick", "--budget", "7", "--json", str(tmp_path / "v.json")]) == 0
    out = capsys.readouterr().out
    assert "001  a program" in out
    row = next(line.split() for line in out.splitlines() if line.strip().startswith("c "))
    assert row == ["c", "0.9500", "0.9510", "±0.01"]
    assert "2 of 2 figures hold" in out
    assert (program["plan"].quick, program["plan"].budget) == (True, 7.0)
    written = json.loads((tmp_path / "v.json").read_text("utf-8"))
    assert [figure["holds"] for figure in written["notebooks"][0]["figures"]] == [True, None, True]
    assert written["quick"] is True
    assert "NumPy" in written["machine"]


def test_one_does_not_hold(program: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    program["figures"].append(near("c", 0.95, 0.97, 0.01))
    assert run(["verify", "--only", "001"]) == 1
    out = capsys.readouterr().out
    assert "<-- does not hold" in next(line for line in out.splitlines() if line.strip().startswith("c "))
    assert "1 of 2 figures hold" in out


def test_not_a_number_does_not_hold() -> None:
    assert near("c", 0.95, float("nan"), 0.01).holds is False


def test_ctrl_c_keeps_what_was_reached(program: dict[str, Any], tmp_path: Path) -> None:
    program["raises"] = KeyboardInterrupt()
    assert run(["verify", "--only", "001", "--json", str(tmp_path / "v.json")]) == 130
    assert json.loads((tmp_path / "v.json").read_text("utf-8"))["notebooks"][0]["figures"][0]["name"] == "a"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--only", "005"], "--only is '005'. Expected 000, 001"),
        (["--budget", "nan"], "--budget is nan"),
        (["--budget", "0"], "--budget is 0.0"),
        (["--json", "no-such-folder/v.json"], "no-such-folder/v.json cannot be written"),
    ],
)
def test_options_that_make_no_sense(options: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", *options]) == 2
    assert words in capsys.readouterr().err


def test_without_mnist(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", "--only", "001", "--data-dir", str(tmp_path)]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "MNIST" in error
    assert str(tmp_path) in error


@pytest.mark.mnist
@pytest.mark.slow
def test_one_notebook_for_real(
    mnist_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The quick run of 001, trained on MNIST: each row has what was printed and what we got."""
    monkeypatch.chdir(tmp_path)
    assert run(["verify", "--quick", "--only", "001", "--data-dir", str(mnist_dir)]) == 0
    out = capsys.readouterr().out
    assert out.count("val_accuracy/val_loss") == 12
    assert "16 of 16 figures hold" in out


# the deep network, made small


def small_digits(rows: int = 640) -> Digits:
    x, y = np.random.RandomState(0).rand(rows, 784), np.arange(rows) % 10
    return Digits(x, y, x[:50], y[:50])


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deep_network, "UNITS", (8, 8))
    monkeypatch.setattr(deep_network, "STEPS", 10)


def test_the_budget_ends_the_training_after_a_whole_epoch(small: None) -> None:
    told: list[float] = []
    plan = Plan(tell=lambda part, share: told.append(share))
    model, budget = deep_network.train_deep(small_digits(), plan, 1e-6)
    assert budget.cut
    assert budget.steps == [10]
    assert told[-1] == 1.0
    assert int(model.optimizer.iterations.numpy()) == 10


def test_without_a_tight_budget_its_own_rule_ends_it(small: None) -> None:
    _, budget = deep_network.train_deep(small_digits(), Plan(), 120.0)
    assert not budget.cut
    assert 16 <= len(budget.steps) < 300, "15 epochs without a better loss, and the best one before them"
    assert set(budget.steps) == {10}


def test_our_learning_rate_rises_and_comes_to_rest() -> None:
    rates = [deep_recipe.rate_at(share) for share in np.linspace(0, 1.2, 25)]
    top = int(np.argmax(rates))
    assert rates[top] == pytest.approx(deep_recipe.PEAK)
    assert (np.diff(rates[: top + 1]) > 0).all()
    assert (np.diff(rates[top:]) <= 0).all()
    assert rates[-1] == pytest.approx(0, abs=1e-12)


def test_figures_of_the_deep_network(small: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deep_network, "PARAMETERS", deep_network.deep_network().count_params())
    found = list(deep_network.deep_figures(small_digits(), Plan(budget=0.2)))
    assert [figure.holds for figure in found] == [True, True, True, None, None]
    assert found[2].reached == "opens, same bits"
    assert "cut by the budget" in found[3].name or "its own rule" in found[3].name
    assert found[4].name.startswith("same network, our recipe, ")


def test_images_move_as_each_recipe_says(small: None, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[dict[str, Any]] = []

    class Generator(deep_network.ImageDataGenerator):
        def __init__(self, **moves: Any) -> None:
            made.append(moves)
            super().__init__(**moves)

    monkeypatch.setattr(deep_network, "ImageDataGenerator", Generator)
    found = list(deep_network.deep_figures(small_digits(), Plan(budget=0.2)))
    assert found[1].holds
    assert [moves["rotation_range"] for moves in made] == [30, deep_recipe.MOVES["rotation_range"]]


# side by side


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Put a list of messages in the place of the two processes."""
    made: dict[str, Any] = {"list": [], "left": False}

    def run_side_by_side(numbers: list[str], data_dir: Path | None, quick: bool) -> Iterator[tuple[str, str, Any]]:
        made["numbers"] = numbers
        try:
            yield from made["list"]
            if made.get("raises"):
                raise made["raises"]
        finally:
            made["left"] = True

    blank = np.zeros((2, 28, 28), np.uint8), np.zeros(2, np.uint8)
    monkeypatch.setattr(bl.datasets.mnist, "load_data", lambda data_dir: (blank, blank))
    monkeypatch.setattr("backlit.cli.side_by_side.run_side_by_side", run_side_by_side)
    monkeypatch.setenv("BACKLIT_THREADS", "2")
    return made


def test_each_notebook_is_printed_when_it_is_done(events: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    a, b = exact("a", "1", "1"), exact("b", "2", "3")
    events["list"] = [
        ("told", "002", ("starts", 0.0)), ("figure", "002", a), ("figure", "001", b), ("done", "001", 0.1),
        ("figure", "002", a), ("done", "002", 0.2),
    ]  # fmt: skip
    assert run(["verify", "--quick", "--only", "002,001"]) == 1
    out = capsys.readouterr().out
    assert events["numbers"] == ["001", "002"]
    assert out.index("1 of 1 figures do not hold, 0.1 s") < out.index("all 2 figures hold, 0.2 s")
    assert "--quick: 10 of 20 epochs" in out
    assert "2 of 3 figures hold" in out


def test_ctrl_c_ends_the_processes_and_keeps_what_came(events: dict[str, Any], tmp_path: Path) -> None:
    events["list"], events["raises"] = [("figure", "002", exact("a", "1", "1"))], KeyboardInterrupt()
    assert run(["verify", "--only", "001,002", "--json", str(tmp_path / "v.json")]) == 130
    assert events["left"]
    assert [n["number"] for n in json.loads((tmp_path / "v.json").read_text("utf-8"))["notebooks"]] == ["002"]


def test_one_thread_means_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    from backlit.cli.verify import _apart

    monkeypatch.setenv("BACKLIT_THREADS", "1")
    assert _apart(["001", "002"]) == []
    monkeypatch.setenv("BACKLIT_THREADS", "2")
    assert _apart(["001", "002", "000"]) == ["001", "002"]
    assert _apart(["001", "000"]) == []


def test_what_fails_over_there_is_raised_here(tmp_path: Path) -> None:
    before = dict(os.environ)
    with pytest.raises(DataError, match="does not hold MNIST"):
        list(run_side_by_side(["001", "002"], tmp_path, quick=True))
    assert os.environ == before, "the setting was for the processes alone"


def test_a_process_that_is_killed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_by_side, "_work", die)
    with pytest.raises(BacklitError, match="ended before its work was done"):
        list(run_side_by_side(["001", "002"], None, quick=True))


def die(*given: Any) -> None:
    """End the process at once, as a process is ended that asked for too much memory."""
    os._exit(9)


@pytest.mark.mnist
@pytest.mark.slow
def test_two_notebooks_for_real(mnist_dir: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    monkeypatch.setenv("BACKLIT_THREADS", "2")
    assert run(["verify", "--quick", "--only", "001,004", "--data-dir", str(mnist_dir)]) == 0
    out = capsys.readouterr().out
    assert "side by side, one thread each: 001, 004" in out
    assert "all 16 figures hold" in out
    assert "all 18 figures hold" in out
