"""The interpreter against the same network written by hand in NumPy: whole epochs, in turns, median of the rounds.

Both shuffle, gather batches, train, and keep the mean loss and the accuracy of the epoch. Before anything is timed they
train one epoch from the same weights in the same order and must agree.

    python -m benchmarks.interpreter [--rounds 9] [--epochs 3]
"""

from __future__ import annotations

import argparse
import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

import backlit

from . import digits
from .timing import machine, median_ratio, take_turns

Array = npt.NDArray[Any]
GOAL = 1.5


@dataclass(frozen=True)
class Recipe:
    """A one-hidden-layer network, its plain gradient descent and how much data an epoch has."""

    name: str
    hidden: int
    batch_size: int
    learning_rate: float
    rows: int


RECIPES = (
    Recipe("784-128-10, batch 128, SGD 0.2", 128, 128, 0.2, 56_000),
    Recipe("784-50-10, batch 100, SGD 0.1", 50, 100, 0.1, 60_000),
)


class ByHand:
    """Two dense layers, ReLU, softmax with cross-entropy and gradient descent, as one would write them down."""

    def __init__(self, recipe: Recipe, weights: list[Array]) -> None:
        self.recipe = recipe
        self.W1, self.b1, self.W2, self.b2 = (weight.copy() for weight in weights)
        self.random = np.random.default_rng(0)

    def fit(self, x: Array, y: Array, epochs: int, shuffle: bool = True) -> tuple[float, float]:
        """Train and return (mean loss, accuracy) of the last epoch."""
        loss, right, size = 0.0, 0, self.recipe.batch_size
        for _ in range(epochs):
            loss, right = 0.0, 0
            order = self.random.permutation(len(x)) if shuffle else np.arange(len(x))
            for start in range(0, len(x), size):
                rows = order[start : start + size]
                batch_loss, batch_right = self.step(x[rows], y[rows])
                loss, right = loss + batch_loss, right + batch_right
        return loss / len(x), right / len(x)

    def step(self, x: Array, y: Array) -> tuple[float, int]:
        """Train on one batch and return (summed loss, number of right answers)."""
        z1 = x @ self.W1 + self.b1  # (batch, hidden)
        a1 = np.maximum(z1, 0)
        z2 = a1 @ self.W2 + self.b2  # (batch, 10)
        shifted = z2 - z2.max(axis=1, keepdims=True)
        exponentials = np.exp(shifted)
        sums = exponentials.sum(axis=1, keepdims=True)
        loss = float((np.log(sums[:, 0]) - (y * shifted).sum(axis=1)).sum())
        right = int((z2.argmax(axis=1) == y.argmax(axis=1)).sum())

        dz2 = (exponentials / sums - y) / len(x)
        dz1 = (dz2 @ self.W2.T) * (z1 > 0)
        rate = self.recipe.learning_rate
        self.W2 -= rate * (a1.T @ dz2)
        self.b2 -= rate * dz2.sum(axis=0)
        self.W1 -= rate * (x.T @ dz1)
        self.b1 -= rate * dz1.sum(axis=0)
        return loss, right


class Ours:
    """The same through the public API, held to the interpreter."""

    def __init__(self, recipe: Recipe, weights: list[Array]) -> None:
        self.recipe = recipe
        layers = [
            backlit.Input((784,)),
            backlit.layers.Dense(recipe.hidden, activation="relu"),
            backlit.layers.Dense(10, activation="softmax"),
        ]
        self.model = backlit.Sequential(layers)
        self.model.set_weights(weights)
        self.model.compile(
            optimizer=backlit.optimizers.SGD(recipe.learning_rate),
            loss="categorical_crossentropy",
            metrics=["accuracy"],
        )

    def fit(self, x: Array, y: Array, epochs: int, shuffle: bool = True) -> tuple[float, float]:
        """Train and return (mean loss, accuracy) of the last epoch."""
        size = self.recipe.batch_size
        history = self.model.fit(x, y, batch_size=size, epochs=epochs, shuffle=shuffle, verbose=0).history
        return history["loss"][-1], history["accuracy"][-1]


def first_weights(recipe: Recipe, dtype: str) -> list[Array]:
    """Return He-normal kernels and zero biases."""
    random = np.random.default_rng(42)
    sizes = (784, recipe.hidden, 10)
    weights: list[Array] = []
    for inputs, units in itertools.pairwise(sizes):
        weights.append((random.standard_normal((inputs, units)) * np.sqrt(2 / inputs)).astype(dtype))
        weights.append(np.zeros(units, dtype))
    return weights


def agreement(recipe: Recipe, dtype: str, x: Array, y: Array) -> str:
    """Train one epoch in order on both sides and return the two losses; raise if they are not the same training."""
    weights = first_weights(recipe, dtype)
    theirs = ByHand(recipe, weights).fit(x, y, 1, shuffle=False)
    ours = Ours(recipe, weights).fit(x, y, 1, shuffle=False)
    if not np.allclose(ours, theirs, rtol=1e-9 if dtype == "float64" else 1e-3):
        raise SystemExit(f"not the same training: interpreter (loss, accuracy) {ours}, by hand {theirs}")
    return f"{ours[0]:.6f} / {theirs[0]:.6f}"


def row(recipe: Recipe, dtype: str, rounds: int, epochs: int) -> str:
    """Measure one recipe in one precision and return its line of the table."""
    backlit.config.set_floatx(dtype)
    x, y, _ = digits.load(recipe.rows, dtype)
    losses = agreement(recipe, dtype, x, y)
    ours, theirs = Ours(recipe, first_weights(recipe, dtype)), ByHand(recipe, first_weights(recipe, dtype))
    timed = take_turns(
        {"interpreter": lambda: ours.fit(x, y, epochs), "by hand": lambda: theirs.fit(x, y, epochs)}, rounds
    )
    steps = epochs * -(-recipe.rows // recipe.batch_size)
    cells = [f"{timing.median / steps * 1e6:7.0f} ({timing.spread(1e6 / steps)})" for timing in timed.values()]
    ratio = median_ratio(timed["interpreter"], timed["by hand"])
    return f"| {recipe.name} | {dtype} | {' | '.join(cells)} | {ratio:.2f} | {losses} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="The interpreter against NumPy by hand.")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--epochs", type=int, default=3, help="epochs of one timed call")
    options = parser.parse_args()
    print(f"{machine()}; {digits.load(1, 'float32')[2]}")
    print(f"microseconds per step, median (min-max) of {options.rounds} rounds in turns, {options.epochs} whole epochs")
    print(f"each: shuffle, gather, step, loss and accuracy. Goal: ratio at most {GOAL}.\n")
    print("| network | dtype | interpreter | NumPy by hand | ratio | loss after one epoch: interpreter / by hand |")
    print("|---|---|---|---|---|---|", flush=True)
    for recipe in RECIPES:
        for dtype in ("float32", "float64"):
            print(row(recipe, dtype, options.rounds, options.epochs), flush=True)


if __name__ == "__main__":
    main()
