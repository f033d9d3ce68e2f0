"""class-held-out: validation_split takes the last rows, and they hold a class that no other row has.

That happens where rows are sorted by class. Only a running program shows it.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..finding import Rule
from ..speaking import say

NAME = "class-held-out"


def told(classes: Sequence[int]) -> None:
    """Say it of a split that leaves no training row of some classes."""
    named = ", ".join(map(str, classes[:5])) + (", ..." if len(classes) > 5 else "")
    which = f"class {named} has" if len(classes) == 1 else f"classes {named} have"
    say(
        NAME,
        f"validation_split takes the last rows, before shuffling, and {which} no row left to train on: the rows are "
        "sorted by class.",
        "Shuffle first: order = np.random.permutation(len(x)); x, y = x[order], y[order].",
    )


RULE = Rule(NAME, "validation_split takes all rows of a class.")
