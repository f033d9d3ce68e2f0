"""softmax-of-one: a softmax over a single unit is 1, whatever goes in.

For yes or no a single unit wants a sigmoid.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..finding import Finding, Rule
from ..flow import literal, number
from ..program import Program
from ..speaking import say

NAME = "softmax-of-one"
WORDS = (
    "a softmax over one unit is always 1: the network cannot answer anything else.",
    'Write Dense(1, activation="sigmoid") with loss="binary_crossentropy", or one unit for each class.',
)


def check(program: Program) -> Iterator[Finding]:
    """Find Dense(1, activation="softmax")."""
    for scene in program.keras_calls("Dense"):
        one = number(scene.argument(0, "units"), scene.names) == 1
        if one and literal(scene.argument(1, "activation"), scene.names) == "softmax":
            yield Finding(scene.node, *WORDS)


def told() -> None:
    """Say it of a layer that is being trained."""
    say(NAME, *WORDS)


RULE = Rule(NAME, "A softmax has a single unit.", check)
