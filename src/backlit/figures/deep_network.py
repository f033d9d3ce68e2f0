"""Notebook 000: seven hidden layers, images moved about, trained until the loss on the test set stops falling.

It printed no figures, so what is held is its size, its epochs and its file; the accuracy stands beside that of the same
network trained in as much time with our recipe (`deep_recipe`).
"""

from __future__ import annotations

import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from .. import layers, optimizers
from ..arrays import Array
from ..callbacks import Callback, EarlyStopping, ReduceLROnPlateau
from ..errors import LintWarning
from ..models import Sequential
from ..preprocessing.image import ImageDataGenerator, NumpyArrayIterator
from ..seeds import set_random_seed
from .deep_recipe import counted, recipe_figure
from .figure import Digits, Figure, Plan

PARAMETERS, STEPS, BATCH, EPOCHS = 2_565_290, 937, 64, 300
UNITS = (1024, 1024, 512, 256, 128, 64, 32)
MOVES: dict[str, Any] = {
    "rotation_range": 30, "width_shift_range": 0.3, "height_shift_range": 0.3, "zoom_range": 0.5, "shear_range": 0.5,
    "fill_mode": "nearest",
}  # fmt: skip
ONE_EPOCH = 1e-9  # seconds: no second epoch fits
QUICK = "one epoch, without our recipe"


class WithinBudget(Callback):
    """Stops when another epoch would take longer than the time that is left, and counts epochs and their steps."""

    def __init__(self, plan: Plan, part: str, seconds: float) -> None:
        super().__init__()
        self.steps: list[int] = []
        self.best = np.inf
        self.cut = False
        self._plan, self._part, self._seconds = plan, part, seconds
        self._start = time.perf_counter()
        self._before = 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Start the clock with the first epoch."""
        if epoch == 0:
            self._start = time.perf_counter()
        self._before = int(self.model.optimizer.iterations.numpy())

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Stop where the next epoch does not fit."""
        self.steps.append(int(self.model.optimizer.iterations.numpy()) - self._before)
        spent = time.perf_counter() - self._start
        loss = (logs or {}).get("val_loss", np.nan)
        self.best = min(self.best, loss)
        self._plan.tell(f"{self._part}, epoch {epoch + 1}, val_loss {self.best:.4f}", min(1.0, spent / self._seconds))
        if spent + spent / len(self.steps) > self._seconds and not self.model.stop_training:
            self.cut = self.model.stop_training = True


def deep_network() -> Sequential:
    """Return the network of the notebook, which is not compiled yet."""
    stack: list[Any] = [layers.Input((28, 28, 1)), layers.Flatten()]
    for units in UNITS:
        stack += [
            layers.Dense(units), layers.LeakyReLU(negative_slope=0.1), layers.BatchNormalization(), layers.Dropout(0.5),
        ]  # fmt: skip
    return Sequential([*stack, layers.Dense(10, activation="softmax")])


def moving(moves: dict[str, Any], x: Array, y: Array, batch_size: int) -> NumpyArrayIterator:
    """Return the flow of images moved about that `fit` is given."""
    return ImageDataGenerator(**moves).flow(x, y, batch_size=batch_size)


def images(digits: Digits) -> tuple[Array, Array, Array, Array]:
    """Return x, y, x_test, y_test as the notebook has them: float32 (n, 28, 28, 1) and one-hot rows."""
    (x, x_test), (y, y_test) = digits.single(), digits.one_hot()
    return x.reshape(-1, 28, 28, 1), y, x_test.reshape(-1, 28, 28, 1), y_test


def train_deep(digits: Digits, plan: Plan, seconds: float) -> tuple[Sequential, WithinBudget]:
    """Train to the notebook's own early stopping rule, or until the seconds are used up."""
    x, y, x_test, y_test = images(digits)
    set_random_seed(0)
    model = deep_network()
    model.compile(optimizers.Adam(0.001), "categorical_crossentropy", metrics=["accuracy"])
    budget = WithinBudget(plan, "its own recipe", seconds)
    rules: list[Callback] = [
        ReduceLROnPlateau(monitor="val_loss", factor=0.5, patience=10, min_lr=1e-6),
        EarlyStopping(monitor="val_loss", patience=15, restore_best_weights=True),
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LintWarning)  # what the notebook does is repeated, not improved
        model.fit(
            moving(MOVES, x, y, BATCH),
            epochs=EPOCHS,
            steps_per_epoch=STEPS,
            validation_data=(x_test, y_test),
            validation_batch_size=1000,
            verbose=0,
            callbacks=[*rules, budget],
        )
    return model, budget


def deep_figures(digits: Digits, plan: Plan) -> Iterator[Figure]:
    """Yield size, steps and file, which are held, and the accuracies of both recipes, which are not."""
    seconds = ONE_EPOCH if plan.quick else plan.budget
    model, budget = train_deep(digits, plan, seconds)
    count = model.count_params()
    yield Figure("parameters", f"{PARAMETERS:,}", f"{count:,}", "exact", count == PARAMETERS)
    every = sorted(set(budget.steps))
    yield Figure("steps of every epoch", str(STEPS), ", ".join(map(str, every)), "exact", every == [STEPS])
    x, y, x_test, y_test = images(digits)
    yield _file(model, x_test[:100])
    accuracy = model.evaluate(x_test, y_test, batch_size=1000, verbose=0)[1]
    cut = "of --quick" if plan.quick else "cut by the budget"
    end = cut if budget.cut else "stopped by its own rule"
    yield Figure(f"test accuracy, {counted(len(budget.steps))}, {end}", "not printed", f"{accuracy:.4f}")
    if not plan.quick:
        fed = (x, y, x_test, y_test)
        yield recipe_figure(deep_network, moving, fed, plan, seconds)


def _file(model: Sequential, x: Array) -> Figure:
    """Save the network as the notebook does, open it again, and compare what it says about a few digits `x`."""
    from ..formats import load_model

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mnist_model_bp_x4.keras"
        model.save(path)
        again = load_model(path)
    same = bool((again.predict(x, verbose=0) == model.predict(x, verbose=0)).all())
    return Figure("saved .keras file", "opens", "opens, same bits" if same else "opens, other numbers", "exact", same)
