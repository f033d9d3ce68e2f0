"""Numbers as people write them, and the frame that every section of the report shares.

Nothing here knows what the numbers mean.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

NO_BREAK_SPACE, EN_DASH, MINUS, ARROW = "\u00a0", "\u2013", "\u2212", "\u2192"


def percent(value: float, digits: int = 2) -> str:
    """Return 0.9776 as `97.76 %`."""
    return f"{100 * value:.{digits}f}{NO_BREAK_SPACE}%"


def number(value: float) -> str:
    """Return a number in about three digits: `1,234`, `0.123`, `4.5e-5`; a dash for what is no number."""
    if not math.isfinite(value):
        return EN_DASH
    if value == 0 or 1e-3 <= abs(value) < 1e4:
        return (f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}").replace("-", MINUS)
    return f"{value:.1e}".replace("e-0", "e-").replace("e+0", "e").replace("-", MINUS)


def amount(value: float) -> str:
    """Return a number of the user's own in four digits or more: `30,880`, `2.414`, `1.2e12`."""
    if not math.isfinite(value) or (value and not 1e-4 <= abs(value) < 1e10):
        return number(value)
    return (f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}").replace("-", MINUS)


def duration(seconds: float) -> str:
    """Return seconds as `8.4 s`, `3 min 20 s`, `1 h 02 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def best_epoch(values: Sequence[float], lowest: bool = False) -> int | None:
    """Return the index of the largest (or lowest) finite value, None where there is none."""
    finite = [i for i, value in enumerate(values) if math.isfinite(value)]
    return min(finite, key=lambda i: values[i] if lowest else -values[i]) if finite else None


def section(name: str, title: str, lead: str, body: str) -> str:
    """Wrap a section: its heading, a sentence about how to read it (HTML), and its content (HTML)."""
    return f'<section aria-labelledby="{name}"><h2 id="{name}">{title}</h2><p class="lead">{lead}</p>{body}</section>'


def ranking(title: str, rows: Sequence[tuple[str, str, float]]) -> str:
    """Return a panel with one line for each `(HTML, HTML at the right, share of the longest bar)`."""
    items = "".join(
        f'<li style="--share:{share:.3f}"><span>{left}</span><span>{right}</span></li>' for left, right, share in rows
    )
    return f'<div class="ranking"><h3>{title}</h3><ol>{items}</ol></div>'
