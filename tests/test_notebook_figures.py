"""The figures the five learners' notebooks printed, reached by the library itself.

The programs and the figures are those of `backlit verify`; each test trains the network of one notebook on the real
MNIST. The bands are those within which a run with other random numbers must fall, the exact digits are exact.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

import backlit as bl
from backlit.figures import NOTEBOOKS, Digits, Plan
from backlit.figures import functional_models as notebook_001
from backlit.figures import graph_nodes as notebook_004
from backlit.figures.deep_network import PARAMETERS, deep_network

pytestmark = [pytest.mark.mnist, pytest.mark.slow]


@pytest.fixture(scope="module")
def digits(mnist_dir: Path) -> Digits:
    return Digits.of(bl.datasets.mnist.load_data(data_dir=mnist_dir))


def assert_all_hold(figures: list, at_least: int) -> None:
    assert not [figure for figure in figures if figure.holds is False]
    assert sum(figure.holds is True for figure in figures) >= at_least


@pytest.mark.parametrize("network", notebook_001.NETWORKS, ids=lambda network: network[0])
def test_001_validation_figures(digits: Digits, network: tuple) -> None:
    part, hidden, printed, band = network
    reached = notebook_001.validation_figures(digits, hidden, Plan())
    assert_all_hold(list(notebook_001.against(part, np.array(printed), reached, np.array(band))), 8)


def test_002_every_printed_digit(digits: Digits) -> None:
    _, figures = NOTEBOOKS["002"]
    assert_all_hold(list(figures(digits, Plan())), 21)


def test_003_tape_from_scratch(digits: Digits) -> None:
    _, figures = NOTEBOOKS["003"]
    assert_all_hold(list(figures(digits, Plan())), 17)


def test_004_apples_and_oranges() -> None:
    assert notebook_004.PRICES.items() <= notebook_004.apple_and_orange().items()


def test_004_gradient_check(digits: Digits) -> None:
    """Backpropagation against central differences on three images: every mean difference far below 1e-6."""
    found = notebook_004.gradient_differences(digits, Plan())
    assert set(found) == {"W1", "b1", "W2", "b2"}
    assert max(found.values()) < 1e-6


def test_004_training_with_the_nodes(digits: Digits) -> None:
    reached = notebook_004.training_accuracies(digits, Plan(), 2_401)
    assert len(reached) == 5
    for ours, wanted in zip(reached[1:], notebook_004.ACCURACIES[1:], strict=False):
        assert ours == pytest.approx(wanted, abs=0.01)


def test_004_training_with_fit(digits: Digits) -> None:
    """The same network as a recorded step: all 17 pairs of accuracies, the nine that are known within the band."""
    (x, x_test), (y, y_test) = digits.single(), digits.one_hot()
    bl.set_random_seed(1)
    generator = np.random.RandomState(0)
    small = bl.initializers.RandomNormal(stddev=0.01)
    hidden = bl.layers.Dense(50, "relu", kernel_initializer=small)
    output = bl.layers.Dense(10, "softmax", kernel_initializer=small)
    model = bl.Sequential([bl.layers.Input((784,)), hidden, output])
    model.compile(bl.optimizers.SGD(0.1), "categorical_crossentropy", metrics=["accuracy"])
    drawn = (generator.choice(60_000, 100) for _ in itertools.count())
    batches, reached = ((x[rows], y[rows]) for rows in drawn), []
    for steps in [1, *[600] * 16]:
        model.fit(batches, steps_per_epoch=steps, verbose=0)
        both = ((x, y), (x_test, y_test))
        reached.append(tuple(model.evaluate(*data, batch_size=1000, verbose=0)[1] for data in both))
    assert len(reached) == 17
    for ours, wanted in zip(reached[1:], notebook_004.ACCURACIES[1:], strict=False):
        assert ours == pytest.approx(wanted, abs=0.01)


def test_000_size() -> None:
    assert deep_network().count_params() == PARAMETERS
