"""Records what real Keras callbacks and its progress bar print and do, on a model and a clock made of paper.

`make_keras.py` runs it; `tests/test_callbacks.py` and `tests/test_progress.py` read `callbacks.json`.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import random
import tempfile
import warnings
from pathlib import Path
from typing import Any

import keras
import keras.src.utils.progbar as keras_progbar
import numpy as np

FOLDER = Path(__file__).parent


class Clock:
    """Stands in for the `time` module: it tells what it was set to."""

    def __init__(self, now: float) -> None:
        self.now = now

    def time(self) -> float:
        return self.now


class Paper:
    """A model as callbacks see it: its only weight is the number of the epoch."""

    def __init__(self, rate: float) -> None:
        self.optimizer = keras.optimizers.SGD(rate)
        self.stop_training = False
        self.weights = [np.array(-1)]

    def get_weights(self) -> list[Any]:
        return self.weights

    def set_weights(self, weights: list[Any]) -> None:
        self.weights = weights


def make() -> None:
    """Write `callbacks.json`."""
    table = {
        "progbar": progbar_cases(),
        "early_stopping": monitored(keras.callbacks.EarlyStopping, early_stopping_settings),
        "reduce_lr": monitored(keras.callbacks.ReduceLROnPlateau, reduce_lr_settings),
        "scheduler": scheduler_cases(),
        "csv": csv_cases(),
        "fit": fit_cases(),
    }
    rows = ",\n".join(
        f'"{key}": [\n' + ",\n".join(json.dumps(row) for row in rows) + "\n]" for key, rows in table.items()
    )
    (FOLDER / "callbacks.json").write_text("{\n" + rows + "\n}\n", "utf-8")


# --- the bar -----------------------------------------------------------------------------------------------------


def progbar_cases() -> list[dict[str, Any]]:
    rng = random.Random(1)
    settings = [{"target": target} for target in (None, 1, 5, 10, 999, 60000)]
    settings += [{"target": 7, "width": 30, "unit_name": "sample"}, {"target": 5, "stateful_metrics": ["accuracy"]}]
    cases = []
    paces = itertools.cycle((1e-5, 0.02, 3.7, 0.4, 400.0))
    for kwargs in settings:
        for verbose in (0, 1, 1, 1, 2, 2):
            updates = script(kwargs, next(paces), rng)
            cases.append(progbar_case({**kwargs, "verbose": verbose}, rng.random() < 0.5, updates))
    return cases


def script(kwargs: dict[str, Any], pace: float, rng: random.Random) -> list[Any]:
    """Return updates (time, step, values, finalize), some with several steps at once, values small and large."""
    target = kwargs["target"] or 6
    steps = sorted({rng.randint(1, target) for _ in range(4)} | {1, target})
    updates = []
    for step in steps:
        scale = rng.choice((1e-5, 1e-3, 1.0, 1e4))
        values = {"accuracy": rng.randint(0, 64) / 64, "loss": rng.randint(1, 640) / 64 * scale}
        updates.append([10 + pace * step * rng.uniform(0.9, 1.1), step, values, None if kwargs["target"] else False])
    updates.append([updates[-1][0] + pace, target, {**updates[-1][2], "val_loss": 0.25}, bool(kwargs["target"])])
    return updates


def progbar_case(kwargs: dict[str, Any], rewrites: bool, updates: list[Any]) -> dict[str, Any]:
    clock = Clock(10.0)
    keras_progbar.time = clock
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        bar = keras.utils.Progbar(**kwargs)
        bar._dynamic_display = rewrites
        for now, step, values, finalize in updates:
            clock.now = now
            bar.update(step, list(values.items()), finalize=finalize)
    return {"kwargs": kwargs, "rewrites": rewrites, "updates": updates, "text": out.getvalue()}


# --- callbacks on scripted results -------------------------------------------------------------------------------


def early_stopping_settings(rng: random.Random) -> dict[str, Any]:
    return {
        "monitor": rng.choice(("loss", "val_loss")),
        "patience": rng.choice((0, 0, 1, 2, 3)),
        "min_delta": rng.choice((0, 0, 0.03125, -0.0625)),
        "mode": rng.choice(("auto", "min", "max")),
        "baseline": rng.choice((None, None, 0.5)),
        "restore_best_weights": rng.random() < 0.5,
        "start_from_epoch": rng.choice((0, 0, 2)),
        "verbose": rng.choice((0, 1)),
    }


def reduce_lr_settings(rng: random.Random) -> dict[str, Any]:
    return {
        "monitor": "val_loss",
        "factor": rng.choice((0.1, 0.5, 0.2)),
        "patience": rng.choice((0, 1, 2)),
        "min_delta": rng.choice((1e-4, 0.03125)),
        "mode": rng.choice(("auto", "min", "max")),
        "cooldown": rng.choice((0, 0, 2)),
        "min_lr": rng.choice((0.0, 1e-4, 1e-3)),
        "verbose": rng.choice((0, 1)),
    }


def monitored(kind: type, settings: Any) -> list[dict[str, Any]]:
    rng = random.Random(2)
    cases = []
    for _ in range(40):
        kwargs = settings(rng)
        logs = [{"loss": rng.randint(1, 64) / 64, "val_loss": rng.randint(1, 64) / 64} for _ in range(8)]
        if rng.random() < 0.2:
            del logs[3]["val_loss"]
        cases.append({"kwargs": kwargs, "logs": logs, **play(kind(**kwargs), logs)})
    return cases


def play(callback: Any, logs: list[dict[str, float]], rate: float = 0.001) -> dict[str, Any]:
    """Call the hooks as a training of `len(logs)` epochs does and return what happened."""
    model, rates = Paper(rate), []
    callback.set_model(model)
    out = io.StringIO()
    with contextlib.redirect_stdout(out), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        callback.on_train_begin()
        for epoch, results in enumerate(logs):
            callback.on_epoch_begin(epoch)
            model.weights = [np.array(epoch)]
            callback.on_epoch_end(epoch, seen := dict(results))
            rates.append(seen.get("learning_rate"))
            if model.stop_training:
                break
        callback.on_train_end()
    return {"text": out.getvalue(), "epochs": len(rates), "rates": rates, "weights": int(model.weights[0])}


SCHEDULES = {
    "halve": lambda epoch, rate: rate * 0.5,
    "by epoch": lambda epoch: 0.1 / (1 + epoch),
    "numpy": lambda epoch, rate: np.float32(0.1) / np.float32(epoch + 1),
    "numpy 64": lambda epoch, rate: np.float64(rate) * np.exp(-0.1),
}


def scheduler_cases() -> list[dict[str, Any]]:
    cases = []
    for name, schedule in SCHEDULES.items():
        logs = [{"loss": 1.0}] * 4
        callback = keras.callbacks.LearningRateScheduler(schedule, verbose=1)
        cases.append({"schedule": name, "logs": logs, **play(callback, logs)})
    return cases


def csv_cases() -> list[dict[str, Any]]:
    both = {"loss": 0.25, "accuracy": 0.1, "val_loss": 1e-07}
    scripts = [
        [[{"loss": 0.25, "accuracy": 1 / 3}, {"loss": 1e-9, "accuracy": float("nan")}]],
        [[both, {"loss": 2.0, "accuracy": 0.5}, {**both, "other": 3.0}]],
        [[{"loss": 0.5}, {"loss": 0.25, "val_loss": 4.0}], [{"loss": 0.125}]],
        [[{"loss": 0.5, "learning_rate": 0.001}]],
        [[{"loss": 0.5, "vector": [1.0, 2.5], "text": "a,b"}]],
    ]
    return [csv_case(script, *options) for script in scripts for options in ((",", False), (";", True))]


def csv_case(script: list[Any], separator: str, append: bool) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.csv"
        for logs in script:
            play(keras.callbacks.CSVLogger(str(path), separator=separator, append=append), logs)
        text = path.read_bytes().decode()
    return {"script": script, "separator": separator, "append": append, "text": text}


# --- whole trainings ---------------------------------------------------------------------------------------------


class Tick(keras.callbacks.Callback):
    """Lets 60 ms pass in each training batch and 10 ms in each other one, and writes down the logs."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock
        self.calls: list[Any] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.clock.now += 0.06
        self.calls.append(["train_batch", batch, dict(logs)])

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        self.clock.now += 0.01
        self.calls.append(["test_batch", batch, dict(logs)])

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        self.clock.now += 0.01
        self.calls.append(["predict_batch", batch, {}])

    def on_test_end(self, logs: Any = None) -> None:
        self.calls.append(["test_end", None, dict(logs)])

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs["added"] = 0.5
        self.calls.append(["epoch_end", epoch, dict(logs)])


def fit_cases() -> list[dict[str, Any]]:
    return [
        fit_case(verbose, epochs, validation) for verbose in (1, 2) for epochs in (1, 2) for validation in (0.0, 0.25)
    ]


def fit_case(verbose: int, epochs: int, validation: float) -> dict[str, Any]:
    clock = Clock(10.0)
    keras_progbar.time = clock
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    x, y = np.random.rand(16, 3), np.arange(16) % 2
    tick = Tick(clock)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        kwargs = {"batch_size": 4, "verbose": verbose, "callbacks": [tick]}
        history = model.fit(x, y, epochs=epochs, validation_split=validation, **kwargs)
        model.evaluate(x, y, **kwargs)
        model.predict(x, **kwargs)
    settings = {"verbose": verbose, "epochs": epochs, "steps": history.params["steps"], "validation": bool(validation)}
    return {**settings, "calls": tick.calls, "text": out.getvalue(), "history": history.history, "epoch": history.epoch}
