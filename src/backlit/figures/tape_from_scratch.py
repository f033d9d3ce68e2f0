"""Notebook 003: the book's picture of training in Keras, then from scratch: weights, products, a gradient tape.

The first printed loss depends on the random weights alone; from batch 100 on the band holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .. import activations, layers, ops, random
from ..losses import sparse_categorical_crossentropy
from ..models import Sequential
from ..seeds import set_random_seed
from ..tensor import GradientTape, Tensor, Variable
from .figure import Digits, Figure, Plan, Ticks, exact, near

PRINTED = {  # (epoch, batch) -> loss
    (0, 0): 4.10, (0, 100): 2.25, (0, 200): 2.21, (0, 300): 2.10, (0, 400): 2.24,
    (1, 0): 1.93, (1, 100): 1.90, (1, 200): 1.84, (1, 300): 1.72, (1, 400): 1.85,
    (2, 0): 1.60, (3, 0): 1.34, (4, 0): 1.14, (5, 0): 0.99, (6, 0): 0.88, (7, 0): 0.80,
}  # fmt: skip
ACCURACY, EPOCHS, BATCH = 0.81, 10, 128
KERAS_EPOCHS, STEPS = 5, 469  # updates an epoch
QUICK_EPOCHS, QUICK_KERAS_EPOCHS = 1, 2
QUICK = (
    f"{QUICK_KERAS_EPOCHS} of {KERAS_EPOCHS} epochs of the Keras part, {QUICK_EPOCHS} of {EPOCHS} of the tape, without "
    "the accuracy at the end"
)
LOSS_BAND, ACCURACY_BAND = 0.1, 0.02


class Product:
    """y = activation(x W + b) with plain Variables, W uniform in [0, 0.1)."""

    def __init__(self, size_in: int, size_out: int, activation: Callable[[Any], Any]) -> None:
        self.activation = activation
        self.W = Variable(random.uniform((size_in, size_out), minval=0.0, maxval=0.1))
        self.b = Variable(np.zeros(size_out, "float32"))

    def __call__(self, x: Any) -> Tensor:
        return self.activation(ops.matmul(x, self.W) + self.b)


def train_from_scratch(digits: Digits, plan: Plan, epochs: int = EPOCHS) -> tuple[dict[tuple[int, int], float], float]:
    """Return the loss at every hundredth batch, by (epoch, batch), and the accuracy on the test set."""
    set_random_seed(0)
    x, x_test = digits.single()
    row = [Product(784, 512, activations.relu), Product(512, 10, ops.softmax)]
    weights = [w for layer in row for w in (layer.W, layer.b)]
    losses: dict[tuple[int, int], float] = {}
    for epoch in range(epochs):
        for batch, start in enumerate(range(0, len(x), BATCH)):
            with GradientTape() as tape:
                scores = row[1](row[0](x[start : start + BATCH]))
                loss = ops.mean(sparse_categorical_crossentropy(digits.y[start : start + BATCH], scores))
            for g, w in zip(tape.gradient(loss, weights), weights, strict=True):
                w.assign_sub(g * 1e-3)
            if batch % 100 == 0:
                losses[epoch, batch] = float(loss)
                plan.tell("tape", (epoch + batch / STEPS) / epochs)
    right = row[1](row[0](x_test)).numpy().argmax(axis=1) == digits.y_test
    return losses, float(right.mean())


def keras_steps(digits: Digits, plan: Plan, epochs: int = KERAS_EPOCHS) -> tuple[int, float]:
    """Train the Keras part, 784-512-10 with rmsprop; return the updates made and the test accuracy."""
    set_random_seed(0)
    x, x_test = digits.single()
    model = Sequential([layers.Dense(512, activation="relu"), layers.Dense(10, activation="softmax")])
    model.compile("rmsprop", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, digits.y, epochs=epochs, batch_size=BATCH, verbose=0, callbacks=[Ticks(plan, "Keras part")])
    accuracy = model.evaluate(x_test, digits.y_test, batch_size=1000, verbose=0)[1]
    return int(model.optimizer.iterations.numpy()), float(accuracy)


def tape_figures(digits: Digits, plan: Plan) -> Iterator[Figure]:
    """Yield the updates of the Keras part, the losses of the tape, and its accuracy (not with `quick`)."""
    epochs = QUICK_KERAS_EPOCHS if plan.quick else KERAS_EPOCHS
    steps, accuracy = keras_steps(digits, plan, epochs)
    yield exact(f"Keras part: {epochs} epochs, updates", str(epochs * STEPS), str(steps))
    yield Figure("Keras part: test accuracy", "not printed", f"{accuracy:.4f}")
    losses, accuracy = train_from_scratch(digits, plan, QUICK_EPOCHS if plan.quick else EPOCHS)
    for place, printed in PRINTED.items():
        if place in losses:
            name = f"tape: epoch {place[0]} loss at batch {place[1]}"
            first = place == (0, 0)
            yield _unheld(name, printed, losses[place]) if first else near(name, printed, losses[place], LOSS_BAND, 2)
    if not plan.quick:
        yield near("tape: accuracy", ACCURACY, accuracy, ACCURACY_BAND, 2)


def _unheld(name: str, printed: float, reached: float) -> Figure:
    return Figure(name, f"{printed:.2f}", f"{reached:.2f}", "its own random weights")
