"""Whole models against Keras: fit, evaluate and predict from the same weights on the same rows, to the last metric."""

from __future__ import annotations

from functools import cache

import pytest
from golden.compare import close
from golden.model_recipes import COMPILES, Run, by_batch, train
from golden.store import Case, read

import backlit as bl

GOLDEN = read("models")
CASES = {case.id: case for case in GOLDEN.cases}
pytestmark = pytest.mark.filterwarnings("ignore:No gradient reaches")  # an output without a loss, which is meant
RTOL = 5e-5  # three epochs of float32, Adam's first steps divide by their own square root


def test_the_files_know_every_recipe() -> None:
    assert {case.id for case in GOLDEN.of(kind="fit")} == set(COMPILES)


@cache
def run_of(name: str) -> Run:
    return train(bl, name)


@pytest.mark.parametrize("name", COMPILES)
def test_names_and_order(name: str) -> None:
    """History's keys, evaluate's dict, the epochs and the parameters of History."""
    case, run = CASES[name], run_of(name)
    assert list(run["history"]) == list(case["history"])
    assert run["epoch"] == case["epoch"]
    assert run["params"] == case["params"]
    for moment in ("before", "after"):
        assert list(run[moment]["dict"]) == list(case[moment]["dict"]), f"evaluate(return_dict=True) {moment} fit"


@pytest.mark.parametrize("name", COMPILES)
def test_history(name: str) -> None:
    case, run = CASES[name], run_of(name)
    assert run["history"].keys() == case["history"].keys()
    for key, values in case["history"].items():
        assert run["history"][key] == pytest.approx(values, rel=RTOL, abs=1e-6), key


@pytest.mark.parametrize("name", COMPILES)
def test_evaluate(name: str) -> None:
    """Before and after fit, as a dict and as a list."""
    case, run = CASES[name], run_of(name)
    for moment in ("before", "after"):
        wanted = listed_once(case[moment]["list"], len(case[moment]["dict"]))
        assert run[moment]["list"] == pytest.approx(wanted, rel=RTOL, abs=1e-6), moment
        assert run[moment]["dict"] == pytest.approx(case[moment]["dict"], rel=RTOL, abs=1e-6), moment


def listed_once(values: list[float], count: int) -> list[float]:
    """Keras lists the plain value twice where a metric is both plain and weighted; here every number comes once."""
    return values if len(values) == count else [*values[:2], *values[3:]]


@pytest.mark.parametrize("name", COMPILES)
def test_weights_and_predictions(name: str) -> None:
    check_arrays(run_of(name), CASES[name])


def check_arrays(run: Run, case: Case) -> None:
    """Compare weights and predictions."""
    for kind in ("weights", "predicted"):
        assert len(run[kind]) == sum(name.startswith(kind) for name in case.arrays)
        for i, found in enumerate(run[kind]):
            close(found, case.arrays[f"{kind}_{i}"], rtol=RTOL, floor=2e-5, what=f"{kind} {i}")


def test_batch_by_batch() -> None:
    case, run = CASES["by-batch"], by_batch(bl)
    for i, (found, wanted) in enumerate(zip(run["says"], case["says"], strict=True)):
        assert found == pytest.approx(listed_once(wanted, 3), rel=RTOL), f"answer {i}"
    assert list(run["named"]) == list(case["named"])
    assert run["named"] == pytest.approx(case["named"], rel=RTOL)
    check_arrays(run, case)
