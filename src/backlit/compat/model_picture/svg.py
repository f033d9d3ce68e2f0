"""A drawing of a model as SVG text, in the look of `graph.picture`.

Colors follow the reader's light or dark setting; `png` draws the same cards and curves in pixels.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from html import escape
from itertools import pairwise

from ...graph.picture_style import MARGIN, PAD, ROW, TITLE, definitions, style
from .placing import Card, Drawing, Point


def svg(drawing: Drawing, scale: float = 1.0) -> str:
    """Return the SVG document of a drawing, `scale` times its natural size."""
    frames = [card for card in drawing.cards if card.look == "frame"]
    others = [card for card in drawing.cards if card.look != "frame"]
    arrows = [_arrow(points, drawing.down) for points in drawing.arrows]
    body = "\n".join([*_cards(frames), *arrows, *_cards(others)])
    identity = "model-" + hashlib.sha256(body.encode()).hexdigest()[:8]
    width, height = drawing.width + 2 * MARGIN, drawing.height + 2 * MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{identity}" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width * scale:.0f}" height="{height * scale:.0f}" role="img">\n<title>the layers of a model</title>\n'
        f"<style>{style(identity)}</style>\n{definitions(identity)}\n"
        f'<rect class="panel" width="{width:.0f}" height="{height:.0f}" rx="14"/>\n'
        f'<g transform="translate({MARGIN:.0f} {MARGIN:.0f})">\n{body.replace("@id", identity)}\n</g>\n</svg>\n'
    )


def curve(start: Point, end: Point, down: bool) -> tuple[Point, Point]:
    """Return the two control points of the cubic curve between two points that leaves and arrives along the way."""
    if down:
        middle = (start[1] + end[1]) / 2
        return (start[0], middle), (end[0], middle)
    middle = (start[0] + end[0]) / 2
    return (middle, start[1]), (middle, end[1])


def _arrow(points: list[Point], down: bool) -> str:
    parts = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
    for start, end in pairwise(points):
        (ax, ay), (bx, by) = curve(start, end, down)
        parts.append(f"C{ax:.1f} {ay:.1f} {bx:.1f} {by:.1f} {end[0]:.1f} {end[1]:.1f}")
    return f'<path class="go" d="{" ".join(parts)}" marker-end="url(#@id-go)"/>'


def _cards(cards: list[Card]) -> Iterator[str]:
    for card in cards:
        kind = "quiet" if card.look == "frame" else "card"
        radius = 14.0 if card.look == "frame" else min(card.height / 2, 20.0) if card.look == "input" else 8.0
        yield (
            f'<rect class="{kind}" x="{card.left:.1f}" y="{card.top:.1f}" width="{card.width:.1f}" '
            f'height="{card.height:.1f}" rx="{radius:.1f}"/>'
        )
        for text, x, y, is_title in lines_of(card):
            anchor = "" if card.look == "frame" else ' text-anchor="middle"'
            look = "title" if is_title else "soft"
            yield f'<text x="{x:.1f}" y="{y:.1f}"{anchor} class="{look}" xml:space="preserve">{escape(text)}</text>'


def lines_of(card: Card) -> Iterator[tuple[str, float, float, bool]]:
    """Yield each text of a card, x and y of its base line's middle (in a frame: left end), and if it is the title."""
    x = card.left + (PAD if card.look == "frame" else card.width / 2)
    y = card.top + TITLE - 2.0
    yield card.title, x, y, True
    for number, text in enumerate(card.facts, 1):
        yield text, x, y + ROW * number, False
