"""The layers of the report: four small curves for each, from before training to the last epoch."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape

from . import charts
from .facts import LayerTrace
from .words import ARROW, number, percent, section

_LEAD = (
    "Looks inside while it trained, one batch now and then, from the first step to the last. What to look for: outputs "
    "with a spread, few dead units (zero for every example), gradients that neither vanish nor explode, and steps that "
    "move the weights by about a thousandth of their size (the update ratio)."
)


def layers(traces: Sequence[LayerTrace], diagnosis: Sequence[str]) -> str:
    """Activations, gradients and updates of every layer, and what looked wrong."""
    body = _diagnosis(diagnosis) + f'<div class="layers">{"".join(map(_layer, traces))}</div>'
    return section("layers", "Layer by layer", _LEAD, body)


def _diagnosis(findings: Sequence[str]) -> str:
    if not findings:
        return (
            '<p class="note good">Nothing looks wrong: no layer full of dead or saturated units, no gradient that '
            "vanishes or explodes.</p>"
        )
    return "".join(f'<p class="note">{escape(finding)}</p>' for finding in findings)


def _layer(trace: LayerTrace) -> str:
    curves = [_output(trace)]
    if trace.zeros is not None:
        curves.append(_curve(trace, "outputs that are 0", trace.zeros, lambda value: percent(value, 0)))
    if trace.gradient:
        curves.append(_curve(trace, "gradient norm (log)", trace.gradient, logarithmic=True))
    if trace.update:
        curves.append(_curve(trace, "update ratio (log)", trace.update, logarithmic=True))
    return (
        f"<article><h3>{escape(trace.name)}<small>{escape(_facts(trace))}</small></h3>"
        f'<div class="sparks">{"".join(curves)}</div></article>'
    )


def _facts(trace: LayerTrace) -> str:
    facts = [trace.kind, trace.shape]
    if trace.parameters:
        facts.append(f"{trace.parameters:,} parameters")
    if trace.dead is not None:
        never, units = trace.dead
        facts.append(f"{never} of {units} units dead" if never else "no dead unit")
    return ", ".join(facts)


def _output(trace: LayerTrace) -> str:
    name = "output, mean \u00b1 deviation"
    mean, spread = charts.smooth(trace.mean), charts.smooth(trace.spread)
    first, last = (f"{number(mean[i])} \u00b1 {number(spread[i])}" for i in (0, -1)) if mean else ("", "")
    chart = charts.small_chart(_spoken(trace, name, first, last), trace.epochs, mean, spread)
    return _spark(name, chart, first, last)


def _curve(
    trace: LayerTrace,
    name: str,
    values: Sequence[float],
    show: Callable[[float], str] = number,
    logarithmic: bool = False,
) -> str:
    """Draw a noisy series and its moving mean; the numbers under it are those of the mean."""
    raw = [math.log10(value) if value > 0 else math.nan for value in values] if logarithmic else list(values)
    mean = charts.smooth(raw)
    ends = (mean[0], mean[-1]) if mean else (math.nan, math.nan)
    first, last = (show(10**end if logarithmic else end) for end in ends)
    chart = charts.small_chart(_spoken(trace, name, first, last), trace.epochs, mean, raw=raw)
    return _spark(name, chart, first, last)


def _spoken(trace: LayerTrace, name: str, first: str, last: str) -> str:
    return f"{trace.name}, {name}: from {first} to {last}"


def _spark(name: str, chart: str, first: str, last: str) -> str:
    words = f'<p><span>{first}</span><span aria-hidden="true">{ARROW}</span><b>{last}</b></p>'
    return f'<div class="spark"><h4>{name}</h4>{chart}{words}</div>'
