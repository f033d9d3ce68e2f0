"""The report as one HTML file that needs nothing else: style, charts and pictures are inside it.

A content security policy in its head forbids every request, so that "works offline" is not a matter of trust.
"""

from __future__ import annotations

from html import escape
from importlib import resources

from .amounts import amounts
from .facts import AmountScores, Report
from .images import mistakes, weights
from .matrix import confusion
from .sections import curves, headline, run
from .traces import layers


def render(report: Report) -> str:
    """Return the page for a report; what it does not hold (no test set, no pictures) stays out."""
    parts = [curves(report)] if report.history else []
    if isinstance(report.scores, AmountScores):
        parts.append(amounts(report.scores))
    elif report.scores is not None:
        parts += [confusion(report.scores, report.class_names), mistakes(report.scores, report.class_names)]
    if report.weights is not None:
        parts.append(weights(report.weights))
    if report.layers:
        parts.append(layers(report.layers, report.diagnosis))
    parts.append(run(report))
    style = resources.files("backlit.cli.report").joinpath("style.css").read_text("utf-8")
    title = escape(f"{report.network} on {report.dataset}")
    return _PAGE.format(title=title, style=style, header=headline(report), main="\n".join(parts))


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} · Backlit</title>
<style>
{style}</style>
</head>
<body>
{header}
<main>
{main}
</main>
<footer>Made by Backlit: neural networks, lit from behind.</footer>
</body>
</html>
"""
