"""Golden files of the `.keras` format: models saved by real Keras, what they predict, and the training step after."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
from keras import layers as kl

HERE = Path(__file__).resolve().parent / "archives"
N = 24


def sequential() -> tuple[keras.Model, np.ndarray, np.ndarray]:
    """A row of layers with every kind of setting: initializer, constraint, regularizer, moving statistics."""
    model = keras.Sequential(
        [
            kl.Input((4, 3)),
            kl.Rescaling(1 / 255),
            kl.Flatten(),
            kl.Dense(6, kernel_initializer=keras.initializers.HeNormal(seed=3), kernel_constraint="max_norm"),
            kl.LeakyReLU(negative_slope=0.1),
            kl.BatchNormalization(),
            kl.Dropout(0.0),
            kl.Dense(5, activation="tanh", kernel_regularizer=keras.regularizers.L1L2(1e-4, 1e-3)),
            kl.LayerNormalization(),
            kl.PReLU(),
            kl.Dense(3, activation="softmax"),
        ],
        name="row",
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    rng = np.random.default_rng(0)
    return model, rng.integers(0, 256, (N, 4, 3)).astype("float32"), np.arange(N) % 3


def functional() -> tuple[keras.Model, np.ndarray, np.ndarray]:
    """Branches, a model inside the model, a shared layer, a schedule, a loss and a metric as objects."""
    start = keras.Input((4,), name="start")
    inner = keras.Sequential([kl.Dense(4, activation="relu"), kl.BatchNormalization()], name="inner")
    shared = kl.Dense(4, name="shared")
    left = inner(start)
    both = kl.Add()([left, shared(start), shared(left)])
    out = kl.Dense(2, activation="sigmoid", name="out")(kl.Concatenate()([both, start]))
    model = keras.Model(start, out, name="drawing")
    schedule = keras.optimizers.schedules.ExponentialDecay(0.05, 100, 0.9)
    model.compile(
        keras.optimizers.SGD(schedule, momentum=0.9, nesterov=True, clipnorm=1.0),
        keras.losses.BinaryCrossentropy(label_smoothing=0.1),
        metrics=[keras.metrics.BinaryAccuracy(), "mae"],
    )
    rng = np.random.default_rng(1)
    return model, rng.normal(size=(N, 4)).astype("float32"), rng.integers(0, 2, (N, 2)).astype("float32")


def ends() -> tuple[keras.Model, np.ndarray, dict[str, np.ndarray]]:
    """Two outputs, by name."""
    start = keras.Input((4,))
    middle = kl.Dense(5, activation="relu")(start)
    outputs = {"a": kl.Dense(2, name="a")(middle), "b": kl.Dense(1, name="b")(middle)}
    model = keras.Model(start, outputs)
    model.compile("rmsprop", {"a": "mse", "b": "mae"}, loss_weights={"a": 1.0, "b": 0.5}, metrics={"a": ["mae"]})
    rng = np.random.default_rng(2)
    x = rng.normal(size=(N, 4)).astype("float32")
    return model, x, {"a": rng.normal(size=(N, 2)).astype("float32"), "b": rng.normal(size=(N, 1)).astype("float32")}


def make() -> None:
    """Write archives/*.keras and archives/archives.npz."""
    HERE.mkdir(exist_ok=True)
    found: dict[str, np.ndarray] = {}
    for build in (sequential, functional, ends):
        keras.utils.set_random_seed(7)
        model, x, y = build()
        name = build.__name__
        for _ in range(3):
            model.train_on_batch(x, y)
        model.save(HERE / f"{name}.keras")
        found[f"{name}/x"] = x
        for key, value in y.items() if isinstance(y, dict) else [("y", y)]:
            found[f"{name}/{key if isinstance(y, dict) else 'y'}"] = value
        predicted = model.predict(x, verbose=0)
        for key, value in predicted.items() if isinstance(predicted, dict) else [("predicted", predicted)]:
            found[f"{name}/predicted/{key}"] = value
        model.train_on_batch(x, y)
        for i, weight in enumerate(model.get_weights()):
            found[f"{name}/after/{i}"] = weight
    np.savez_compressed(HERE / "archives.npz", **found)
