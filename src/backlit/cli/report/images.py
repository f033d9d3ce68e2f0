"""The pictures of the report: the digits that were misread, and what the units of the first layer look for."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from ...arrays import Array
from . import png
from .facts import FirstWeights, Mistake, Scores
from .matrix import hardest
from .words import ARROW, percent, ranking, section

SHOWN_UNITS = 100
_WIDEST, _HIGHEST = 1024, 256  # of a weight matrix shown as one picture


def mistakes(scores: Scores, names: Sequence[str]) -> str:
    """The wrong answers given with the highest probability."""
    title = "Most confident mistakes"
    if not scores.mistakes:
        return section("mistakes", title, "None: every test example was read correctly.", "")
    lead = (
        f"The {len(scores.mistakes)} wrong answers the network was surest of, surest first. "
        "Under each: what it is, what was read, and the probability given to the wrong answer."
    )
    cards = "".join(_mistake(mistake, names) for mistake in scores.mistakes)
    body = f'<div class="split"><ol class="mistakes">{cards}</ol>{hardest(scores.confusion, names)}</div>'
    return section("mistakes", title, lead, body)


def _mistake(mistake: Mistake, names: Sequence[str]) -> str:
    true, read = escape(names[mistake.true]), escape(names[mistake.predicted])
    words = f'{true} <span aria-hidden="true">{ARROW}</span><span class="sr">read as</span> <b>{read}</b>'
    right = percent(mistake.true_probability)
    return (
        f'<li title="test example {mistake.index}; probability of the right answer: {right}">'
        f"{_glass(mistake.image, f'A {true} that was read as {read}')}<p>{words}</p>"
        f'<p class="sure" style="--share:{mistake.confidence:.3f}">{percent(mistake.confidence, 1)}</p></li>'
    )


def _glass(image: Array, alt: str) -> str:
    if image.ndim < 2:
        return ""
    pixels = png.as_bytes(image)
    kind = "glass colored" if pixels.ndim == 3 else "glass"
    return f'<span class="{kind}"><img src="{png.data_uri(png.png(pixels))}" alt="{alt}"></span>'


def weights(first: FirstWeights) -> str:
    """The first layer's weights: one picture per unit where the input is a picture, else the matrix itself."""
    title = "First-layer weights"
    if len(first.input_shape) < 2:
        body = _whole_matrix(first)
        if first.features:
            body = f'<div class="split">{body}{_strongest(first)}</div>'
        return section("weights", title, _PLAIN_COLORS, body)
    units = first.kernel.shape[1]
    strongest = np.argsort(-np.linalg.norm(first.kernel, axis=0), kind="stable")[:SHOWN_UNITS]
    pictures = "".join(_unit(first, int(unit)) for unit in np.sort(strongest))
    lead = f"{_COLORS} Each picture is scaled by its own largest weights."
    if units > SHOWN_UNITS:
        lead += f" Shown: the {SHOWN_UNITS} of {units:,} units with the largest weights."
    return section("weights", title, lead + _rim(first), f'<div class="units">{pictures}</div>')


_COLORS = (
    'What each unit looks for. <b class="plus">Amber</b>: ink here raises the unit. <b class="minus">Blue</b>: '
    "ink here lowers it. The paper between is weight zero."
)


_PLAIN_COLORS = (
    'A row for each unit, a column for each input. <b class="plus">Amber</b>: a larger input raises the unit. '
    '<b class="minus">Blue</b>: it lowers it. The paper between is weight zero.'
)


def _strongest(first: FirstWeights, most: int = 12) -> str:
    """Return a panel of the inputs whose weights are largest; inputs are standardized, so they can be compared."""
    norms = np.linalg.norm(first.kernel, axis=1)
    order = np.argsort(-norms, kind="stable")[:most]
    top = float(norms.max()) or 1.0
    rows = [(f"<b>{escape(first.features[i])}</b>", f"{norms[i]:.3g}", float(norms[i]) / top) for i in map(int, order)]
    return ranking("Inputs by the norm of their weights", rows)


def _rim(first: FirstWeights) -> str:
    """Say why the rim is speckled, where that is so: those weights cannot have moved."""
    if first.never_inked is None or not first.never_inked.any():
        return ""
    count = int(first.never_inked.sum())
    return (
        f" {count:,} inputs are never inked in training: they get no gradient, and their weights "
        "are still the random numbers of the start. That is the even speckle at the rim."
    )


def _unit(first: FirstWeights, unit: int) -> str:
    image = first.kernel[:, unit].reshape(first.input_shape)
    flat = image.mean(axis=-1) if image.ndim == 3 else image
    source = png.data_uri(png.signed_png(_scaled(flat)))
    return f'<img src="{source}" alt="Weights of unit {unit}" title="unit {unit}">'


def _whole_matrix(first: FirstWeights) -> str:
    source = png.data_uri(png.signed_png(_scaled(first.kernel[:_WIDEST, :_HIGHEST].T)))
    alt = f"The weights of {first.layer}: a row for each unit, a column for each input feature"
    kind = "matrix low" if first.features else "matrix"
    return f'<img class="{kind}" src="{source}" alt="{escape(alt)}">'


def _scaled(values: Array) -> Array:
    return values / (float(np.quantile(np.abs(values), 0.995)) or 1.0)
