"""unscaled-pixels: pixels from 0 to 255 go into a dense layer as they are.

Weights are drawn for inputs of about 1; with numbers a hundred times as large the first steps throw them far off.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..finding import Finding, Rule
from ..networks import layers_of
from ..origins import is_raw
from ..program import Program
from ..speaking import say

NAME = "unscaled-pixels"
PASSING = ("InputLayer", "Input", "Flatten", "Reshape", "Dropout", "Permute")
NORMALIZING = ("BatchNormalization", "LayerNormalization", "UnitNormalization")
WORDS = (
    (
        "the pixels go from 0 to 255 and the first Dense layer gets them as they are: it starts with huge steps and "
        "ends worse, or in NaN."
    ),
    "Scale them first, x_train = x_train / 255.0 (and x_test alike), or begin the model with layers.Rescaling(1/255).",
)


def check(program: Program) -> Iterator[Finding]:
    """Find `fit` on the pictures of a named data set, as they were loaded, with a Dense layer first."""
    for scene in program.method_calls("fit"):
        x = scene.argument(0, "x")
        if x is None or not is_raw(program, x, scene.names):
            continue
        layers = layers_of(program, scene.receiver, scene.names)
        if layers is not None and meets_raw([layer.kind for layer in layers]):
            yield Finding(x, *WORDS)


def meets_raw(kinds: Sequence[str]) -> bool:
    """Say whether the first layer that computes is Dense and nothing behind it sets the scale right at once."""
    rest = [kind for kind in kinds if kind not in PASSING]
    return bool(rest) and rest[0] == "Dense" and not (len(rest) > 1 and rest[1] in NORMALIZING)


def told() -> None:
    """Say it of a `fit` that was given such numbers."""
    say(NAME, *WORDS)


RULE = Rule(NAME, "Pixels from 0 to 255 go into a Dense layer unscaled.", check)
