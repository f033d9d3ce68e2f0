"""What the benchmarks print and keep is true to its figures: no time is measured here, and no peer is imported.

The README's table must be what the kept figures render to; until there are any, it says how to get them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.contest import numpy_by_hand, ours, table
from benchmarks.contest.__main__ import agreement
from benchmarks.contest.networks import NETWORKS, Network, dense_flops
from benchmarks.contest.worker import shuffled, steps_of_a_turn

ROOT = Path(__file__).resolve().parent.parent


def figures(ours: list[float], peer: list[float], source: str = "MNIST training images") -> table.Figures:
    entries: dict[str, Any] = {
        "ours": {"rounds": ours, "losses": [0.5, 0.3]},
        "jax-scan": {"rounds": peer, "losses": [0.5, 0.3]},
        "sklearn": {"error": "NotImplementedError: no RMSprop"},
    }
    return {
        "cpu": "a processor", "vector_bytes": 32,
        "threads": 2, "date": "2026-01-01", "python": "3.11.1", "source": {"mnist": source},
        "peak": {"1": [100.0], "2": [190.0, 200.0]}, "versions": dict.fromkeys(entries, "some version"),
        "data": {"mnist": {"784-128-10, 128, SGD": entries}},
    }  # fmt: skip


@pytest.mark.parametrize("page", table.PAGES)
def test_readme_shows_the_kept_figures(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    assert text.count(table.BEGIN) == text.count(table.END) == 1
    assert text == table.rewritten(page, text, table.kept()), "run `python -m benchmarks.contest.table --readme`"


def test_flops_of_a_step_are_those_of_its_products() -> None:
    forward, kernel = 2 * 3 * (5 * 7 + 7 * 2), 2 * 3 * (5 * 7 + 7 * 2)
    assert dense_flops(Network("", (7,), 3, "sgd", 0.1, inputs=5, classes=2)) == forward + kernel + 2 * 3 * 7 * 2


def test_ratio_is_the_median_over_rounds_and_the_share_takes_the_best_peak() -> None:
    kept = figures([200.0, 400.0, 300.0], [300.0, 500.0, 600.0])
    network = "784-128-10, 128, SGD"
    rows = table.short(kept, table.PAGES["README.md"]).splitlines()
    share = dense_flops(NETWORKS[network]) / 300e-6 / 200e9
    assert rows[2] == f"| {network} | 300 | 500 | – | 1.50 | 1.7 | {share:.0%} |"
    assert "of 3 rounds" in rows[-1]
    assert "Backlit is 1.50x faster   asked >= 1.7 x: no" in table.full(kept, "mnist", network)


@pytest.mark.parametrize("optimizer", ["adam", "sgd", "rmsprop"])
def test_ours_and_numpy_by_hand_train_the_same(optimizer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ours, "use", lambda threads: None)  # the executor of the other tests
    network = Network("", (8,), 16, optimizer, 0.01, inputs=12, classes=3)
    random = np.random.default_rng(0)
    x, y = random.standard_normal((160, 12), np.float32), random.integers(0, 3, 160)
    losses = [
        [trained.train(shuffled(0, 10, 16), epochs=2) for _ in range(2)]
        for trained in (ours.Engine(network, x, y, 1), numpy_by_hand.ByHand(network, x, y, 1))
    ]
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-4)
    assert losses[0][1] < losses[0][0]


def test_noise_is_told() -> None:
    quiet, noisy = figures([1.0, 1.1], [2.0, 2.1]), figures([1.0, 1.1], [2.0, 20.0])
    network = "784-128-10, 128, SGD"
    assert "QUIET" not in table.full(quiet, "mnist", network)
    assert "NOT A QUIET MACHINE: rounds of JAX scan" in table.full(noisy, "mnist", network)


def test_who_trains_something_else_is_named() -> None:
    assert agreement({"ours": 0.30, "numpy": 0.31, "sklearn": 0.32}).endswith("the same training")
    assert agreement({"ours": 0.30, "numpy": 0.31, "sklearn": 2.3}).endswith("NOT THE SAME TRAINING: sklearn")
    assert agreement({"ours": float("nan"), "numpy": 0.31, "sklearn": 0.3}).endswith("ours")


def test_figures_of_other_data_stay_out_of_the_readme() -> None:
    assert table.is_real(figures([1.0], [2.0]))
    assert not table.is_real(figures([1.0], [2.0], "random images"))
    page = f"before {table.BEGIN} old {table.END} after"
    assert table.PAGES["README.md"]["none"] in table.rewritten("README.md", page, [])


def test_a_turn_is_at_most_an_epoch_and_every_row_comes_once() -> None:
    assert [steps_of_a_turn(1.0, step, 600) for step in (1e-4, 1e-2, 10.0)] == [600, 100, 10]
    order = shuffled(20, 3, 4)
    assert order.shape == (3, 4)
    assert sorted(order.ravel()) == list(range(20, 32))
