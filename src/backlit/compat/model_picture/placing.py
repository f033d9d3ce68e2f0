"""Where the boxes and arrows of a chart stand: `graph.layout` along the way of the data, whichever way it runs.

The inside of an opened model is placed first and is then one big box, so no other box can come to stand in its frame.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from ...graph.layout import Layout, Place, layered
from ...graph.picture_style import PAD, ROW, SANS, TITLE
from ...models.table import columns
from .chart import Box, Chart, Key, Link

Point: TypeAlias = tuple[float, float]
GAP = 34.0  # from one box to the next along the way
PORT = 22.0  # between two arrows that enter a box
FRAME = 16.0  # from the frame of an opened model to what is inside
LEAST = 96.0


@dataclass
class Card:
    """A box with its lines of text; `look` is "input", "layer" or "frame"."""

    left: float
    top: float
    width: float
    height: float
    title: str
    facts: list[str]
    look: str


@dataclass
class Drawing:
    """Cards and arrows from (0, 0) to (`width`, `height`); an arrow is the points it passes, level in between or bent.

    `down` says which way the data go; `enters` and `leaves` are the places of inputs and outputs across that way.
    """

    down: bool
    width: float = 0.0
    height: float = 0.0
    cards: list[Card] = field(default_factory=list[Card])
    arrows: list[list[Point]] = field(default_factory=list[list[Point]])
    enters: list[float] = field(default_factory=list[float])
    leaves: list[float] = field(default_factory=list[float])

    def put(self, inner: Drawing, left: float, top: float) -> None:
        """Take over what another drawing shows, moved."""
        for card in inner.cards:
            self.cards.append(Card(card.left + left, card.top + top, card.width, card.height, card.title, card.facts,
                                   card.look))  # fmt: skip
        self.arrows += [[(x + left, y + top) for x, y in arrow] for arrow in inner.arrows]


def place(chart: Chart, down: bool) -> Drawing:
    """Return the drawing of a chart, from the top down or to the right; one without links gets a frame around it."""
    if not chart.links and len(chart.boxes) > 1:
        return _framed(chart, [], down)
    return _placed(chart, down)


def _placed(chart: Chart, down: bool) -> Drawing:
    parts = {key: _part(box, down) for key, box in chart.boxes.items()}
    sizes = {key: _turned((part.width, part.height), down) for key, part in parts.items()}
    layout = layered(sizes, [(link.source, link.target) for link in chart.links], dict.fromkeys(sizes, GAP))
    width, height = _turned((layout.width, layout.height), down)
    drawing = Drawing(down, width, height)
    for key, part in parts.items():
        spot = layout.places[key]
        drawing.put(part, *_turned((spot.x, spot.y - spot.height / 2), down))

    def across(key: Key, ports: list[float], number: int) -> float:
        spot = layout.places[key]
        return spot.y - spot.height / 2 + ports[min(number, len(ports) - 1)]

    into = {key: part.enters for key, part in parts.items()} | _entries(chart, layout, parts)
    columns = _columns(layout)
    for link in chart.links:
        source, target = layout.places[link.source], layout.places[link.target]
        points = [(source.x + source.width, across(link.source, parts[link.source].leaves, link.leaves))]
        for bend in layout.bends[link.source, link.target]:
            points += [(edge, bend.y) for edge in columns[bend.layer]]
        points.append((target.x, across(link.target, into[link.target], link.enters)))
        drawing.arrows.append([_turned(point, down) for point in points])
    drawing.enters = [across(key, parts[key].enters, 0) for key in chart.inputs]
    drawing.leaves = [across(key, parts[key].leaves, number) for key, number in chart.outputs]
    return drawing


def _turned(pair: Point, down: bool) -> Point:
    """Turn (along, across) the way of the data into (x, y), and back."""
    return (pair[1], pair[0]) if down else pair


def _part(box: Box, down: bool) -> Drawing:
    if box.inner is not None:
        inner = box.inner
        inner.title = box.title
        return _framed(inner, box.facts, down)
    texts = [columns(text) * SANS for text in (box.title, *box.facts)]
    width = max(*texts, LEAST) + 2 * PAD
    height = TITLE + 12.0 + ROW * len(box.facts)
    card = Card(0.0, 0.0, width, height, box.title, box.facts, "input" if box.is_input else "layer")
    middle = _turned((width, height), down)[1] / 2
    return Drawing(down, width, height, [card], [], [middle], [middle])


def _framed(chart: Chart, facts: list[str], down: bool) -> Drawing:
    """Draw a chart inside a frame that has its title."""
    inner = _placed(chart, down)
    head = TITLE + ROW * len(facts) + 12.0
    width = max(inner.width, *(columns(text) * SANS for text in (chart.title, *facts))) + 2 * FRAME
    height = head + inner.height + FRAME
    left = (width - inner.width) / 2
    drawing = Drawing(down, width, height, [Card(0.0, 0.0, width, height, chart.title, facts, "frame")])
    drawing.put(inner, left, head)
    shift = left if down else head
    drawing.enters = [spot + shift for spot in inner.enters] or [_turned((width, height), down)[1] / 2]
    drawing.leaves = [spot + shift for spot in inner.leaves] or [_turned((width, height), down)[1] / 2]
    return drawing


def _entries(chart: Chart, layout: Layout, parts: Mapping[Key, Drawing]) -> dict[Key, list[float]]:
    """Spread the arrows that enter a box over its side, in the order they come from; those of a frame have places."""
    arriving: dict[Key, list[Link]] = {}
    for link in chart.links:
        if chart.boxes[link.target].inner is None:
            arriving.setdefault(link.target, []).append(link)

    def height(link: Link) -> float:
        bends = layout.bends[link.source, link.target]
        return bends[-1].y if bends else layout.places[link.source].y

    ports: dict[Key, list[float]] = {}
    for target, links in arriving.items():
        side = layout.places[target].height
        step = min(PORT, (side - 24.0) / max(len(links) - 1, 1))
        ports[target] = [0.0] * (1 + max(link.enters for link in links))
        for rank, link in enumerate(sorted(links, key=lambda one: (height(one), one.leaves, one.enters))):
            ports[target][link.enters] = side / 2 + (rank - (len(links) - 1) / 2) * step
    return ports


def _columns(layout: Layout) -> dict[int, Point]:
    """Return where each layer of the layout begins and ends along the way: an arrow passes it level."""
    layers: dict[int, list[Place]] = {}
    for spot in layout.places.values():
        layers.setdefault(spot.layer, []).append(spot)
    return {
        number: (min(spot.x for spot in spots), max(spot.x + spot.width for spot in spots))
        for number, spots in layers.items()
    }
