"""The whole story in five seconds: a product's derivative, a tape, a layer, a recorded step, a trained network.

Each test stands on the one before. When something is badly broken, it shows here first.
"""

from __future__ import annotations

import numpy as np
import pytest

import backlit as bl
from backlit import layers, ops
from backlit.graph import Graph, evaluate, gradients
from backlit.tensor import Trace


def test_a_product_carries_its_gradient_to_both_factors() -> None:
    apple, number, tax = (bl.Tensor(np.float64(v)) for v in (100, 2, 1.1))
    with bl.GradientTape() as tape:
        tape.watch([apple, number, tax])
        price = apple * number * tax
    d_apple, d_number, d_tax = tape.gradient(price, [apple, number, tax])
    assert float(price) == 220.00000000000003
    assert [float(d) for d in (d_apple, d_number, d_tax)] == [2.2, 110.00000000000001, 200.0]


def test_the_backward_pass_is_a_graph_of_the_same_kind() -> None:
    with Trace() as trace:
        x = trace.input("x", (3,), np.dtype("float64"))
        y = ops.sum(x * x)
        (dx,) = gradients([y.node], [x.node])
    assert isinstance(trace.graph({"y": y}), Graph)
    array = np.array([1.0, 2.0, 3.0])
    assert evaluate([dx], {x.node: array})[0].tolist() == [2.0, 4.0, 6.0]


def test_a_layer_computes_and_records_with_the_same_lines() -> None:
    dense = layers.Dense(2, activation="relu")
    x = np.array([[1.0, -2.0, 3.0]], "float32")
    now = dense(x)
    with Trace() as trace:
        later = dense(trace.input("x", (1, 3), np.dtype("float32")))
        graph = trace.graph({"y": later})
    assert set(graph.inputs) == {"x", "params/dense/kernel", "params/dense/bias"}
    expected = np.maximum(x @ dense.kernel.value + dense.bias.value, 0)
    np.testing.assert_array_equal(now.numpy(), expected)


@pytest.fixture
def blobs() -> tuple[np.ndarray, np.ndarray]:
    """Three clouds of points, one a class."""
    generator = np.random.default_rng(0)
    y = generator.integers(0, 3, 600)
    centers = np.array([[2, 0], [-1, 2], [-1, -2]])
    return (centers[y] + generator.normal(0, 0.5, (600, 2))).astype("float32"), y


def small_model(seed: int = 1, **options: object) -> bl.Model:
    bl.set_random_seed(seed)
    bl.config.clear_session()
    model = bl.Sequential(
        [layers.Input((2,)), layers.Dense(8, "relu"), layers.Dropout(0.1), layers.Dense(3, "softmax")]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], **options)
    return model


def test_fit_learns(blobs: tuple[np.ndarray, np.ndarray]) -> None:
    x, y = blobs
    model = small_model()
    history = model.fit(x, y, epochs=20, validation_split=0.2, verbose=0)
    assert sorted(history.history) == ["accuracy", "loss", "val_accuracy", "val_loss"]
    loss, accuracy = model.evaluate(x, y, verbose=0)
    assert loss < 0.2
    assert accuracy > 0.97
    assert (model.predict(x, verbose=0).argmax(axis=1) == y).mean() == pytest.approx(accuracy)


def test_fit_runs_one_graph_that_can_be_read(blobs: tuple[np.ndarray, np.ndarray]) -> None:
    x, y = blobs
    model = small_model()
    graph = model.step_graph(x[:4], y[:4]).graph
    assert {"x", "y", "learning_rate", "step", "seed", "params/dense/kernel"} <= set(graph.inputs)
    assert set(graph.state()) >= {"params/dense/kernel", "step", "metrics/loss/total"}
    assert {node.phase for node in graph.operations} == {"forward", "loss", "backward", "update", "metrics"}
    text = str(bl.explain(model, x[:4], y[:4], weight="dense/kernel"))
    assert [text.index(word) for word in ("FORWARD", "LOSS", "BACKWARD", "UPDATE", "ONE WEIGHT")] == sorted(
        text.index(word) for word in ("FORWARD", "LOSS", "BACKWARD", "UPDATE", "ONE WEIGHT")
    )


def bits_after_fit(x: np.ndarray, y: np.ndarray, **options: object) -> list[bytes]:
    model = small_model(seed=7, **options)
    model.fit(x, y, epochs=2, verbose=0)
    return [w.tobytes() for w in model.get_weights()]


def test_the_same_seed_gives_the_same_bits(blobs: tuple[np.ndarray, np.ndarray]) -> None:
    assert bits_after_fit(*blobs) == bits_after_fit(*blobs)


@pytest.mark.usefixtures("interpreted")
def test_the_interpreter_gives_the_bits_of_an_eager_run(blobs: tuple[np.ndarray, np.ndarray]) -> None:
    assert bits_after_fit(*blobs, run_eagerly=True) == bits_after_fit(*blobs, run_eagerly=False)
