"""The graph as text and as a picture: what is printed is what is computed, and every box and number finds its place.

The example throughout is the textbook's: two apples at 100 and a tax of ten percent, 220 to pay.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Any

import numpy as np
import pytest

import backlit
from backlit import activations, layers, ops
from backlit.arrays import Array
from backlit.execute import Interpreter
from backlit.graph import Graph, Node, constant_node, input_node, picture, show
from backlit.graph.formula import formula, number
from backlit.graph.layout import ROOM, layered
from backlit.graph.scene import by_layer, by_op
from backlit.graph.wording import gradient_text, shape_text, update_rule, value_text
from backlit.inspect.graphs import example_batch, training_step
from backlit.tensor import GradientTape, Trace

SVG = "{http://www.w3.org/2000/svg}"


class Keeper:
    def __init__(self) -> None:
        self.values: dict[Node, Array] = {}

    def after(self, node: Node, value: Array) -> None:
        self.values[node] = np.array(value)


def run(graph: Graph, arrays: dict[str, Any]) -> dict[Node, Array]:
    keeper = Keeper()
    Interpreter(graph).run({name: np.asarray(arrays[name]) for name in graph.inputs}, keeper)
    return keeper.values


def apples() -> tuple[Graph, dict[Node, Array]]:
    with Trace() as trace, GradientTape() as tape:
        apple, number_of, tax = (trace.input(name, (), np.dtype("float64")) for name in ("apple", "number", "tax"))
        price = apple * number_of * tax
        found = tape.gradient(price, [apple, number_of, tax])
    graph = trace.graph({"price": price, **{f"d{i}": dx for i, dx in enumerate(found)}})
    return graph, run(graph, {"apple": 100.0, "number": 2.0, "tax": 1.1})


def step_of(model: Any, rows: int = 4) -> tuple[Graph, dict[str, Any]]:
    batch = example_batch(model, None, None, rows)
    step = training_step(model, batch)
    arrays = {"x": batch.x, "y": batch.y} | {name: v.value for name, v in step.variables.items()}
    return step.graph, arrays


@pytest.fixture(scope="module")
def network() -> tuple[Graph, dict[Node, Array]]:
    model = backlit.Sequential(
        [layers.Input((6,)), layers.Dense(5, activation="relu", name="hidden"),
         layers.Dense(3, activation="softmax", name="digits")]
    )  # fmt: skip
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    graph, arrays = step_of(model)
    return graph, run(graph, arrays)


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(svg).iter(f"{SVG}text")]


# --- formulas ----------------------------------------------------------------------------------------------------

FORMULAS = [
    (activations.leaky_relu, "where(x > 0, x, negative_slope * x)"),
    (activations.leaky_relu.derivative, "where(x > 0, 1, negative_slope)"),
    (activations.relu6, "clip(x, 0, 6)"),
    (activations.soft_shrink, "x - clip(x, -threshold, threshold)"),
    (activations.tanh_shrink, "x - tanh(x)"),
    (activations.sigmoid.derivative, "y * (1 - y)"),
    (activations.softsign.derivative, "(1 / (1 + |x|))²"),
    (ops.log_softmax, "x - ln(sum(e**x)) along an axis"),
    (ops.add, "x + y"),
]


@pytest.mark.parametrize(("op", "expected"), FORMULAS, ids=lambda v: getattr(v, "name", ""))
def test_formula(op: Any, expected: str) -> None:
    assert formula(op) == expected


def test_formula_with_the_values_of_its_attributes() -> None:
    assert formula(activations.leaky_relu, {"negative_slope": 0.1}, ["z"]) == "where(z > 0, z, 0.1 * z)"


def test_parentheses_stand_where_python_needs_them() -> None:
    @ops.elementwise
    def rule(x: Any, y: Any) -> Any:
        """z = of everything"""
        return -((x + y) ** 2.5) * (x - (y - 1.0)) / (x / y) - -x

    text = formula(rule)
    assert text == "-(x + y) ** 2.5 * (x - (y - 1)) / (x / y) - -x"
    x, y = -1.7, -0.4
    assert eval(text, {"x": x + 0j, "y": y + 0j}) == -((x + y + 0j) ** 2.5) * (x - (y - 1.0)) / (x / y) - -x  # noqa: S307


@pytest.mark.parametrize("name", sorted(activations.ACTIVATIONS))
def test_every_activation_that_is_an_op_has_a_formula(name: str) -> None:
    op = activations.ACTIVATIONS[name]
    if isinstance(op, ops.Op):
        assert formula(op)
        assert "\n" not in formula(op)


def test_numbers_are_short() -> None:
    assert [number(v) for v in (1.0, 0.5, 1e-7, -3, 2 / 3, True, 1e20)] == [
        "1", "0.5", "1e-07", "-3", "0.666667", "True", "1e+20",
    ]  # fmt: skip
    assert number(np.float32(np.nan)) == "nan"


# --- text --------------------------------------------------------------------------------------------------------


def test_text_of_a_small_graph() -> None:
    x, w = input_node("x", (2, 3), np.dtype("float32")), input_node("params/w", (3, 1), np.dtype("float32"))
    y = ops.matmul(x, w) * 2.0
    graph = Graph({"x": x, "params/w": w}, {"y": y[0], "params/w": w - 0.5}, {"double": y})
    expected = [
        "graph: 2 inputs, 2 outputs, 4 operations",
        "",
        "inputs",
        "  x         float32[2, 3]",
        "  params/w  float32[3, 1]  state",
        "",
        "nodes",
        "  %1        float32[2, 1]  = matmul(x, params/w)",
        "  %2        float32[2, 1]  = %1 * 2               # <double>",
        "  %3        float32[1]     = %2[0]",
        "  %4        float32[3, 1]  = params/w - 0.5",
        "",
        "outputs",
        "  y                        = %3",
        "  params/w                 = %4",
    ]
    assert str(graph).splitlines() == expected


def test_text_of_a_step(network: tuple[Graph, Any]) -> None:
    lines = show.as_text(network[0]).splitlines()
    assert [line for line in lines if line and not line.startswith(" ")][1:] == [
        "inputs", "forward", "loss", "backward", "update", "metrics", "outputs",
    ]  # fmt: skip
    text = "\n".join(lines)
    assert "  [hidden]" in lines
    assert re.search(r"= relu\(%2\) +# maximum\(x, 0\)  <activation/hidden>", text)
    assert re.search(r"softmax_cross_entropy\(%5, %7\) +# -sum\(t \* ln softmax\(z\)\)", text)
    assert "params/digits/kernelᵀ" in text
    assert "<gradient/hidden/kernel>" in text
    assert len({line.index("  = ") for line in lines if "  = " in line}) == 1, "the columns are aligned"
    assert len([line for line in lines if line.startswith("  %")]) == len(network[0].operations)


# --- words on arrows ---------------------------------------------------------------------------------------------


def test_values_in_a_few_characters() -> None:
    assert value_text(np.float64(220.00000000000003)) == "220"
    assert value_text(np.array([1.0, 2.5])) == "[1, 2.5]"
    assert value_text(np.arange(8)) == "0 1 2 3 4 …"
    assert value_text(np.array([1.0, 2.0, 3.0, 4.0])) == "μ 2.5  σ 1.12"
    assert value_text(np.zeros((0, 3))) == "empty"
    assert gradient_text(np.array([3.0, 4.0, 0.0, 0.0])) == "‖∂‖ 5"
    assert shape_text((32, 10)) == "32 × 10"


def test_the_update_is_read_off_the_graph(network: tuple[Graph, Any]) -> None:
    rule = update_rule(network[0])
    assert rule[0] == "t = step + 1"
    assert rule[1].startswith("α = learning_rate * sqrt(1 - 0.999 ** t)")
    assert rule[2:4] == ["m′ = m + (g - m) * 0.1", "v′ = v + (g² - v) * 0.001"]
    assert rule[4].startswith("w′ = w - ")
    assert "sqrt(v′)" in rule[4]
    assert update_rule(apples()[0]) == []


# --- pictures ----------------------------------------------------------------------------------------------------


def test_apples_by_op() -> None:
    graph, values = apples()
    scene = by_op(graph, values)
    assert sorted(box.title for box in scene.boxes.values()) == ["apple", "number", "price", "tax", "×", "×"]
    arrows = {(scene.boxes[link.source].title, link.above, link.below) for link in scene.links}
    assert arrows == {
        ("apple", ("100",), ("2.2",)), ("number", ("2",), ("110",)), ("tax", ("1.1",), ("200",)),
        ("×", ("200",), ("1.1",)), ("×", ("220",), ("1",)),
    }  # fmt: skip
    svg = picture.svg(graph, values, collapse=False)
    for text in ("apple", "number", "tax", "price", "220", "2.2", "110", "200"):
        assert text in texts(svg)


def test_values_stand_above_and_gradients_below() -> None:
    graph, values = apples()
    root = ET.fromstring(picture.svg(graph, values, collapse=False))
    heights = {element.text: float(element.get("y", 0)) for element in root.iter(f"{SVG}text")}
    assert heights["100"] < heights["2.2"]
    assert heights["220"] < heights["1"]


def test_a_step_by_layer(network: tuple[Graph, dict[Node, Array]]) -> None:
    graph, values = network
    scene = by_layer(graph, values)
    titles = [box.title for box in scene.boxes.values()]
    assert titles == ["x", "hidden", "digits", "y", "loss"]
    hidden = next(box for box in scene.boxes.values() if box.title == "hidden")
    assert [row.text for row in hidden.rows] == ["relu(x @ kernel + bias)", "kernel  6 × 5", "bias  5"]
    assert all(row.right.startswith("‖∂‖") for row in hidden.rows[1:])
    assert [box.title for box in scene.below] == ["update", "metrics"]
    assert len(scene.feeds) == 2
    back = {(scene.boxes[link.source].title, bool(link.below)) for link in scene.links}
    assert back == {("x", False), ("hidden", True), ("digits", True), ("y", False)}
    assert any("logits 4 × 3" in link.above for link in scene.links)


def test_without_values_there_are_shapes(network: tuple[Graph, Any]) -> None:
    found = texts(picture.svg(network[0]))
    assert "4 × 5" in found
    assert "∂ 4 × 5" in found
    assert not [text for text in found if "μ" in text]


@pytest.mark.parametrize("collapse", [False, True])
def test_svg_is_well_formed_and_stands_alone(network: tuple[Graph, Any], collapse: bool) -> None:
    svg = picture.svg(*network, collapse=collapse)
    root = ET.fromstring(svg)
    assert "http" not in svg.replace("http://www.w3.org/2000/svg", "")
    assert "prefers-color-scheme: dark" in svg
    width, height = (float(root.get(side, 0)) for side in ("width", "height"))
    for element in root.iter(f"{SVG}text"):
        assert 0 < float(element.get("x", 0)) < width
        assert 0 < float(element.get("y", 0)) < height
    assert svg == picture.svg(*network, collapse=collapse), "the same graph gives the same picture"


def test_two_pictures_on_one_page_do_not_share_names(network: tuple[Graph, Any]) -> None:
    first, second = picture.svg(*network), picture.svg(*apples(), collapse=False)
    names = [set(re.findall(r' id="([^"]+)"', svg)) for svg in (first, second)]
    assert names[0]
    assert not names[0] & names[1]


def test_text_is_escaped() -> None:
    x = input_node("x", (2,), np.dtype("float32"))
    svg = picture.svg(Graph({"a<b>&c": x}, {"y": ops.exp(x)}), collapse=False)
    assert "a<b>&c" in texts(svg)
    assert r"a\"b" in picture.dot(Graph({'a"b': x}, {"y": ops.exp(x)}), collapse=False)


def test_a_shared_layer_stays_one_box_without_a_cycle() -> None:
    a, b = layers.Input((4,)), layers.Input((4,))
    shared = layers.Dense(4, activation="tanh", name="shared")
    again = shared(layers.Add(name="both")([shared(a), b]))
    model = backlit.Model(inputs=[a, b], outputs=layers.Dense(1, name="out")(again))
    model.compile("sgd", "mse")
    graph = training_step(model, example_batch(model, None, None, 3)).graph
    scene = by_layer(graph, {})
    assert [box.title for box in scene.boxes.values()].count("shared") == 2  # it comes before `both` and after it
    box = next(box for box in scene.boxes.values() if box.title == "shared")
    assert box.rows[0].text == "tanh(x @ kernel + bias)"
    ET.fromstring(picture.svg(graph))


def test_predictions_have_an_output_and_no_light() -> None:
    x = input_node("x", (2,), np.dtype("float32"))
    graph = Graph({"x": x}, {"y_pred": ops.tanh(x * constant_node(np.float32(2)))})
    scene = by_op(graph, {})
    assert [box.kind for box in scene.boxes.values()] == ["input", "constant", "op", "op", "output"]
    assert not any(link.below for link in scene.links)


def test_dot() -> None:
    graph, values = apples()
    text = picture.dot(graph, values, collapse=False)
    assert text.startswith("digraph backlit {")
    assert text.count("->") == 10
    assert '[label="2.2", color="#d9780f", fontcolor="#b85c00"]' in text
    assert text.count("{") == text.count("}")


def test_deep_graphs_are_drawn_without_recursion() -> None:
    x = y = input_node("x", (), np.dtype("float32"))
    for _ in range(1500):
        y = ops.tanh(y)
    graph = Graph({"x": x}, {"y": y})
    assert len(by_op(graph, {}).boxes) == 1502
    assert str(graph).count("tanh") == 1500
    ET.fromstring(picture.svg(graph, collapse=False))


# --- layout ------------------------------------------------------------------------------------------------------


def test_every_link_runs_to_the_right_and_boxes_do_not_overlap() -> None:
    rng = np.random.default_rng(5)
    for _ in range(20):
        count = int(rng.integers(2, 14))
        links = [(int(i), int(j)) for j in range(1, count) for i in rng.choice(j, min(j, 2), replace=False)]
        sizes = {i: (float(rng.uniform(20, 90)), float(rng.uniform(20, 90))) for i in range(count)}
        layout = layered(sizes, links, dict.fromkeys(range(count), 30.0))
        for source, target in links:
            assert layout.places[source].x + sizes[source][0] < layout.places[target].x
        places = list(layout.places.values())
        for i, one in enumerate(places):
            assert 0 <= one.x <= layout.width - one.width + 1e-6
            for other in places[:i]:
                if one.layer == other.layer:
                    assert abs(one.y - other.y) >= (one.height + other.height) / 2 + ROOM - 1e-6


def test_a_chain_is_a_straight_line() -> None:
    layout = layered({i: (40.0, 20.0 + i) for i in range(5)}, [(i, i + 1) for i in range(4)], {})
    assert len({place.y for place in layout.places.values()}) == 1


def test_an_input_that_joins_later_does_not_bend_the_way() -> None:
    sizes = dict.fromkeys("abcd", (40.0, 40.0))
    layout = layered(sizes, [("a", "b"), ("b", "c"), ("d", "c")], {})
    heights = {key: place.y for key, place in layout.places.items()}
    assert heights["a"] == heights["b"] == heights["c"] != heights["d"]
    assert layout.places["d"].layer == 1
