"""scales-differ: the training rows are scaled and the validation rows are not, or the other way round.

Only a running program shows it.
"""

from __future__ import annotations

from ..finding import Rule
from ..speaking import say

NAME = "scales-differ"


def told(training: float, validation: float) -> None:
    """Say it of two sets whose largest numbers are 1 and hundreds."""
    say(
        NAME,
        f"the training rows go up to {training:g} and the validation rows up to {validation:g}: one of them is scaled, "
        "the other is not, and the results mean nothing.",
        "Scale both alike: x_train / 255.0 and x_test / 255.0.",
    )


RULE = Rule(NAME, "Training and validation rows have different scales.")
