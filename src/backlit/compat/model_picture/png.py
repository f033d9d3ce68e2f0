"""A drawing of a model as a PNG file, drawn by Pillow in the light colors of the SVG picture.

Lines are drawn at twice the size and reduced, which smooths them; letters are those of the font inside Pillow.
"""

from __future__ import annotations

import io
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

from ...graph.picture_style import LIGHT, MARGIN
from .placing import Card, Drawing, Point
from .svg import curve, lines_of

FINER = 2  # pixels drawn for one that is kept
PIECES = 24  # straight pieces of a curve
LETTERS = 13.0
HEAD = 8.0


def has_pillow() -> bool:
    """Say whether Pillow is installed."""
    return find_spec("PIL") is not None


def png(drawing: Drawing, scale: float = 1.0) -> bytes:
    """Return the PNG file of a drawing, `scale` times its natural size (one pixel for each of its units)."""
    from PIL import Image, ImageDraw, ImageFont

    pixels = scale * FINER
    width, height = (max(round((side + 2 * MARGIN) * scale), 1) for side in (drawing.width, drawing.height))
    image = Image.new("RGB", (width * FINER, height * FINER), LIGHT["panel"])
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(LETTERS * pixels)
    sheet = _Sheet(pen, font, pixels)
    for card in drawing.cards:
        if card.look == "frame":
            sheet.card(card)
    for points in drawing.arrows:
        sheet.arrow(points, drawing.down)
    for card in drawing.cards:
        if card.look != "frame":
            sheet.card(card)
    image = image.resize((width, height), Image.Resampling.BOX)
    file = io.BytesIO()
    image.save(file, "PNG", dpi=(96 * scale, 96 * scale))
    return file.getvalue()


class _Sheet:
    """A pen over an image whose units are `pixels` wide."""

    def __init__(self, pen: Any, font: Any, pixels: float) -> None:
        self.pen, self.font, self.pixels = pen, font, pixels

    def at(self, x: float, y: float) -> Point:
        return (x + MARGIN) * self.pixels, (y + MARGIN) * self.pixels

    def card(self, card: Card) -> None:
        corners = [*self.at(card.left, card.top), *self.at(card.left + card.width, card.top + card.height)]
        radius = {"frame": 14.0, "input": min(card.height / 2, 20.0), "layer": 8.0}[card.look]
        self.pen.rounded_rectangle(
            corners, radius * self.pixels, None if card.look == "frame" else LIGHT["card"], LIGHT["edge"],
            max(round(1.2 * self.pixels), 1),
        )  # fmt: skip
        for text, x, y, is_title in lines_of(card):
            color = LIGHT["ink"] if is_title else LIGHT["soft"]
            self.pen.text(self.at(x, y), text, color, self.font, anchor="ls" if card.look == "frame" else "ms")

    def arrow(self, points: list[Point], down: bool) -> None:
        way = [points[0]]
        for start, end in pairwise(points):
            way += _bent(start, *curve(start, end, down), end)
        width = max(round(1.5 * self.pixels), 1)
        self.pen.line([self.at(*point) for point in way], LIGHT["line"], width, joint="curve")
        x, y = points[-1]
        side, back = HEAD / 2, HEAD
        tip = [(x, y), (x - side, y - back), (x + side, y - back)] if down else [
            (x, y), (x - back, y - side), (x - back, y + side)
        ]  # fmt: skip
        self.pen.polygon([self.at(*corner) for corner in tip], LIGHT["line"])


def _bent(start: Point, first: Point, second: Point, end: Point) -> list[Point]:
    """Return points of the cubic curve from `start` to `end`, without the first; of a straight one the last will do."""
    if start[0] == end[0] or start[1] == end[1]:
        return [end]
    points: list[Point] = []
    for piece in range(1, PIECES + 1):
        t = piece / PIECES
        a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
        points.append((
            a * start[0] + b * first[0] + c * second[0] + d * end[0],
            a * start[1] + b * first[1] + c * second[1] + d * end[1],
        ))  # fmt: skip
    return points
