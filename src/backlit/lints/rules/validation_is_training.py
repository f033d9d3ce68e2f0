"""validation-is-training: the network is validated or tested on the rows it is trained on.

It knows these rows, so the number says nothing about others, and overfitting stays unseen.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..finding import Finding, Rule
from ..flow import resolved
from ..program import Program

NAME = "validation-is-training"
WORDS = (
    "validation_data are the rows the network is trained on: the result says nothing about rows it has not seen.",
    "Hold some out, validation_split=0.1, or give other rows.",
)


def check(program: Program) -> Iterator[Finding]:
    """Find fit(x, y, validation_data=(x, y)), and test_loss = evaluate(x, y) on what was trained on."""
    trained: set[str] = set()
    for scene in program.method_calls("fit", "evaluate"):
        x = scene.argument(0, "x")
        name = ast.unparse(x) if isinstance(x, ast.Name) else ""
        if isinstance(scene.node.func, ast.Attribute) and scene.node.func.attr == "fit":
            given, names, _ = resolved(scene.argument(None, "validation_data"), scene.names)
            first = given.elts[0] if isinstance(given, (ast.Tuple, ast.List)) and given.elts else None
            if name and isinstance(first, ast.Name) and first.id == name and names.get(name) is scene.names.get(name):
                yield Finding(given or scene.node, *WORDS)
            trained |= {f"{name} {id(scene.names.get(name))}"} if name else set()
        elif name and f"{name} {id(scene.names.get(name))}" in trained and _named_test(scene.target):
            yield Finding(
                scene.node,
                f"what is called {ast.unparse(scene.target or scene.node)} is measured on {name}, the rows the network "
                "was trained on.",
                "Evaluate on rows it has not seen.",
            )


def _named_test(target: ast.expr | None) -> bool:
    """Say whether the result is called a test or validation result."""
    names = [n.id.lower() for n in ast.walk(target) if isinstance(n, ast.Name)] if target is not None else []
    return any(name.startswith(("test", "val_")) for name in names)


RULE = Rule(NAME, "Validation data are the training data.", check)
