"""`backlit summary`: the layers of a saved network, their shapes and parameters.

The layout is that of Keras.
"""

from __future__ import annotations

from typing import Annotated

import typer

from . import options


def summary(
    model: options.ModelFile = options.DEFAULT_MODEL,
    cost: Annotated[bool, typer.Option("--cost", help="Add the arithmetic and memory traffic of every layer.")] = False,
) -> None:
    """Print the layers of a saved network."""
    from ..formats import summary as summary_of

    print(summary_of(model, **({"cost": True} if cost else {})))
