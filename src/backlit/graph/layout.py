"""Where boxes stand and how lines run between them: layers from left to right, few crossings, straight lines.

The classical three steps (Sugiyama et al. 1981): give each box a layer, order the layers, then find heights. Lines
that pass a layer get a place in it, so that they run around its boxes.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeAlias

Key: TypeAlias = Hashable
SWEEPS = 8
ROOM = 26.0  # between two boxes of a layer
LINE = 14.0  # the height a passing line is given


@dataclass
class Place:
    """One box, or one line passing a layer (`size` (0, LINE)): its layer, its center's height, its left edge."""

    key: Key
    width: float
    height: float
    layer: int = 0
    x: float = 0.0
    y: float = 0.0
    before: list[Place] = field(default_factory=list["Place"])
    after: list[Place] = field(default_factory=list["Place"])


@dataclass
class Layout:
    """The places of all boxes, the points each line passes between its ends, and the size of the whole."""

    places: dict[Key, Place]
    bends: dict[tuple[Key, Key], list[Place]]
    width: float
    height: float


def layered(
    sizes: Mapping[Key, tuple[float, float]], links: Sequence[tuple[Key, Key]], gaps: Mapping[Key, float]
) -> Layout:
    """Place boxes of `sizes` (width, height) so that every link runs to the right; the links must have no cycle.

    `gaps` is the room right of a box that its label needs. Coordinates begin at (0, 0).
    """
    places = {key: Place(key, *size) for key, size in sizes.items()}
    unique = list(dict.fromkeys(links))
    _assign_layers(places, unique)
    bends = {link: _passing(places, *link) for link in unique}
    layers = _by_layer([*places.values(), *(one for line in bends.values() for one in line)])
    _order(layers)
    _set_heights(layers)
    width = _set_columns(layers, gaps)
    top = min((p.y - p.height / 2 for layer in layers for p in layer), default=0.0)
    for layer in layers:
        for place in layer:
            place.y -= top
    height = max((p.y + p.height / 2 for layer in layers for p in layer), default=0.0)
    return Layout(places, bends, width, height)


def _assign_layers(places: Mapping[Key, Place], links: Sequence[tuple[Key, Key]]) -> None:
    """Layer = longest way from a box without inputs; boxes without inputs move up to those that read them."""
    after: dict[Key, list[Key]] = {key: [] for key in places}
    waiting = dict.fromkeys(places, 0)
    for source, target in links:
        after[source].append(target)
        waiting[target] += 1
    begin = [key for key, count in waiting.items() if count == 0]
    ready = list(begin)
    while ready:
        key = ready.pop()
        for target in after[key]:
            places[target].layer = max(places[target].layer, places[key].layer + 1)
            waiting[target] -= 1
            if waiting[target] == 0:
                ready.append(target)
    for key in begin:
        if after[key]:
            places[key].layer = min(places[target].layer for target in after[key]) - 1


def _passing(places: Mapping[Key, Place], source: Key, target: Key) -> list[Place]:
    """Link two boxes, through a place in every layer between them."""
    start, end = places[source], places[target]
    line = [Place((source, target, i), 0.0, LINE, i) for i in range(start.layer + 1, end.layer)]
    for left, right in zip([start, *line], [*line, end], strict=True):
        left.after.append(right)
        right.before.append(left)
    return line


def _by_layer(places: Sequence[Place]) -> list[list[Place]]:
    layers: list[list[Place]] = [[] for _ in range(max((p.layer for p in places), default=-1) + 1)]
    for place in places:
        layers[place.layer].append(place)
    return layers


def _order(layers: list[list[Place]]) -> None:
    """Sort each layer by where its neighbors stand, forward and backward in turn, and keep the best order seen."""
    best, fewest = [list(layer) for layer in layers], _crossings(layers)
    rank = {id(p): i for layer in layers for i, p in enumerate(layer)}
    for sweep in range(SWEEPS if fewest else 0):
        forward = sweep % 2 == 0
        for layer in layers if forward else reversed(layers):
            near = {id(p): [rank[id(n)] for n in (p.before if forward else p.after)] for p in layer}
            means = {id(p): _mean(near[id(p)], rank[id(p)]) for p in layer}
            layer.sort(key=lambda p, means=means: means[id(p)])
            rank.update((id(p), i) for i, p in enumerate(layer))
        crossings = _crossings(layers)
        if crossings < fewest:
            best, fewest = [list(layer) for layer in layers], crossings
    layers[:] = best


def _crossings(layers: Sequence[Sequence[Place]]) -> int:
    count = 0
    for left, right in pairwise(layers):
        rank = {id(p): i for i, p in enumerate(right)}
        ends = [rank[id(n)] for p in left for n in sorted(p.after, key=lambda n: rank[id(n)])]
        count += sum(a > b for i, a in enumerate(ends) for b in ends[i + 1 :])
    return count


def _set_heights(layers: Sequence[Sequence[Place]]) -> None:
    """Bring each box to the mean height of its neighbors, as near as the boxes above and below allow."""
    for layer in layers:
        _spread(layer, [i * ROOM for i in range(len(layer))])
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 1
        for layer in layers if forward else list(reversed(layers)):
            _spread(layer, [_level(p.before if forward else p.after, p.y) for p in layer])


def _spread(layer: Sequence[Place], wanted: Sequence[float]) -> None:
    """Set heights nearest to those `wanted` (least squares) that keep the order and the room between boxes."""
    if not layer:
        return
    offsets = [0.0]
    for above, below in pairwise(layer):
        offsets.append(offsets[-1] + (above.height + below.height) / 2 + ROOM)
    pools: list[tuple[float, int]] = []  # mean and size of runs of boxes that touch
    for want, offset in zip(wanted, offsets, strict=True):
        mean, size = want - offset, 1
        while pools and pools[-1][0] > mean:
            other, count = pools.pop()
            mean, size = (mean * size + other * count) / (size + count), size + count
        pools.append((mean, size))
    levels = [mean for mean, size in pools for _ in range(size)]
    for place, level, offset in zip(layer, levels, offsets, strict=True):
        place.y = level + offset


def _set_columns(layers: Sequence[Sequence[Place]], gaps: Mapping[Key, float]) -> float:
    x = 0.0
    right = 0.0
    for layer in layers:
        width = max(p.width for p in layer)
        for place in layer:
            place.x = x + (width - place.width) / (1 if _joins(place) else 2)
        right = x + width
        x = right + max(gaps.get(p.key, 0.0) for p in layer)
    return right


def _joins(place: Place) -> bool:
    """Say whether this is an input that joins the way later: it stands at the right of its column, and yields."""
    return not place.before and place.layer > 0


def _level(neighbors: Sequence[Place], otherwise: float) -> float:
    """The mean height of the neighbors on the way; of those that join it only where there are no others."""
    on_the_way = [n.y for n in neighbors if not _joins(n)]
    return _mean(on_the_way or [n.y for n in neighbors], otherwise)


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise
