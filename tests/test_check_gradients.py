"""The numerical derivatives themselves, and `check_gradients`: right gradients pass, wrong ones are found and named.

What the library's own gradients are worth is in `test_gradients`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import backlit
from backlit import layers, ops
from backlit.errors import ConfigError, DataError, NumericalError, ShapeError
from backlit.graph import constant_node, input_node
from backlit.graph.check import kink_distance, numerical_derivative, numerical_gradient, relative_error
from backlit.inspect import check_gradients
from backlit.tensor import Tensor

# --- differences -------------------------------------------------------------------------------------------------


def test_numerical_gradient() -> None:
    x = np.array([[0.5, -1.0], [2.0, 0.0]])
    np.testing.assert_allclose(numerical_gradient(lambda x: np.exp(x).sum(), x), np.exp(x), rtol=1e-11)
    np.testing.assert_array_equal(x, [[0.5, -1.0], [2.0, 0.0]])


def test_numerical_gradient_of_a_tensor_and_of_integers() -> None:
    found = numerical_gradient(lambda x: ops.sum(ops.square(Tensor(x))), Tensor(np.float32([1, 2])))
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, [2, 4], rtol=1e-10)
    np.testing.assert_allclose(numerical_gradient(lambda x: x**3, 2), 12.0, rtol=1e-10)
    assert numerical_gradient(lambda x: x.sum(), np.zeros((0, 3))).shape == (0, 3)


def test_long_double_stays_long_double() -> None:
    x = np.array([0.3], np.longdouble)
    found = numerical_gradient(lambda x: np.sin(x).sum(), x)
    assert found.dtype == np.longdouble
    np.testing.assert_allclose(np.float64(found), np.cos(0.3), rtol=1e-12)


def test_the_error_of_the_five_point_rule_falls_with_the_fourth_power_of_the_step() -> None:
    errors = [abs(float(numerical_derivative(np.exp, 0.0, 1.0, h)) - 1.0) for h in (0.2, 0.1)]
    assert 14 < errors[0] / errors[1] < 18


def test_derivative_along_a_direction() -> None:
    found = numerical_derivative(lambda x: x * x, np.array([1.0, 2.0]), np.array([1.0, -1.0]))
    np.testing.assert_allclose(found, [2.0, -4.0], rtol=1e-10)
    with pytest.raises(ShapeError, match="direction"):
        numerical_derivative(np.exp, np.zeros(3), np.zeros(2))


def test_what_has_no_gradient_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"\(2,\)"):
        numerical_gradient(lambda x: x, np.ones(2))
    with pytest.raises(DataError, match="complex128"):
        numerical_gradient(np.sum, np.ones(2, complex))


def test_relative_error() -> None:
    assert relative_error([1.0, 2.0], [1.0, 2.0]) == 0.0
    assert relative_error([1.0, 2.2], [1.0, 2.0]) == pytest.approx(0.2 / 2.2)
    assert relative_error([1e-9], [0.0]) == pytest.approx(1e-6)
    assert np.isnan(relative_error([np.nan], [0.0]))
    assert relative_error([], []) == 0.0
    with pytest.raises(ShapeError):
        relative_error([1.0], [1.0, 2.0])


KINKS: list[tuple[str, Any, Any, float]] = [
    ("relu", lambda x: backlit.activations.relu(x), [0.25, -3.0], 0.25),
    ("abs", lambda x: ops.absolute(x - 1.0), [1.5, 4.0], 0.5),
    ("max", lambda x: ops.max(x), [1.0, 4.0, 3.5], 0.5),
    ("floor", lambda x: ops.floor(x), [2.9, 1.5], 0.1),
    ("round", lambda x: ops.round(x), [2.45], 0.05),
    ("mod", lambda x: ops.mod(x, 2.0), [1.75], 0.25),
    ("smooth", lambda x: ops.exp(x) * ops.tanh(x), [0.0], np.inf),
    ("twice the same", lambda x: ops.maximum(x, x), [0.0], np.inf),
    ("of a constant", lambda x: x * ops.cast(constant_node(np.zeros(1)) > 0.0, dtype="float64"), [1.0], np.inf),
]


@pytest.mark.parametrize(("f", "value", "expected"), [row[1:] for row in KINKS], ids=[row[0] for row in KINKS])
def test_kink_distance(f: Any, value: Any, expected: float) -> None:
    x = np.asarray(value, np.float64)
    node = input_node("x", x.shape, x.dtype)
    assert kink_distance([f(node)], {node: x}, [node]) == pytest.approx(expected)


# --- check_gradients ---------------------------------------------------------------------------------------------


@ops.elementwise
def wrong_cube(x: Any) -> Any:
    """y = x * x * x, whose derivative below is wrong on purpose"""
    return x * x * x


@ops.derivative_of(wrong_cube, needs="x")
def wrong_cube_derivative(x: Any, y: Any) -> Any:
    """dy/dx = 2 x * x, and should be 3 x * x"""
    return 2.0 * x * x


def test_right_gradients() -> None:
    x, W, labels = np.random.default_rng(0).standard_normal((4, 3)), np.ones((3, 5)), np.array([0, 4, 2, 1])

    def loss(x: Any, W: Any, labels: Any) -> Any:
        return ops.mean(ops.softmax_cross_entropy(x @ W, ops.one_hot(labels, 5)))

    report = check_gradients(loss, x, W, labels)
    assert report.ok
    assert bool(report)
    assert report.error < 1e-7
    assert [(one.name, one.shape, one.checks) for one in report.inputs] == [
        ("input 0", (4, 3), 12), ("input 1", (3, 5), 15),
    ]  # fmt: skip
    assert "the gradients are right" in str(report)


def test_a_wrong_gradient_is_found_and_named() -> None:
    x = np.array([0.5, 3.0])
    report = check_gradients(wrong_cube, x)
    assert not report.ok
    assert report.inputs[0].index == (1,)
    assert report.error == pytest.approx(1 / 3, rel=1e-3)
    assert "WRONG" in str(report)
    with pytest.raises(NumericalError, match=r"WRONG"):
        check_gradients(wrong_cube, x, raise_on_failure=True)


def test_a_gradient_cut_off_is_found() -> None:
    assert not check_gradients(lambda x: ops.sum(x * ops.stop_gradient(x)), np.array([1.0, 2.0])).ok


def test_not_a_number_is_never_right() -> None:
    report = check_gradients(lambda x: ops.sum(ops.log(x)), np.array([-1.0]))
    assert not report.ok
    assert report.error == np.inf


def test_nothing_to_check() -> None:
    assert check_gradients(lambda x: ops.sum(x), np.zeros((0, 2))).ok


def test_neither_function_nor_model() -> None:
    with pytest.raises(ConfigError, match="int"):
        check_gradients(3, np.ones(2))


def network(last: Any) -> Any:
    model = backlit.Sequential(
        [layers.Input((4,)), layers.Dense(5, activation="tanh", kernel_regularizer="l2"), layers.BatchNormalization(),
         layers.Dropout(0.3), layers.Dense(3, activation=last)]
    )  # fmt: skip
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def test_the_weights_of_a_model() -> None:
    rng = np.random.default_rng(3)
    report = check_gradients(network("softmax"), rng.standard_normal((8, 4)), rng.integers(0, 3, 8))
    assert report.ok, str(report)
    assert [one.name.split("/")[-1] for one in report.inputs] == ["kernel", "bias", "gamma", "beta", "kernel", "bias"]


def test_a_model_with_a_wrong_derivative() -> None:
    rng = np.random.default_rng(3)
    model = network(lambda x: ops.softmax(wrong_cube(x)))
    report = check_gradients(model, rng.standard_normal((8, 4)), rng.integers(0, 3, 8))
    assert not report.ok
    assert not any(one.error <= report.tolerance for one in report.inputs)
