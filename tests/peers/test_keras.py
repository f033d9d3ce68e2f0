"""Models travel to Keras 3 and back, for every layer it has and every optimizer: outputs, weights, further training.

Keras runs on the back end `KERAS_BACKEND` names, TensorFlow if it is not set.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from export_cases import LAYERS, ROWS, WIDE, listed, made, row

import backlit as bl
from backlit import formats, layers, optimizers

pytest.importorskip("keras", reason="the extra `peers` is not installed: no keras")
keras = pytest.importorskip("keras.models", reason="the extra `peers` is not installed: no back end for keras")

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Keras' own ones
OURS_ALONE = {"subclass"}  # Keras rebuilds a subclassed model only from its own code
OPTIMIZERS = sorted({kind.__name__: kind for kind in optimizers.OPTIMIZERS.values()}.items())
TARGET = np.tanh(WIDE[:, :2]).astype("float32")


def close(ours: Any, theirs: Any, tolerance: float = 1e-6) -> None:
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(np.asarray(b), a, rtol=tolerance, atol=tolerance)


def predicted(model: Any, x: Any) -> list[Any]:
    return listed(model.predict(x, batch_size=ROWS, verbose=0))


@pytest.mark.parametrize("name", [name for name in LAYERS if name not in OURS_ALONE])
def test_a_network_goes_to_keras_and_back(name: str, tmp_path: Path) -> None:
    (model, _, ours), (_, x) = made(name), LAYERS[name]()
    model.save(tmp_path / "ours.keras")
    theirs = keras.load_model(tmp_path / "ours.keras")
    close(ours, predicted(theirs, x))
    theirs.save(tmp_path / "theirs.keras")
    theirs.save_weights(tmp_path / "theirs.weights.h5")
    again = formats.load_model(tmp_path / "theirs.keras")
    close(ours, predicted(again, x), 1e-7)
    for variable in again.weights:
        variable.assign(np.zeros(variable.shape, variable.dtype.name))
    again.load_weights(tmp_path / "theirs.weights.h5")
    close(ours, predicted(again, x), 1e-7)
    again.save_weights(tmp_path / "again.weights.h5")
    theirs.load_weights(tmp_path / "again.weights.h5")
    close(ours, predicted(theirs, x))


@pytest.mark.parametrize("name", [name for name in LAYERS if name not in OURS_ALONE])
def test_a_network_goes_to_keras_in_an_h5_file(name: str, tmp_path: Path) -> None:
    (model, _, ours), (_, x) = made(name), LAYERS[name]()
    model.save(tmp_path / "ours.h5")
    close(ours, predicted(keras.load_model(tmp_path / "ours.h5"), x))


@pytest.mark.parametrize(("name", "kind"), OPTIMIZERS)
def test_training_goes_on_after_an_h5_file(name: str, kind: Any, tmp_path: Path) -> None:
    bl.set_random_seed(1)
    model, _ = row(layers.Dense(5, "tanh"), layers.BatchNormalization(), layers.Dense(2))
    model.compile(kind(learning_rate=0.01), "mse", metrics=["mae", "accuracy"])
    trained(model, 2)
    model.save(tmp_path / "ours.h5")
    theirs, again = keras.load_model(tmp_path / "ours.h5"), formats.load_model(tmp_path / "ours.h5")
    assert type(theirs.optimizer).__name__ == name
    found = theirs.evaluate(WIDE, TARGET, verbose=0, return_dict=True)
    assert found == pytest.approx(model.evaluate(WIDE, TARGET, verbose=0, return_dict=True), abs=1e-5)
    for one in (model, theirs, again):
        trained(one, 1)  # Keras begins with fresh memory, we go on with ours
    close(model.get_weights(), again.get_weights(), 0.0)
    assert int(theirs.optimizer.iterations) < int(again.optimizer.iterations)


def trained(model: Any, epochs: int) -> None:
    model.fit(WIDE, TARGET, batch_size=3, epochs=epochs, shuffle=False, verbose=0)


@pytest.mark.parametrize(("name", "kind"), OPTIMIZERS)
def test_training_goes_on_with_the_memory_of_the_optimizer(name: str, kind: Any, tmp_path: Path) -> None:
    bl.set_random_seed(1)
    model, _ = row(layers.Dense(5, "tanh"), layers.BatchNormalization(), layers.Dense(2))
    model.compile(kind(learning_rate=0.01), "mse")
    trained(model, 2)
    model.save(tmp_path / "ours.keras")
    theirs = keras.load_model(tmp_path / "ours.keras")
    assert type(theirs.optimizer).__name__ == name
    theirs.save(tmp_path / "theirs.keras")
    again = formats.load_model(tmp_path / "theirs.keras")
    for one in (model, theirs, again):
        trained(one, 1)
    close(model.get_weights(), again.get_weights(), 1e-6)
    close(model.get_weights(), theirs.get_weights(), 2e-5)


def test_a_file_without_an_optimizer(tmp_path: Path) -> None:
    model, x, ours = made("mlp")
    model.save(tmp_path / "m.keras")
    theirs = keras.load_model(tmp_path / "m.keras")
    assert getattr(theirs, "optimizer", None) is None
    theirs.save(tmp_path / "m.keras")
    again = formats.load_model(tmp_path / "m.keras")
    assert again.optimizer is None
    close(ours, predicted(again, x[0]), 0.0)
