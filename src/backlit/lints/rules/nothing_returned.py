"""nothing-returned: a layer's `forward` computes its output and returns nothing.

The next layer then gets None.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..finding import Finding, Rule
from ..program import Program

NAME = "nothing-returned"
METHODS = ("forward", "call", "backward")


def check(program: Program) -> Iterator[Finding]:
    """Find `forward`, `backward` and `call` of a class that compute and have no `return` with a value."""
    for holder in program.classes.values():
        methods = {one.name: one for one in holder.body if isinstance(one, ast.FunctionDef)}
        for name in METHODS:
            method = methods.get(name)
            if method is None or ("call" not in methods and not {"forward", "backward"} <= set(methods)):
                continue
            if _computes(method) and not _returns(method):
                last = _last_name(method)
                yield Finding(
                    method,
                    f"{holder.name}.{name} returns nothing: what it computes is lost, and the next layer gets None.",
                    f"End it with: return {last or '...'}.",
                )


def _computes(method: ast.FunctionDef) -> bool:
    return any(isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)) for node in ast.walk(method))


def _returns(method: ast.FunctionDef) -> bool:
    return any(
        (isinstance(node, ast.Return) and node.value is not None)
        or isinstance(node, (ast.Yield, ast.YieldFrom, ast.Raise))
        for node in ast.walk(method)
    )


def _last_name(method: ast.FunctionDef) -> str:
    """Return the plain name that was set last: most likely the output."""
    names = [
        target.id
        for node in ast.walk(method)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    ]
    return names[-1] if names else ""


RULE = Rule(NAME, "forward, backward or call computes a value and returns none.", check)
