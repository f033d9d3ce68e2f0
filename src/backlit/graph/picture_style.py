"""The look of a picture: ink and paper, and the light that comes from behind, which is the gradient.

Colors follow the reader's light or dark setting; sizes are in pixels at the picture's natural size.
"""

from __future__ import annotations

MONO = 7.3  # the width of a character of a formula, and of a title: texts are measured, not rendered
SANS = 7.6
PAD = 16.0
ROW = 19.0
TITLE = 26.0
STRAND = 5.0  # how far the ways forward and back run from the middle of a link
MARGIN = 30.0

LIGHT = {
    "panel": "#faf6ee", "card": "#ffffff", "edge": "#dccfb6", "ink": "#1f2a36", "soft": "#74808d", "line": "#4a6078",
    "glow": "#ffb640", "back": "#c2620a", "beam": "#f0932b", "bright": "0.55", "value": "#27527d",
}  # fmt: skip
DARK = {
    "panel": "#0e1117", "card": "#191e27", "edge": "#4a3d26", "ink": "#e8e6e1", "soft": "#8b95a3", "line": "#7fa0c4",
    "glow": "#ff9d1e", "back": "#ffb95c", "beam": "#ff9d2e", "bright": "0.5", "value": "#9cc4f0",
}  # fmt: skip

_RULES = """
.{id} text { font: 13px ui-sans-serif, system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; fill: var(--ink); }
.{id} .mono { font: 12px ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.{id} .title { font-weight: 650; }
.{id} .soft { fill: var(--soft); }
.{id} .up { fill: var(--value); }
.{id} .down { fill: var(--back); }
.{id} .big { font-size: 19px; font-weight: 650; }
.{id} .sign { font-size: 22px; font-weight: 500; }
.{id} .panel { fill: var(--panel); }
.{id} .card { fill: var(--card); stroke: var(--edge); stroke-width: 1.2; }
.{id} .quiet { fill: none; stroke: var(--edge); stroke-width: 1.2; stroke-dasharray: 3 3; }
.{id} .glow { fill: var(--glow); opacity: var(--bright); }
.{id} .go { fill: none; stroke: var(--line); stroke-width: 1.5; }
.{id} .come { fill: none; stroke: var(--beam); stroke-width: 2.2; stroke-linecap: round; }
.{id} .beam { fill: none; stroke: var(--glow); stroke-width: 9; stroke-linecap: round; opacity: var(--bright); }
.{id} .tip-go { fill: var(--line); }
.{id} .tip-come { fill: var(--beam); }
"""


def style(identity: str) -> str:
    """Return the style sheet of one picture; every rule is kept to elements inside class `identity`."""

    def colors(table: dict[str, str]) -> str:
        return " ".join(f"--{name}: {value};" for name, value in table.items())

    return (
        f".{identity} {{ {colors(LIGHT)} }}\n"
        f"@media (prefers-color-scheme: dark) {{ .{identity} {{ {colors(DARK)} }} }}" + _RULES.replace("{id}", identity)
    )


def definitions(identity: str) -> str:
    """Return the arrow heads and the blur of the light."""
    head = '<path d="M0 0 L8 4 L0 8 Z" class="tip-{0}"/>'
    marker = (
        '<marker id="{1}-{0}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="{2}" markerHeight="{2}" '
        'markerUnits="userSpaceOnUse" orient="auto-start-reverse">' + head + "</marker>"
    )
    return (
        f"<defs>{marker.format('go', identity, 9)}{marker.format('come', identity, 11)}"
        f'<filter id="{identity}-blur" x="-60%" y="-60%" width="220%" height="220%"><feGaussianBlur stdDeviation="11"/>'
        f'</filter><filter id="{identity}-soft" filterUnits="userSpaceOnUse" x="-50" y="-50" width="100000" '
        f'height="100000"><feGaussianBlur stdDeviation="4"/></filter></defs>'
    )
