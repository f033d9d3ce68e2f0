"""The graph as a picture: values go forward above the arrows, gradients come back below them, as light from behind.

`svg` draws it with a layout of our own, `dot` writes it for Graphviz; what is in it is decided in `scene`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from html import escape

from ..arrays import Array
from .graph import Graph
from .layout import Layout, Place, layered
from .node import Node
from .picture_style import MARGIN, MONO, PAD, ROW, SANS, STRAND, TITLE, definitions, style
from .scene import Box, Key, Link, Scene, by_layer, by_op

RADIUS = 25.0
PORT = 54.0  # between two links that leave a box with labels of their own
BETWEEN = 74.0  # from the layers down to the update


def svg(graph: Graph, values: Mapping[Node, Array] | None = None, collapse: bool = True) -> str:
    """Return `graph` as an SVG document: a box for each layer, or for each op with `collapse=False`.

    `values` (node -> array, as an observer of the interpreter sees them) are written on the arrows; without them shapes
    are. Colors follow the reader's light or dark setting.
    """
    scene = by_layer(graph, values or {}) if collapse else by_op(graph, values or {})
    return _Drawing(scene).document()


def dot(graph: Graph, values: Mapping[Node, Array] | None = None, collapse: bool = True) -> str:
    """Return `graph` in the DOT language of Graphviz; arguments as for `svg`."""
    scene = by_layer(graph, values or {}) if collapse else by_op(graph, values or {})
    names = {key: f"n{i}" for i, key in enumerate([*scene.boxes, *(box.key for box in scene.below)])}
    lines = ["digraph backlit {", "  rankdir=LR;", '  node [shape=box, style=rounded, fontname="sans-serif"];']
    lines += ['  edge [fontname="sans-serif", fontsize=11];']
    for key, box in [*scene.boxes.items(), *((box.key, box) for box in scene.below)]:
        rows = [f"{row.text}  {row.right}".rstrip() for row in box.rows]
        shape = ", shape=circle" if _is_round(box) else ", shape=plaintext" if box.kind == "constant" else ""
        lines.append(f"  {names[key]} [label={_quoted([box.title, *rows])}{shape}];")
    for link in scene.links:
        pair = names[link.source], names[link.target]
        lines.append(f"  {pair[0]} -> {pair[1]} [label={_quoted(link.above)}];")
        if link.below:
            back = f"label={_quoted(link.below)}"
            lines.append(f'  {pair[1]} -> {pair[0]} [{back}, color="#d9780f", fontcolor="#b85c00"];')
    lines += [f'  {names[key]} -> {names["update"]} [style=dashed, color="#d9780f"];' for key in scene.feeds]
    return "\n".join([*lines, "}", ""])


def _quoted(lines: Sequence[str]) -> str:
    text = "\\n".join(line.replace("\\", "\\\\").replace('"', '\\"') for line in lines)
    return f'"{text}"'


def _is_round(box: Box) -> bool:
    return box.kind == "op" and len(box.title) <= 2


def box_size(box: Box) -> tuple[float, float]:
    """Return width and height of a box from the length of its texts."""
    if _is_round(box):
        return 2 * RADIUS, 2 * RADIUS
    if box.kind in ("input", "output", "constant", "op"):
        return max(len(box.title) * SANS + 1.6 * PAD, 34.0), 34.0 if box.kind != "constant" else 24.0
    texts = [len(row.text + row.right) * MONO + (24.0 if row.right else 0.0) for row in box.rows]
    width = max([len(box.title) * SANS, *texts, 96.0]) + 2 * PAD
    return width, TITLE + sum(_row_height(row.style) for row in box.rows) + PAD


def _row_height(kind: str) -> float:
    return ROW + 9.0 if kind == "value" else ROW


class _Drawing:
    """One picture: a scene, its layout, and the elements drawn so far."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.ports = _out_ports(scene.links)
        self.gaps = dict.fromkeys(scene.boxes, 30.0)
        for link in scene.links:
            self.gaps[link.source] = max(self.gaps[link.source], self._run(link) + 44.0)
        self.sizes = {key: self._grown(key, box_size(box)) for key, box in scene.boxes.items()}
        rooms = {key: (width, max(height, self._label_room(key))) for key, (width, height) in self.sizes.items()}
        self.layout: Layout = layered(rooms, [(link.source, link.target) for link in scene.links], self.gaps)
        self.width, self.height = self.layout.width, self.layout.height

    def document(self) -> str:
        """Return the whole SVG text."""
        body = [*self._links(), *self._boxes(), *self._below(), self._legend()]
        identity = "backlit-" + hashlib.sha256("".join(body).encode()).hexdigest()[:8]
        width, height = self.width + 2 * MARGIN, self.height + 2 * MARGIN
        inner = "\n".join(body).replace("@id", identity)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="{identity}" viewBox="0 0 {width:.0f} {height:.0f}" '
            f'width="{width:.0f}" height="{height:.0f}" role="img">\n<title>a computational graph: values forward, '
            f"gradients back</title>\n<style>{style(identity)}</style>\n{definitions(identity)}\n"
            f'<rect class="panel" width="{width:.0f}" height="{height:.0f}" rx="14"/>\n'
            f'<g transform="translate({MARGIN:.0f} {MARGIN:.0f})">\n{inner}\n</g>\n</svg>\n'
        )

    # boxes

    def _boxes(self) -> Iterator[str]:
        for key, box in self.scene.boxes.items():
            place, (width, height) = self.layout.places[key], self.sizes[key]
            yield from _drawn(box, place.x, place.y - height / 2, width, height)

    def _below(self) -> Iterator[str]:
        """Draw update and metrics under the layers, and the light that falls from the layers into the update."""
        feeds = [self.layout.places[key] for key in self.scene.feeds]
        lowest = max((p.y + self.sizes[p.key][1] / 2 for p in feeds), default=0.0)
        top, left = max(self.height + 24.0, lowest + BETWEEN), 0.0
        for box in self.scene.below:
            width, height = box_size(box)
            if box.key == "update" and feeds:
                left = min(place.x for place in feeds)
                width = max(width, max(place.x + place.width for place in feeds) - left)
                for key, place in zip(self.scene.feeds, feeds, strict=True):
                    yield from _shaft(place.x + place.width / 2, place.y + self.sizes[key][1] / 2, top)
            yield from _drawn(box, left, top, width, height)
            self.width, self.height = max(self.width, left + width), max(self.height, top + height)
            left += width + 40.0

    def _legend(self) -> str:
        self.height += 44.0
        y = self.height - 6.0
        self.width = max(self.width, 330.0)
        return (
            f'<path class="go" d="M0 {y:.1f} H34" marker-end="url(#@id-go)"/>'
            f'<text x="44" y="{y + 4:.1f}" class="soft">values, forward</text>'
            f'<path class="beam" d="M160 {y:.1f} H190" filter="url(#@id-soft)"/>'
            f'<path class="come" d="M194 {y:.1f} H160" marker-end="url(#@id-come)"/>'
            f'<text x="204" y="{y + 4:.1f}" class="soft">gradients, backward</text>'
        )

    # links

    def _links(self) -> Iterator[str]:
        arriving = self._in_ports()
        labeled: set[tuple[Key, Node | None]] = set()
        returning = {(link.source, link.node) for link in self.scene.links if link.below}
        for link in self.scene.links:
            source = self.layout.places[link.source]
            start = (source.x + source.width, source.y + self.ports[link.source, link.node])
            target = self.layout.places[link.target]
            end = (target.x, target.y + arriving[link.source, link.target])
            run = self._run(link)
            bends = self.layout.bends[link.source, link.target]
            apart = STRAND if (link.source, link.node) in returning else 0.0
            yield from _strands(bool(link.below), apart, start, end, run, bends)
            if (link.source, link.node) not in labeled:
                labeled.add((link.source, link.node))
                yield from _labels(link, start[0] + run / 2 + 4.0, start[1])

    def _run(self, link: Link) -> float:
        """The straight stretch behind a box that carries the labels."""
        return max([len(text) * MONO for text in (*link.above, *link.below)], default=0.0) + 12.0

    def _in_ports(self) -> dict[tuple[Key, Key], float]:
        """Spread the links that arrive at a box over its left side, in the order they come from."""
        arriving: dict[Key, list[tuple[float, Key]]] = {}
        for link in dict.fromkeys((link.source, link.target) for link in self.scene.links):
            bends = self.layout.bends[link]
            height = bends[-1].y if bends else self.layout.places[link[0]].y
            arriving.setdefault(link[1], []).append((height, link[0]))
        ports: dict[tuple[Key, Key], float] = {}
        for target, sources in arriving.items():
            step = min(26.0, (self.sizes[target][1] - 24.0) / max(len(sources) - 1, 1))
            for i, (_, source) in enumerate(sorted(sources, key=lambda pair: pair[0])):
                ports[source, target] = (i - (len(sources) - 1) / 2) * step
        return ports

    def _label_room(self, key: Key) -> float:
        """The height that a box needs with the labels behind it, above and below its middle."""
        lines = [max(len(link.above), len(link.below)) for link in self.scene.links if link.source == key]
        return 2 * (12.0 + 15.0 * max(lines, default=0)) if lines else 0.0

    def _grown(self, key: Key, size: tuple[float, float]) -> tuple[float, float]:
        count = sum(source == key for source, _ in self.ports)
        return size[0], max(size[1], count * PORT if count > 1 else 0.0)


