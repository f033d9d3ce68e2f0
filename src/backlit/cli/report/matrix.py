"""The confusion matrix of the report: a real table up to twenty classes, a picture beyond."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from ...arrays import Array
from . import png
from .facts import Scores
from .words import ranking, section

READABLE_CLASSES = 20


def confusion(scores: Scores, names: Sequence[str]) -> str:
    """The confusion matrix, with recall and precision at its edges and the most frequent mix-ups in words."""
    counts = scores.confusion
    errors = counts - np.diag(np.diag(counts))
    lead = "Rows: what it is. Columns: what the network read. The diagonal is right, everything that glows is wrong."
    body = _table(counts, errors, names) if len(names) <= READABLE_CLASSES else _picture(errors)
    return section("confusion", "Confusion matrix", lead, f'<div class="split">{body}{_mix_ups(errors, names)}</div>')


def hardest(counts: Array, names: Sequence[str], most: int = 12) -> str:
    """Return a panel of the classes that were misread most often."""
    total = counts.sum(axis=1)
    missed = total - np.diag(counts)
    order = np.argsort(-missed, kind="stable")[:most]
    rows = [
        (f"<b>{escape(names[i])}</b>", f"{missed[i]:,} of {total[i]:,}", missed[i] / max(1, missed.max()))
        for i in map(int, order)
    ]
    return ranking("Misread most often", rows)


def _table(counts: Array, errors: Array, names: Sequence[str]) -> str:
    heat = np.sqrt(errors / max(1, errors.max()))  # the root lets single errors show beside frequent ones
    right = np.diag(counts)
    recall = 100 * right / np.maximum(1, counts.sum(axis=1))
    precision = 100 * right / np.maximum(1, counts.sum(axis=0))
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th>'
        + "".join(_cell(int(counts[i, j]), float(heat[i, j]), i == j) for j in range(len(names)))
        + f'<td class="edge">{recall[i]:.1f}</td></tr>'
        for i, name in enumerate(names)
    )
    kind = "matrix named" if max(map(len, names)) > 3 else "matrix"
    foot = "".join(f'<td class="edge">{value:.1f}</td>' for value in precision)
    return (
        f'<div class="scroll" tabindex="0"><table class="{kind}"><caption>Counts. Recall: how many of a class were '
        "found; precision: how many of the answers were right; in percent.</caption>"
        f'<thead><tr><td></td>{head}<th scope="col" class="edge">recall</th></tr></thead><tbody>{rows}</tbody>'
        f'<tfoot><tr><th scope="row" class="edge">prec.</th>{foot}<td></td></tr></tfoot></table></div>'
    )


def _cell(count: int, heat: float, right: bool) -> str:
    if right:
        return f'<td class="right">{count}</td>'
    return f'<td style="--heat:{heat:.2f}">{count}</td>' if count else '<td class="zero">\u00b7</td>'


def _picture(errors: Array) -> str:
    source = png.data_uri(png.signed_png(np.sqrt(errors / max(1, errors.max()))))
    return f'<img class="matrix" src="{source}" alt="Confusion matrix of {len(errors)} classes, errors only">'


def _mix_ups(errors: Array, names: Sequence[str], most: int = 8) -> str:
    order = [divmod(int(flat), len(errors)) for flat in np.argsort(-errors, axis=None, kind="stable")[:most]]
    rows = [
        (
            f"<b>{escape(names[i])}</b> read as <b>{escape(names[j])}</b>",
            f"{errors[i, j]}\u00d7",
            errors[i, j] / errors.max(),
        )
        for i, j in order
        if errors[i, j]
    ]
    return ranking("Most frequent mix-ups", rows) if rows else ""
