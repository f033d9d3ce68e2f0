"""Rows taken and added by integers, sorted lines, integer powers: machine code that may find what it must refuse.

What the interpreter raises for them is raised by machine code too, and nothing outside an array is touched.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from backlit import ops
from backlit.execute import Interpreter
from backlit.execute.native import prepare
from backlit.graph import Graph
from backlit.ops.op import apply
from backlit.ops.random import uniform
from backlit.ops.shape import PRIMITIVES
from backlit.tensor import Trace

pytest.importorskip("llvmlite")
RNG = np.random.default_rng(0)
SCATTER_ADD = next(op for op in PRIMITIVES if op.name == "scatter_add")


def recorded(arrays: dict[str, np.ndarray], build: Any) -> Graph:
    with Trace() as trace:
        symbols = {name: trace.input(name, a.shape, a.dtype) for name, a in arrays.items()}
        return trace.graph({"out": build(*symbols.values())})


def assert_same(arrays: dict[str, np.ndarray], build: Any, **rounding: float) -> None:
    graph = recorded(arrays, build)
    meant = np.asarray(Interpreter(graph).run(arrays)["out"])
    for threads in (1, 2):
        ours = prepare(graph, threads).run(arrays)["out"]
        assert (ours.dtype, ours.shape) == (meant.dtype, meant.shape)
        np.testing.assert_allclose(ours, meant, **({"rtol": 0, "atol": 0} | rounding))


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "bool"])
@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize(
    "indices", [np.array([2, 0, -1, 2]), np.array([[1, -3], [0, 2]], "int32"), np.array(1)], ids=str
)
def test_rows_are_taken_and_added(indices: np.ndarray, axis: int, dtype: str) -> None:
    x = np.round(RNG.normal(size=(3, 4, 35))[:, :, : 35 if axis < 2 else 3], 2).astype(dtype)
    assert_same({"x": x, "i": indices}, lambda x, i: ops.gather(x, i, axis))
    assert_same({"x": x[0], "i": indices}, lambda x, i: ops.gather(ops.transpose(x), i, 1))
    if dtype != "bool":
        dy = np.take(x, indices, axis)
        attrs = {"axis": axis, "size": x.shape[axis]}
        assert_same({"dy": dy, "i": indices}, lambda dy, i: apply(SCATTER_ADD, (dy, i), attrs))


def test_no_rows_and_rows_of_nothing() -> None:
    x, none = np.ones((3, 2), "float32"), np.zeros(0, np.int64)
    assert_same({"x": x, "i": none}, lambda x, i: ops.gather(x, i))
    assert_same({"x": x[:0], "i": none}, lambda x, i: apply(SCATTER_ADD, (x, i), {"axis": 0, "size": 3}))


def test_many_rows_on_two_threads() -> None:
    x = RNG.normal(size=(500, 300)).astype("float32")
    i = RNG.integers(-500, 500, 2000)
    assert_same({"x": x, "i": i}, lambda x, i: ops.sum(ops.gather(x, i) * 2.0, 1), rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("wrong", [3, -4, 2**40, -(2**62)])
def test_an_index_out_of_range_raises_what_the_interpreter_raises(wrong: int) -> None:
    x = np.ones((3, 2), "float32")
    taken, added = (
        recorded({"x": x, "i": np.array([0, 1, 2])}, lambda x, i: ops.gather(x, i)),
        recorded({"x": x, "i": np.array([0, 1, 2])}, lambda x, i: apply(SCATTER_ADD, (x, i), {"axis": 0, "size": 3})),
    )
    for graph in (taken, added):
        runner, good = prepare(graph), {"x": x, "i": np.array([2, 1, 0])}
        before = runner.run(good)["out"].copy()
        with pytest.raises(IndexError, match="out of bounds"):
            runner.run({"x": x, "i": np.array([0, wrong, 1])})
        np.testing.assert_array_equal(runner.run(good)["out"], before)


def test_many_steps_in_one_call_raise_it_too() -> None:
    table = np.arange(8.0, dtype="float32").reshape(4, 2)
    graph = recorded({"table": table, "i": np.zeros(2, np.int64)}, lambda table, i: ops.gather(table, i))
    runner, order = prepare(graph), np.arange(6)
    out = runner.run_many({"table": table}, {"i": np.array([0, 1, 2, 3, -1, 0])}, order, 3)
    np.testing.assert_array_equal(out["out"], table[[3, 0]])
    with pytest.raises(IndexError, match="index 4 is out of bounds"):
        runner.run_many({"table": table}, {"i": np.array([0, 1, 2, 4, 0, 0])}, order, 3)


@given(
    hnp.arrays(
        np.float32,
        hnp.array_shapes(max_dims=3, max_side=40),
        elements=st.floats(-5, 5, width=32, allow_subnormal=False) | st.just(float("nan")),
    )
)
def test_lines_are_sorted(x: np.ndarray) -> None:
    for axis in range(x.ndim):
        assert_same({"x": x}, lambda x, axis=axis: ops.sort(x, axis))


@pytest.mark.parametrize("dtype", ["float64", "int32", "uint8", "bool"])
def test_long_lines_are_sorted(dtype: str) -> None:
    x = (RNG.normal(size=(2, 3000)) * 50).astype("int8").astype(dtype)
    assert_same({"x": x}, lambda x: ops.sort(x, 1))
    assert_same({"x": x}, lambda x: ops.sort(ops.transpose(x), 0))


def test_powers_of_integers() -> None:
    for dtype in ("int32", "int64", "uint8"):
        x, y = RNG.integers(0, 9, (5, 19)).astype(dtype), RNG.integers(0, 12, (5, 19)).astype(dtype)
        assert_same({"x": x - 4 * (dtype != "uint8"), "y": y}, ops.power)
    graph = recorded({"x": x, "y": np.zeros((5, 19), np.int64)}, ops.power)
    with pytest.raises(ValueError, match="negative integer powers"):
        prepare(graph).run({"x": x, "y": np.full((5, 19), -1)})


W, X, LINES = (RNG.normal(size=shape).astype("float32") for shape in ((256, 5), (8, 256), (3, 8, 256)))
SEED = {"seed": np.array(1, "uint64"), "step": np.array(3)}
WIDE = {
    "one_hot": ({"i": np.arange(8), "w": W}, lambda i, w: ops.matmul(ops.one_hot(i, 256), w)),
    "gather": ({"x": X, "i": np.arange(8)[::-1].copy(), "w": W}, lambda x, i, w: ops.matmul(ops.gather(x, i), w)),
    "sort": ({"x": X, "w": W}, lambda x, w: ops.matmul(ops.sort(x), w)),
    "sum": ({"x": LINES, "w": W}, lambda x, w: ops.matmul(ops.sum(x, 0), w)),
    "argmax": ({"x": LINES}, lambda x: ops.argmax(x, 0) * 2),
    "cumsum": ({"x": X, "w": W}, lambda x, w: ops.matmul(ops.cumsum(x, 1), w)),
    "concatenate": ({"x": X, "w": W}, lambda x, w: ops.matmul(ops.concatenate([x[:, :100], x[:, :156]], 1), w)),
    "uniform": (
        SEED | {"x": X},
        lambda seed, step, x: ops.exp(x + uniform(seed, step, stream=3, shape=(8, 256), dtype="float32")),
    ),
}


@pytest.mark.parametrize("name", WIDE)
def test_rows_of_a_kilobyte_within_a_step(name: str) -> None:
    """Loops keep such rows a vector apart, so that they do not fall on each other in the caches."""
    arrays, build = WIDE[name]
    assert_same(arrays, build, rtol=2e-5, atol=1e-4)


def test_a_fraction_names_no_class() -> None:
    assert_same({"x": np.array([0.0, 0.5, 2.0, -0.5, 3.0, np.nan, np.inf], "float32")}, lambda x: ops.one_hot(x, 3))
