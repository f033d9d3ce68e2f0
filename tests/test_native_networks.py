"""Machine code against the interpreter over random networks: every layer, loss, optimizer and option there is.

A float32 step may be off from exact arithmetic by a small multiple of what the interpreter is off by itself; a float64
step agrees to ten digits. What is compared is the third step, when optimizers have something to remember.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from native_cases import networks
from native_cases.rounding import NearTie, measures

import backlit as bl
from backlit import layers, ops
from backlit.execute import Interpreter
from backlit.graph import Graph
from backlit.inspect.graphs import training_step
from backlit.layers import naming
from backlit.tensor import Trace
from backlit.training.step import Step, feed_of

pytest.importorskip("llvmlite")
from backlit.execute.native import prepare
from backlit.execute.native.lower import lowered

IN_FLOAT64 = 1e-10
SLOW = [HealthCheck.filter_too_much, HealthCheck.too_slow]


def few(examples: int) -> settings:
    """Return the settings for so many networks, the same ones every time."""
    return settings(max_examples=examples, derandomize=True, database=None, suppress_health_check=SLOW)


@pytest.fixture(autouse=True)
def _recorded_only() -> Any:
    """Record steps for the interpreter: the tests prepare them for machine code themselves."""
    kept = bl.config.executor()
    bl.config.set_executor("interpreter")
    yield
    bl.config.set_executor(kept)


def third_step(made: dict[str, Any], dtype: str = "float32") -> tuple[Step, dict[str, np.ndarray]]:
    """Return a recorded step, and its inputs after two steps of the interpreter."""
    bl.config.set_floatx(dtype)
    naming.clear_session()
    model = networks.built(made)
    batch = networks.batch_for(model, made)
    step = training_step(model, batch)
    feed = feed_of(batch) | {n: v.stored for n, v in step.variables.items() if n in step.graph.inputs}
    interpreter = Interpreter(step.graph)
    for _ in range(2):
        feed |= {name: value for name, value in interpreter.run(feed).items() if name in feed}
    return step, feed


def with_marks(graph: Graph) -> Graph:
    """Return the step with its loss, gradients and activations among the outputs."""
    return Graph(graph.inputs, {**graph.outputs, **graph.marks})


def require_parity(made: dict[str, Any]) -> None:
    """Compare a float32 step: weights, slots, metrics, loss, gradients, activations."""
    step, feed = third_step(networks.PLAIN | made)
    graph = with_marks(step.graph)
    assert any(name.startswith("gradient/") for name in graph.outputs)
    for off in measures(graph, feed, prepare(graph).run(feed)):
        assert off.ratio <= off.limit, f"{off}: {off.ratio:.1f} > {off.limit:.1f}"


def require_float64(made: dict[str, Any]) -> None:
    """Compare a float64 step with the interpreter's, each array by the greatest number of its kind."""
    step, feed = third_step(networks.PLAIN | made, "float64")
    graph = with_marks(step.graph)
    ours, meant = prepare(graph).run(feed), Interpreter(graph).run(feed)
    greatest = max(float(np.abs(v).max(initial=0)) for name, v in meant.items() if name.startswith("gradient/"))
    for name, value in meant.items():
        least = 1e-3 * greatest if name.startswith("gradient/") else 1e-3  # a gradient that is 0 but for rounding
        bound = IN_FLOAT64 * max(float(np.abs(value).max(initial=0)), least)
        np.testing.assert_allclose(ours[name], value, rtol=0, atol=bound, err_msg=name)


@few(10)
@given(networks.described)
def test_a_step_is_off_by_rounding_only(made: dict[str, Any]) -> None:
    try:
        require_parity(made)
    except NearTie:
        assume(False)


@few(5)
@given(networks.described)
def test_a_float64_step_agrees_to_ten_digits(made: dict[str, Any]) -> None:
    require_float64(made)


@pytest.mark.parametrize("loss", sorted(networks.LOSSES))
def test_every_loss(loss: str) -> None:
    require_parity({"loss": loss, "weights": "sample"})


@pytest.mark.parametrize("optimizer", sorted(networks.OPTIMIZERS))
def test_every_optimizer(optimizer: str) -> None:
    require_parity({"optimizer": optimizer})


@pytest.mark.parametrize("options", networks.OPTIONS, ids=str)
def test_every_option_of_optimizers(options: dict[str, Any]) -> None:
    require_parity({"optimizer": "adam", "options": options, "weights": "class", "loss": "sparse"})


def test_every_layer_regularizer_constraint_and_merge() -> None:
    wide = [17, 40, 5, 33, 8, 16, 9, 3, 20]
    names = sorted(networks.LAYERS)
    require_parity({"widths": wide, "between": names[:9], "weights": "sample"})
    require_parity({"widths": wide, "between": names[9:] + names[:4], "features": (3, 5)})
    for regularizer in networks.REGULARIZERS:
        require_parity({"regularizer": regularizer})
    for constraint in networks.CONSTRAINTS:
        require_parity({"constraint": constraint})
    for merge in networks.MERGES:
        require_parity({"form": "two inputs", "merge": merge})


