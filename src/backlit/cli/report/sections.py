"""The first screen of the report, its learning curves, and how to repeat the run.

What lies between them has files of its own: `matrix`, `images`, `traces`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape

from . import charts
from .facts import AmountScores, Report
from .words import amount, best_epoch, duration, percent, section

History = Mapping[str, Sequence[float]]


def headline(report: Report) -> str:
    """The first screen: what was trained, the test accuracy in large figures, and a row of facts."""
    scores, hero = report.scores, ""
    if isinstance(scores, AmountScores):
        hero = (
            f'<p class="hero"><span class="figure">{amount(scores.error)}</span><span class="caption">test error, root '
            f"mean square<br>of {len(scores.true):,} examples; R\u00b2 {scores.r2:.4f}</span></p>"
        )
    elif scores is not None:
        wrongly = (
            "read wrongly" if report.weights is None or len(report.weights.input_shape) > 1 else "answered wrongly"
        )
        hero = (
            f'<p class="hero"><span class="figure">{percent(scores.accuracy)}</span>'
            f'<span class="caption">test accuracy<br>{scores.wrong:,} of {scores.total:,} {wrongly}</span></p>'
        )
    tiles = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in _tiles(report))
    notes = "".join(f'<p class="note">{escape(note)}</p>' for note in report.notes)
    title = f"{escape(report.network)} <em>on</em> {escape(report.dataset)}"
    return (
        f'<header><p class="brand">{_LAMP}<span>Backlit</span></p><h1>{title}</h1>{hero}'
        f'<dl class="tiles">{tiles}</dl>{notes}</header>'
    )


def _tiles(report: Report) -> list[tuple[str, str]]:
    tiles: list[tuple[str, str]] = []
    if report.scores is not None:
        tiles.append(("test loss", f"{report.scores.loss:.4f}"))
    if isinstance(report.scores, AmountScores):
        tiles.append(("mean absolute error", amount(report.scores.absolute)))
    checked = report.history.get("val_accuracy", ())
    best = best_epoch(checked)
    if best is not None:
        tiles.append((f"best validation (epoch {best + 1})", percent(checked[best])))
    return [
        *tiles,
        ("parameters", f"{report.parameters:,}"),
        ("epochs", str(len(report.history.get("loss", ())))),
        ("training time", duration(report.seconds)),
    ]


def curves(report: Report) -> str:
    """Loss and accuracy after every epoch."""
    history = report.history
    epochs = [float(i + 1) for i in range(max((len(values) for values in history.values()), default=0))]
    figures = [_curve(title, key, history, epochs, show) for title, key, show in _CURVES if key in history]
    lead = (
        "One point per epoch. Training figures are averages over the epoch, taken while the weights still move; "
        "validation figures are taken at its end, so early on they may look better."
    )
    body = f'<div class="pair">{"".join(figures)}</div>{_numbers(history, epochs)}'
    return section("curves", "Learning curves", lead, body)


_CURVES: tuple[tuple[str, str, Callable[[float], str]], ...] = (
    ("Loss", "loss", lambda value: f"{value:.4g}"),
    ("Accuracy", "accuracy", lambda value: f"{100 * value:.4g} %"),
    ("Mean absolute error (target standardized)", "mean_absolute_error", lambda value: f"{value:.4g}"),
)


def _curve(title: str, key: str, history: History, epochs: list[float], show: Callable[[float], str]) -> str:
    values, checked = list(history[key]), list(history.get(f"val_{key}", ()))
    lines = [charts.Line("training", "train", epochs[: len(values)], values)]
    if checked:
        lines.append(charts.Line("validation", "check", epochs[: len(checked)], checked))
    best, marked = best_epoch(checked, lowest=key != "accuracy"), None
    if best is not None:
        words = f"best validation {title.lower()}: {show(checked[best])}, epoch {best + 1}"
        marked = (epochs[best], checked[best], words)
    return f"<figure><figcaption>{title}</figcaption>{charts.line_chart(title, lines, show, marked)}</figure>"


def _numbers(history: History, epochs: list[float]) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in history)
    rows = "".join(
        f'<tr><th scope="row">{epoch:g}</th>'
        + "".join(f"<td>{values[i]:.4f}</td>" if i < len(values) else "<td></td>" for values in history.values())
        + "</tr>"
        for i, epoch in enumerate(epochs)
    )
    return (
        '<details><summary>The numbers</summary><div class="scroll" tabindex="0"><table class="plain"><thead><tr>'
        f'<th scope="col">epoch</th>{head}</tr></thead><tbody>{rows}</tbody></table></div></details>'
    )


def run(report: Report) -> str:
    """How to get this result again: the command, settings, versions."""
    groups = "".join(f"<div><h3>{escape(name)}</h3>{_list(rows)}</div>" for name, rows in report.settings.items())
    body = (
        f'<pre class="command" tabindex="0"><code>{escape(report.command)}</code></pre>'
        f'<div class="groups">{groups}</div>'
    )
    if report.summary:
        table = f'<pre tabindex="0">{escape(report.summary)}</pre>'
        body += f"<details><summary>Layers and shapes</summary>{table}</details>"
    return section("run", "The run", "The same command with the same seed on the same data trains it again.", body)


def _list(rows: Mapping[str, str]) -> str:
    pairs = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in rows.items())
    return f"<dl>{pairs}</dl>"


_LAMP = (
    '<svg viewBox="0 0 32 32" aria-hidden="true"><defs><radialGradient id="glow">'
    '<stop offset="0" stop-color="#ffd89a"/><stop offset=".45" stop-color="#f59e1b"/>'
    '<stop offset="1" stop-color="#f59e1b" stop-opacity="0"/></radialGradient></defs>'
    '<circle cx="16" cy="16" r="16" fill="url(#glow)"/>'
    '<path d="M7 9 16 16 7 23M16 16h9" fill="none" stroke="#1d1a16" stroke-width="1.6"/>'
    '<g fill="#1d1a16"><circle cx="7" cy="9" r="2.6"/><circle cx="7" cy="23" r="2.6"/>'
    '<circle cx="16" cy="16" r="3"/><circle cx="25" cy="16" r="2.6"/></g></svg>'
)
