"""shuffled-apart: inputs and targets are shuffled one after the other, each in its own order.

Afterwards no label belongs to its row any more, and the network learns that the answer is chance.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ..finding import Finding, Rule
from ..program import Program

NAME = "shuffled-apart"
SHUFFLES = ("numpy.random.shuffle", "random.shuffle")
INPUTS = re.compile(r"^(x|images?|data|features?|inputs?)(?=_|$)|_?(images?|x|data)$", re.IGNORECASE)
TARGETS = re.compile(r"^(y|t|labels?|targets?)(?=_|$)|_?(labels?|y|targets?)$", re.IGNORECASE)


def check(program: Program) -> Iterator[Finding]:
    """Find `shuffle(x)` followed by `shuffle(y)` with no seed set in between."""
    before: str | None = None
    for scene in program.flow.calls:
        name = program.name_of(scene.node.func)
        if name.endswith((".seed", ".set_state", ".set_random_seed")):
            before = None
        if name not in SHUFFLES or len(scene.node.args) != 1 or not isinstance(scene.node.args[0], ast.Name):
            continue
        given = scene.node.args[0].id
        if before is not None and INPUTS.search(before) and TARGETS.search(given):
            yield Finding(
                scene.node,
                f"{before} and {given} are shuffled apart, each in an order of its own: the targets no longer belong "
                "to their rows.",
                f"Draw one order for both: order = np.random.permutation(len({before})); {before}, {given} = "
                f"{before}[order], {given}[order].",
            )
        before = given


RULE = Rule(NAME, "Inputs and targets are shuffled in two different orders.", check)
