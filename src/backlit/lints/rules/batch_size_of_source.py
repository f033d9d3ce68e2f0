"""batch-size-of-source: `fit` gets a batch_size beside something that makes its own batches.

Keras ignores it or refuses it; Backlit refuses it when it runs.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..finding import Finding, Rule
from ..flow import resolved
from ..program import Program

NAME = "batch-size-of-source"
MAKERS = ("flow", "flow_from_directory", "flow_from_dataframe", "batch", "prefetch", "image_dataset_from_directory")


def check(program: Program) -> Iterator[Finding]:
    """Find `fit`, `evaluate` and `predict` with batch_size and a source of batches."""
    for scene in program.method_calls("fit", "evaluate", "predict"):
        size = scene.argument(None, "batch_size")
        value, _, path = resolved(scene.argument(0, "x"), scene.names)
        if size is None or path or not isinstance(value, ast.Call):
            continue
        maker = value.func.attr if isinstance(value.func, ast.Attribute) else program.keras_name(value.func)
        if maker in MAKERS:
            method = scene.node.func.attr if isinstance(scene.node.func, ast.Attribute) else "fit"
            place = f"{maker}(..., batch_size=...)" if maker != "prefetch" else "the dataset's batch(...)"
            yield Finding(
                size,
                f"{method} is given batch_size and a source that makes its own batches ({maker}): the number is not "
                "used.",
                f"Give it where the batches are made, {place}, and leave it out here.",
            )


RULE = Rule(NAME, "batch_size is given beside a source that makes its own batches.", check)
