"""The test of a network for a number: what it said against what was right, and where it was furthest off.

The counterpart of `matrix` and `images`, which show what a classifier got wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from ...arrays import Array
from . import charts
from .facts import AmountScores
from .words import amount, ranking, section

SHOWN = 2000  # points of the scatter plot
_SIDE, _LEFT, _RIGHT, _TOP, _BOTTOM = 420, 74, 30, 12, 44
_BARS = 31


def amounts(scores: AmountScores) -> str:
    """Predicted against right values, how the errors are spread, and the largest of them."""
    lead = (
        "Each point is a test example: right value across, what the network said upward. On the line it was right. "
        f"R\u00b2 is the share of the variance it explains: {scores.r2:.4g} here, 0 for always saying the mean."
    )
    shown = np.linspace(0, len(scores.true) - 1, min(SHOWN, len(scores.true))).astype(int)
    plot = _figure("Predicted and right", _scatter(scores.true[shown], scores.said[shown]))
    errors = _figure("Errors, predicted minus right", _histogram(scores.said - scores.true))
    body = f'<div class="pair">{plot}{errors}</div><div class="below">{_largest(scores)}</div>'
    return section("amounts", "Predicted and right values", lead, body)


def _figure(title: str, drawing: str) -> str:
    return f"<figure><figcaption>{title}</figcaption>{drawing}</figure>"


def _largest(scores: AmountScores, most: int = 10) -> str:
    off = np.abs(scores.said - scores.true)
    order = np.argsort(-off, kind="stable")[:most]
    top = float(off.max(initial=0.0)) or 1.0
    rows = [
        (
            f"<b>{amount(scores.true[i])}</b>, said {amount(scores.said[i])}",
            f"off by {amount(off[i])}",
            float(off[i]) / top,
        )
        for i in map(int, order)
    ]
    return ranking("Furthest off", rows)


def _frame(x_axis: Sequence[float], y_axis: Sequence[float], inside: str, spoken: str, across: str) -> str:
    bottom = _SIDE - _BOTTOM
    parts: list[str] = []
    for value in y_axis:
        y = _place(value, y_axis, bottom, _TOP)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_SIDE - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(
            f'<text class="tick" x="{_LEFT - 7}" y="{y + 4:.1f}" text-anchor="end">{escape(amount(value))}</text>'
        )
    every = 1 if len(x_axis) * max(len(amount(value)) for value in x_axis) <= 42 else 2  # labels must not meet
    for value in x_axis[::every]:
        x = _place(value, x_axis, _LEFT, _SIDE - _RIGHT)
        parts.append(
            f'<text class="tick" x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{escape(amount(value))}</text>'
        )
    middle = (_LEFT + _SIDE - _RIGHT) / 2
    parts.append(f'<text class="tick" x="{middle}" y="{_SIDE - 6}" text-anchor="middle">{across}</text>')
    head = f'<svg class="chart" viewBox="0 0 {_SIDE} {_SIDE}" role="img" aria-label="{escape(spoken)}">'
    return f"{head}{''.join(parts)}{inside}</svg>"


def _place(value: float, axis: Sequence[float], low: float, high: float) -> float:
    return low + (value - axis[0]) / ((axis[-1] - axis[0]) or 1.0) * (high - low)


def _scatter(true: Array, said: Array) -> str:
    axis = charts.ticks([*map(float, true), *map(float, said)])
    low, high, bottom = _LEFT, _SIDE - _RIGHT, _SIDE - _BOTTOM
    radius = 3 if len(true) < 300 else 1.6
    across = [_place(float(value), axis, low, high) for value in true]
    upward = [_place(float(value), axis, bottom, _TOP) for value in said]
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}"/>' for x, y in zip(across, upward, strict=True))
    line = f'<line class="right-line" x1="{low}" y1="{bottom}" x2="{high}" y2="{_TOP}"/>'
    spoken = f"{len(true)} test examples, right value across and predicted value upward"
    return _frame(axis, axis, f'{line}<g class="points">{dots}</g>', spoken, "right value")


def _histogram(errors: Array) -> str:
    counts, edges = np.histogram(errors, bins=_BARS)
    x_axis, y_axis = charts.ticks(map(float, edges)), charts.ticks([0.0, float(counts.max())])
    bottom = _SIDE - _BOTTOM
    bars: list[str] = []
    for count, left, right in zip(counts, edges[:-1], edges[1:], strict=True):
        x, end = (_place(float(v), x_axis, _LEFT, _SIDE - _RIGHT) for v in (left, right))
        y = _place(float(count), y_axis, bottom, _TOP)
        bars.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(end - x - 1, 0.5):.1f}" height="{bottom - y:.1f}"/>')
    spoken = f"How often which error, from {amount(float(edges[0]))} to {amount(float(edges[-1]))}"
    return _frame(x_axis, y_axis, f'<g class="bars">{"".join(bars)}</g>', spoken, "error")
