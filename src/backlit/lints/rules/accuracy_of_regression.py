"""accuracy-of-regression: accuracy is asked of a network that predicts an amount.

It counts how often the prediction is exactly the target, and stays at or near 0.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..finding import Finding, Rule
from ..flow import literal, resolved
from ..networks import layers_of
from ..program import Program

NAME = "accuracy-of-regression"
LOSSES = ("mse", "mean_squared_error", "mae", "mean_absolute_error", "huber", "MeanSquaredError", "MeanAbsoluteError")
ACCURACIES = ("accuracy", "acc")


def check(program: Program) -> Iterator[Finding]:
    """Find `compile` with a loss of regression and accuracy, for a model that ends in one linear unit."""
    for scene in program.method_calls("compile"):
        loss, names, _ = resolved(scene.argument(1, "loss"), scene.names)
        kind = program.keras_name(loss.func) if isinstance(loss, ast.Call) else literal(loss, names)
        metrics, inner, _ = resolved(scene.argument(None, "metrics"), scene.names)
        listed = metrics.elts if isinstance(metrics, (ast.List, ast.Tuple)) else []
        asked = next((one for one in listed if literal(one, inner) in ACCURACIES), None)
        layers = layers_of(program, scene.receiver, scene.names)
        if kind not in LOSSES or asked is None or not layers or layers[-1].kind != "Dense":
            continue
        if layers[-1].units == 1 and layers[-1].activation == "linear":
            yield Finding(
                asked,
                "accuracy counts predictions that equal their target exactly; a network that predicts an amount "
                "(one linear unit, squared or absolute error) hardly ever hits one.",
                'Write metrics=["mae"], or keras.metrics.R2Score().',
            )


RULE = Rule(NAME, "Accuracy is asked of a network that predicts an amount.", check)
