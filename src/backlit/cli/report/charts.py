"""Line charts as inline SVG, written by hand: no script, colors from the page's style sheet.

A chart knows axes and lines and nothing about networks; the sections of the report decide what is drawn.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 460, 270
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 96, 14, 34
_LABEL_GAP = 30  # a label at the end of a line is two rows of text


@dataclass(frozen=True)
class Line:
    """One line of a chart: a label, the style class that colors it, and its points."""

    label: str
    style: str
    x: Sequence[float]
    y: Sequence[float]

    def points(self) -> list[tuple[float, float]]:
        """Return the points that can be drawn; NaN and infinity are left out."""
        return [(float(a), float(b)) for a, b in zip(self.x, self.y, strict=True) if math.isfinite(b)]


def line_chart(
    title: str, lines: Sequence[Line], show: Callable[[float], str], marked: tuple[float, float, str] | None = None
) -> str:
    """Return a chart with axes, a label at the end of every line, and optionally one marked point `(x, y, words)`."""
    points = [point for line in lines for point in line.points()]
    if not points:
        return f'<p class="empty">{escape(title)}: nothing finite to draw.</p>'
    x_axis, y_axis = whole_ticks([x for x, _ in points]), ticks([y for _, y in points])
    place = _Scale(x_axis, y_axis, (_LEFT, WIDTH - _RIGHT), (HEIGHT - _BOTTOM, _TOP))
    parts = [_grid(place, x_axis, y_axis, show)]
    parts += [_line(place, line, show) for line in lines]
    if marked:
        x, y = place(marked[0], marked[1])
        parts.append(
            f'<circle class="marked" cx="{x:.1f}" cy="{y:.1f}" r="6.5"><title>{escape(marked[2])}</title></circle>'
        )
    parts.append(_end_labels(place, lines, show))
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(_spoken(title, lines, show))}">{"".join(parts)}</svg>'
    )


def small_chart(
    label: str, x: Sequence[float], y: Sequence[float], spread: Sequence[float] = (), raw: Sequence[float] = ()
) -> str:
    """Return a chart the size of a word: one line, no axes.

    `spread` draws a band of `y` plus and minus it, `raw` a pale line behind (what `y` is the smooth form of).
    """
    width, height = 150, 44
    edges = [*y, *raw, *(value for b, s in zip(y, spread, strict=False) for value in (b - s, b + s))]
    finite = [value for value in edges if math.isfinite(value)]
    if not finite:
        return ""
    low, high = min(finite), max(finite)
    pad = (high - low) * 0.08 or abs(high) * 0.5 or 1.0
    place = _Scale((min(x), max(x)), (low - pad, high + pad), (4, width - 6), (height - 4, 4))
    lines = (_band(place, x, y, spread) if spread else "") + (_path(place, x, raw, "raw") if raw else "")
    last = place(x[-1], y[-1]) if math.isfinite(y[-1]) else (-9.0, -9.0)
    dot = f'<circle class="dot" cx="{last[0]:.1f}" cy="{last[1]:.1f}" r="3"/>'
    head = f'<svg class="small" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">'
    return f"{head}{lines}{_path(place, x, y, 'line')}{dot}</svg>"


def _path(place: _Scale, x: Sequence[float], y: Sequence[float], style: str) -> str:
    spots = [place(a, b) for a, b in zip(x, y, strict=True) if math.isfinite(b)]
    points = " ".join(f"{px:.1f},{py:.1f}" for px, py in spots)
    return f'<polyline class="{style}" points="{points}"/>'


def smooth(values: Sequence[float], width: int = 9) -> list[float]:
    """Return the mean of the `width` finite neighbors of each value (fewer at the ends), NaN where there is none."""
    half, found = width // 2, list[float]()
    for i in range(len(values)):
        near = [v for v in values[max(0, i - half) : i + half + 1] if math.isfinite(v)]
        found.append(sum(near) / len(near) if near else math.nan)
    return found


def ticks(values: Iterable[float], about: int = 5) -> list[float]:
    """Return round numbers, evenly spaced, the first at or below every value and the last at or above."""
    finite = [value for value in values if math.isfinite(value)]
    low, high = min(finite), max(finite)
    if high - low <= 1e-12 * max(1.0, abs(high)):
        low, high = low - (abs(low) or 1.0) * 0.05, high + (abs(high) or 1.0) * 0.05
    raw = (high - low) / about
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [index * step for index in range(first, last + 1)]


def whole_ticks(values: Iterable[float], about: int = 10) -> list[float]:
    """Return whole numbers from the first to the last value, at most about ten of them, such as epochs."""
    finite = list(values)
    low, high = math.floor(min(finite)), math.ceil(max(finite))
    step = max(1, math.ceil((high - low) / about))
    step = next(m for m in (1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, step) if m >= step)
    inner = [float(value) for value in range(low, high + 1) if value % step == 0 or value == low]
    return inner if len(inner) > 1 else [low - 0.5, float(low), low + 0.5]


@dataclass(frozen=True)
class _Scale:
    """Data coordinates to drawing coordinates."""

    x_axis: Sequence[float]
    y_axis: Sequence[float]
    x_range: tuple[float, float]
    y_range: tuple[float, float]

    def __call__(self, x: float, y: float) -> tuple[float, float]:
        return _map(x, self.x_axis, self.x_range), _map(y, self.y_axis, self.y_range)


def _map(value: float, axis: Sequence[float], target: tuple[float, float]) -> float:
    share = (value - axis[0]) / ((axis[-1] - axis[0]) or 1.0)
    return target[0] + share * (target[1] - target[0])


def _grid(place: _Scale, x_axis: Sequence[float], y_axis: Sequence[float], show: Callable[[float], str]) -> str:
    left, right = place.x_range
    parts: list[str] = []
    for value in y_axis:
        y = place(0, value)[1]
        parts.append(f'<line class="grid" x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(
            f'<text class="tick" x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{escape(show(value))}</text>'
        )
    for value in x_axis:
        if value == int(value):
            x = place(value, 0)[0]
            parts.append(f'<text class="tick" x="{x:.1f}" y="{HEIGHT - 12}" text-anchor="middle">{int(value)}</text>')
    parts.append(f'<text class="tick" x="{right + 12}" y="{HEIGHT - 12}">epoch</text>')
    return "".join(parts)


def _line(place: _Scale, line: Line, show: Callable[[float], str]) -> str:
    spots = [(x, y, *place(x, y)) for x, y in line.points()]
    path = " ".join(f"{sx:.1f},{sy:.1f}" for _, _, sx, sy in spots)
    radius = 3 if len(spots) <= 25 else 1.4
    dots = "".join(
        f'<circle cx="{sx:.1f}" cy="{sy:.1f}" r="{radius}"><title>{escape(line.label)}, epoch {x:g}: {escape(show(y))}'
        f"</title></circle>"
        for x, y, sx, sy in spots
    )
    return f'<g class="{line.style}"><polyline class="line" points="{path}"/>{dots}</g>'


def _end_labels(place: _Scale, lines: Sequence[Line], show: Callable[[float], str]) -> str:
    ends = [(place(*line.points()[-1])[1], line) for line in lines if line.points()]
    ends.sort(key=lambda end: end[0])
    heights = _apart([y for y, _ in ends], _TOP + 8, HEIGHT - _BOTTOM - 20)
    x = WIDTH - _RIGHT + 12
    return "".join(
        f'<text class="{line.style} end" x="{x}" y="{y:.1f}">{escape(line.label)}'
        f'<tspan class="value" x="{x}" dy="14">{escape(show(line.points()[-1][1]))}</tspan></text>'
        for y, (_, line) in zip(heights, ends, strict=True)
    )


def _apart(heights: list[float], top: float, bottom: float) -> list[float]:
    placed: list[float] = []
    for y in heights:
        placed.append(max(y, placed[-1] + _LABEL_GAP) if placed else max(y, top))
    over = max(0.0, placed[-1] - bottom) if placed else 0.0
    return [y - over for y in placed]


def _band(place: _Scale, x: Sequence[float], y: Sequence[float], spread: Sequence[float]) -> str:
    rows = [(a, b, s) for a, b, s in zip(x, y, spread, strict=True) if math.isfinite(b + s)]
    upper = [place(a, b + s) for a, b, s in rows]
    lower = [place(a, b - s) for a, b, s in reversed(rows)]
    path = " ".join(f"{px:.1f},{py:.1f}" for px, py in upper + lower)
    return f'<polygon class="band" points="{path}"/>'


def _spoken(title: str, lines: Sequence[Line], show: Callable[[float], str]) -> str:
    ends = [f"{line.label} from {show(p[0][1])} to {show(p[-1][1])}" for line in lines if (p := line.points())]
    return f"{title}: {'; '.join(ends)}"
