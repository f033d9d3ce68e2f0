"""Activations: derivatives against numerical ones, dtypes, extremes, names, and the recorder against eager bits."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from backlit import activations
from backlit.activations import rectifiers
from backlit.errors import ConfigError, ShapeError
from backlit.execute import Interpreter
from backlit.graph.record import expand
from backlit.ops import erf, erfc
from backlit.tensor import GradientTape, Tensor, Trace

# name, settings, kinks: a row per member and per setting that changes the formula
ELEMENTWISE: list[tuple[str, dict[str, Any], tuple[float, ...]]] = [
    ("relu", {}, (0,)),
    ("relu", {"negative_slope": 0.1}, (0,)),
    ("relu", {"max_value": 2.0}, (0, 2)),
    ("relu", {"threshold": 1.0}, (1,)),
    ("relu", {"negative_slope": 0.2, "max_value": 3.0, "threshold": 0.5}, (0.5, 3)),
    ("leaky_relu", {}, (0,)),
    ("leaky_relu", {"negative_slope": 0.01}, (0,)),
    ("relu6", {}, (0, 6)),
    ("celu", {}, ()),
    ("celu", {"alpha": 0.5}, ()),
    ("elu", {}, ()),
    ("elu", {"alpha": 0.5}, (0,)),
    ("selu", {}, (0,)),
    ("softplus", {}, ()),
    ("softsign", {}, ()),
    ("squareplus", {}, ()),
    ("squareplus", {"b": 1.0}, ()),
    ("soft_shrink", {}, (-0.5, 0.5)),
    ("soft_shrink", {"threshold": 1.5}, (-1.5, 1.5)),
    ("hard_shrink", {}, (-0.5, 0.5)),
    ("tanh_shrink", {}, ()),
    ("threshold", {"threshold": 1.0, "default_value": -2.0}, (1,)),
    ("sparse_plus", {}, ()),
    ("silu", {}, ()),
    ("swish", {}, ()),
    ("gelu", {}, ()),
    ("gelu", {"approximate": True}, ()),
    ("tanh", {}, ()),
    ("sigmoid", {}, ()),
    ("sparse_sigmoid", {}, (-1, 1)),
    ("exponential", {}, ()),
    ("hard_sigmoid", {}, (-3, 3)),
    ("hard_silu", {}, (-3, 3)),
    ("hard_swish", {}, (-3, 3)),
    ("hard_tanh", {}, (-1, 1)),
    ("linear", {}, ()),
    ("mish", {}, ()),
    ("log_sigmoid", {}, ()),
]
OVER_AXIS: list[tuple[str, dict[str, Any]]] = [
    (name, config) for name in ("softmax", "log_softmax", "sparsemax", "glu") for config in ({}, {"axis": 0})
]
rows = pytest.mark.parametrize(("name", "config", "kinks"), ELEMENTWISE)
axis_rows = pytest.mark.parametrize(("name", "config"), OVER_AXIS)


def grid(kinks: tuple[float, ...]) -> np.ndarray:
    """Return points from -7 to 7 that stay 0.02 away from every kink (and from 0, +-1, where curves are pieced)."""
    x = np.linspace(-7.003, 7.001, 141)
    return x[np.all([np.abs(x - kink) > 0.02 for kink in (*kinks, 0.0, -1.0, 1.0)], axis=0)]


def slope(f: Callable[[np.ndarray], np.ndarray], x: np.ndarray, h: float = 1e-3) -> np.ndarray:
    """Return the derivative by a difference of sixth order."""
    near, middle, far = (f(x + k * h) - f(x - k * h) for k in (1, 2, 3))
    return (45.0 * near - 9.0 * middle + far) / (60.0 * h)


def gradient(f: Callable[[Any], Any], x: np.ndarray, cotangent: Any = None) -> np.ndarray:
    tensor = Tensor(x)
    with GradientTape() as tape:
        tape.watch(tensor)
        y = f(tensor)
    found = tape.gradient(y, tensor, cotangent)
    return np.zeros_like(x) if found is None else found.numpy()


def test_every_name_has_a_row() -> None:
    assert {name for name, _, _ in ELEMENTWISE} | {name for name, _ in OVER_AXIS} == set(activations.ACTIVATIONS)


@rows
def test_derivative_is_the_slope(name: str, config: dict[str, Any], kinks: tuple[float, ...]) -> None:
    f = activations.get(name)
    x = grid(kinks)
    found, wanted = gradient(lambda t: f(t, **config), x), slope(lambda v: f(v, **config), x)
    np.testing.assert_allclose(found, wanted, rtol=1e-8, atol=2e-11)


@rows
def test_second_derivative_is_the_slope_of_the_first(
    name: str, config: dict[str, Any], kinks: tuple[float, ...]
) -> None:
    f = activations.get(name)
    x = grid(kinks)

    def first(t: Any) -> Any:
        with GradientTape() as tape:
            tape.watch(t)
            y = f(t, **config)
        return tape.gradient(y, t, unconnected_gradients="zero")

    wanted = slope(lambda v: gradient(lambda t: f(t, **config), v), x)
    np.testing.assert_allclose(gradient(first, x), wanted, rtol=1e-7, atol=2e-10)


@axis_rows
def test_gradient_over_an_axis(name: str, config: dict[str, Any]) -> None:
    f = activations.get(name)
    rng = np.random.default_rng(3)
    x = rng.normal(size=(4, 6)) * 1.5
    c, direction = rng.normal(size=np.shape(f(x, **config))), rng.normal(size=x.shape)
    found = (gradient(lambda t: f(t, **config), x, c) * direction).sum()
    wanted = slope(lambda t: np.stack([(f(x + a * direction, **config) * c).sum() for a in t]), np.zeros(1), 1e-4)[0]
    np.testing.assert_allclose(found, wanted, rtol=1e-9)


@rows
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dtype_shape_and_extremes(name: str, config: dict[str, Any], kinks: tuple[float, ...], dtype: str) -> None:
    f = activations.get(name)
    extremes = [0.0, -0.0, 1e-30, 80.0, -80.0, -1e4, *([1e4, math.inf] if name != "exponential" else []), -math.inf]
    x = np.array(extremes, dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        y = f(x, **config)
    assert y.dtype == dtype
    assert not np.isnan(y).any()
    finite = np.isfinite(x)
    assert np.isfinite(y[finite]).all() or name == "exponential"
    for shape in [(), (0,), (0, 3), (2, 1, 3)]:
        out = f(np.zeros(shape, dtype), **config)
        assert out.shape == shape
        assert out.dtype == dtype


@rows
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_derivative_at_extremes(name: str, config: dict[str, Any], kinks: tuple[float, ...], dtype: str) -> None:
    f = activations.get(name)
    x = np.array([-1e4, -80.0, 0.25, 80.0, 1e4], dtype)
    dx = gradient(lambda t: f(t, **config), x)
    assert dx.dtype == dtype
    assert np.isfinite(dx).all() or name == "exponential"


@rows
def test_recorded_gives_the_bits_of_eager(name: str, config: dict[str, Any], kinks: tuple[float, ...]) -> None:
    f = activations.get(name)
    x = grid(kinks).astype("float32")
    with Trace() as trace:
        t = trace.input("x", x.shape, x.dtype)
        with GradientTape() as tape:
            tape.watch(t)
            y = f(t, **config)
        dx = tape.gradient(y, t)
        graph = trace.graph({"y": y, "dx": dx})
    found = Interpreter(graph).run({"x": x})
    np.testing.assert_array_equal(found["y"], f(Tensor(x), **config).numpy())
    np.testing.assert_array_equal(found["dx"], gradient(lambda t: f(t, **config), x))
    assert {node.dtype.name for node in graph.nodes} <= {"float32", "bool"}


@rows
def test_body_keeps_float64_when_taken_apart(name: str, config: dict[str, Any], kinks: tuple[float, ...]) -> None:
    x = grid(kinks)
    with Trace() as trace:
        t = trace.input("x", x.shape, x.dtype)
        y = activations.get(name)(t, **config)
        if name in ("linear", "tanh"):
            assert y.dtype == "float64"
            return
        apart = Tensor(node=expand(y.node.op, y.node.inputs, y.node.attrs))
        graph = trace.graph({"y": apart})
    np.testing.assert_array_equal(Interpreter(graph).run({"x": x})["y"], activations.get(name)(x, **config))


@axis_rows
def test_axis_activations_at_extremes(name: str, config: dict[str, Any]) -> None:
    x = np.array([[1e4, -1e4, 0.0, 3.0], [50.0, 50.0, 1e-8, 0.0]], "float32")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        y = activations.get(name)(x, **config)
    assert y.dtype == "float32"
    assert np.isfinite(y).all()
    if name in ("softmax", "sparsemax"):
        np.testing.assert_allclose(y.sum(config.get("axis", -1)), 1, rtol=1e-6)


def test_sparsemax_is_the_nearest_point_of_the_simplex() -> None:
    x = np.array([[0.3, 0.2, -1.0], [2.0, 0.0, 0.0], [0.5, 0.5, 0.5]])
    np.testing.assert_allclose(activations.sparsemax(x), [[0.55, 0.45, 0], [1, 0, 0], [1 / 3] * 3])


def test_softmax_and_sigmoid_keep_their_logits() -> None:
    scores = Tensor(np.array([[1.0, 2.0]], "float32"))
    assert activations.softmax(scores).logits is scores
    assert activations.sigmoid(scores).logits is scores
    assert activations.softmax(scores, axis=0).logits is None
    assert activations.tanh(scores).logits is None


def test_relu_at_its_kink() -> None:
    np.testing.assert_array_equal(activations.relu(np.array([-1.0, 0.0, 2.0])), [0, 0, 2])
    np.testing.assert_array_equal(gradient(activations.relu, np.array([-1.0, 0.0, 2.0])), [0, 0, 1])
    assert rectifiers.relu_derivative.name == "relu_derivative"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_erf_is_exact_to_the_last_bits(dtype: str) -> None:
    x = np.concatenate([np.linspace(-7, 7, 4001), np.geomspace(1e-30, 1, 301), [30.0, -30.0]]).astype(dtype)
    for ours, theirs, ulps in ((erf, math.erf, 3), (erfc, math.erfc, 64)):  # the bell e**(-x * x) costs x * x ulps
        wanted = np.array([theirs(float(v)) for v in x])
        normal = np.abs(wanted) > np.finfo(dtype).tiny
        far = np.abs(ours(x).astype("float64") - wanted)[normal]
        assert (far <= ulps * np.spacing(np.abs(wanted[normal]).astype(dtype))).all()
        assert ours(x).dtype == dtype
    assert erf(np.array(math.inf)) == 1.0
    assert erf(np.array(-math.inf)) == -1.0


def test_glu_refuses_an_odd_axis() -> None:
    with pytest.raises(ShapeError, match="even"):
        activations.glu(np.zeros((2, 3)))


def test_names() -> None:
    assert activations.get(None) is activations.linear
    assert activations.get("swish") is activations.silu
    assert activations.get(math.tanh) is math.tanh
    for name, function in activations.ACTIVATIONS.items():
        assert activations.get(activations.serialize(function)) is activations.get(name)
    assert activations.serialize(activations.hard_swish) == "hard_silu"
    assert activations.deserialize({"class_name": "function", "config": "relu"}) is activations.relu
    assert activations.deserialize("mine", {"mine": abs}) is abs


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ("rleu", "relu"),
        ("LeakyReLU", "leaky_relu"),
        ("ReLU", "'relu'"),
        ("sigmiod", "sigmoid"),
        (3, "Known names"),
        ({"config": "tnh"}, "tanh"),
    ],
)
def test_unknown_names_say_what_is_meant(wrong: Any, hint: str) -> None:
    with pytest.raises(ConfigError, match=hint):
        activations.get(wrong)


def test_a_lambda_has_no_name_to_save() -> None:
    with pytest.raises(ConfigError, match="def"):
        activations.serialize(lambda x: x)
