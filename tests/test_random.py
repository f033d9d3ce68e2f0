"""Random tensors at the prompt: bounds, dtypes, seeds.

The bits themselves are proven in `test_seeds`.
"""

from __future__ import annotations

import numpy as np
import pytest

import backlit as bl
from backlit import seeds


def test_the_same_seed_gives_the_same_numbers() -> None:
    first, second = (bl.random.normal((5,), seed=3).numpy() for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(bl.random.normal((5,)).numpy(), bl.random.normal((5,)).numpy())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_uniform_never_reaches_its_upper_bound(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seeds, "uniform", lambda *_: np.full(3, 1 - 2.0**-53))
    found = bl.random.uniform((3,), 0.0, 0.1, dtype=dtype).numpy()
    assert found.dtype == dtype
    assert (found < found.dtype.type(0.1)).all()


def test_integers_and_order() -> None:
    dice = bl.random.uniform((600,), 1, 7, dtype="int32").numpy()
    assert set(dice.tolist()) == {1, 2, 3, 4, 5, 6}
    assert sorted(bl.random.shuffle(np.arange(50)).numpy().tolist()) == list(range(50))
    assert np.abs(bl.random.truncated_normal((1000,), stddev=2.0).numpy()).max() <= 4.0
