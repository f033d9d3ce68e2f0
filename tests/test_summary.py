"""Summaries beyond the golden texts: models of one's own, ops, wide letters, and what cannot be drawn."""

from __future__ import annotations

import pytest

import backlit
from backlit import layers
from backlit.errors import ConfigError
from backlit.layers.naming import clear_session
from backlit.models.summary import is_chain, readable_size, summary
from backlit.models.table import column_widths, columns, wrap


@pytest.fixture(autouse=True)
def fresh_names() -> None:
    clear_session()


def row(text: str, start: str) -> list[str]:
    """Return the cells of the first row that starts with `start`."""
    line = next(line for line in text.split("\n") if line.startswith(f"│ {start}"))
    return [cell.strip() for cell in line.strip("│").split("│")]


def test_subclass_before_and_after_its_first_data() -> None:
    class Pair(backlit.Model):
        def __init__(self) -> None:
            super().__init__()
            self.first = layers.Dense(3)
            self.drop = layers.Dropout(0.5)
            self.second = layers.Dense(2)

        def call(self, x: object) -> object:
            return self.second(self.drop(self.first(x)))

    model = Pair()
    before = summary(model, 80)
    assert row(before, "dense (") == ["dense (Dense)", "?", "0 (unbuilt)"]
    assert row(before, "dropout") == ["dropout (Dropout)", "?", "0"]  # it has nothing to build
    assert "Cost: not known" in summary(model, 80, cost=True)
    model.build((None, 4))
    after = summary(model, 80)
    assert row(after, "dense (") == ["dense (Dense)", "(None, 3)", "15"]
    assert row(after, "dense_1") == ["dense_1 (Dense)", "(None, 2)", "8"]
    assert " Total params: 23 (92.00 B)" in after


def test_ops_and_several_outputs_of_an_inner_model() -> None:
    x = layers.Input((4,))
    y = layers.Dense(2)(x) * 2.0
    inner = backlit.Model(x, [y, y / 3.0], name="inner")
    z = layers.Input((4,))
    text = summary(backlit.Model(z, inner(z)), 100, expand_nested=True)
    assert row(text, "inner")[:2] == ["inner (Functional)", "[(None, 2), (None, 2)]"]
    assert "multiply" not in text  # an inner model shows its layers only, as in Keras
    assert row(summary(inner, 100), "true_divide")[:3] == ["true_divide (TrueDivide)", "(None, 2)", "0"]


def test_layers_are_in_the_order_of_keras() -> None:
    a, b = layers.Input((4,), name="a"), layers.Input((4,), name="b")
    r = layers.Dense(5, name="r")(a)
    joined = layers.Add(name="j")([layers.Dense(3, name="p")(b), layers.Dense(3, name="q")(r)])
    model = backlit.Model([a, b], joined)
    assert [layer.name for layer in model.layers] == ["a", "b", "r", "p", "q", "j"]
    assert [w.path for w in model.weights] == ["r/kernel", "r/bias", "p/kernel", "p/bias", "q/kernel", "q/bias"]
    assert not is_chain(model)
    assert is_chain(backlit.Model(a, r))


def test_the_drawing_of_a_row_takes_a_name() -> None:
    backlit.Sequential([layers.Input((2,)), layers.Dense(1)])
    x = layers.Input((2,))
    assert backlit.Model(x, layers.Dense(1)(x)).name == "functional_1"


def test_wide_letters_keep_the_columns_straight() -> None:
    model = backlit.Sequential([layers.Input((2,)), layers.Dense(1, name="隐藏层的一个很长很长的名字甲乙丙丁戊己庚辛")])
    table = [line for line in summary(model, 60).split("\n") if line[0] in "┏┃┡│├└"]
    assert {columns(line) for line in table} == {60}
    assert "…" in "".join(table)


@pytest.mark.parametrize("width", [60, 76, 80, 88, 100, 108, 131])
def test_a_table_fills_its_width(width: int) -> None:
    assert sum(column_widths([0.45, 0.8, 1.0], width)) + 3 * 3 + 1 == width


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("", 5, [""]),
        ("dense (Dense)", 13, ["dense (Dense)"]),
        ("dense (Dense)", 12, ["dense", "(Dense)"]),
        ("dense (Dense)", 6, ["dense", "(Dens…"]),
        ("a b c d", 3, ["a b", "c d"]),
        ("   └ dense (Dense)", 10, ["   └ dense", "(Dense)"]),
    ],
)
def test_wrapping(text: str, width: int, lines: list[str]) -> None:
    assert wrap(text, width) == lines


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0.00 B"), (1023, "1023.00 B"), (1024, "1.00 KB"), (10261160, "9.79 MB"), (2**50, "1.00 PB")]
)
def test_readable_size(size: int, text: str) -> None:
    assert readable_size(size) == text


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"line_length": 10}, "no room"),
        ({"positions": [0.5, 1.0]}, "3 right edges"),
        ({"layer_range": ["dense"]}, "two layer names"),
        ({"layer_range": ["dense", "conv"]}, "matches no layer"),
    ],
)
def test_what_cannot_be_drawn_is_refused(options: dict[str, object], words: str) -> None:
    model = backlit.Sequential([layers.Input((2,)), layers.Dense(1)])
    with pytest.raises(ConfigError, match=words):
        model.summary(**options)
