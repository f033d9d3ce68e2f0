"""Notebook 002: 784-128-10 by hand in float64, with NumPy's own random numbers: every printed digit is the same.

Ours is `fit`, given the same first weights and the same order of the examples.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .. import layers, optimizers
from ..arrays import Array
from ..models import Sequential
from .figure import Digits, Figure, Plan, double_precision, exact

LOSSES = (
    ".3238", ".2219", ".2007", ".0897", ".1276", ".0807", ".0540", ".0392", ".0189", ".0523",
    ".0148", ".0100", ".0606", ".0419", ".0110", ".1207", ".1000", ".0052", ".0163", ".0418",
)  # fmt: skip
ACCURACY = "0.9739"
QUICK_EPOCHS = 10
QUICK = f"{QUICK_EPOCHS} of {len(LOSSES)} epochs, without the accuracy at the end"
BATCH = 128
STEPS = 438  # of 56,000 examples; the last batch has 64


def train_by_hand(digits: Digits, plan: Plan, epochs: int = len(LOSSES)) -> tuple[list[float], float]:
    """Return the loss at the end of each epoch and the accuracy on the 14,000 examples held out."""
    with double_precision():
        x, y = np.concatenate([digits.x, digits.x_test]), np.concatenate([digits.y, digits.y_test])  # OpenML's order
        order = np.random.RandomState(42).permutation(70_000)
        held_out, train = order[:14_000], order[14_000:]
        generator = np.random.RandomState(42)
        hidden = [generator.randn(784, BATCH) * np.sqrt(2 / 784), np.zeros(BATCH)]
        weights = [*hidden, generator.randn(BATCH, 10) * np.sqrt(2 / BATCH), np.zeros(10)]
        model = Sequential([layers.Input((784,)), layers.Dense(128, "relu"), layers.Dense(10, "softmax")])
        model.set_weights(weights)
        model.compile(optimizers.SGD(0.2), "categorical_crossentropy")
        losses: list[float] = []
        for shuffled in _orders(x, y, train, generator, epochs):
            losses.append(_epoch(model, *shuffled))
            plan.tell("784-128-10", len(losses) / epochs)
        right = model.predict(x[held_out], batch_size=2000, verbose=0).argmax(axis=1) == y[held_out]
    return losses, float(right.mean())


def _orders(
    x: Array, y: Array, train: Array, generator: np.random.RandomState, epochs: int
) -> Iterator[tuple[Array, Array]]:
    """Yield the training examples in the order of each epoch, always in the same two arrays."""
    images, targets = np.empty((len(train), x.shape[1])), np.empty((len(train), 10))
    for _ in range(epochs):
        shuffled = train[generator.permutation(len(train))]
        np.take(x, shuffled, axis=0, out=images, mode="clip")  # the other modes fill a second array first
        np.take(np.eye(10), y[shuffled], axis=0, out=targets, mode="clip")
        yield images, targets


def _epoch(model: Sequential, x: Array, y: Array) -> float:
    """Train one epoch and return the loss of its last batch: the first steps in one `fit`, the last one in another."""
    last = (STEPS - 1) * BATCH
    for start, end in ((0, last), (last, len(x))):
        fitted = model.fit(x[start:end], y[start:end], batch_size=BATCH, shuffle=False, verbose=0)
    return fitted.history["loss"][0]


def by_hand_figures(digits: Digits, plan: Plan) -> Iterator[Figure]:
    """Yield the 20 losses to four decimals, and the accuracy (the first ten losses with `quick`)."""
    losses, accuracy = train_by_hand(digits, plan, QUICK_EPOCHS if plan.quick else len(LOSSES))
    for epoch, (printed, loss) in enumerate(zip(LOSSES, losses, strict=False), 1):
        yield exact(f"epoch {epoch} loss of the last batch", printed, f"{loss:.4f}".lstrip("0"))
    if not plan.quick:
        yield exact("test accuracy", ACCURACY, f"{accuracy:.4f}")
