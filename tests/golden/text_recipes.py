"""What is written while one works: summaries, progress lines, callback messages, the CSV log.

Like model_recipes: done once with Keras for the golden file, once with Backlit in the test. `k` is the library,
`clear` forgets its automatic names.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Build = Callable[[Any], Any]


# --- summaries -----------------------------------------------------------------------------------------------------


def mlp(k: Any) -> Any:
    """784-100-10."""
    dense = k.layers.Dense
    return k.models.Sequential([k.layers.Input(shape=(784,)), dense(100, activation="relu"), dense(10)])


def deep(k: Any) -> Any:
    """Flatten and two blocks with normalization: names that wrap."""
    layers = k.layers
    blocks = [
        part
        for units in (1024, 512)
        for part in (
            layers.Dense(units),
            layers.LeakyReLU(negative_slope=0.1),
            layers.BatchNormalization(),
            layers.Dropout(0.5),
        )
    ]
    return k.models.Sequential([layers.Input(shape=(28, 28, 1)), layers.Flatten(), *blocks, layers.Dense(10)])


def unbuilt(k: Any) -> Any:
    """Without an input shape."""
    return k.models.Sequential([k.layers.Dense(4), k.layers.BatchNormalization(), k.layers.Dense(2)])


def empty(k: Any) -> Any:
    """Nothing at all, but a name of its own."""
    return k.models.Sequential(name="nothing_yet")


def chain(k: Any) -> Any:
    """A functional model that is a plain chain."""
    inputs = k.layers.Input(shape=(784,), name="pixels")
    hidden = k.layers.Dense(100, activation="relu", name="hidden")(inputs)
    return k.models.Model(inputs=inputs, outputs=k.layers.Dense(10, name="digits")(hidden), name="chain")


def forked(k: Any) -> Any:
    """Branches, merges, a shared layer."""
    layers = k.layers
    inputs = layers.Input(shape=(6,))
    shared = layers.Dense(5, activation="relu")
    joined = layers.Concatenate()([layers.Add()([shared(inputs), shared(layers.Rescaling(0.5)(inputs))]), inputs])
    return k.models.Model(inputs, layers.Dense(3, name="a_very_long_layer_name_that_cannot_fit")(joined))


def many(k: Any) -> Any:
    """Two inputs, two outputs."""
    left = k.layers.Input(shape=(4,), name="left")
    right = k.layers.Input(shape=(3,), name="right")
    hidden = k.layers.Dense(8)(k.layers.Concatenate()([left, right]))
    outputs = [k.layers.Dense(2, name="kind")(hidden), k.layers.Dense(1, name="size")(hidden)]
    return k.models.Model(inputs=[left, right], outputs=outputs)


def nested(k: Any) -> Any:
    """A model used as a layer."""
    inner = k.models.Sequential([k.layers.Input(shape=(6,)), k.layers.Dense(4), k.layers.Dense(3)], name="inner")
    inputs = k.layers.Input(shape=(6,))
    return k.models.Model(inputs, k.layers.Dense(2)(inner(inputs)))


def frozen(k: Any) -> Any:
    """The first layer is not trainable."""
    model = deep(k)
    model.layers[1].trainable = False
    return model


def compiled(k: Any) -> Any:
    """Compiled, not trained."""
    model = mlp(k)
    model.compile("adam", "mse")
    return model


def trained(k: Any) -> Any:
    """One epoch with Adam: the optimizer's numbers count."""
    model = compiled(k)
    model.fit(np.zeros((4, 784), "float32"), np.zeros((4, 10), "float32"), verbose=0)
    return model


def trained_by(name: str) -> Build:
    """Return a recipe for a small model trained with another optimizer."""

    def build(k: Any) -> Any:
        model = k.models.Sequential([k.layers.Input(shape=(3,)), k.layers.Dense(2), k.layers.BatchNormalization()])
        model.compile(name, "mse")
        model.fit(np.zeros((4, 3), "float32"), np.zeros((4, 2), "float32"), verbose=0)
        return model

    return build


