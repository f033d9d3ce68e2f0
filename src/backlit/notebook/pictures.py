"""Who takes the pictures that matplotlib draws while a notebook runs; `figures` is the back end that gives them."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable

BACK_END = "module://backlit.notebook.figures"
Keep = Callable[[bytes, tuple[int, int]], None]
_keep: list[Keep] = []


def use(keep: Keep) -> None:
    """Let matplotlib, when it is imported, draw for notebooks; `keep` takes each PNG and its size in pixels."""
    _keep[:] = [keep]
    os.environ["MPLBACKEND"] = BACK_END


def take_all() -> None:
    """Turn all open figures into pictures, and close them; without matplotlib there are none."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None:
        return
    for number in pyplot.get_fignums():
        figure = pyplot.figure(number)
        data = io.BytesIO()
        figure.savefig(data, format="png")
        width, height = (round(n * figure.dpi) for n in figure.get_size_inches())
        for keep in _keep:
            keep(data.getvalue(), (width, height))
    pyplot.close("all")
