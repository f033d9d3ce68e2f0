"""`plot_model`: the layers of a model as boxes, one below the other, in an SVG file.

What happens inside a step is drawn by `model.step_graph()`; this picture shows layers and shapes only.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

WIDTH, HEIGHT, GAP = 360, 44, 28
STYLE = "font-family:sans-serif;font-size:13px"


class Picture:
    """The drawing: shown by itself in a notebook."""

    def __init__(self, svg: str, path: Path) -> None:
        self.svg, self.path = svg, path

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        return f"<picture of a model in {self.path}>"


def plot_model(
    model: Any, to_file: Any = "model.png", show_shapes: bool = False, show_dtype: bool = False,
    show_layer_names: bool = True, rankdir: str = "TB", expand_nested: bool = False, dpi: int = 96,
    show_layer_activations: bool = False, show_trainable: bool = False, **options: Any,
) -> Picture:  # fmt: skip
    """Draw the layers of a built model into an SVG file and return the picture. Another ending becomes .svg."""
    from ..files import write_file

    path = Path(to_file).with_suffix(".svg")
    lines = [_line(layer, show_shapes, show_layer_names, show_layer_activations) for layer in model.layers]
    picture = Picture(_svg(lines), path)
    write_file(path, picture.svg)
    if path != Path(to_file):
        print(f"The picture of the model is {path}.")
    return picture


def _line(layer: Any, shapes: bool, names: bool, activations: bool) -> tuple[str, str]:
    title = f"{layer.name} ({type(layer).__name__})" if names else type(layer).__name__
    facts = []
    output = getattr(layer, "output", None) if layer.built else None
    if shapes and output is not None and hasattr(output, "shape"):
        facts.append(f"output {tuple(output.shape)}")
    activation = getattr(layer, "activation", None)
    if activations and activation is not None:
        facts.append(getattr(activation, "__name__", type(activation).__name__))
    return title, ", ".join(facts)


def _svg(lines: list[tuple[str, str]]) -> str:
    height = len(lines) * (HEIGHT + GAP) + GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH + 40}" height="{height}" style="{STYLE}">',
        '<rect width="100%" height="100%" fill="white"/>',
    ]
    for i, (title, facts) in enumerate(lines):
        top, middle = GAP + i * (HEIGHT + GAP), 20 + WIDTH / 2
        if i:
            parts.append(f'<path d="M{middle} {top - GAP} V{top - 7}" stroke="#666"/>')
            parts.append(f'<path d="M{middle - 4} {top - 7} h8 l-4 7 z" fill="#666"/>')
        parts.append(
            f'<rect x="20" y="{top}" width="{WIDTH}" height="{HEIGHT}" rx="6" fill="#eef4ff" stroke="#4a6fa5"/>'
        )
        baseline = top + (20 if facts else 27)
        parts.append(f'<text x="{middle}" y="{baseline}" text-anchor="middle">{escape(title)}</text>')
        if facts:
            parts.append(f'<text x="{middle}" y="{top + 37}" text-anchor="middle" fill="#555">{escape(facts)}</text>')
    return "\n".join([*parts, "</svg>\n"])
