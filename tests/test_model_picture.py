"""The picture of a model: what is in it is what the model calls, and boxes and arrows keep out of each other's way."""

from __future__ import annotations

import io
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

import backlit as bl
from backlit import layers
from backlit.compat.keras_utils import plot_model
from backlit.compat.model_picture import png
from backlit.compat.model_picture.chart import Chart, Shows, chart_of
from backlit.compat.model_picture.placing import Card, Drawing, place
from backlit.errors import ConfigError

PLAIN = Shows(True, False, False, False, False, False)
ALL = Shows(True, True, True, True, True, True)


def branched() -> Any:
    """Two inputs, a shared layer, ops of symbols, a tensor taken twice, a way around three layers, two outputs."""
    pixels, facts = layers.Input((6,), name="pixels"), layers.Input((3,), name="facts")
    shared = layers.Dense(6, activation="relu", name="shared")
    first = shared(pixels)
    second = shared(layers.Dense(6, activation="tanh", name="between")(first))
    twice = layers.Add(name="twice")([second, second])
    joined = layers.Concatenate(name="joined")([twice * 2.0, facts, first])
    return bl.Model([pixels, facts], [layers.Dense(2, name="a")(joined), layers.Dense(1, name="b")(joined)])


def nested() -> Any:
    """A model of two inputs and outputs given a dict inside another, beside a Sequential and a way around both."""
    left, right = layers.Input((4,), name="left"), layers.Input((2,), name="right")
    mixed = layers.Concatenate(name="mixed")([layers.Dense(4, name="deep")(left), right])
    encoder = bl.Model({"l": left, "r": right}, [mixed, layers.Dense(3, name="aux")(mixed)], name="encoder")
    decoder = bl.Sequential([layers.Input((6,)), layers.Dense(4, name="last")], name="decoder")
    x, y = layers.Input((4,), name="x"), layers.Input((2,), name="y")
    code, aux = encoder({"r": y, "l": x})
    return bl.Model([x, y], [layers.Subtract(name="difference")([decoder(code), x]), aux], name="outer")


def links(chart: Chart) -> list[tuple[str, int, str, int]]:
    title = {key: box.title.split(" ")[0] for key, box in chart.boxes.items()}
    return [(title[one.source], one.leaves, title[one.target], one.enters) for one in chart.links]


def test_links_are_the_calls() -> None:
    chart = chart_of(branched(), PLAIN)
    assert links(chart) == [
        ("pixels", 0, "shared", 0),
        ("shared", 0, "between", 0),
        ("between", 0, "shared", 0),
        ("shared", 0, "twice", 0),
        ("shared", 0, "twice", 1),
        ("twice", 0, "multiply", 0),
        ("multiply", 0, "joined", 0),
        ("facts", 0, "joined", 1),
        ("shared", 0, "joined", 2),
        ("joined", 0, "a", 0),
        ("joined", 0, "b", 0),
    ]
    uses = [box.facts for box in chart.boxes.values() if box.title == "shared (Dense)"]
    assert uses == [["use 1 of 2"], ["use 2 of 2"]]


def test_the_facts_that_are_asked_for() -> None:
    model = branched()
    model.get_layer("shared").trainable = False
    facts = [box.facts for box in chart_of(model, ALL).boxes.values() if box.title == "shared (Dense)"]
    shown = ["activation relu", "not trainable", "input (None, 6)", "output (None, 6)", "dtype float32", "use 1 of 2"]
    assert facts[0] == shown
    one = next(box for box in chart_of(model, ALL).boxes.values() if box.title == "joined (Concatenate)")
    assert one.facts == ["input (None, 6), (None, 3), (None, 6)", "output (None, 15)", "dtype float32"]
    assert next(iter(chart_of(model, PLAIN._replace(names=False)).boxes.values())).title == "InputLayer"


def test_a_dict_of_inputs_meets_the_inputs_of_its_names() -> None:
    chart = chart_of(nested(), PLAIN)
    assert ("x", 0, "encoder", 0) in links(chart)
    assert ("y", 0, "encoder", 1) in links(chart)
    assert all(box.inner is None for box in chart.boxes.values())
    opened = chart_of(nested(), PLAIN._replace(nested=True))
    encoder = next(box.inner for box in opened.boxes.values() if box.title.startswith("encoder"))
    assert encoder is not None
    assert [encoder.boxes[key].title for key in encoder.inputs] == ["left (InputLayer)", "right (InputLayer)"]
    assert [encoder.boxes[key].title for key, _ in encoder.outputs] == ["mixed (Concatenate)", "aux (Dense)"]


@pytest.mark.parametrize("down", [True, False])
@pytest.mark.parametrize("model", [branched, nested])
def test_boxes_and_arrows_keep_apart(model: Any, down: bool) -> None:
    drawing = place(chart_of(model(), ALL), down)
    cards = [card for card in drawing.cards if card.look != "frame"]
    assert not [(a.title, b.title) for a, b in combinations(cards, 2) if overlap(a, b)]
    frames = [card for card in drawing.cards if card.look == "frame"]
    assert not [(a.title, b.title) for a, b in combinations(frames, 2) if overlap(a, b)]
    for frame in frames:
        assert {card.title for card in cards if overlap(card, frame)} == {
            card.title for card in cards if inside(card, frame)
        }
    for arrow in drawing.arrows:
        for card in cards:
            assert not any(within(point, card) for point in on_the_way(arrow, drawing)), (arrow, card.title)
    assert all(within((c.left, c.top), Card(-1, -1, drawing.width + 2, drawing.height + 2, "", [], "")) for c in cards)


