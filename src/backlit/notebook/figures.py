"""A back end of matplotlib for notebooks: what is shown becomes a PNG among the outputs of the running cell.

Matplotlib loads this module when it is first used, by the name that `environment` gives.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from typing import Any

NAME = "module://backlit.notebook.figures"
Keep = Callable[[bytes, tuple[int, int]], None]
_keep: list[Keep] = []  # who takes the pictures: the execution that runs


def use(keep: Keep) -> None:
    """Let matplotlib draw into notebooks from now on; `keep` takes each picture and its size in pixels."""
    _keep[:] = [keep]
    os.environ["MPLBACKEND"] = NAME


def show(*_: Any, **__: Any) -> None:
    """Turn all open figures into pictures, and close them."""
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


def __getattr__(name: str) -> Any:
    """Give matplotlib the canvas and the manager it asks a back end for."""
    if name == "FigureCanvas":
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        return FigureCanvasAgg
    if name == "FigureManager":
        from matplotlib.backend_bases import FigureManagerBase

        return FigureManagerBase
    raise AttributeError(name)
