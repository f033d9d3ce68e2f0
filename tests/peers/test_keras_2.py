"""What Keras 2 writes into `.h5` files opens here: the same outputs, and training that goes on as Keras 2 goes on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from export_cases import WIDE

from backlit import formats
from backlit.errors import ModelFileError

keras = pytest.importorskip("tf_keras", reason="the extra `peers` is not installed: no tf_keras")
kl = keras.layers

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file"),
]
TARGET = np.tanh(WIDE[:, :2]).astype("float32")
OPTIMIZERS = ("SGD", "RMSprop", "Adam", "AdamW", "Adagrad", "Adadelta", "Adamax", "Ftrl")
OLD = tuple(name for name in OPTIMIZERS if name != "AdamW")
SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "clipped": {"clipnorm": 1.0},
    "averaged": {"use_ema": True, "ema_overwrite_frequency": 2},
    "scheduled": {"learning_rate": keras.optimizers.schedules.ExponentialDecay(0.01, 10, 0.5)},
}


def stack(*inner: Any) -> Any:
    return keras.Sequential([keras.Input((6,)), *inner])


def shared() -> Any:
    x, dense = keras.Input((6,)), kl.Dense(6, "tanh")
    y = kl.Concatenate()([kl.Add()([dense(x), dense(dense(x))]), kl.BatchNormalization()(x)])
    return keras.Model(x, kl.Dense(2)(y))


def merged() -> Any:
    x = keras.Input((6,))
    parts = [kl.Maximum()([x, kl.Dense(6)(x)]), kl.Minimum()([x, kl.Multiply()([x, x])]), kl.Subtract()([x, x])]
    return keras.Model(x, kl.Dense(2)(kl.Average()(parts)))


NETWORKS: dict[str, Callable[[], Any]] = {
    "mlp": lambda: stack(kl.Dense(5, "relu"), kl.Dropout(0.0), kl.Dense(2, "softmax")),
    "shape given to the first layer": lambda: keras.Sequential([kl.Dense(5, "relu", input_shape=(6,)), kl.Dense(2)]),
    "normalizations": lambda: stack(kl.BatchNormalization(), kl.LayerNormalization(), kl.Dense(2)),
    "activation layers": lambda: stack(
        kl.LeakyReLU(0.2), kl.ELU(), kl.ReLU(6.0), kl.PReLU(), kl.Softmax(), kl.Activation("selu"), kl.Dense(2)
    ),
    "rescaling": lambda: stack(kl.Rescaling(0.5, 1.0), kl.GaussianNoise(0.0), kl.Dense(2)),
    "shapes": lambda: stack(kl.Reshape((2, 3)), kl.Dense(3), kl.Flatten(), kl.Dense(2)),
    "settings": lambda: stack(
        kl.Dense(3, kernel_regularizer="l2", kernel_constraint="max_norm", kernel_initializer="he_normal"), kl.Dense(2)
    ),
    "activations": lambda: stack(
        *(
            kl.Dense(4, name)
            for name in ("elu", "exponential", "gelu", "selu", "softplus", "softsign", "swish", "mish")
        ),
        kl.Dense(2),
    ),
    "model in model": lambda: stack(stack(kl.Dense(4, "relu"), kl.BatchNormalization()), kl.Dense(2)),
    "shared layer": shared,
    "merged": merged,
}


def opened_alike(model: Any, path: Path, epochs: int = 1) -> None:
    """Save in Keras 2, open in both, compare outputs, train on in both, compare weights."""
    model.save(path)
    theirs, ours = keras.models.load_model(path), formats.load_model(path)
    np.testing.assert_allclose(ours.predict(WIDE, verbose=0), model.predict(WIDE, verbose=0), rtol=1e-6, atol=1e-6)
    assert (ours.optimizer is None) == (getattr(model, "optimizer", None) is None)
    if ours.optimizer is None:
        return
    for one in (theirs, ours):
        one.fit(WIDE, TARGET, batch_size=3, epochs=epochs, shuffle=False, verbose=0)
    for a, b in zip(theirs.get_weights(), ours.get_weights(), strict=True):
        np.testing.assert_allclose(b, a, rtol=5e-5, atol=5e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_networks(name: str, tmp_path: Path) -> None:
    keras.utils.set_random_seed(1)
    model = NETWORKS[name]()
    opened_alike(model, tmp_path / "bare.h5")
    model.save_weights(tmp_path / "weights.h5")
    (tmp_path / "weights.h5").rename(tmp_path / "alone.h5")
    ours = formats.load_model(tmp_path / "bare.h5")
    ours.set_weights([np.zeros_like(w) for w in ours.get_weights()])
    ours.load_weights(tmp_path / "alone.h5")
    np.testing.assert_allclose(ours.predict(WIDE, verbose=0), model.predict(WIDE, verbose=0), rtol=1e-6, atol=1e-6)
    assert "numbers" in formats.summary(tmp_path / "alone.h5")
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(WIDE, TARGET, verbose=0)
    opened_alike(model, tmp_path / "compiled.h5")


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_that_we_write(name: str, tmp_path: Path) -> None:
    keras.utils.set_random_seed(1)
    model = NETWORKS[name]()
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(WIDE, TARGET, verbose=0)
    model.save(tmp_path / "theirs.h5")
    formats.load_model(tmp_path / "theirs.h5").save(tmp_path / "ours.h5")
    again = keras.models.load_model(tmp_path / "ours.h5")
    np.testing.assert_allclose(again.predict(WIDE, verbose=0), model.predict(WIDE, verbose=0), rtol=1e-6, atol=1e-6)
    found = again.evaluate(WIDE, TARGET, verbose=0, return_dict=True)
    assert found == pytest.approx(model.evaluate(WIDE, TARGET, verbose=0, return_dict=True), abs=1e-5)


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers(name: str, settings: str, tmp_path: Path) -> None:
    keras.utils.set_random_seed(1)
    model = stack(kl.Dense(4, "tanh"), kl.Dense(2))
    model.compile(getattr(keras.optimizers, name)(**{"learning_rate": 0.01, **SETTINGS[settings]}), "mse")
    model.fit(WIDE, TARGET, batch_size=3, epochs=2, verbose=0)
    opened_alike(model, tmp_path / "m.h5")


@pytest.mark.parametrize("name", OLD)
def test_optimizers_from_before_2_11(name: str, tmp_path: Path) -> None:
    keras.utils.set_random_seed(1)
    model = stack(kl.Dense(4, "tanh"), kl.Dense(2))
    model.compile(getattr(keras.optimizers.legacy, name)(0.01), "mse")
    model.fit(WIDE, TARGET, batch_size=3, epochs=2, verbose=0)
    opened_alike(model, tmp_path / "m.h5")


LOSSES: list[tuple[Any, str | None, list[Any]]] = [
    ("binary_crossentropy", "sigmoid", ["accuracy"]),
    ("categorical_crossentropy", "softmax", ["accuracy", "AUC"]),
    (keras.losses.Huber(0.5), None, ["mse"]),
    (keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1), None, ["accuracy"]),
]


@pytest.mark.parametrize(("loss", "activation", "metrics"), LOSSES, ids=[str(i) for i in range(len(LOSSES))])
def test_losses_and_metrics(loss: Any, activation: str | None, metrics: list[Any], tmp_path: Path) -> None:
    model, truth = stack(kl.Dense(2, activation)), np.eye(2, dtype="float32")[(WIDE[:, 0] > 0).astype(int)]
    model.compile("sgd", loss, metrics=metrics)
    model.fit(WIDE, truth, verbose=0)
    model.save(tmp_path / "m.h5")
    ours, theirs = formats.load_model(tmp_path / "m.h5"), keras.models.load_model(tmp_path / "m.h5")
    a, b = (one.evaluate(WIDE, truth, verbose=0, return_dict=True) for one in (theirs, ours))
    assert set(a) == set(b)
    for key, value in a.items():
        assert b[key] == pytest.approx(value, abs=1e-5)


def test_a_function_that_has_changed_since_is_refused(tmp_path: Path) -> None:
    stack(kl.Dense(2, "hard_sigmoid")).save(tmp_path / "m.h5")
    with pytest.raises(ModelFileError, match="another function in Keras 2"):
        formats.load_model(tmp_path / "m.h5")