def on_the_way(arrow: list[Any], drawing: Drawing) -> list[Any]:
    from backlit.compat.model_picture.png import _bent
    from backlit.compat.model_picture.svg import curve

    points = []
    for start, end in pairwise(arrow):
        points += _bent(start, *curve(start, end, drawing.down), end)
    return points[:-1]


def overlap(a: Card, b: Card) -> bool:
    return a.left < b.left + b.width and b.left < a.left + a.width and a.top < b.top + b.height and (
        b.top < a.top + a.height
    )  # fmt: skip


def inside(a: Card, b: Card) -> bool:
    return b.left <= a.left and a.left + a.width <= b.left + b.width and b.top <= a.top and (
        a.top + a.height <= b.top + b.height
    )  # fmt: skip


def within(point: tuple[float, float], card: Card) -> bool:
    x, y = point
    return card.left + 0.01 < x < card.left + card.width - 0.01 and card.top + 0.01 < y < card.top + card.height - 0.01


def test_arrows_run_from_the_side_of_one_box_to_the_side_of_the_next() -> None:
    down = place(chart_of(branched(), PLAIN), True)
    right = place(chart_of(branched(), PLAIN), False)
    for drawing, axis in ((down, 1), (right, 0)):
        assert len(drawing.arrows) == 11
        for arrow in drawing.arrows:
            along = [point[axis] for point in arrow]
            assert along == sorted(along)
    assert down.height > down.width
    assert right.width > right.height
    ends = [arrow[-1] for arrow in down.arrows]
    assert len(set(ends)) == len(ends)  # a tensor taken twice arrives twice


def test_svg_and_png_files(tmp_path: Path) -> None:
    model = bl.Sequential([layers.Input((4,)), layers.Dense(2, activation="relu", name="a<b")])
    picture = plot_model(model, tmp_path / "m.svg", show_shapes=True, show_layer_activations=True, dpi=192)
    text = (tmp_path / "m.svg").read_text()
    assert "a&lt;b (Dense)" in text
    assert "(None, 2)" in text
    assert "relu" in text
    assert picture._repr_svg_() == text
    tree = ElementTree.fromstring(text)
    natural = ElementTree.fromstring(
        plot_model(model, tmp_path / "n.svg", show_shapes=True, show_layer_activations=True).svg
    )
    assert tree.get("viewBox") == natural.get("viewBox")
    assert int(tree.attrib["width"]) == pytest.approx(2 * int(natural.attrib["width"]), abs=1)
    plot_model(model, str(tmp_path / "plain"))
    from PIL import Image

    with Image.open(tmp_path / "plain.png") as image:
        pixels = np.asarray(image.convert("L"))
    assert pixels.shape[0] > 150
    assert (pixels < 80).sum() > 100  # letters and arrows


def test_dpi_scales_a_png() -> None:
    from PIL import Image

    drawing = place(chart_of(branched(), PLAIN), True)
    small, large = (Image.open(io.BytesIO(png(drawing, scale))).size for scale in (0.5, 2.0))
    assert large == pytest.approx((4 * small[0], 4 * small[1]), abs=4)


def test_without_pillow_a_png_becomes_svg(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("backlit.compat.model_picture.has_pillow", lambda: False)
    model = bl.Sequential([layers.Input((4,)), layers.Dense(2)])
    assert plot_model(model, tmp_path / "m.png").path == tmp_path / "m.svg"
    assert "Pillow" in capsys.readouterr().out
    assert not (tmp_path / "m.png").exists()


def test_a_subclassed_model_is_a_frame_without_arrows(tmp_path: Path) -> None:
    class Pair(bl.Model):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = layers.Dense(3, name="first"), layers.Dense(2, name="second")

        def call(self, x: Any) -> Any:
            return self.second(self.first(x))

    model = Pair()
    with pytest.raises(ConfigError, match="is not built"):
        plot_model(model, tmp_path / "m.svg")
    model(np.zeros((1, 4), np.float32))
    drawing = place(chart_of(model, PLAIN), True)
    assert [card.title for card in drawing.cards][1:] == ["first (Dense)", "second (Dense)"]
    assert drawing.cards[0].look == "frame"
    assert drawing.arrows == []


def test_a_model_that_begins_at_an_inner_tensor() -> None:
    whole = branched()
    tail = bl.Model(whole.get_layer("joined").output, whole.get_layer("a").output)
    assert links(chart_of(tail, PLAIN)) == [("Input", 0, "a", 0)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rankdir": "BT"}, "rankdir"),
        ({"dpi": 0}, "dpi"),
        ({"dpi": float("nan")}, "dpi"),
        ({"to_file": "m.pdf"}, r"\.png or \.svg"),
        ({"layer_range": ["a", "b"]}, "layer_range"),
    ],
)
def test_what_is_refused(options: dict[str, Any], message: str, tmp_path: Path) -> None:
    model = bl.Sequential([layers.Input((4,)), layers.Dense(2)])
    with pytest.raises(ConfigError, match=message):
        plot_model(model, **({"to_file": tmp_path / "m.svg"} | options))
    assert list(tmp_path.iterdir()) == []
