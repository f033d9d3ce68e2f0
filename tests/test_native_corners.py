"""Corners of machine code that once went wrong: data read through views, state that changes places, odd dtypes.

Each is compared with the interpreter, or with the same thing done another way.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import pytest

import backlit as bl
from backlit import layers, ops
from backlit.execute import Interpreter
from backlit.execute.native import prepare
from backlit.tensor import Trace

pytest.importorskip("llvmlite")
RNG = np.random.default_rng(0)


class Through(layers.Layer):
    """Applies a function to its input."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        super().__init__()
        self.function = function

    def call(self, inputs: Any) -> Any:
        return self.function(inputs)


def network(function: Callable[[Any], Any], features: int = 160) -> Any:
    bl.set_random_seed(1)
    return bl.Sequential([layers.Input((features,)), Through(function), layers.Dense(16, "relu"), layers.Dense(3)])


def both_ways(act: Callable[[], Any]) -> tuple[Any, Any]:
    """Return what `act` gives in machine code and in the interpreter; machine code must not fall back."""
    found = []
    for name in ("native", "interpreter"):
        bl.config.set_executor(name)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found.append(act())
    return found[0], found[1]


VIEWS = {
    "every other": lambda x: x[:, ::2], "backwards": lambda x: x[:, ::-1], "from the middle": lambda x: x[:, 40:],
    "one column": lambda x: ops.broadcast_to(x[:, 1:2], x.shape),
    "turned twice": lambda x: ops.transpose(ops.transpose(x)),
}  # fmt: skip


@pytest.mark.parametrize("name", VIEWS)
def test_zeros_are_found_in_views_of_the_data(name: str) -> None:
    x = (RNG.normal(size=(40, 160)) * (RNG.random((40, 160)) < 0.3)).astype("float32")
    ours, meant = both_ways(lambda: network(VIEWS[name]).predict(x, verbose=0))
    np.testing.assert_allclose(ours, meant, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    "function", [lambda x: x > 0, lambda x: ops.concatenate([x, x > 0], 1)], ids=["bool", "joined"]
)
def test_truth_values_meet_numbers(function: Any) -> None:
    x = RNG.normal(size=(20, 160)).astype("float32")
    ours, meant = both_ways(lambda: network(function).predict(x, verbose=0))
    np.testing.assert_allclose(ours, meant, rtol=0, atol=1e-5)


def test_data_in_integers_next_to_a_gather() -> None:
    table = RNG.normal(size=(10, 128)).astype("float32")
    x = RNG.integers(0, 10, (64, 128))
    ours, meant = both_ways(
        lambda: network(lambda x: ops.mean(ops.gather(table, ops.cast(x, "int64")), -1), 128).predict(x, verbose=0)
    )
    np.testing.assert_allclose(ours, meant, rtol=0, atol=1e-5)


@pytest.mark.parametrize("threads", [1, 2, 5, 8, 16])
def test_more_threads_than_vectors_of_columns(threads: int) -> None:
    x, w = RNG.normal(size=(32, 300)).astype("float32"), RNG.normal(size=(300, 64)).astype("float32")
    with Trace() as trace:
        given = [trace.input(name, a.shape, a.dtype) for name, a in (("x", x), ("w", w))]
        graph = trace.graph({"y": ops.matmul(*given)})
    np.testing.assert_array_equal(
        prepare(graph, threads).run({"x": x, "w": w})["y"], prepare(graph).run({"x": x, "w": w})["y"]
    )


STATES = {
    "handed on": lambda s, t, x: {"s": t, "t": t + ops.mean(x, 0)},
    "swapped": lambda s, t, x: {"s": t, "t": s, "mean": ops.mean(x, 0)},
    "told before it changes": lambda s, t, x: {"s": s + 1.0, "t": t, "told": s, "mean": ops.mean(x, 0)},
    "backwards": lambda s, t, x: {"s": s[::-1], "t": t * 2.0, "mean": ops.mean(x, 0)},
}  # fmt: skip


@pytest.mark.parametrize("name", STATES)
def test_state_that_changes_places(name: str) -> None:
    state = {"s": np.arange(40, dtype="float32"), "t": np.arange(40, 80, dtype="float32")}
    x = RNG.normal(size=(12, 40)).astype("float32")
    with Trace() as trace:
        s, t = (trace.input(n, (40,), np.dtype("float32")) for n in "st")
        graph = trace.graph(STATES[name](s, t, trace.input("x", (4, 40), np.dtype("float32"))))
    runner, interpreter = prepare(graph, 2), Interpreter(graph)
    ours = runner.run_many(state, {"x": x}, np.arange(12), 3)
    meant: dict[str, np.ndarray] = {}
    for i in range(3):
        meant = interpreter.run(state | meant | {"x": x[4 * i : 4 * i + 4]})
    for key, value in meant.items():
        np.testing.assert_allclose(ours[key], value, rtol=1e-6, err_msg=key)


