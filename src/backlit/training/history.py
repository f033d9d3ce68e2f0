"""`plot_history` draws what a training left behind: one panel for each metric, training and validation in it.

The numbers come from `callbacks.History`; matplotlib is loaded only here, when something is drawn.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, cast

from ..errors import ConfigError, DataError
from .callbacks.history import History

Curves = Mapping[str, Sequence[float]]


def plot_history(history: History | Curves, path: str | os.PathLike[str] | None = None) -> list[Any]:
    """Draw the curves of `history` (a `History` or its dict) and return the matplotlib axes, one for each metric.

    With `path` the picture is written there (`.png`, `.svg`, `.pdf`, ...), without it the picture belongs to pyplot:
    a notebook shows it, a script calls `plt.show()`. A history without epochs raises `DataError`; without matplotlib
    `ConfigError` names the extra to install.
    """
    curves = history.history if isinstance(history, History) else history
    panels = list(dict.fromkeys(name.removeprefix("val_") for name in curves))
    if not panels:
        raise DataError("plot_history got a history without epochs. Expected at least one. Call fit first.")
    figure = new_figure(len(panels), on_screen=path is None)
    epochs = epochs_of(history, curves)
    axes = [figure.add_subplot(1, len(panels), 1 + i) for i in range(len(panels))]
    for name, ax in zip(panels, axes, strict=True):
        draw_panel(ax, name, curves, epochs)
    if path is not None:
        figure.savefig(path)
    return axes


def new_figure(panels: int, on_screen: bool) -> Any:
    """Return an empty figure wide enough for `panels`; only one meant for the screen is known to pyplot."""
    try:
        from matplotlib import figure, pyplot  # pyright: ignore[reportMissingImports, reportUnknownVariableType]
    except ImportError:
        raise ConfigError(
            'plot_history needs matplotlib, which is not installed. Install the extra: pip install "backlit[plot]".'
        ) from None
    make = cast("Any", pyplot.figure if on_screen else figure.Figure)  # pyright: ignore[reportUnknownMemberType]
    return make(figsize=(4.5 * panels, 3.5), layout="constrained")


def epochs_of(history: History | Curves, curves: Curves) -> list[int]:
    """Return the epochs, from 1: those the history tells, if there is a number for each of them."""
    longest = max(len(values) for values in curves.values())
    told = history.epoch if isinstance(history, History) else []
    return [epoch + 1 for epoch in told] if len(told) == longest else list(range(1, longest + 1))


def draw_panel(ax: Any, name: str, curves: Curves, epochs: list[int]) -> None:
    """Draw one metric; validation that ran every k-th epoch is put at these epochs."""
    for curve, label, style in ((name, "training", "-"), (f"val_{name}", "validation", "--")):
        values = curves.get(curve, ())
        if values:
            every = max(1, len(epochs) // len(values))
            ax.plot(epochs[every - 1 :: every][: len(values)], values, style, marker=".", label=label)
    ax.set_xlabel("epoch")
    ax.set_title(name)
    if name != "learning_rate":
        ax.legend()