def _out_ports(links: Sequence[Link]) -> dict[tuple[Key, Node | None], float]:
    """Give each value that leaves a box its own place on the right side."""
    leaving: dict[Key, list[Node | None]] = {}
    for link in links:
        found = leaving.setdefault(link.source, [])
        if link.node not in found:
            found.append(link.node)
    return {
        (key, node): (i - (len(nodes) - 1) / 2) * PORT for key, nodes in leaving.items() for i, node in enumerate(nodes)
    }


def _strands(
    back: bool, apart: float, start: tuple[float, float], end: tuple[float, float], run: float, bends: Sequence[Place]
) -> Iterator[str]:
    """Draw the way forward, and beside it, glowing, the way back if there is one."""
    points = [(start[0] + run, start[1]), *((bend.x, bend.y) for bend in bends), (end[0] - 3.0, end[1])]
    yield f'<path class="go" d="{_path(start, points, -apart)}" marker-end="url(#@id-go)"/>'
    if back:
        way = _path((start[0] + 4.0, start[1]), points, apart)
        yield f'<path class="beam" d="{way}" filter="url(#@id-soft)"/>'
        yield f'<path class="come" d="{way}" marker-start="url(#@id-come)"/>'


def _path(start: tuple[float, float], points: Sequence[tuple[float, float]], shift: float) -> str:
    """A straight run, then curves with level ends through the points."""
    x, y = points[0]
    parts = [f"M{start[0]:.1f} {start[1] + shift:.1f} H{x:.1f}"]
    for next_x, next_y in points[1:]:
        middle, above, below = (x + next_x) / 2, y + shift, next_y + shift
        parts.append(f"C{middle:.1f} {above:.1f} {middle:.1f} {below:.1f} {next_x:.1f} {below:.1f}")
        x, y = next_x, next_y
    return " ".join(parts)


