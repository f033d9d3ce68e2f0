"""angle-in-degrees: ImageDataGenerator takes degrees, and less than one of them moves nothing.

The other ranges beside it are shares of the picture, which is why 0.5 looks right there.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..finding import Finding, Rule
from ..flow import number
from ..program import Program
from ..speaking import say

NAME = "angle-in-degrees"
ANGLES = ("shear_range", "rotation_range")


def check(program: Program) -> Iterator[Finding]:
    """Find angles between 0 and 1 degree."""
    for scene in program.keras_calls("ImageDataGenerator"):
        for argument in ANGLES:
            given = scene.argument(None, argument)
            degrees = number(given, scene.names)
            if given is not None and degrees is not None and 0 < abs(degrees) < 1:
                yield Finding(given, *words(argument, degrees))


def told(shear_range: float, rotation_range: float) -> None:
    """Say it of a generator that is being made."""
    for argument, degrees in zip(ANGLES, (shear_range, rotation_range), strict=True):
        if 0 < abs(degrees) < 1:
            say(NAME, *words(argument, degrees))


def words(argument: str, degrees: float) -> tuple[str, str]:
    """Return what it does, and what to write."""
    share = "half a degree" if degrees == 0.5 else f"{degrees:g} of one degree"
    return (
        f"{argument}={degrees:g} is {share}, which changes no picture one could notice: it is not a share of the size.",
        f"Write degrees, for example {argument}={'20' if argument == 'shear_range' else '15'}, or leave it out.",
    )


RULE = Rule(NAME, "An angle of ImageDataGenerator is below one degree.", check)
