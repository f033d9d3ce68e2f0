"""Looking inside finds what was put there: networks broken on purpose get the right diagnosis, functions their graph.

The tutorial docs/tutorials/05-when-it-does-not-learn.md shows the same diseases to readers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import backlit as bl
from backlit import initializers, layers, ops, optimizers
from backlit.errors import ConfigError, NotDifferentiable
from backlit.inspect import diagnose, graph_of, record

X = np.random.default_rng(0).normal(size=(512, 20)).astype("float32")
Y = (X[:, :4] @ np.eye(4)).argmax(axis=1)


def findings(optimizer: Any, x: Any = X, activation: str = "relu", hidden: int = 1, **options: Any) -> list[str]:
    """Train a network for 32 steps and return the kinds of what looks wrong."""
    bl.set_random_seed(0)
    stack = [layers.Dense(16, activation=activation, **options) for _ in range(hidden)]
    model = bl.Sequential([layers.Input((20,)), *stack, layers.Dense(4, activation="softmax")])
    model.compile(optimizer, "sparse_categorical_crossentropy")
    with record(model) as recording:
        model.fit(x, Y, epochs=2, verbose=0)
    return [finding.kind for finding in diagnose(recording)]


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop", "lion", optimizers.SGD(0.1), optimizers.Adam(0.01)])
def test_a_healthy_network_is_left_alone(optimizer: Any) -> None:
    assert findings(optimizer) == []


def test_units_that_die_on_the_way_are_dead() -> None:
    """They were alive at the first step, and their updates of exactly 0 are no sign of a low learning rate."""
    found = findings(optimizers.SGD(5.0), x=np.abs(X))
    assert "Dead units" in found
    assert "Learning rate too high" in found
    assert "Learning rate too low" not in found


def test_units_that_were_never_alive_are_dead() -> None:
    assert findings("adam", bias_initializer=initializers.Constant(-50.0)) == ["Dead units"]


def test_each_disease_by_its_name() -> None:
    assert findings(optimizers.SGD(1e-6)) == ["Learning rate too low"]
    assert "Learning rate too high" in findings(optimizers.Adam(1.0))
    assert "Unscaled inputs" in findings("adam", x=X * 100)
    assert "Saturation" in findings("sgd", activation="tanh", kernel_initializer=initializers.RandomNormal(stddev=5.0))
    assert "Vanishing gradient" in findings("sgd", activation="sigmoid", hidden=7)


def test_a_function_becomes_a_graph_with_its_numbers() -> None:
    seen = graph_of(lambda price, count, label: ops.sum(price * count) + 0.0 * label, [2.0, 3.0], 4.0, 7)
    values = {name: seen.values[node].tolist() for name, node in seen.graph.marks.items()}
    assert values == {"gradient/price": [4.0, 4.0], "gradient/count": 5.0}
    assert seen.values[seen.graph.outputs["result"]] == 20.0
    assert "price" in seen.svg(collapse=False)
    assert "gradient/count" in str(seen)


def test_what_is_no_function_of_tensors_is_refused() -> None:
    with pytest.raises(ConfigError, match="float"):
        graph_of(lambda a: 3.0, 1.0)
    with pytest.raises(NotDifferentiable):
        graph_of(lambda a: a * 2, 3)


def test_a_model_with_only_a_train_step_of_its_own_is_drawn_like_any_other() -> None:
    class Traced(bl.Model):
        def train_step(self, data: Any) -> Any:
            super().train_step(data)
            return {"mine": ops.cast(1.0, dtype="float32") * 2.0}

    x = layers.Input((20,))
    for model in (Traced(x, layers.Dense(1)(x)), Traced(inputs=x, outputs=layers.Dense(1)(x))):
        model.compile("sgd", "mse")
        assert isinstance(model, Traced)
        assert model.fit(X, X[:, :1], verbose=0).history == {"mine": [2.0]}
        assert model.input_shape == (None, 20)


@pytest.mark.parametrize("executor", ["interpreter", "native"])
def test_a_recording_holds_what_numpy_finds_in_the_arrays(executor: str, request: pytest.FixtureRequest) -> None:
    """Every number against the arrays of the same step, with a layer that saturates and inputs that are partly 0."""
    before = bl.config.executor()
    request.addfinalizer(lambda: bl.config.set_executor(before))
    bl.config.set_executor(executor)
    bl.set_random_seed(3)
    model = bl.Sequential([
        layers.Input((20,)), layers.Dense(6, "tanh", kernel_initializer=initializers.RandomNormal(stddev=2.0)),
        layers.Dense(4, "relu", bias_initializer=initializers.Constant(-3.0), name="out"),
    ])  # fmt: skip
    model.compile(optimizers.SGD(0.1), "mse")
    x, y = np.maximum(X[:32], 0), np.eye(4, dtype="float32")[Y[:32]]
    old = [np.array(w) for w in model.get_weights()]
    hidden = np.tanh(x @ old[0] + old[1])
    with record(model) as r:
        model.fit(x, y, batch_size=32, epochs=1, shuffle=False, verbose=0)
    new = [np.array(w) for w in model.get_weights()]
    active = np.maximum(hidden @ old[2] + old[3], 0) != 0
    first = model.layers[0].name
    arrays = {"weights": old[0], "inputs": x, "activations": hidden, "gradients": (old[0] - new[0]) / 0.1}
    for series, array in arrays.items():
        name = {"inputs": "x", "activations": first}.get(series, f"{first}/kernel")
        (seen,) = getattr(r, series)[name]
        wide = array.astype("float64")
        expected = [wide.mean(), wide.std(), wide.min(), wide.max(), np.linalg.norm(wide), (wide == 0).mean()]
        found = [seen.mean, seen.std, seen.minimum, seen.maximum, seen.norm, seen.zeros]
        np.testing.assert_allclose(found, expected, rtol=2e-4, atol=2e-6, err_msg=series)
    assert r.activations[first][0].saturated == pytest.approx((np.abs(hidden) > 0.96).mean(), abs=1e-6)
    assert r.updates[f"{first}/kernel"][0][1] == pytest.approx(
        np.linalg.norm(new[0] - old[0]) / np.linalg.norm(old[0]), rel=1e-4
    )
    np.testing.assert_array_equal(r.alive["out"], active.any(axis=0))
    assert r.losses[0][1] == pytest.approx(float(np.mean((np.maximum(hidden @ old[2] + old[3], 0) - y) ** 2)), rel=1e-5)


def test_layers_that_pass_on_the_same_array_are_each_recorded() -> None:
    model = bl.Sequential([layers.Input((20,)), layers.Dense(4), layers.Activation("linear", name="same")])
    model.compile("sgd", "mse")
    with record(model) as r:
        model.fit(X[:8], np.eye(4)[Y[:8]], verbose=0)
    assert r.activations["same"] == r.activations[model.layers[0].name] != []
