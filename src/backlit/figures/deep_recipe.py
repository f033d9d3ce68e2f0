"""Our recipe for the network of notebook 000: the same layers and as much time, another way of training them.

The learning rate rises and then falls along a cosine to 0, so that the weights come to rest; batches are larger, and
the images move less: a digit turned by 30 degrees and halved in size is rare in the test set.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from .. import optimizers
from ..arrays import Array
from ..callbacks import Callback
from ..models import Sequential
from ..optimizers.schedules import CosineDecay
from ..seeds import set_random_seed
from .figure import Figure, Plan

BATCH, PEAK, START, WARMUP, DECAY = 256, 4e-3, 4e-4, 0.15, 0.01
MOVES: dict[str, Any] = {
    "rotation_range": 12, "width_shift_range": 0.08, "height_shift_range": 0.08, "zoom_range": 0.12, "shear_range": 12,
    "fill_mode": "constant",
}  # fmt: skip
TRIAL = 40  # steps that are timed, to know how many fit into the time
Fed = tuple[Array, Array, Array, Array]


class Steps(Callback):
    """Tells how much of the steps is done."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self._plan = plan

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Tell it."""
        self._plan.tell(f"our recipe, epoch {epoch + 1}", (epoch + 1) / (self.params or {}).get("epochs", 1))


def recipe_figure(
    network: Callable[[], Sequential], moving: Callable[..., dict[str, Any]], fed: Fed, plan: Plan, seconds: float,
    aside: str,
) -> Figure:  # fmt: skip
    """Train for `seconds` and return the accuracy on the test set, which was not looked at before."""
    x, y, x_test, y_test = fed
    data = moving(MOVES, x, y, BATCH)
    steps = -(-len(x) // BATCH)
    epochs = max(1, int(seconds / (steps * _seconds_a_step(network, data))))
    set_random_seed(0)
    model = network()
    _compile(model, epochs * steps)
    model.fit(**data, epochs=epochs, steps_per_epoch=steps, verbose=0, callbacks=[Steps(plan)])
    accuracy = model.evaluate(x_test, y_test, batch_size=1000, verbose=0)[1]
    return Figure(f"same network, our recipe, {counted(epochs)}", "", f"{accuracy:.4f}", aside)


def counted(epochs: int) -> str:
    """Return `1 epoch` or `2 epochs`."""
    return f"{epochs} epoch{'s' * (epochs != 1)}"


def _compile(model: Sequential, total: int) -> None:
    rise = max(1, int(WARMUP * total))
    rate = CosineDecay(START, max(1, total - rise), alpha=0.0, warmup_target=PEAK, warmup_steps=rise)
    model.compile(optimizers.AdamW(rate, weight_decay=DECAY), "categorical_crossentropy", metrics=["accuracy"])


def _seconds_a_step(network: Callable[[], Sequential], data: dict[str, Any]) -> float:
    """Train a throw-away network for a few steps; the first ones, in which it is compiled, are not timed."""
    model = network()
    _compile(model, TRIAL)
    model.fit(**data, epochs=1, steps_per_epoch=TRIAL // 4, verbose=0)
    start = time.perf_counter()
    model.fit(**data, epochs=1, steps_per_epoch=TRIAL, verbose=0)
    return (time.perf_counter() - start) / TRIAL
