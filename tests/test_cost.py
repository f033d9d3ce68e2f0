"""Costs: the textbook's count for dense layers, one rule for every kind of op, and nothing lost between the rows."""

from __future__ import annotations

import numpy as np
import pytest

import backlit
from backlit import layers, ops
from backlit.errors import ConfigError
from backlit.graph import Graph, Node
from backlit.graph.record import Recorder, input_node
from backlit.models.cost import RULES, Cost, cost, flops, layer_costs, moved_bytes, pass_graph
from backlit.models.operations import table
from backlit.models.summary import summary

FLOAT = np.dtype("float32")
BATCH = 32


def node(*shape: int) -> Node:
    return input_node("x", shape, FLOAT)


def seed_001() -> backlit.Model:
    x = layers.Input((784,))
    return backlit.Model(x, layers.Dense(10)(layers.Dense(100, activation="relu", name="hidden")(x)))


def total(costs: dict[tuple[str, str], Cost]) -> Cost:
    return sum(costs.values(), Cost())


def test_products_of_a_step_are_what_the_textbook_counts() -> None:
    """x W forward; the gradients of both kernels and of the hidden layer back, but none of the data."""
    graph = pass_graph(seed_001(), BATCH)
    counted = sum(flops(node) for node in graph.operations if node.op.name == "matmul")
    assert counted == 2 * BATCH * (784 * 100 + 100 * 10) * 2 + 2 * BATCH * 100 * 10
    assert counted == pytest.approx(10.2e6, rel=0.01)
    assert total(layer_costs(seed_001(), BATCH)).flops < 1.01 * counted  # the rest is biases and relu


def test_layer_by_layer() -> None:
    costs = layer_costs(seed_001(), BATCH)
    assert set(costs) == {("hidden", "forward"), ("dense", "forward"), ("dense", "backward"), ("hidden", "backward")}
    products, biases = 2 * BATCH * 784 * 100, BATCH * 100
    assert costs["hidden", "forward"].flops == products + biases + biases  # x W, + b, relu
    assert costs["hidden", "backward"].flops == products + biases + 2 * biases  # dW, db, dy * (y > 0)
    assert costs["dense", "backward"].flops == 2 * (2 * BATCH * 100 * 10) + BATCH * 10  # dW and dx, db


def test_a_training_step_has_all_its_parts() -> None:
    model = backlit.Sequential([layers.Input((5,)), layers.Dense(4), layers.Dense(3)])
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(np.zeros((8, 5), "float32"), np.zeros((8, 3), "float32"), batch_size=8, verbose=0)
    (step,) = [step for key, step in model.steps.items() if key[0] == "train"]
    costs = cost(step.graph)
    assert {phase for _, phase in costs} >= {"forward", "loss", "backward", "update", "metrics"}
    assert sum(c.flops for (_, phase), c in costs.items() if phase == "update") > 5 * 24 + 5 * 15  # Adam, per weight


@pytest.mark.parametrize(
    ("build", "count", "moved"),
    [
        (lambda: node(3, 4) @ node(4, 5), 2 * 3 * 4 * 5, 4 * (12 + 20 + 15)),
        (lambda: ops.matmul(node(4, 3), node(4, 5), transpose_a=True), 2 * 3 * 4 * 5, 4 * (12 + 20 + 15)),
        (lambda: ops.matmul(node(2, 3, 4), node(4, 5)), 2 * 2 * 3 * 4 * 5, None),
        (lambda: node(3, 4) + node(4), 12, 4 * (12 + 4 + 12)),
        (lambda: node(3, 4) * 2.0, 12, 4 * 24),  # a single constant is part of the program
        (lambda: ops.tanh(node(3, 4)), 12, 4 * 24),
        (lambda: node(3, 4) > 0, 12, 4 * 12 + 12),
        (lambda: ops.cast(node(3, 4), "float64"), 0, 12 * (4 + 8)),
        (lambda: ops.sum(node(3, 4), axis=0), 12, 4 * 16),
        (lambda: ops.mean(node(3, 4)), 12, 4 * 13),
        (lambda: ops.argmax(node(3, 4)), 12, 4 * 12 + 8 * 3),
        (lambda: ops.reshape(node(3, 4), (4, 3)), 0, 0),
        (lambda: ops.transpose(node(3, 4)), 0, 0),
        (lambda: ops.concatenate([node(3, 4), node(3, 2)]), 0, 4 * (12 + 6 + 18)),
        (lambda: ops.softmax(node(3, 4)), 5 * 12, 4 * 24),  # max, subtract, exp, sum, divide
        (lambda: ops.logsumexp(node(3, 4)), 4 * 12 + 3 + 3 + 3, 4 * 15),  # log, + top, and the sum that drops an axis
    ],
)
def test_each_kind_of_op(build: object, count: int, moved: int | None) -> None:
    made = build()  # type: ignore[operator]
    assert flops(made) == count
    assert moved is None or moved_bytes(made) == moved


def test_the_same_array_is_read_once() -> None:
    x = node(3, 4)
    assert moved_bytes(x * x) == 4 * 24


def test_every_primitive_has_a_rule() -> None:
    assert {op.kind for op in table().values() if op.body is None} <= set(RULES)


def test_equal_work_is_counted_once() -> None:
    x = node(3, 4)
    with Recorder():
        twice = ops.exp(x) + ops.exp(x)
    assert total(cost(Graph({"x": x}, {"y": twice}))).flops == 24


def test_the_table_adds_up() -> None:
    row = [layers.Input((6,)), layers.Dense(4, activation="tanh"), layers.BatchNormalization(name="norm")]
    inner = backlit.Sequential(row, name="inner")
    x = layers.Input((6,), name="x")
    model = backlit.Model(x, layers.Dense(2, name="last")(inner(x)) * 3.0)
    text = summary(model, 100, expand_nested=True, cost=True).partition("Cost of one sample")[2]
    lines = [line.strip("│").split("│") for line in text.split("\n") if line.startswith("│")]
    rows = {name.strip("└ "): [int(cell.replace(",", "")) for cell in cells] for name, *cells in lines}
    assert list(rows)[:2] == ["x", "inner"]
    parts = np.array([rows[name] for name in ("x", "inner", "last", "multiply")])
    assert np.allclose(parts.sum(0), rows["Total"], atol=2)  # each number is rounded
    inside = np.array([values for name, values in rows.items() if name.startswith(("dense", "norm"))])
    assert np.allclose(inside.sum(0), rows["inner"], atol=2)
    assert rows["last"][0] == 2 * 4 * 2 + 2
    assert rows["Total"][4] == 4 * (6 * 4 + 4 + 4 * 4 + 4 * 2 + 2)


def test_a_subclass_is_counted_by_what_it_records() -> None:
    class Squares(backlit.Model):
        def __init__(self) -> None:
            super().__init__()
            self.last = layers.Dense(2, name="last")

        def call(self, x: object) -> object:
            return self.last(x * x)  # type: ignore[operator]

    model = Squares()
    with pytest.raises(ConfigError, match="input shape"):
        layer_costs(model)
    model(np.zeros((1, 3), "float32"))
    costs = layer_costs(model, BATCH)
    assert costs["last", "forward"].flops == BATCH * (2 * 3 * 2 + 2)
    assert costs["", "forward"].flops == BATCH * 3


def test_a_model_without_weights_costs_only_forward() -> None:
    model = backlit.Sequential([layers.Input((3,)), layers.Rescaling(0.5)])
    assert {phase for _, phase in layer_costs(model)} == {"forward"}
