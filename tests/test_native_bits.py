"""The same bits: run after run, on any number of threads, in any batch, skipping zeros or not, many steps or one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from native_cases import networks

import backlit as bl
from backlit import layers, ops
from backlit.execute import choice
from backlit.inspect.graphs import training_step
from backlit.layers import naming
from backlit.ops.random import uniform
from backlit.tensor import Trace
from backlit.training.step import feed_of

pytest.importorskip("llvmlite")
from backlit.execute.native import prepare
from backlit.execute.native.pace import Pace
from backlit.execute.native.zeros import BITS

CASES: list[dict[str, Any]] = [
    {"features": (200,), "widths": [300, 120], "between": ["norm", "dropout"], "batch": 33, "optimizer": "adam"},
    {"features": (40,), "widths": [33, 70, 5], "between": ["noise", "prelu"], "batch": 13, "loss": "sparse"},
    {"features": (4, 17), "widths": [64], "between": ["layer norm"], "batch": 39, "optimizer": "nesterov"},
    {"form": "two outputs", "widths": [257], "batch": 24, "optimizer": "adamax", "options": {"global_clipnorm": 0.1}},
    {"features": (784,), "widths": [10], "batch": 128, "loss": "categorical", "optimizer": "momentum"},
]


@pytest.fixture(autouse=True)
def _all_threads(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run on all threads there are, however slow; put back the executor and the number of threads."""
    monkeypatch.setattr(Pace, "together", lambda pace: pace.threads > 1)
    kept = bl.config.executor()
    yield
    bl.config.set_executor(kept)
    choice.set_threads(0)


