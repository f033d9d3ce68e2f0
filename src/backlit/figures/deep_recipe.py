"""Our recipe for the network of notebook 000: the same layers and as much time, another way of training them.

The learning rate rises and then falls along a cosine to 0, so that the weights come to rest; batches are larger, and
the images move less: a digit turned by 30 degrees and halved in size is rare in the test set.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

from .. import optimizers
from ..arrays import Array
from ..callbacks import Callback
from ..models import Sequential
from ..seeds import set_random_seed
from .figure import Figure, Plan

BATCH, PEAK, WARMUP, DECAY = 256, 4e-3, 0.15, 0.01
MOVES: dict[str, Any] = {
    "rotation_range": 12, "width_shift_range": 0.08, "height_shift_range": 0.08, "zoom_range": 0.12, "shear_range": 12,
    "fill_mode": "constant",
}  # fmt: skip
MOST_EPOCHS = 10_000
Fed = tuple[Array, Array, Array, Array]


def rate_at(share: float) -> float:
    """Return the learning rate when `share` of the time is gone: a straight rise to the peak, then half a cosine."""
    if share < WARMUP:
        return PEAK * (0.1 + 0.9 * share / WARMUP)
    return PEAK * 0.5 * (1.0 + math.cos(math.pi * min(1.0, (share - WARMUP) / (1.0 - WARMUP))))


class CosineOfTime(Callback):
    """Sets the learning rate of each epoch by the time at its middle, and stops before one that does not fit."""

    def __init__(self, plan: Plan, seconds: float) -> None:
        super().__init__()
        self.epochs = 0
        self._plan, self._seconds = plan, seconds
        self._start = time.perf_counter()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Set the rate."""
        if epoch == 0:
            self._start = time.perf_counter()
        spent = time.perf_counter() - self._start
        middle = spent * (1.0 + 0.5 / epoch) if epoch else 0.0
        self.model.optimizer.learning_rate = rate_at(middle / self._seconds)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Stop where the next epoch does not fit."""
        self.epochs += 1
        spent = time.perf_counter() - self._start
        self._plan.tell(f"our recipe, {counted(self.epochs)}", min(1.0, spent / self._seconds))
        if spent + spent / self.epochs > self._seconds:
            self.model.stop_training = True


def recipe_figure(
    network: Callable[[], Sequential], moving: Callable[..., Any], fed: Fed, plan: Plan, seconds: float
) -> Figure:
    """Train for `seconds` and return the accuracy on the test set, which was not looked at before."""
    x, y, x_test, y_test = fed
    set_random_seed(0)
    model = network()
    model.compile(optimizers.AdamW(PEAK, weight_decay=DECAY), "categorical_crossentropy", metrics=["accuracy"])
    cosine = CosineOfTime(plan, seconds)
    steps = -(-len(x) // BATCH)
    data = moving(MOVES, x, y, BATCH)
    model.fit(data, epochs=MOST_EPOCHS, steps_per_epoch=steps, verbose=0, callbacks=[cosine])
    accuracy = model.evaluate(x_test, y_test, batch_size=1000, verbose=0)[1]
    return Figure(f"same network, our recipe, {counted(cosine.epochs)}", "", f"{accuracy:.4f}")


def counted(epochs: int) -> str:
    """Return `1 epoch` or `2 epochs`."""
    return f"{epochs} epoch{'s' * (epochs != 1)}"
