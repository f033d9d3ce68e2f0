"""Notebook 004: two products and a sum on a tape, the gradient check, and training with the book's nodes.

The nodes are those of `compat.book`, over our ops; the prices are our Tensors.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..compat.book.gradient import numerical_gradient
from ..compat.book.two_layer_net import TwoLayerNet
from ..tensor import GradientTape, Tensor
from .figure import Digits, Figure, Plan, exact

ACCURACIES = (
    (0.0913, 0.0897), (0.9043, 0.9072), (0.9200, 0.9211), (0.9339, 0.9317), (0.9409, 0.9394), (0.9488, 0.9469),
    (0.9536, 0.9506), (0.9575, 0.9567), (0.9605, 0.9579),
)  # fmt: skip
PRICES = {
    "price of apples": "220.00000000000003",
    "price of apples, by apple": "2.2",
    "price of apples, by apples": "110.00000000000001",
    "price of apples, by tax": "200",
    "price of apples and oranges": "715.0000000000001",
    "price of apples and oranges, by apples": "110.00000000000001",
    "price of apples and oranges, by apple": "2.2",
    "price of apples and oranges, by orange": "3.3000000000000003",
    "price of apples and oranges, by oranges": "165.0",
    "price of apples and oranges, by tax": "650",
}
DIFFERENCES = {"W1": "4.97e-10", "b1": "2.83e-09", "W2": "5.46e-09", "b2": "1.40e-07"}
LIMIT, BAND = 1e-6, 0.01
ITERATIONS, QUICK_ITERATIONS, EVERY, BATCH, RATE = 10_000, 2_401, 600, 100, 0.1
QUICK_PIXELS = 15  # shares no factor with the 28 pixels of a row: every column of the image is met
QUICK = f"{QUICK_ITERATIONS:,} of {ITERATIONS:,} steps, and every {QUICK_PIXELS}th pixel in the gradient check of W1"


def apple_and_orange() -> dict[str, str]:
    """Return the price of the apples, of all fruit, and the derivatives of both, as the notebook prints them."""
    given = {"apple": 100, "apples": 2, "orange": 150, "oranges": 3, "tax": 1.1}
    apple, apples, orange, oranges, tax = tensors = [Tensor(np.float64(v)) for v in given.values()]
    with GradientTape(persistent=True) as tape:
        tape.watch(tensors)
        first = apple * apples * tax
        both = (apple * apples + orange * oranges) * tax
    found: dict[str, str] = {}
    for total, prices in (("apples", first), ("apples and oranges", both)):
        found[f"price of {total}"] = str(float(prices))
        for name, slope in zip(given, tape.gradient(prices, tensors), strict=True):
            if slope is not None:  # whole numbers lose their point, as in the notebook, where they are integers
                found[f"price of {total}, by {name}"] = f"{float(slope):g}" if name == "tax" else str(float(slope))
    return found


def gradient_differences(digits: Digits, plan: Plan) -> dict[str, float]:
    """Return the mean difference of backpropagation and central differences for each parameter, on three images.

    With `quick` the weights of every 15th pixel stand for all of W1.
    """
    np.random.seed(0)
    network = TwoLayerNet(784, 50, 10)
    x, t = digits.x[:3], digits.one_hot()[0][:3]
    plan.tell("gradient check", 0.0)
    every = {"W1": QUICK_PIXELS} if plan.quick else {}
    found: dict[str, float] = {}
    for key, gradient in network.gradient(x, t).items():
        some = slice(None, None, every.get(key, 1))  # a view of the weights, moved where they are
        slopes = numerical_gradient(lambda _: network.loss(x, t), network.params[key][some])
        found[key] = float(np.abs(slopes - gradient[some]).mean())
    return found


def training_accuracies(digits: Digits, plan: Plan, iterations: int = ITERATIONS) -> list[tuple[float, float]]:
    """Train 784-50-10 with batches drawn with replacement; return train and test accuracy after steps 1, 601, ..."""
    generator = np.random.RandomState(0)
    np.random.seed(1)
    network = TwoLayerNet(784, 50, 10)
    x, x_test, (t, t_test) = digits.x, digits.x_test, digits.one_hot()  # float64 as the weights: nothing is converted
    reached: list[tuple[float, float]] = []
    for step in range(iterations):
        rows = generator.choice(len(x), BATCH)
        gradients: dict[str, Any] = network.gradient(x[rows], t[rows])
        for key, w in network.params.items():
            w -= RATE * gradients[key]
        if step % EVERY == 0:
            plan.tell("training", step / iterations)
            reached.append((network.accuracy(x, t), network.accuracy(x_test, t_test)))
    return reached


def node_figures(digits: Digits, plan: Plan) -> Iterator[Figure]:
    """Yield the prices, the gradient check, and the accuracies (four of them with `quick`)."""
    reached = apple_and_orange()
    yield from (exact(name, printed, reached[name]) for name, printed in PRICES.items())
    for key, difference in gradient_differences(digits, plan).items():
        part = f", every {QUICK_PIXELS}th pixel" if plan.quick and key == "W1" else ""
        name, holds = f"gradient check {key}{part}", difference < LIMIT
        yield Figure(name, DIFFERENCES[key], f"{difference:.2e}", "below 1e-6", holds)
    accuracies = training_accuracies(digits, plan, QUICK_ITERATIONS if plan.quick else ITERATIONS)
    for number, got in enumerate(accuracies):
        yield _accuracies(number, got)


def _accuracies(number: int, got: tuple[float, float]) -> Figure:
    name, text = f"step {number * EVERY} train/test accuracy", f"{got[0]:.4f}/{got[1]:.4f}"
    if number >= len(ACCURACIES):
        return Figure(name, "not known", text)
    wanted = ACCURACIES[number]
    printed = f"{wanted[0]:.4f}/{wanted[1]:.4f}"
    if number == 0:
        return Figure(name, printed, text, "its own random weights")
    return Figure(name, printed, text, f"±{BAND:g}", bool(np.abs(np.subtract(got, wanted)).max() <= BAND))