SUMMARIES: dict[str, tuple[Build, int, dict[str, Any]]] = {
    # name: (model, terminal columns, summary arguments)
    "mlp": (mlp, 80, {}),
    "mlp-wide-terminal": (mlp, 200, {}),
    "mlp-narrow-terminal": (mlp, 50, {}),
    "mlp-60": (mlp, 200, {"line_length": 60}),
    "mlp-80": (mlp, 200, {"line_length": 80}),
    "mlp-100": (mlp, 200, {"line_length": 100}),
    "mlp-positions": (mlp, 200, {"positions": [0.5, 0.75, 1.0]}),
    "deep": (deep, 80, {}),
    "deep-88": (deep, 200, {}),
    "deep-100": (deep, 200, {"line_length": 100}),
    "unbuilt": (unbuilt, 80, {}),
    "empty": (empty, 80, {}),
    "chain": (chain, 80, {}),
    "forked": (forked, 80, {}),
    "forked-wide": (forked, 200, {}),
    "forked-100": (forked, 200, {"line_length": 100}),
    "many": (many, 200, {}),
    "nested": (nested, 80, {}),
    "nested-expanded": (nested, 80, {"expand_nested": True}),
    "frozen": (frozen, 80, {"show_trainable": True}),
    "frozen-forked": (forked, 200, {"show_trainable": True}),
    "range": (deep, 80, {"layer_range": ["dense", "dropout"]}),
    "compiled": (compiled, 80, {}),
    "trained": (trained, 80, {}),
    **{f"trained-{name}": (trained_by(name), 80, {}) for name in ("sgd", "rmsprop", "adamax", "nadam", "lion")},
}


def summary(k: Any, clear: Callable[[], Any], name: str) -> str:
    """Return what `model.summary(print_fn=...)` hands over."""
    build, columns, options = SUMMARIES[name]
    clear()
    pieces: list[str] = []
    with terminal(columns):
        build(k).summary(print_fn=lambda text, **_: pieces.append(text), **options)
    return "\n".join(line.rstrip() for line in "\n".join(pieces).rstrip("\n").split("\n"))


@contextlib.contextmanager
def terminal(columns: int) -> Iterator[None]:
    """Pretend that the terminal has so many columns."""
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = str(columns)
    try:
        yield
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before


# --- callbacks -----------------------------------------------------------------------------------------------------


