"""Notebook 001: two functional models, Adam, batch 32, one-hot targets, validated on the test set.

Single epochs scatter more than the band of the notebook: with Keras 3.15.1 itself three seeds gave .9548 to .9574 and
.1451 to .1543 for the first epoch of the hidden network, where the notebook printed .9619 and .1323. So the mean over
the epochs and the last epoch are held to the band, every single epoch to twice the band.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .. import layers
from ..arrays import Array
from ..models import Model
from ..seeds import set_random_seed
from .figure import Digits, Figure, Plan, Ticks

LOGISTIC = [(0.9144, 0.3078), (0.9231, 0.2798), (0.9240, 0.2713), (0.9246, 0.2707), (0.9263, 0.2688), (0.9273, 0.2634)]
HIDDEN = [(0.9619, 0.1323), (0.9719, 0.0939), (0.9680, 0.0995), (0.9763, 0.0769), (0.9774, 0.0754), (0.9765, 0.0823)]
NETWORKS = [("784-10", (), LOGISTIC, (0.003, 0.006)), ("784-100-10", (100,), HIDDEN, (0.004, 0.012))]


def validation_figures(digits: Digits, hidden: tuple[int, ...], plan: Plan, part: str = "") -> Array:
    """Train six epochs and return val_accuracy and val_loss of each: (6, 2)."""
    (x, x_test), (y, y_test) = digits.single(), digits.one_hot()
    set_random_seed(2)
    inputs = h = layers.Input(shape=(784,))
    for units in hidden:
        h = layers.Dense(units, activation="relu")(h)
    model = Model(inputs=inputs, outputs=layers.Dense(10, activation="softmax")(h))
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    fitted = model.fit(
        x, y, epochs=6, batch_size=32, validation_data=(x_test, y_test), verbose=0, callbacks=[Ticks(plan, part)]
    )
    return np.array([fitted.history["val_accuracy"], fitted.history["val_loss"]]).T


def functional_figures(digits: Digits, plan: Plan) -> Iterator[Figure]:
    """Yield val_accuracy and val_loss of both networks: every epoch, the last one again, and the mean."""
    for part, hidden, printed, band in NETWORKS:
        reached = validation_figures(digits, hidden, plan, part)
        yield from against(part, np.array(printed), reached, np.array(band))


def against(part: str, printed: Array, reached: Array, band: Array) -> Iterator[Figure]:
    """Yield the figures of one network, both columns in one row."""
    for epoch, (wanted, got) in enumerate(zip(printed, reached, strict=True), 1):
        yield _pair(f"{part} epoch {epoch} val_accuracy/val_loss", wanted, got, 2 * band)
    yield _pair(f"{part} last epoch", printed[-1], reached[-1], band)
    yield _pair(f"{part} mean of the epochs", printed.mean(axis=0), reached.mean(axis=0), band)


def _pair(name: str, printed: Array, reached: Array, band: Array) -> Figure:
    allowed = "/".join(f"±{one:g}" for one in band)
    return Figure(name, _both(printed), _both(reached), allowed, bool((np.abs(reached - printed) <= band).all()))


def _both(pair: Array) -> str:
    return "/".join(f"{one:.4f}" for one in pair)
