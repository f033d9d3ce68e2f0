"""scaled-twice: pixels that were divided by 255 already go into a Rescaling(1/255).

Only a running program shows it.
"""

from __future__ import annotations

from ..finding import Rule
from ..speaking import say

NAME = "scaled-twice"


def told(largest: float, scale: float) -> None:
    """Say it of rows up to `largest` and a model that begins with a Rescaling by `scale`."""
    say(
        NAME,
        f"the rows are scaled already (up to {largest:g}) and the model begins with Rescaling({scale:.3g}): what is "
        f"left goes up to {largest * scale:.2g}, too little to learn from.",
        "Scale once: leave out the division, or the layer.",
    )


RULE = Rule(NAME, "Pixels are scaled by the program and again by the model.")
