"""What `backlit explain --native` prints: the way of one layer from its formula to the instructions.

`backlit.inspect` makes the text; this file chooses the layer and gives a terminal its colors.
"""

from __future__ import annotations

import shutil
import sys
from typing import Any

LANGUAGES = {"ir": "llvm", "assembly": "gas"}


def show(model: Any, layer: str | None, x: Any, y: Any, full: bool) -> None:
    """Print the machine code of a layer for batches like `x`, `y`, in the width of the terminal."""
    from ..inspect import native_code

    code = native_code(model, _chosen(model, layer), x, y)
    width = max(shutil.get_terminal_size((100, 24)).columns, 40)
    if not sys.stdout.isatty():
        print(code.report(width, full))
        return
    print(code.head)
    for part in ("mathematics", "nodes", "kernels", "ir", "assembly"):
        print()
        _colored(code.part(part, width, full), LANGUAGES.get(part))


def _chosen(model: Any, layer: str | None) -> Any:
    """Return a layer as `native_code` takes it: a name, a number, or the first layer with weights."""
    if layer is None:
        return next((one for one in model.layers if one.trainable_weights), 0)
    names = {one.name for one in model.layers}
    return int(layer) if layer.lstrip("-").isdigit() and layer not in names else layer


def _colored(text: str, language: str | None) -> None:
    """Print the heading bold, and listings in the colors of their language."""
    from rich.console import Console
    from rich.syntax import Syntax
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    heading, _, rest = text.partition("\n")
    console.print(Text(heading, "bold"))
    if language is None:
        console.print(Text(rest))
        return
    listing = Syntax(rest, language, background_color="default", theme="ansi_dark").highlight(rest)
    known = [span for span in listing.spans if not getattr(span.style, "underline", False)]  # marks are no mistakes
    listing.spans = known
    console.print(listing, end="")
