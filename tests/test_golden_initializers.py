"""Initializers against Keras: the same fans, moments and bounds; the same values where nothing is random."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from golden.compare import close, differing_defaults, numbers
from golden.store import Case, read

import backlit as bl

GOLDEN = read("initializers")
DRAWS = 40_000


def make(case: Case, **more: Any) -> Any:
    return getattr(bl.initializers, case["class"])(**case["config"], **more)


@pytest.mark.parametrize("case", GOLDEN.of(kind="random"), ids=lambda case: case.id)
def test_law(case: Case) -> None:
    """Mean and deviation within five standard errors of Keras' sample, bounds within the last per cent."""
    shape = tuple(case["shape"])
    draws = max(1, DRAWS // int(np.prod(shape)) + 1)
    arrays = [numbers(make(case, seed=i + 1)(shape)) for i in range(draws)]
    assert arrays[0].dtype == np.float32
    assert arrays[0].shape == shape
    x = np.concatenate([a.ravel() for a in arrays]).astype("float64")
    error = case["std"] * np.sqrt(1 / x.size + 1 / case["count"])
    assert abs(x.mean() - case["mean"]) < 5 * error
    assert abs(x.std() - case["std"]) < 5 * error
    if "untruncated" not in case.id and case["class"] != "RandomNormal":
        reach = case["high"] - case["low"]
        assert abs(x.min() - case["low"]) < 0.01 * reach
        assert abs(x.max() - case["high"]) < 0.01 * reach


@pytest.mark.parametrize("case", GOLDEN.of(kind="random"), ids=lambda case: case.id)
def test_same_seed_same_numbers(case: Case) -> None:
    shape = tuple(case["shape"])
    first, again, other = (numbers(make(case, seed=seed)(shape)) for seed in (7, 7, 8))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.parametrize("case", GOLDEN.of(kind="fixed"), ids=lambda case: case.id)
def test_values(case: Case) -> None:
    close(make(case)(tuple(case["shape"])), case.arrays["values"], rtol=0, floor=0)


@pytest.mark.parametrize("case", GOLDEN.of(kind="orthogonal"), ids=lambda case: case.id)
def test_orthogonal(case: Case) -> None:
    shape = tuple(case["shape"])
    value = numbers(make(case, seed=5)(shape)).reshape(-1, shape[-1])
    gram = value.T @ value if value.shape[0] >= value.shape[1] else value @ value.T
    np.testing.assert_allclose(gram, case.arrays["gram"], atol=2e-6)


@pytest.mark.parametrize("case", GOLDEN.of(kind="random", shape=[300]), ids=lambda case: case.id)
def test_defaults(case: Case) -> None:
    config = getattr(bl.initializers, case["class"])().get_config()
    assert differing_defaults(config, case["defaults"], ignored=["seed"]) == {}


@pytest.mark.parametrize(("name", "meaning"), GOLDEN.facts["names"].items())
def test_names(name: str, meaning: str) -> None:
    """Every string that Keras takes means the same class here."""
    if meaning in ("Initializer", "RandomInitializer"):
        pytest.skip(f"{meaning} is no initializer that can be made")
    assert type(bl.initializers.get(name)) is getattr(bl.initializers, meaning)