def test_one_number_taken_out_of_an_array() -> None:
    """A key of integers alone: its number is read, and its gradient written, where it lies."""
    x = RNG.normal(size=(6, 4)).astype("float32")

    def train() -> tuple[np.ndarray, ...]:
        bl.set_random_seed(1)
        scaled = Through(lambda x: x * x[1, 2] + ops.transpose(x)[-1, 0])
        model = bl.Sequential([layers.Input((4,)), layers.Dense(5, "tanh"), scaled, layers.Dense(1)])
        model.compile(bl.optimizers.SGD(0.1), "mse")
        model.fit(x, np.ones(6), batch_size=6, epochs=5, verbose=0)
        return (*model.get_weights(), model.predict(x, verbose=0))

    for ours, meant in zip(*both_ways(train), strict=True):
        np.testing.assert_allclose(ours, meant, rtol=1e-4, atol=1e-5)


def test_one_sample_after_another_of_other_kinds() -> None:
    bl.set_random_seed(0)
    model = bl.Sequential([layers.Input((4,)), layers.Dense(3)])
    model.predict_one([1, 2, 3, 4])
    half = np.full(4, 0.5)
    np.testing.assert_array_equal(model.predict_one(half), model.predict(half[None], verbose=0)[0])
    for bad in (np.full(4, 1e300), np.full(4, np.nan)):
        with pytest.raises(bl.errors.DataError, match="row 0"):
            model.predict_one(bad)
    with pytest.raises(bl.errors.ShapeError):
        model.predict_one(np.ones(5))


def test_one_sample_of_another_length() -> None:
    model = bl.Sequential([layers.Input((None, 4)), layers.Dense(3)])
    for rows in (5, 1, 3):
        x = RNG.normal(size=(rows, 4)).astype("float32")
        np.testing.assert_array_equal(model.predict_one(x), model.predict(x[None], verbose=0)[0])


@pytest.mark.parametrize("rows", [20, 40, 64])
@pytest.mark.parametrize("watched", [False, True])
def test_infinity_is_told_wherever_it_comes_up(rows: int, watched: bool) -> None:
    bl.set_random_seed(0)
    x = RNG.normal(size=(rows, 6)).astype("float32")
    x[-1] = 1e30  # in the last batch
    model = bl.Sequential([layers.Input((6,)), layers.Dense(5, "relu", name="hidden"), layers.Dense(1)])
    model.compile(bl.optimizers.SGD(1e-3), "mse")
    told = pytest.warns(bl.errors.NumericalWarning, match="stopped being finite.*index")
    with told as record:
        if watched:
            with bl.inspect.record(model):
                model.fit(x, np.ones(rows), epochs=3, shuffle=False, verbose=0)
        else:
            model.fit(x, np.ones(rows), epochs=3, shuffle=False, verbose=0)
    assert sum(issubclass(w.category, bl.errors.NumericalWarning) for w in record) == 1


def test_an_array_its_holder_has_changed_is_not_given_out_again() -> None:
    with Trace() as trace:
        graph = trace.graph({"y": trace.input("x", (2, 3), np.dtype("float32")) * 2.0})
    runner = prepare(graph)
    y = runner.run({"x": np.ones((2, 3), "float32")})["y"]
    y.shape = (6,)
    y.flags.writeable = False
    del y
    again = runner.run({"x": np.ones((2, 3), "float32")})["y"]
    assert again.shape == (2, 3)
    assert again.flags.writeable
    others = [np.full((2, 3), i, "float32") for i in range(50)]  # one of them lies where the changed array did
    for i, x in enumerate(others):
        np.testing.assert_array_equal(runner.run({"x": x})["y"], 2.0 * x, err_msg=str(i))


def test_an_observer_may_ask_for_what_has_no_machine_code() -> None:
    with Trace() as trace:
        doubled = trace.input("x", (2, 3), np.dtype("float32")) * 2.0
        half = ops.cast(doubled, "float16")
        graph = trace.graph({"y": ops.sum(doubled, 1)})

    class Watcher:
        wanted = (doubled.node, half.node)
        seen: ClassVar[list[np.ndarray]] = []

        def after(self, node: Any, value: np.ndarray) -> None:
            self.seen.append(np.array(value))

    runner, x = prepare(graph), np.arange(6, dtype="float32").reshape(2, 3)
    with pytest.warns(UserWarning, match="interpreter: there is no machine code for float16"):
        y = runner.run({"x": x}, Watcher())["y"]
    np.testing.assert_array_equal(y, 2.0 * x.sum(1))
    assert [value.dtype.name for value in Watcher.seen] == ["float32", "float16"]
    assert (np.asarray(Watcher.seen) == 2.0 * x).all()
