"""A back end of matplotlib's: `plt.show()` hands all open figures to `pictures`. Matplotlib alone imports this."""

from __future__ import annotations

from typing import Any

from matplotlib.backend_bases import FigureManagerBase as FigureManager
from matplotlib.backends.backend_agg import FigureCanvasAgg as FigureCanvas

from .pictures import take_all

__all__ = ["FigureCanvas", "FigureManager", "show"]


def show(*_: Any, **__: Any) -> None:
    """Show all figures."""
    take_all()
