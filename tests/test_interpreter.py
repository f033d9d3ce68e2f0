"""The interpreter against the meaning of a graph (`graph.evaluate`): the same bits, whatever memory it reuses.

Random graphs of ops, views and constants; inputs are read-only, outputs of one run must survive the next.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backlit import ops
from backlit.arrays import Array
from backlit.errors import ConfigError, ShapeError
from backlit.execute import Interpreter
from backlit.graph import Graph, Node, Recorder, constant_node, evaluate, input_node

Step = Callable[[Node, Node], Any]

STEPS: dict[str, Step] = {
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "divide": lambda x, y: x / y,
    "maximum": ops.maximum,
    "negative": lambda x, y: -x,
    "twice": lambda x, y: x * x + x,
    "tanh": lambda x, y: ops.tanh(x),
    "plus one": lambda x, y: x + 1.0,
    "greater": lambda x, y: ops.cast(x > y, dtype=x.dtype.name),
    "where": lambda x, y: ops.where(x > 0, x, y),
    "other precision": lambda x, y: ops.cast(x, dtype="float64" if x.dtype == np.float32 else "float32"),
    "matmul": lambda x, y: x @ y,
    "matmul with itself": lambda x, y: ops.matmul(x, x, False, True),
    "flat view": lambda x, y: ops.reshape(x, -1),
    "row view": lambda x, y: ops.expand_dims(x, 0),
    "transposed view": lambda x, y: ops.transpose(x),
    "slice view": lambda x, y: x[::-1],
    "first view": lambda x, y: x[0],
    "broadcast view": lambda x, y: ops.broadcast_to(x, (2, *x.shape)),
    "the same": lambda x, y: ops.stop_gradient(x),
    "sum": lambda x, y: ops.sum(x, 0),
    "sum of all": lambda x, y: ops.sum(x),
    "mean": lambda x, y: ops.mean(x, -1, keepdims=True),
    "max": lambda x, y: ops.max(x, -1),
    "softmax": lambda x, y: ops.softmax(x),
    "normalize": lambda x, y: ops.normalize(x),
    "concatenate": lambda x, y: ops.concatenate([x, y, x], 0),
    "gather": lambda x, y: ops.gather(x, np.array([0, 0])),
    "clip": lambda x, y: ops.clip(x, -0.5, 0.5),
}
SOURCES: dict[str, tuple[tuple[int, ...], str]] = {
    "a": ((3,), "float32"), "b": ((2, 3), "float32"), "c": ((3, 3), "float32"), "d": ((), "float32"),
    "e": ((2, 3), "float64"),
}  # fmt: skip
places = st.integers(0, 60)
plans = st.lists(st.tuples(st.sampled_from(sorted(STEPS)), places, places), min_size=1, max_size=25)


def built(plan: list[tuple[str, int, int]], keep: list[int]) -> Graph:
    """Record a plan; steps whose shapes do not fit are left out, `keep` says which nodes become outputs."""
    inputs = {name: input_node(name, shape, np.dtype(dtype)) for name, (shape, dtype) in SOURCES.items()}
    pool: list[Node] = [*inputs.values(), constant_node(np.linspace(-1, 1, 3, dtype=np.float32))]
    with Recorder():
        for name, i, j in plan:
            x, y = pool[i % len(pool)], pool[j % len(pool)]
            try:
                node = STEPS[name](x, y)
            except (ShapeError, IndexError):
                continue
            if np.prod(node.shape) < 200:
                pool.append(node)
    outputs = {f"y{k}": pool[k % len(pool)] for k in keep} | {"last": pool[-1]}
    return Graph(inputs, outputs, {"middle": pool[len(pool) // 2]})


def arrays_for(graph: Graph, seed: int = 0) -> dict[str, Array]:
    rng = np.random.default_rng(seed)
    arrays = {name: np.asarray(rng.standard_normal(n.shape).astype(n.dtype)) for name, n in graph.inputs.items()}
    for array in arrays.values():
        array.flags.writeable = False  # whoever writes into an input fails at once
    return arrays


def bits_of(arrays: dict[str, Any]) -> dict[str, tuple[Any, ...]]:
    return {name: (np.shape(a), np.asarray(a).dtype, np.asarray(a).tobytes()) for name, a in arrays.items()}


def meant(graph: Graph, inputs: dict[str, Array]) -> dict[str, Any]:
    values = evaluate(list(graph.outputs.values()), {graph.inputs[name]: inputs[name] for name in graph.inputs})
    return dict(zip(graph.outputs, values, strict=True))


class Watcher:
    """Keeps a copy of what it sees, in order."""

    def __init__(self) -> None:
        self.seen: list[tuple[Node, Array]] = []

    def after(self, node: Node, value: Array) -> None:
        self.seen.append((node, np.array(value)))


@settings(max_examples=300)
@given(plan=plans, keep=st.lists(st.integers(0, 60), max_size=4))
def test_random_graphs_give_the_same_bits(plan: list[tuple[str, int, int]], keep: list[int]) -> None:
    graph = built(plan, keep)
    inputs, others = arrays_for(graph), arrays_for(graph, 1)
    before = bits_of(inputs)
    runner = Interpreter(graph)
    first = runner.run(inputs)
    expected = bits_of(meant(graph, inputs))
    assert bits_of(first) == expected
    assert bits_of(runner.run(others)) == bits_of(meant(graph, others))
    assert bits_of(first) == expected, "the second run wrote into an output of the first"
    watcher = Watcher()
    assert bits_of(runner.run(inputs, watcher)) == expected
    assert [node for node, _ in watcher.seen if node in graph.operations] == list(graph.operations)
    assert bits_of(inputs) == before


@settings(max_examples=100)
@given(plan=plans)
def test_every_node_has_the_shape_and_dtype_it_was_recorded_with(plan: list[tuple[str, int, int]]) -> None:
    graph = built(plan, list(range(40)))
    watcher = Watcher()
    Interpreter(graph).run(arrays_for(graph), watcher)
    assert len(watcher.seen) == len(graph.nodes)
    for node, value in watcher.seen:
        assert (value.shape, value.dtype) == (node.shape, node.dtype), node


def reused(graph: Graph) -> list[str]:
    """Return the names of the ops that write over an array nobody needs any more."""
    return [step.node.op.name for step in Interpreter(graph)._program if step.reuse >= 0]


def test_memory_is_reused() -> None:
    x = input_node("x", (4,), np.dtype("float32"))
    graph = Graph({"x": x}, {"y": ops.exp(-(x * 2.0 + 1.0))})
    assert reused(graph) == ["add", "negative", "exp"]


def test_an_output_is_not_written_over() -> None:
    x = input_node("x", (4,), np.dtype("float32"))
    kept = x * 2.0
    assert reused(Graph({"x": x}, {"kept": kept, "y": kept + 1.0})) == []


def test_what_a_view_shows_is_not_written_over() -> None:
    x = input_node("x", (2, 2), np.dtype("float32"))
    made = x * 2.0
    seen = ops.transpose(made)
    graph = Graph({"x": x}, {"seen": seen, "y": made + 1.0})
    assert reused(graph) == []
    ran = Interpreter(graph).run({"x": np.float32([[1, 2], [3, 4]])})
    np.testing.assert_array_equal(ran["seen"], [[2, 6], [4, 8]])


def test_constants_are_not_written_over() -> None:
    x = input_node("x", (3,), np.dtype("float32"))
    ones = constant_node(np.ones(3, np.float32))
    runner = Interpreter(Graph({"x": x}, {"y": (ones + x) * 2.0}))
    for _ in range(2):
        np.testing.assert_array_equal(runner.run({"x": np.zeros(3, np.float32)})["y"], [2, 2, 2])
    np.testing.assert_array_equal(ones.value, 1)


def test_state_is_what_stands_on_both_sides() -> None:
    w, x = input_node("params/w", (), np.dtype("float32")), input_node("x", (), np.dtype("float32"))
    graph = Graph({"x": x, "params/w": w}, {"loss": w * x, "params/w": w - 0.1})
    assert graph.state() == ("params/w",)
    runner, state = Interpreter(graph), {"params/w": np.float32(1.0)}
    for _ in range(3):
        ran = runner.run({"x": np.float32(2.0), **state})
        state = {name: ran[name] for name in graph.state()}
    np.testing.assert_allclose(state["params/w"], 0.7, rtol=1e-6)


def test_a_missing_input_is_named() -> None:
    x, y = (input_node(n, (2,), np.dtype("float32")) for n in "xy")
    runner = Interpreter(Graph({"x": x, "y": y}, {"z": x + y}))
    with pytest.raises(ConfigError, match=r"'y'; given were x"):
        runner.run({"x": np.zeros(2, np.float32)})


def test_inputs_nobody_reads_are_not_asked_for() -> None:
    x, y = (input_node(n, (), np.dtype("float32")) for n in "xy")
    graph = Graph({"x": x, "y": y}, {"z": x + 1.0})
    assert list(graph.inputs) == ["x"]
    assert Interpreter(graph).run({"x": np.float32(1)}) == {"z": 2.0}


def test_no_warning_of_numpy_reaches_the_user() -> None:
    x = input_node("x", (2,), np.dtype("float32"))
    ran = Interpreter(Graph({"x": x}, {"y": ops.log(x) / x})).run({"x": np.float32([0, -1])})
    assert np.isneginf(ran["y"][0])
    assert np.isnan(ran["y"][1])


def test_marks_and_labels() -> None:
    x = input_node("x", (2,), np.dtype("float32"))
    inner, lost = x * 2.5, x + 1.0
    graph = Graph({"x": x}, {"y": ops.tanh(inner)}, {"inner": inner, "lost": lost})
    assert dict(graph.marks) == {"inner": inner}
    assert [graph.labels[node] for node in graph.nodes] == ["x", "2.5", "%1", "%2"]
    assert repr(graph) == "<graph of 4 nodes: 1 inputs, 1 outputs>"
