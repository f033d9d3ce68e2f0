"""`plot_model`: a model's layers as boxes and its calls as arrows, in a PNG or SVG file.

`chart` reads the model, `placing` gives boxes and arrows their places, `svg` and `png` write them. What happens inside
a step is drawn by `model.step_graph()`; this picture shows layers and what goes from one to the next.
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

from ...errors import ConfigError
from ...files import write_file
from .chart import Shows, chart_of
from .placing import place
from .png import has_pillow, png
from .svg import svg

DPI = 96  # of a picture in its natural size


class Picture:
    """The drawing and the file it is in: shown by itself in a notebook."""

    def __init__(self, svg: str, path: Path) -> None:
        self.svg, self.path = svg, path

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        return f"<picture of a model in {self.path}>"


def plot_model(
    model: Any, to_file: Any = "model.png", show_shapes: bool = False, show_dtype: bool = False,
    show_layer_names: bool = True, rankdir: str = "TB", expand_nested: bool = False, dpi: float = DPI,
    show_layer_activations: bool = False, show_trainable: bool = False, layer_range: Any = None,
) -> Picture:  # fmt: skip
    """Draw a built model into a file, and return the picture.

    Each use of a layer is a box (a shared layer says "use 1 of 2"), each tensor that goes from one to the next an
    arrow; a subclassed model is a frame with its layers, since only its `call` knows their order. `rankdir` is "TB"
    (from the top down) or "LR" (to the right); `expand_nested` draws the inside of models that are layers; `dpi` scales
    the picture: 96 is its natural size. The ending of `to_file` says the kind: .png (also without an ending) or .svg;
    without Pillow a PNG becomes an SVG file, and a line says so. An unbuilt model, another `rankdir` or ending, a `dpi`
    not above 0, and `layer_range`, which Keras 3 gave up too, raise `ConfigError`.
    """
    path = _path(to_file)
    if rankdir not in ("TB", "LR"):
        raise ConfigError(f"rankdir is {rankdir!r}. Expected 'TB' (top to bottom) or 'LR' (left to right).")
    if not isinstance(dpi, (int, float)) or not 0 < dpi < math.inf:
        raise ConfigError(f"dpi is {dpi!r}. Expected a number above 0; {DPI} is the natural size.")
    if layer_range is not None:
        raise ConfigError("layer_range is not supported. Leave it out, or draw a model of those layers only.")
    if not getattr(model, "built", True):
        raise ConfigError(f"Model {model.name!r} is not built. Call build(input_shape), or show it data, then draw it.")
    shows = Shows(
        show_layer_names, show_shapes, show_dtype, show_layer_activations, show_trainable, bool(expand_nested)
    )
    drawing = place(chart_of(model, shows), down=rankdir == "TB")
    picture = Picture(svg(drawing, dpi / DPI), path)
    write_file(path, picture.svg if path.suffix == ".svg" else png(drawing, dpi / DPI))
    return picture


def _path(to_file: Any) -> Path:
    path = Path(os.fspath(to_file))
    if not path.suffix:
        path = path.with_suffix(".png")
    if path.suffix.lower() not in (".png", ".svg"):
        raise ConfigError(f"to_file is {str(to_file)!r}. Expected a name that ends in .png or .svg.")
    if path.suffix.lower() == ".png" and not has_pillow():
        path = path.with_suffix(".svg")
        print(f'A PNG needs Pillow (pip install "backlit[image]"); the picture of the model is {path}.')
    return path
