"""softmax-twice: the network ends in probabilities and the loss takes them for scores.

The loss applies its own softmax to numbers that are probabilities already, and the gradient nearly vanishes.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..finding import Finding, Rule
from ..flow import Scene, argument, literal, resolved
from ..networks import layers_of
from ..program import Program
from ..speaking import say

NAME = "softmax-twice"
LOSSES = ("CategoricalCrossentropy", "SparseCategoricalCrossentropy", "BinaryCrossentropy", "BinaryFocalCrossentropy",
          "CategoricalFocalCrossentropy")  # fmt: skip
SQUASHES = ("softmax", "sigmoid")


def check(program: Program) -> Iterator[Finding]:
    """Find `compile` with from_logits=True for a model whose last layer is a softmax or sigmoid."""
    for scene in program.method_calls("compile"):
        loss = logits_loss(program, scene)
        layers = layers_of(program, scene.receiver, scene.names)
        last = layers[-1].activation if layers and layers[-1].kind in ("Dense", "Activation") else None
        last = layers[-1].kind.lower() if layers and layers[-1].kind in ("Softmax",) else last
        if loss is not None and last in SQUASHES:
            yield Finding(loss, *words(last))


def logits_loss(program: Program, scene: Scene) -> ast.Call | None:
    """Return the loss of a `compile` if it is made with from_logits=True."""
    value, names, _ = resolved(scene.argument(1, "loss"), scene.names)
    if not isinstance(value, ast.Call) or program.keras_name(value.func) not in LOSSES:
        return None
    return value if literal(argument(value, 0, "from_logits"), names) is True else None


def told(squash: str) -> None:
    """Say it of predictions that a loss with from_logits=True was given."""
    if squash in SQUASHES:
        say(NAME, *words(squash))


def words(squash: str) -> tuple[str, str]:
    """Return what it does, and what to write."""
    return (
        (
            f"from_logits=True takes the outputs for scores, but the last layer has made probabilities of them already "
            f"({squash}): applied twice, it flattens them, and the network learns slowly or not at all."
        ),
        f'Leave out from_logits=True, or the activation="{squash}" of the last layer; not both.',
    )


RULE = Rule(NAME, "The last layer is a softmax or sigmoid and the loss has from_logits=True.", check)