def scripted(k: Any, **columns: list[float]) -> Any:
    """Return a callback that puts given numbers into the logs of each epoch."""

    class Scripted(k.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            for key, values in columns.items():
                logs[key] = values[min(epoch, len(values) - 1)]

    return Scripted()


FLAT = [1.0, 0.9, 0.9, 0.95, 0.91, 0.92, 0.9, 0.93, 0.94, 0.95]
CALLBACKS: dict[str, tuple[str, list[tuple[str, dict[str, Any]]], dict[str, list[float]], int]] = {
    # name: (what the fit prints at verbose, callbacks, scripted logs, epochs)
    "early-stopping": ("0", [("EarlyStopping", {"patience": 2, "verbose": 1})], {"val_loss": FLAT}, 10),
    "early-stopping-restore": (
        "0",
        [("EarlyStopping", {"patience": 2, "verbose": 1, "restore_best_weights": True})],
        {"val_loss": FLAT},
        10,
    ),
    "early-stopping-not-stopped": (
        "0",
        [("EarlyStopping", {"patience": 9, "verbose": 1, "restore_best_weights": True})],
        {"val_loss": FLAT},
        4,
    ),
    "early-stopping-max": (
        "0",
        [("EarlyStopping", {"monitor": "val_accuracy", "mode": "max", "min_delta": 0.05, "verbose": 1, "patience": 1})],
        {"val_accuracy": [0.1, 0.3, 0.34, 0.5, 0.52, 0.53]},
        6,
    ),
    "early-stopping-baseline": (
        "0",
        [("EarlyStopping", {"baseline": 0.5, "patience": 2, "verbose": 1, "restore_best_weights": True})],
        {"val_loss": FLAT},
        6,
    ),
    "early-stopping-late": (
        "0",
        [("EarlyStopping", {"start_from_epoch": 3, "patience": 1, "verbose": 1})],
        {"val_loss": FLAT},
        10,
    ),
    "plateau": (
        "0",
        [("ReduceLROnPlateau", {"patience": 2, "factor": 0.5, "min_lr": 1e-4, "verbose": 1})],
        {"val_loss": FLAT},
        10,
    ),
    "plateau-cooldown": (
        "0",
        [("ReduceLROnPlateau", {"patience": 1, "factor": 0.1, "cooldown": 2, "min_lr": 0.0005, "verbose": 1})],
        {"val_loss": FLAT},
        10,
    ),
    "plateau-max": (
        "0",
        [("ReduceLROnPlateau", {"monitor": "val_accuracy", "mode": "max", "patience": 1, "verbose": 1})],
        {"val_accuracy": [0.1, 0.3, 0.2, 0.5, 0.5, 0.50005]},
        6,
    ),
    "scheduler": ("0", [("LearningRateScheduler", {"verbose": 1})], {}, 4),
    "terminate-on-nan": ("0", [("TerminateOnNaN", {})], {}, 4),
    "both": (
        "2",
        [
            ("ReduceLROnPlateau", {"patience": 1, "factor": 0.5, "verbose": 1}),
            ("EarlyStopping", {"patience": 3, "verbose": 1, "restore_best_weights": True}),
        ],
        {"val_loss": FLAT},
        10,
    ),
}


def schedule(epoch: int, rate: float) -> float:
    """Halve the rate, from the second epoch on."""
    return rate * 0.5 if epoch else rate


def callbacks(k: Any, name: str) -> dict[str, Any]:
    """Fit a tiny model under the callbacks; return what was printed and the history."""
    verbose, wanted, logs, epochs = CALLBACKS[name]
    extra = {"LearningRateScheduler": (schedule,)}
    made = [getattr(k.callbacks, cls)(*extra.get(cls, ()), **options) for cls, options in wanted]
    model, x, y = tiny(k)
    if name == "terminate-on-nan":
        y = np.full_like(y, 1e30)  # whose square is infinite in float32
    with contextlib.redirect_stdout(io.StringIO()) as out:
        history = model.fit(
            x, y, epochs=epochs, batch_size=2, verbose=int(verbose), callbacks=[scripted(k, **logs), *made]
        )
    keys = [*logs, *(["learning_rate"] if "learning_rate" in history.history else [])]
    return {
        "printed": mask(out.getvalue()),
        "epochs": list(history.epoch),
        "history": {key: [float(v) for v in history.history[key]] for key in keys},
        "keys": list(history.history),
        "learning_rate": float(np.asarray(model.optimizer.learning_rate)),
    }


def tiny(k: Any) -> tuple[Any, NDArray[np.float32], NDArray[np.float32]]:
    """Return a compiled 2-1 model with zero weights, which nothing moves, and its data."""
    model = k.models.Sequential([k.layers.Input(shape=(2,)), k.layers.Dense(1, kernel_initializer="zeros")])
    model.compile(k.optimizers.SGD(learning_rate=0.01), "mse", metrics=["mae"])
    return model, np.zeros((4, 2), "float32"), np.zeros((4, 1), "float32")


def csv_log(k: Any, folder: Path, options: dict[str, Any], logs: dict[str, list[float]], runs: int) -> str:
    """Return the file that CSVLogger writes."""
    path = folder / "log.csv"
    path.unlink(missing_ok=True)
    for _ in range(runs):
        model, x, y = tiny(k)
        made = [scripted(k, **logs), k.callbacks.CSVLogger(str(path), **options)]
        model.fit(x, y, epochs=3, batch_size=2, verbose=0, callbacks=made)
    return path.read_bytes().decode("utf-8")


CSV: dict[str, tuple[dict[str, Any], dict[str, list[float]], int]] = {
    "plain": ({}, {}, 1),
    "validation": ({}, {"val_loss": [0.5, 0.25, 0.125], "val_mae": [1e-5, 2.0, 1 / 3]}, 1),
    "semicolon": ({"separator": ";"}, {"val_loss": [0.5]}, 1),
    "append": ({"append": True}, {"val_loss": [0.5]}, 2),
    "overwrite": ({}, {"val_loss": [0.5]}, 2),
}


# --- progress lines ------------------------------------------------------------------------------------------------


def mask(text: str) -> str:
    """Replace every duration by a fixed one; keep of a redrawn line what is left in the end."""
    text = re.sub(r"\d+(us|ms|s)/step", "1ms/step", text)
    text = re.sub(r"(\x1b\[1m)(\d+s|\d+:\d\d)", r"\g<1>0s", text)
    return re.sub(r"- \d+s -", "- 0s -", text)


def fit_text(k: Any, verbose: int, method: str) -> str:
    """Return what fit, evaluate or predict prints with this `verbose`, times masked."""
    model, x, y = tiny(k)
    y = y + 2
    with contextlib.redirect_stdout(io.StringIO()) as out:
        if method == "fit":
            model.fit(x, y, epochs=2, batch_size=2, verbose=verbose, validation_data=(x, y), shuffle=False)
        elif method == "fit-one-epoch":
            model.fit(x, y, epochs=1, batch_size=2, verbose=verbose, shuffle=False)
        elif method == "evaluate":
            model.evaluate(x, y, batch_size=2, verbose=verbose)
        else:
            model.predict(x, batch_size=2, verbose=verbose)
    return last_states(mask(out.getvalue()))


def last_states(text: str) -> str:
    """Keep the last state of every bar: how often it is redrawn depends on the clock."""
    text = re.sub(r"[\b\r]+", "\n", text)
    kept: list[str] = []
    for line in (line.rstrip() for line in text.split("\n")):
        if not line:
            continue
        if kept and is_bar(kept[-1]) and is_bar(line):
            kept.pop()
        kept.append(line)
    return "\n".join(kept)


def is_bar(line: str) -> bool:
    """Say whether the line is a drawn bar."""
    return "━" in line or "Unknown" in line
