"""Steps that leave no state: threads run shares of them side by side, and the bits are those of one by one."""

from __future__ import annotations

import numpy as np
import pytest

from backlit import ops
from backlit.execute import NotFinite
from backlit.tensor import Trace

pytest.importorskip("llvmlite")
from backlit.execute.native import NativeRunner, prepare
from backlit.execute.native.pace import Pace

ROWS, WIDTH = 4, 20  # of a batch
WEIGHTS = np.random.default_rng(4).normal(size=(WIDTH, 6)).astype("float32")


@pytest.fixture(autouse=True)
def _on_all_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pace, "together", lambda pace: pace.threads > 1)


def layer(threads: int) -> NativeRunner:
    with Trace() as trace:
        x = trace.input("x", (ROWS, WIDTH), np.dtype("float32"))
        w = trace.input("w", WEIGHTS.shape, WEIGHTS.dtype)
        return prepare(trace.graph({"out": ops.tanh(ops.matmul(x, w))}), threads)


def column(steps: int) -> np.ndarray:
    return np.random.default_rng(3).normal(size=(ROWS * steps + 1, WIDTH)).astype("float32")


@pytest.mark.parametrize("steps", [2, 3, 7])
@pytest.mark.parametrize("order", ["in order", "from the second row on", "scattered"])
@pytest.mark.parametrize("threads", [2, 3])
def test_shares_give_the_bits_of_one_step_after_the_other(steps: int, order: str, threads: int) -> None:
    runner, x = layer(threads), column(steps)
    rows = np.random.default_rng(5).permutation(ROWS * steps) if order == "scattered" else np.arange(ROWS * steps)
    rows += order == "from the second row on"
    one_by_one = [runner.run({"x": x[rows[ROWS * i : ROWS * (i + 1)]], "w": WEIGHTS})["out"] for i in range(steps)]
    found = runner.run_many({"w": WEIGHTS}, {"x": x}, rows, steps, ["out"])
    np.testing.assert_array_equal(found["out"], np.concatenate(one_by_one))
    np.testing.assert_array_equal(runner.run_many({"w": WEIGHTS}, {"x": x}, rows, steps)["out"], one_by_one[-1])


@pytest.mark.parametrize("bad", [0, 11, 23])
def test_nan_in_any_share_is_found(bad: int) -> None:
    runner, x = layer(2), column(6)
    x[bad, 7] = np.nan
    with pytest.raises(NotFinite) as caught:
        runner.run_many({"w": WEIGHTS}, {"x": x}, np.arange(ROWS * 6), 6, ["out"], check=True)
    assert np.flatnonzero(np.isnan(caught.value.outputs["out"]).any(axis=1)).tolist() == [bad]


def test_a_graph_that_leaves_state_is_not_shared_out() -> None:
    with Trace() as trace:
        x, total = (trace.input(name, (ROWS,), np.dtype("float32")) for name in ("x", "total"))
        runner = prepare(trace.graph({"total": ops.add(total, x)}), 2)
    found = runner.run_many(
        {"total": np.zeros(ROWS, "float32")}, {"x": np.arange(24.0, dtype="float32")}, np.arange(24), 6
    )
    np.testing.assert_array_equal(found["total"], np.arange(24.0).reshape(6, ROWS).sum(axis=0))