def _labels(link: Link, x: float, y: float) -> Iterator[str]:
    for i, text in enumerate(reversed(link.above)):
        kind = "soft" if i == 0 and len(link.above) > 1 else "up"
        yield _text(text, x, y - 12.0 - 15.0 * i, f"mono {kind}", "middle")
    for i, text in enumerate(link.below):
        yield _text(text, x, y + 22.0 + 15.0 * i, "mono down", "middle")


def _shaft(x: float, bottom: float, top: float) -> Iterator[str]:
    """The gradient that falls from the bottom of a layer to the top of the update, and the new weights that rise."""
    way = f"M{x + 12:.1f} {bottom + 2:.1f} V{top - 4:.1f}"
    yield f'<path class="beam" d="{way}" filter="url(#@id-soft)"/>'
    yield f'<path class="come" d="{way}" marker-end="url(#@id-come)"/>'
    yield f'<path class="go" d="M{x - 12:.1f} {top - 2:.1f} V{bottom + 5:.1f}" marker-end="url(#@id-go)"/>'
    middle = (bottom + top) / 2 + 4.0
    yield _text("g", x + 24.0, middle, "mono down", "start")
    yield _text("w′", x - 22.0, middle, "mono up", "end")


def _drawn(box: Box, x: float, y: float, width: float, height: float) -> Iterator[str]:
    """Draw a box with the light behind it and its lines of text."""
    tip = f"<title>{escape(box.tip)}</title>" if box.tip else ""
    middle = (x + width / 2, y + height / 2)
    if _is_round(box):
        circle = f'cx="{middle[0]:.1f}" cy="{middle[1]:.1f}"'
        yield f'<circle class="glow" {circle} r="{RADIUS - 2:.1f}" filter="url(#@id-blur)"/>'
        yield f'<circle class="card" {circle} r="{RADIUS:.1f}">{tip}</circle>'
        yield _text(box.title, middle[0], middle[1] + 7.5, "sign", "middle")
        return
    frame = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    small = box.kind in ("input", "output", "constant")
    if not small:
        yield f'<rect class="glow" {frame} rx="10" filter="url(#@id-blur)"/>'
    kind = "quiet" if box.kind == "constant" else "card"
    yield f'<rect class="{kind}" {frame} rx="{height / 2 if small else 10:.1f}">{tip}</rect>'
    if small or box.kind == "op":
        yield _text(box.title, middle[0], middle[1] + 4.5, "mono soft" if box.kind == "constant" else "title", "middle")
        return
    yield _text(box.title, x + PAD, y + TITLE - 4.0, "title", "start")
    line = y + TITLE
    for row in box.rows:
        line += _row_height(row.style)
        look = {"formula": "mono", "weight": "mono soft", "note": "soft", "value": "big up"}[row.style]
        yield _text(row.text, x + PAD, line - 5.0, look, "start")
        if row.right:
            look = "mono up" if box.kind == "metrics" else "mono down"
            yield _text(row.right, x + width - PAD, line - 5.0, look, "end")


def _text(text: str, x: float, y: float, kind: str, anchor: str) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}"' + (f' text-anchor="{anchor}"' if anchor != "start" else "")
    return f'<text {place} class="{kind}" xml:space="preserve">{escape(text)}</text>'