def test_every_activation() -> None:
    for start in range(0, len(networks.ACTIVATIONS), 5):
        require_parity({"widths": [12] * 5, "activations": networks.ACTIVATIONS[start : start + 5]})


@pytest.mark.parametrize("layer", ["dropout", "noise"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_random_layers_draw_the_same_numbers(layer: str, dtype: str) -> None:
    step, feed = third_step(networks.PLAIN | {"between": [layer], "widths": [31, 64, 9]}, dtype)
    draws = [node for node in lowered(step.graph).nodes if node.op.name == "uniform"]
    assert len(draws) >= 3
    graph = Graph(step.graph.inputs, {str(i): node for i, node in enumerate(draws)})
    ours, meant = prepare(graph).run(feed), Interpreter(graph).run(feed)
    for name, value in meant.items():
        np.testing.assert_array_equal(ours[name], value)


def test_a_sum_of_a_million_numbers_keeps_its_digits() -> None:
    """A penalty or a norm is a sum over all weights of a layer: one after the other they would lose three digits."""
    x = np.random.default_rng(0).random((1000, 1000)).astype("float32")
    with Trace() as trace:
        given = trace.input("x", x.shape, x.dtype)
        graph = trace.graph({"sum": ops.sum(given), "squares": ops.sum(ops.square(given)), "mean": ops.mean(given)})
    exact = {
        "sum": x.sum(dtype="float64"),
        "squares": (x.astype("float64") ** 2).sum(),
        "mean": x.mean(dtype="float64"),
    }
    for name, value in prepare(graph).run({"x": x}).items():
        assert abs(value - exact[name]) <= 2e-6 * exact[name], name


drifting = st.fixed_dictionaries(
    {
        "widths": st.lists(st.integers(1, 60), min_size=1, max_size=3),
        "activations": st.just(["tanh", "relu", "sigmoid"]),
        "between": st.permutations(["dropout", "norm", "nothing"]),
        "optimizer": st.sampled_from(["sgd", "momentum", "nesterov", "scheduled"]),
        "loss": st.sampled_from(["mse", "sparse", "categorical", "binary"]),
        "batch": st.integers(1, 40),
    }
)


@few(5)
@given(drifting)
def test_weights_stay_together_for_200_steps(made: dict[str, Any]) -> None:
    """One call of 200 steps on other rows each, against the interpreter step by step."""
    described = networks.PLAIN | made
    step, feed = third_step(described)
    rows, steps = described["batch"], 200
    x, y = networks.arrays(described, 5 * rows)
    columns = {"x": x.astype("float32"), "y": y.astype(feed["y"].dtype).reshape(5 * rows, *feed["y"].shape[1:])}
    order = np.random.default_rng(0).integers(0, 5 * rows, steps * rows)
    state = {name: value for name, value in feed.items() if name not in columns}
    ours = prepare(step.graph).run_many(state, columns, order, steps)
    interpreter, meant = Interpreter(step.graph), dict(state)
    for i in range(steps):
        taken = order[i * rows : (i + 1) * rows]
        meant |= interpreter.run(meant | {name: column[taken] for name, column in columns.items()})
    assert int(ours["step"]) == int(meant["step"]) == 202
    for name in (n for n in state if n.startswith("params/")):
        off, size = np.linalg.norm(ours[name] - meant[name]), np.linalg.norm(meant[name])
        assert off <= 1e-4 * max(size, 1e-2), f"{name}: {off:.2g} of {size:.2g}"


def test_fit_goes_through_the_same_shuffles_and_masks() -> None:
    """In float64 two runs that differ in one row or one mask would be far apart after an epoch."""
    bl.config.set_floatx("float64")
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(101, 6)), generator.integers(0, 3, 101)
    reached = []
    for executor in ("interpreter", "native"):
        bl.config.set_executor(executor)
        bl.set_random_seed(5)
        naming.clear_session()
        model = bl.Sequential([layers.Dense(20, "tanh"), layers.Dropout(0.3), layers.Dense(3, "softmax")])
        model.compile(bl.optimizers.SGD(0.3, momentum=0.5), "sparse_categorical_crossentropy")
        model.fit(x, y, epochs=3, batch_size=8, verbose=0, class_weight={0: 1.0, 1: 2.0, 2: 0.5})
        reached.append(model.get_weights())
    for ours, meant in zip(reached[1], reached[0], strict=True):
        np.testing.assert_allclose(ours, meant, rtol=0, atol=IN_FLOAT64)
