"""A train_step written as Keras 2 taught it: its loss, metrics and weights are those of the step `fit` runs itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import backlit as bl
from backlit import layers
from backlit.errors import ConfigError

X = np.random.default_rng(0).normal(size=(24, 3)).astype("float32")
Y = (X[:, :1] > 0).astype("float32")
WEIGHT = np.linspace(0.1, 2.0, 24).astype("float32")


class OfKeras2(bl.Model):
    """The step of Keras 2's guide to customizing `fit`."""

    def train_step(self, data: Any) -> Any:
        x, y, *weight = data
        with bl.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compiled_loss(y, y_pred, *weight, regularization_losses=self.losses)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        self.compiled_metrics.update_state(y, y_pred, *weight)
        return {metric.name: metric.result() for metric in self.metrics}

    def _tested(self, data: Any) -> Any:
        x, y = data
        y_pred = self(x, training=False)
        self.compiled_loss(y, y_pred, regularization_losses=self.losses)
        return self.compute_metrics(x, y, y_pred)

    test_step = _tested  # under a name of its own: no test of ours


def network(kind: Any, eagerly: bool, *, several: bool = False) -> Any:
    bl.set_random_seed(4)
    inputs = bl.Input((3,))
    hidden = layers.Dense(4, "tanh", kernel_regularizer="l2", activity_regularizer="l2")(inputs)
    outputs = [layers.Dense(1, "sigmoid", name=f"out_{i}")(hidden) for i in range(1 + several)]
    model = kind(inputs, outputs if several else outputs[0])
    metrics = [["accuracy", "mae"], ["mse"]] if several else ["accuracy", "mae"]
    model.compile("adam", "binary_crossentropy", metrics=metrics, run_eagerly=eagerly)
    return model


@pytest.mark.parametrize("eagerly", [False, True])
@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_it_trains_as_fit_does(eagerly: bool, several: bool, weighted: bool) -> None:
    own, ours = network(OfKeras2, eagerly, several=several), network(bl.Model, eagerly, several=several)
    y = [Y, 1 - Y] if several else Y
    told = []
    for model in (own, ours):
        history = model.fit(
            X, y, sample_weight=WEIGHT if weighted else None, batch_size=10, epochs=3, shuffle=False, verbose=0
        )
        told.append((history.history, model.evaluate(X, y, verbose=0, return_dict=True)))
    assert told[0][0].keys() == told[1][0].keys()
    for name, values in told[1][0].items():
        np.testing.assert_allclose(told[0][0][name], values, rtol=1e-5)
    assert told[0][1] == pytest.approx(told[1][1], rel=1e-5)
    for a, b in zip(own.get_weights(), ours.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_their_means_can_be_started_anew() -> None:
    model = network(OfKeras2, True)
    assert model.compiled_loss.metrics == model.compiled_metrics.metrics == []
    loss = model.compiled_loss(Y, model(X))
    model.compiled_metrics.update_state(Y, model(X))
    assert [m.name for m in model.compiled_metrics.metrics] == ["accuracy", "mae"]
    assert float(model.compiled_loss.metrics[0].result()) == pytest.approx(float(loss), rel=1e-6)
    model.compiled_loss.reset_states()
    assert float(model.compiled_loss.metrics[0].result()) == 0
    assert float(model.metrics[2].result()) > 0


def test_a_model_that_is_not_compiled_says_so() -> None:
    with pytest.raises(ConfigError, match="compile"):
        bl.Sequential([layers.Dense(1)]).compiled_loss(Y, Y)
