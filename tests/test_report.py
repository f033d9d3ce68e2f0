"""The report: facts in, one page out that is well formed, needs nothing else, and says what the facts say."""

from __future__ import annotations

import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from backlit.cli.report import FirstWeights, LayerTrace, Report, Scores, charts, png, render, score

VOID = {"meta", "img", "br", "link", "hr", "input"}


class Checker(HTMLParser):
    """Keeps the open tags, every attribute and every text; unbalanced tags fail at once."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def parse(page: str) -> Checker:
    checker = Checker()
    checker.feed(page)
    checker.close()
    assert checker.open == []
    return checker


def scores(images: np.ndarray, classes: int = 10) -> Scores:
    rng = np.random.default_rng(0)
    chances = rng.dirichlet(np.ones(classes) * 0.2, len(images))
    return score(chances, rng.integers(0, classes, len(images)), images, 0.5)


def report(**changes) -> Report:
    images = np.random.default_rng(1).integers(0, 256, (60, 28, 28)).astype(np.uint8)
    facts = {
        "network": "784-100-10",
        "dataset": "MNIST",
        "history": {"accuracy": [0.9, 0.95], "loss": [0.5, 0.2], "val_accuracy": [0.92, 0.94], "val_loss": [0.3, 0.25]},
        "class_names": [str(i) for i in range(10)],
        "scores": scores(images),
        "weights": FirstWeights("fc", np.random.default_rng(2).normal(size=(784, 120)), (28, 28), np.eye(784)[0] > 0),
        "layers": [
            LayerTrace("dense", "Dense, relu", "784 to 100", 78_500, [0, 1, 2], [0.1, 0.2, 0.3], [0.1] * 3, [0.0] * 3,
                       (1, 9), [0.5, 0.1, 0.0], [float("nan"), 0.5, 0.1]),
        ],
        "settings": {"Training": {"optimizer": "Adam"}},
        "command": "backlit train",
        "parameters": 79_510,
        "seconds": 12.3,
    }  # fmt: skip
    return Report(**(facts | changes))


def test_page_is_well_formed_and_self_contained():
    page = parse(render(report()))
    for tag, name, value in page.attributes:
        assert tag not in ("script", "link", "iframe")
        if name in ("src", "href"):
            assert value.startswith("data:image/png;base64,")
    assert "default-src 'none'" in {n: v for t, n, v in page.attributes if t == "meta"}["content"] or any(
        "default-src 'none'" in v for _, _, v in page.attributes
    )
    style = render(report()).split("<style>")[1].split("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style
    assert "prefers-color-scheme: dark" in style


def test_page_says_the_numbers():
    facts = report()
    text = " ".join(parse(render(facts)).text)
    accuracy = f"{100 * facts.scores.accuracy:.2f}"
    for expected in (accuracy, "784-100-10", "79,510", "12.3 s", "backlit train", "Adam", "94.00"):
        assert expected in text


def test_every_picture_has_an_alternative_text():
    page = render(report())
    images = re.findall(r"<img [^>]*>", page)
    assert len(images) == 25 + 100
    assert all(re.search(r'alt="[^"]+"', image) for image in images)
    for chart in re.findall(r"<svg class=[^>]*>", page):
        assert re.search(r'role="img" aria-label="[^"]+"', chart)


def test_words_from_outside_are_escaped():
    evil = '<script>alert("1")</script>'
    page = render(
        report(
            network=evil, dataset=evil, command=evil, diagnosis=[evil], notes=[evil], summary=evil,
            settings={evil: {evil: evil}}, class_names=[evil] * 10,
            layers=[LayerTrace(evil, evil, evil, 1, [0], [0.1], [0.1])],
        )
    )  # fmt: skip
    assert "<script" not in page
    parse(page)


@pytest.mark.parametrize(
    "changes",
    [
        {"scores": None},
        {"weights": None, "layers": []},
        {"history": {}},
        {"history": {"loss": [float("nan")], "accuracy": [0.1]}},
        {"history": {"loss": [float("nan"), float("inf")], "val_loss": [float("nan"), float("nan")]}},
        {"history": {"loss": [0.0] * 300}},
        {"scores": scores(np.zeros((60, 4), np.float32), 3), "class_names": list("abc")},
        {"scores": scores(np.zeros((60, 8, 8, 3), np.float32), 40), "class_names": [str(i) for i in range(40)]},
        {"weights": FirstWeights("dense", np.zeros((4, 3)), (4,))},
        {"weights": FirstWeights("dense", np.ones((48, 3)), (4, 4, 3))},
    ],
)
def test_page_with_parts_missing_or_odd(changes):
    parse(render(report(**changes)))


def test_no_mistakes():
    chances = np.eye(3)
    perfect = score(chances, np.arange(3), np.zeros((3, 2, 2), np.uint8), 0.0)
    assert perfect.accuracy == 1
    assert not perfect.mistakes
    assert "every test example was read correctly" in render(report(scores=perfect, class_names=list("abc")))


def test_score_orders_mistakes_by_confidence():
    chances = np.array([[0.6, 0.4], [0.1, 0.9], [0.8, 0.2], [0.3, 0.7]])
    found = score(chances, np.array([1, 0, 0, 0]), np.zeros((4, 2, 2)), 0.0, count=2)
    assert [m.index for m in found.mistakes] == [1, 3]
    assert (found.wrong, found.total, found.accuracy) == (3, 4, 0.25)
    assert found.confusion.tolist() == [[1, 2], [1, 0]]
    assert found.mistakes[0].confidence == 0.9
    assert found.mistakes[0].true_probability == 0.1


@pytest.mark.parametrize("shape", [(1, 1), (28, 28), (5, 3, 3)])
def test_png_reads_back(shape):
    image = pytest.importorskip("PIL.Image", reason="needs the image extra to read the picture back")
    pixels = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    back = np.asarray(image.open(io.BytesIO(png.png(pixels))))
    assert np.array_equal(back, pixels)


def test_signed_png_colors():
    image = pytest.importorskip("PIL.Image", reason="needs the image extra to read the picture back")
    back = np.asarray(image.open(io.BytesIO(png.signed_png(np.array([[-1.0, 0.0, 1.0]])))).convert("RGBA"))[0]
    assert back[0].tolist() == [47, 111, 214, 255]
    assert back[1][3] == 0
    assert back[2].tolist() == [224, 122, 12, 255]


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (np.array([[0, 255]], np.uint8), [[0, 255]]),
        (np.array([[0.0, 1.0]]), [[0, 255]]),
        (np.array([[0.0, 16.0]]), [[0, 255]]),
        (np.array([[-1.0, 1.0]]), [[0, 255]]),
        (np.zeros((1, 2, 1)), [[0, 0]]),
    ],
)
def test_as_bytes(image, expected):
    assert png.as_bytes(image).tolist() == expected


@pytest.mark.parametrize(
    "values",
    [[0.1, 0.2], [0.0], [-3.0, 5.0], [1e-9, 2e-9], [0.976, 0.981], [1e6, 3e6], [5.0, 5.0], [float("nan"), 1.0]],
)
def test_ticks_enclose_and_are_even(values):
    marks = charts.ticks(values)
    finite = [v for v in values if v == v]
    assert marks[0] <= min(finite) + 1e-9 * abs(min(finite))
    assert marks[-1] >= max(finite) - 1e-9 * abs(max(finite))
    assert 2 <= len(marks) <= 9
    assert np.allclose(np.diff(marks), marks[1] - marks[0])


@pytest.mark.parametrize("last", [1, 2, 5, 30, 200, 5000])
def test_whole_ticks(last):
    marks = charts.whole_ticks([1.0, float(last)])
    assert marks[0] <= 1
    assert len(marks) <= 13
