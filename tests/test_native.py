"""Machine code against the interpreter: the same graph, the same numbers, for every op and for random networks.

The interpreter is the meaning; differences are rounding, bounded by the size of what was summed.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import backlit as bl
from backlit import activations, layers, ops
from backlit.execute import Interpreter
from backlit.execute.native import prepare
from backlit.inspect.graphs import example_batch, training_step
from backlit.ops.random import normal, uniform
from backlit.tensor import Trace
from backlit.training.step import feed_of

pytest.importorskip("llvmlite")
RNG = np.random.default_rng(0)
ROUNDING = {"float32": 2e-6, "float64": 1e-13}


def compare(arrays: dict[str, np.ndarray], build: Any, slack: float = 1.0) -> None:
    """Record `build` on inputs like `arrays`, run it both ways, and compare each output by its greatest number."""
    with Trace() as trace:
        symbols = {name: trace.input(name, a.shape, a.dtype) for name, a in arrays.items()}
        graph = trace.graph({"out": build(*symbols.values())})
    ours, meant = prepare(graph).run(arrays)["out"], np.asarray(Interpreter(graph).run(arrays)["out"])
    assert ours.dtype == meant.dtype
    assert ours.shape == meant.shape
    if meant.dtype.kind != "f":
        np.testing.assert_array_equal(ours, meant)
        return
    np.testing.assert_array_equal(np.isnan(ours), np.isnan(meant))
    finite = np.isfinite(meant)
    np.testing.assert_array_equal(ours[~finite], meant[~finite])
    bound = slack * ROUNDING[meant.dtype.name] * np.abs(meant[finite]).max(initial=1e-30)
    np.testing.assert_allclose(ours[finite], meant[finite], rtol=0, atol=bound)


SHAPES = [(), (1,), (7,), (16,), (33,), (4, 5), (3, 16), (5, 100), (0, 4), (2, 3, 17)]
ONE_INPUT = {
    "negative": ops.negative, "absolute": ops.absolute, "square": ops.square, "exp": ops.exp, "expm1": ops.expm1,
    "tanh": ops.tanh, "sin": ops.sin, "cos": ops.cos, "arctan": ops.arctan, "sign": ops.sign, "floor": ops.floor,
    "ceil": ops.ceil, "round": ops.round, "sqrt": lambda x: ops.sqrt(ops.absolute(x)),
    "log": lambda x: ops.log(ops.absolute(x) + 0.1), "log1p": lambda x: ops.log1p(ops.absolute(x)),
    "isfinite": ops.isfinite, "isnan": ops.isnan, "cast": lambda x: ops.cast(x, "int32"),
    "logical_not": lambda x: ops.logical_not(x > 0), "clip": lambda x: ops.clip(x, -0.5, 0.5), "erf": ops.erf,
}  # fmt: skip
TWO_INPUTS = {
    "add": ops.add, "subtract": ops.subtract, "multiply": ops.multiply, "divide": ops.divide,
    "maximum": ops.maximum, "minimum": ops.minimum, "greater": ops.greater, "equal": ops.equal,
    "less_equal": ops.less_equal, "not_equal": ops.not_equal, "floor_divide": ops.floor_divide,
    "where": lambda x, y: ops.where(x > y, x, y * 2.0), "power": lambda x, y: ops.power(ops.absolute(x) + 0.1, y),
    "logical": lambda x, y: ops.logical_and(x > 0, ops.logical_or(y > 0, x < y)),
}  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_elementwise_ops(shape: tuple[int, ...], dtype: str) -> None:
    x, y = (RNG.normal(size=shape).astype(dtype) for _ in range(2))
    for name, op in ONE_INPUT.items():
        compare({"x": x}, op, slack=4.0 if name in ("erf", "log") else 1.0)
    for op in TWO_INPUTS.values():
        compare({"x": x, "y": y}, op)


@pytest.mark.parametrize(
    "shapes", [((4, 5), (5,)), ((4, 1), (1, 5)), ((3, 4, 5), (4, 1)), ((), (6,)), ((1, 1), (2, 19))], ids=str
)
def test_broadcasting(shapes: tuple[tuple[int, ...], ...]) -> None:
    x, y = (RNG.normal(size=shape).astype("float32") for shape in shapes)
    for op in TWO_INPUTS.values():
        compare({"x": x, "y": y}, op)


def test_special_numbers() -> None:
    x = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e30, -1e30, 1e-37, 88.0, -104.0, 1.0, -1.0] * 3, "float32")
    for op in (ops.exp, ops.tanh, ops.square, ops.absolute, ops.sign, ops.isnan, ops.isfinite, activations.sigmoid):
        compare({"x": x}, op)
    y = RNG.permutation(x)
    for op in (ops.maximum, ops.minimum, ops.greater, ops.equal, ops.add, ops.multiply):
        compare({"x": x, "y": y}, op)


@pytest.mark.parametrize("name", sorted(activations.ACTIVATIONS))
def test_activations(name: str) -> None:
    if name == "threshold":
        pytest.skip("needs settings")
    x = RNG.normal(scale=3, size=(5, 18)).astype("float32")
    compare({"x": x}, activations.get(name), slack=4.0)


@pytest.mark.parametrize("axis", [None, 0, 1, -1, (0, 2), (0, 1, 2)], ids=str)
@pytest.mark.parametrize("keepdims", [False, True])
def test_reductions(axis: Any, keepdims: bool) -> None:
    x = RNG.normal(size=(3, 5, 37)).astype("float32")
    for reduce in (ops.sum, ops.mean, ops.max, ops.min, ops.prod):
        compare({"x": x}, lambda x, reduce=reduce: reduce(x, axis, keepdims), slack=20.0)
    for reduce in (ops.any, ops.all):
        compare({"x": x}, lambda x, reduce=reduce: reduce(x > 0, axis, keepdims))


def test_places_and_running_sums() -> None:
    x = np.round(RNG.normal(size=(4, 9, 3)), 1).astype("float32")
    for axis in (0, 1, 2):
        compare({"x": x}, lambda x, axis=axis: ops.argmax(x, axis))
        compare({"x": x}, lambda x, axis=axis: ops.argmin(x, axis))
        for reverse in (False, True):
            compare({"x": x}, lambda x, a=axis, r=reverse: ops.cumsum(x, a, r))


SIZES = [
    (1, 1, 1),
    (1, 784, 10),
    (7, 3, 5),
    (8, 16, 48),
    (9, 17, 49),
    (32, 100, 10),
    (33, 10, 129),
    (4, 0, 3),
    (0, 3, 2),
]


@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_products(sizes: tuple[int, int, int], dtype: str) -> None:
    m, k, n = sizes
    for transpose_a in (False, True):
        for transpose_b in (False, True):
            a = RNG.normal(size=(k, m) if transpose_a else (m, k)).astype(dtype)
            b = RNG.normal(size=(n, k) if transpose_b else (k, n)).astype(dtype)
            compare({"a": a, "b": b}, lambda a, b, s=transpose_a, t=transpose_b: ops.matmul(a, b, s, t), slack=10.0)


def test_products_of_many_matrices() -> None:
    a, b = RNG.normal(size=(2, 3, 4, 5)).astype("float32"), RNG.normal(size=(5, 6)).astype("float32")
    compare({"a": a, "b": b}, ops.matmul, slack=4.0)
    compare({"a": a, "b": RNG.normal(size=(3, 5, 2)).astype("float32")}, ops.matmul, slack=4.0)
    left, many = RNG.normal(size=(20, 20)).astype("float32"), RNG.normal(size=(9, 20, 28)).astype("float32")
    compare({"a": left, "b": many}, ops.matmul, slack=4.0)


def test_each_of_many_matrices_is_one_threads_own() -> None:
    """Two threads that write one row turn by turn would hand its memory back and forth."""
    with Trace() as trace:
        a, b = trace.input("a", (20, 20), np.dtype("f4")), trace.input("b", (9, 20, 28), np.dtype("f4"))
        graph = trace.graph({"y": ops.matmul(a, b)})
    calls = [c for item in prepare(graph, 2).assembly.items for c in item.calls]
    assert [call.owner for call in calls] == [0] * 5 + [1] * 4
    assert {call.columns for call in calls} == {28}


def test_moves() -> None:
    x = RNG.normal(size=(4, 6, 5)).astype("float32")
    compare({"x": x}, lambda x: ops.reshape(ops.transpose(x, (2, 0, 1)), (10, 12)) * 2.0)
    compare({"x": x}, lambda x: ops.concatenate([x[:, ::2], x[:, 1:3] * 2.0, ops.transpose(x, (0, 1, 2))[:, 5:]], 1))
    compare({"x": x}, lambda x: ops.stack([x[0], x[-1]], 1) + x[1, None, 0:2, :][:, 0:1])
    compare({"x": x}, lambda x: ops.broadcast_to(ops.sum(x, 0, keepdims=True), (4, 6, 5)) - x)
    compare({"i": np.array([0, 3, 7, -1, 2])}, lambda i: ops.one_hot(i, 5))


def test_random_bits_are_those_of_the_interpreter() -> None:
    inputs = {"seed": np.array(0x123456789ABCDEF, "uint64"), "step": np.array(2**33 + 5)}
    for dtype in ("float32", "float64"):
        for shape in ((1,), (3, 5), (1000,)):
            with Trace() as trace:
                symbols = {name: trace.input(name, a.shape, a.dtype) for name, a in inputs.items()}
                graph = trace.graph({"u": uniform(*symbols.values(), stream=17, shape=shape, dtype=dtype)})
            np.testing.assert_array_equal(prepare(graph).run(inputs)["u"], Interpreter(graph).run(inputs)["u"])
            compare(inputs, lambda seed, step, s=shape, d=dtype: normal(seed, step, stream=3, shape=s, dtype=d), 8.0)


LAYERS = {
    "relu": lambda: layers.ReLU(), "leaky": lambda: layers.LeakyReLU(negative_slope=0.1), "elu": lambda: layers.ELU(),
    "prelu": lambda: layers.PReLU(alpha_initializer="ones"), "norm": lambda: layers.BatchNormalization(),
    "layernorm": lambda: layers.LayerNormalization(), "drop": lambda: layers.Dropout(0.4),
    "noise": lambda: layers.GaussianNoise(0.1), "tanh": lambda: layers.Activation("tanh"),
    "gelu": lambda: layers.Activation("gelu"), "sigmoid": lambda: layers.Activation("sigmoid"),
    "scale": lambda: layers.Rescaling(0.5, 0.1),
    "standard": lambda: layers.Normalization(), "same": lambda: layers.Identity(),
}  # fmt: skip
OPTIMIZERS = ["sgd", "rmsprop", "adam", "adamw", "adamax", "nadam", "adagrad", "adadelta", "ftrl", "lion"]
network = st.fixed_dictionaries(
    {
        "widths": st.lists(st.integers(1, 70), min_size=1, max_size=4),
        "between": st.lists(st.sampled_from(sorted(LAYERS)), min_size=4, max_size=4),
        "batch": st.integers(1, 40),
        "features": st.integers(1, 50),
        "classes": st.integers(2, 12),
        "optimizer": st.sampled_from(OPTIMIZERS),
        "dtype": st.sampled_from(["float32", "float64"]),
        "clipnorm": st.sampled_from([None, 0.5]),
        "weighted": st.booleans(),
    }
)


@settings(max_examples=25)
@given(network)
def test_random_networks(made: dict[str, Any]) -> None:
    """One step of a random network: gradients within rounding of the interpreter's."""
    bl.config.set_floatx(made["dtype"])
    bl.set_random_seed(1)
    rows = [layers.Input((made["features"],))]
    for width, name in zip(made["widths"], made["between"], strict=False):
        rows += [layers.Dense(width), LAYERS[name]()]
    model = bl.Sequential([*rows, layers.Dense(made["classes"], "softmax")])
    optimizer = bl.optimizers.get({"class_name": made["optimizer"], "config": {"clipnorm": made["clipnorm"]}})
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    generator = np.random.default_rng(made["batch"])
    x = generator.normal(size=(made["batch"], made["features"]))
    y = generator.integers(0, made["classes"], made["batch"])
    batch = example_batch(model, x, y)
    if made["weighted"]:
        batch = batch._replace(sample_weight=generator.random(made["batch"]).astype(made["dtype"]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        step = training_step(model, batch)
    feed = feed_of(batch) | {n: v.stored for n, v in step.variables.items() if n in step.graph.inputs}
    _same_marks(step.graph, feed, made["dtype"])


def _same_marks(graph: Any, feed: dict[str, np.ndarray], dtype: str) -> None:
    """Compare activations, loss and gradients by making these inner nodes the outputs of a graph of their own.

    What is zero but for rounding, as the gradient of a bias before a normalization, has the rounding of its terms, and
    these were divided by a spread that may be as small as the root of 0.001: up to 32 times the last place of 1.
    """
    seen = type(graph)(graph.inputs, graph.marks)
    ours, meant = prepare(seen).run(feed), Interpreter(seen).run(feed)
    largest = max(float(np.abs(v).max(initial=0)) for v in meant.values())
    for name, value in meant.items():
        bound = (2e-4 if dtype == "float32" else 1e-11) * max(float(np.abs(value).max(initial=0)), 2e-2 * largest)
        np.testing.assert_allclose(ours[name], value, rtol=0, atol=bound, err_msg=name)


def test_fit_reaches_the_same_place(blobs_of: tuple[np.ndarray, np.ndarray]) -> None:
    x, y = blobs_of
    reached = []
    for name in ("interpreter", "native"):
        bl.config.set_executor(name)
        bl.set_random_seed(5)
        model = bl.Sequential([layers.Dense(20, "relu"), layers.Dropout(0.2), layers.Dense(3, "softmax")])
        model.compile(bl.optimizers.SGD(0.1, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"])
        history = model.fit(x, y, epochs=3, batch_size=32, validation_split=0.1, verbose=0).history
        reached.append((history, model.get_weights(), model.predict(x, verbose=0)))
    for key, values in reached[0][0].items():
        assert reached[1][0][key] == pytest.approx(values, rel=1e-4), key
    for ours, meant in zip(reached[1][1], reached[0][1], strict=True):
        np.testing.assert_allclose(ours, meant, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(reached[1][2], reached[0][2], atol=1e-4)


@pytest.fixture
def blobs_of() -> tuple[np.ndarray, np.ndarray]:
    """Three clouds of points."""
    generator = np.random.default_rng(0)
    y = generator.integers(0, 3, 500)
    return (np.array([[2, 0], [-1, 2], [-1, -2]])[y] + generator.normal(0, 0.5, (500, 2))).astype("float32"), y


def test_an_op_without_code_runs_in_the_interpreter_and_says_so(blobs_of: Any) -> None:
    x, y = blobs_of
    bl.config.set_executor("native")

    class Halved(layers.Layer):
        def call(self, inputs: Any) -> Any:
            return ops.cast(ops.cast(inputs, "float16"), "float32")

    model = bl.Sequential([Halved(), layers.Dense(3, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.warns(UserWarning, match="interpreter.*float16") as warned:
        model.fit(x, y, epochs=3, batch_size=500, verbose=0)
    assert len(warned) == 1


def test_what_a_run_returned_stays_as_it_is_while_it_is_held() -> None:
    with Trace() as trace:
        x = trace.input("x", (5,), np.dtype("float32"))
        graph = trace.graph({"y": x * 2.0})
    runner = prepare(graph)
    held = [runner.run({"x": np.full(5, i, "float32")})["y"] for i in range(10)]
    view = runner.run({"x": np.full(5, 77, "float32")})["y"][1:3]
    for i in range(10):
        runner.run({"x": np.full(5, -i, "float32")})
    assert [h[0] for h in held] == [2.0 * i for i in range(10)]
    assert view.tolist() == [154.0, 154.0]


@pytest.mark.parametrize("change", [np.asfortranarray, lambda a: a[:, ::-1][:, ::-1], lambda a: a.astype("float64")])
def test_inputs_of_any_layout(change: Any) -> None:
    a = RNG.normal(size=(6, 8)).astype("float32")
    with Trace() as trace:
        graph = trace.graph({"y": ops.sum(trace.input("x", (6, 8), np.dtype("float32")), 0)})
    kept = a.copy()
    np.testing.assert_allclose(prepare(graph).run({"x": change(a)})["y"], a.sum(axis=0), rtol=1e-5)
    np.testing.assert_array_equal(a, kept)
    with pytest.raises(bl.errors.ShapeError, match=r"'x'.*\(6, 8\).*\(5, 8\)"):
        prepare(graph).run({"x": a[:5]})


@pytest.mark.parametrize("steps", [1, 2, 5, 6])
@pytest.mark.parametrize("dtype", ["float32", "uint8", "float64"])
def test_many_steps_in_one_call_are_the_steps_one_by_one(steps: int, dtype: str) -> None:
    bl.set_random_seed(3)
    model = bl.Sequential(
        [layers.Input((12,)), layers.Dense(9, "relu"), layers.Dropout(0.3), layers.Dense(4, "softmax")]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    x = RNG.integers(0, 9, (50, 12)).astype(dtype)
    y = RNG.integers(0, 4, 50)
    step = training_step(model, example_batch(model, x[:8], y[:8]))
    runner = prepare(step.graph)
    state = {n: v.stored for n, v in step.variables.items() if n in step.graph.inputs}
    order = RNG.permutation(50)[: 8 * steps]
    together = runner.run_many(state, {"x": x, "y": y}, order, steps)
    one_by_one: dict[str, np.ndarray] = {}
    for i in range(steps):
        rows = order[8 * i : 8 * (i + 1)]
        one_by_one = runner.run(state | one_by_one | {"x": x[rows].astype("float32"), "y": y[rows]})
    for name, value in one_by_one.items():
        np.testing.assert_array_equal(together[name], value, err_msg=name)
    for name, variable in step.variables.items():
        if name in step.graph.inputs:
            np.testing.assert_array_equal(state[name], variable.value)


def test_no_row_outside_the_data_is_read() -> None:
    model = bl.Sequential([layers.Input((3,)), layers.Dense(2)])
    model.compile("sgd", "mse")
    x, y = np.zeros((10, 3), "float32"), np.zeros((10, 2), "float32")
    step = training_step(model, example_batch(model, x[:4], y[:4]))
    state = {n: v.stored for n, v in step.variables.items() if n in step.graph.inputs}
    runner = prepare(step.graph)
    for order in ([0, 1, 2, 10], [0, -1, 2, 3], [0, 1, 2]):
        with pytest.raises(bl.errors.ShapeError, match="rows"):
            runner.run_many(state, {"x": x, "y": y}, np.array(order), 1)
    with pytest.raises(bl.errors.ShapeError, match="'x'"):
        runner.run_many(state, {"x": x[:, :2], "y": y}, np.arange(4), 1)


def test_small_integers_are_not_signed() -> None:
    x = np.array([200, 3, 100], "uint8")
    compare({"x": x}, lambda x: ops.max(x, 0))
    compare({"x": x}, lambda x: ops.min(x, 0))
    compare({"x": x}, lambda x: ops.floor_divide(x, ops.cast(x > 0, "uint8") * 3))
    compare({"x": x, "y": x[::-1].copy()}, ops.maximum)


def test_converted_state_lives_as_long_as_it_is_read() -> None:
    """State in another layout is copied for machine code; the copy must outlive all the steps of a call."""
    model = bl.Sequential([layers.Input((300,)), layers.Dense(200)])
    model.compile("sgd", "mse")
    x, y = np.ones((40, 300), "float32"), np.ones((40, 200), "float32")
    step = training_step(model, example_batch(model, x[:8], y[:8]))
    state = {n: v.stored.astype("float64") for n, v in step.variables.items() if n in step.graph.inputs}
    state = {n: np.asfortranarray(v) if v.ndim > 1 else v for n, v in state.items()}
    runner = prepare(step.graph)
    found = runner.run_many(state, {"x": x, "y": y}, np.arange(40), 5)
    meant, interpreter = dict(state), Interpreter(step.graph)
    specs = {n: node.dtype for n, node in step.graph.inputs.items()}
    for i in range(5):
        feed = {n: np.ascontiguousarray(v, specs[n]) for n, v in meant.items()}
        meant |= interpreter.run(feed | {"x": x[8 * i : 8 * i + 8], "y": y[8 * i : 8 * i + 8]})
    np.testing.assert_allclose(found["params/dense/kernel"], meant["params/dense/kernel"], rtol=1e-4, atol=1e-6)