def step_of(made: dict[str, Any]) -> tuple[Any, dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return the graph of a training step, its state, its batch."""
    bl.config.set_executor("interpreter")
    naming.clear_session()
    model = networks.built(networks.PLAIN | made)
    batch = networks.batch_for(model, networks.PLAIN | made)
    step = training_step(model, batch)
    return step.graph, {n: v.stored for n, v in step.variables.items() if n in step.graph.inputs}, feed_of(batch)


def require_same(ours: dict[str, np.ndarray], meant: dict[str, np.ndarray]) -> None:
    """Compare bits."""
    assert ours.keys() == meant.keys()
    for name, value in meant.items():
        assert ours[name].tobytes() == value.tobytes(), name


@pytest.mark.parametrize("made", CASES, ids=lambda made: made.get("form") or str(made["features"]))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_run_to_run_and_on_any_number_of_threads(made: dict[str, Any], dtype: str) -> None:
    bl.config.set_floatx(dtype)
    graph, state, batch = step_of(made)
    rows, steps = made["batch"], 5
    columns = {name: np.concatenate([array, array[::-1]]) for name, array in batch.items()}
    order = np.random.default_rng(0).integers(0, 2 * rows, steps * rows)
    meant = None
    for threads in (1, 2, 4, 3):
        runner = prepare(graph, threads)
        for _ in range(2):
            reached = runner.run_many(state, columns, order, steps)
            one_by_one = dict(state)
            for i in range(steps):
                taken = order[i * rows : (i + 1) * rows]
                one_by_one |= runner.run(one_by_one | {name: column[taken] for name, column in columns.items()})
            meant = meant or reached
            require_same(reached, meant)
            require_same({name: one_by_one[name] for name in meant}, meant)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("target", ["", "avx2", "x86-64"])
def test_skipping_zeros_changes_no_bit(share: float, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows and columns of zeros, single ones, lengths around the words of the bits, a negative zero."""
    monkeypatch.setenv("BACKLIT_TARGET", target)
    generator = np.random.default_rng(0)
    for rows, shared, columns in ((2, 32, 5), (9, BITS, 33), (17, BITS + 1, 16), (40, 3 * BITS - 1, 70)):
        x = (generator.normal(size=(rows, shared)) * (generator.random((rows, shared)) < share)).astype("float32")
        x[0], x[:, 1], x[-1, -1] = 0.0, -0.0, 2.0
        w = generator.normal(size=(shared, columns)).astype("float32")
        dy = generator.normal(size=(rows, columns)).astype("float32")
        with Trace() as trace:
            given = [trace.input(n, a.shape, a.dtype) for n, a in (("x", x), ("w", w), ("dy", dy))]
            outputs = {"y": ops.matmul(given[0], given[1]), "dw": ops.matmul(given[0], given[2], True)}
            graph = trace.graph(outputs)
        skipping, dense = prepare(graph), prepare(graph, skip_zeros=False)
        assert any("scan" in call.code.key for call in skipping.assembly.calls())
        assert not any("scan" in call.code.key for call in dense.assembly.calls())
        feed = {"x": x, "w": w, "dy": dy}
        require_same(skipping.run(feed), dense.run(feed))


@pytest.mark.parametrize("moved", ["resampled", "brightened"])
def test_images_that_were_moved_skip_zeros_as_plain_ones_do(moved: str) -> None:
    """What is drawn for them is no data, and makes no pixel of nothing."""
    generator = np.random.default_rng(0)
    x = np.zeros((40, 12, 12, 1), "float32")
    x[:, 5:8, 3:9] = generator.random((40, 3, 6, 1))
    feed = {"x": x, "w": generator.normal(size=(144, 20)).astype("float32"), "seed": np.array(3), "step": np.array(0)}
    with Trace() as trace:
        images, w, seed, step = (trace.input(name, a.shape, a.dtype) for name, a in feed.items())
        if moved == "resampled":
            at = (12.0 * uniform(seed, step, stream=s, shape=(40, 12, 12)) for s in (1, 2))
            images = ops.resample(images, *at)
        else:
            images = ops.clip(images * uniform(seed, step, shape=(40, 1, 1, 1)), 0.0, 1.0)
        rows = ops.reshape(images, (40, 144))
        graph = trace.graph({"y": ops.matmul(rows, w), "dw": ops.matmul(rows, ops.matmul(rows, w), True)})
    skipping, dense = prepare(graph), prepare(graph, skip_zeros=False)
    assert sum("scan" in call.code.key for call in skipping.assembly.calls()) == 2  # along rows, and down columns
    require_same(skipping.run(feed), dense.run(feed))


def test_skipping_zeros_in_a_training_step_changes_no_bit() -> None:
    for made in CASES:
        graph, state, batch = step_of(made)
        require_same(prepare(graph).run(state | batch), prepare(graph, skip_zeros=False).run(state | batch))


HEADS = {
    "dense": [layers.Dense(33, "relu"), layers.Dense(10, "softmax")],
    "norms": [layers.Dense(18), layers.BatchNormalization(), layers.LayerNormalization(), layers.Dense(1, "sigmoid")],
    "curves": [layers.Dense(17, "gelu"), layers.PReLU(), layers.Dense(70, "selu"), layers.Softmax(), layers.Dense(3)],
    "narrow": [layers.Dense(1, "tanh"), layers.Dense(2, "log_softmax")],
    "wide": [layers.Dense(300, "elu"), layers.Dropout(0.5), layers.Dense(130, "mish")],
}


@pytest.mark.parametrize("name", sorted(HEADS))
@pytest.mark.parametrize("features", [(40,), (3, 9)], ids=str)
def test_a_row_is_predicted_alike_in_any_batch_and_place(name: str, features: tuple[int, ...]) -> None:
    generator = np.random.default_rng(1)
    x = generator.normal(size=(45, *features)) * (generator.random((45, *features)) < 0.6)
    model = bl.Sequential([layers.Input(features), *(type(h).from_config(h.get_config()) for h in HEADS[name])])
    meant = None
    for threads in (1, 2):
        choice.set_threads(threads)
        model.compile("sgd", "mse")  # forgets what was recorded
        meant = model.predict(x, batch_size=1, verbose=0) if meant is None else meant
        for size in (1, 2, 3, 7, 13, 32, 45):
            np.testing.assert_array_equal(model.predict(x, batch_size=size, verbose=0), meant)
        turned = generator.permutation(45)
        np.testing.assert_array_equal(model.predict(x[turned], batch_size=11, verbose=0), meant[turned])


def test_fit_gives_the_same_bits_twice_and_on_more_threads() -> None:
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(203, 90)), generator.integers(0, 4, 203)
    reached = []
    for threads in (1, 1, 2, 4):
        choice.set_threads(threads)
        bl.set_random_seed(2)
        naming.clear_session()
        model = bl.Sequential([layers.Dense(150, "relu"), layers.Dropout(0.3), layers.Dense(4, "softmax")])
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        history = model.fit(x, y, epochs=2, batch_size=20, verbose=0, validation_split=0.1).history
        reached.append((history, [w.tobytes() for w in model.get_weights()]))
    assert all(found == reached[0] for found in reached[1:])
