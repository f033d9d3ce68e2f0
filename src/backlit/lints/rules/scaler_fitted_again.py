"""scaler-fitted-again: the scaler that was fitted on the training rows is fitted anew on the test rows.

Equal numbers then mean different things in both, and the test result is wrong.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..finding import Finding, Rule
from ..program import Program

NAME = "scaler-fitted-again"


def check(program: Program) -> Iterator[Finding]:
    """Find a second `fit_transform` of the same scaler, on something called test or val."""
    fitted: dict[tuple[str, int], str] = {}
    for scene in program.method_calls("fit_transform"):
        of, given = scene.receiver, scene.node.args[0] if scene.node.args else None
        if not isinstance(of, ast.Name) or not isinstance(given, ast.Name):
            continue
        key, name = (of.id, id(scene.names.get(of.id))), given.id.lower()
        if key in fitted and fitted[key] != given.id and ("test" in name or "val" in name.split("_")):
            yield Finding(
                scene.node,
                f"{of.id} was fitted on {fitted[key]} and is fitted anew on {given.id}: the same number means another "
                "thing in each.",
                f"Write {of.id}.transform({given.id}).",
            )
        fitted.setdefault(key, given.id)


RULE = Rule(NAME, "A scaler is fitted a second time, on the test rows.", check)
