"""scores-as-probabilities: the network ends in plain scores and the loss takes them for probabilities.

It is the reverse of `softmax-twice`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..finding import Finding, Rule
from ..flow import Names, argument, literal, resolved
from ..networks import layers_of
from ..program import Program
from ..speaking import say

NAME = "scores-as-probabilities"
NO_PROBABILITIES = ("linear", "relu", "tanh", "leaky_relu", "elu", "selu", "gelu", "silu", "swish")
ENTROPIES = {
    "categorical_crossentropy": "softmax", "sparse_categorical_crossentropy": "softmax",
    "binary_crossentropy": "sigmoid", "CategoricalCrossentropy": "softmax",
    "SparseCategoricalCrossentropy": "softmax", "BinaryCrossentropy": "sigmoid",
}  # fmt: skip


def check(program: Program) -> Iterator[Finding]:
    """Find `compile` with a cross-entropy of probabilities for a model that ends in a Dense layer without any."""
    for scene in program.method_calls("compile"):
        value, names, _ = resolved(scene.argument(1, "loss"), scene.names)
        kind = ""
        if isinstance(value, ast.Constant):
            kind = str(value.value)
        elif isinstance(value, ast.Call) and _of_probabilities(value, names):
            kind = program.keras_name(value.func)
        layers = layers_of(program, scene.receiver, scene.names)
        if kind in ENTROPIES and value is not None and layers and layers[-1].kind == "Dense":
            last = layers[-1].activation
            if last in NO_PROBABILITIES:
                yield Finding(value, *words(last, ENTROPIES[kind]))


def _of_probabilities(loss: ast.Call, names: Names) -> bool:
    given = argument(loss, 0, "from_logits")
    return given is None or literal(given, names) is False


def told(activation: str, squash: str) -> None:
    """Say it of a model that ends in a Dense layer with `activation`, for a loss that expects `squash`."""
    if activation in NO_PROBABILITIES:
        say(NAME, *words(activation, squash))


def words(activation: str, squash: str) -> tuple[str, str]:
    """Return what it does, and what to write."""
    ends = "without an activation" if activation == "linear" else f'with activation="{activation}"'
    loss = "BinaryCrossentropy" if squash == "sigmoid" else "(Sparse)CategoricalCrossentropy"
    return (
        (
            f"the loss expects probabilities, but the last layer is Dense {ends}: negative scores are cut off at 0 and "
            "have no gradient."
        ),
        f'Give the last layer activation="{squash}", or the loss as {loss}(from_logits=True).',
    )


RULE = Rule(NAME, "The last layer gives scores and the loss takes them for probabilities.", check)
