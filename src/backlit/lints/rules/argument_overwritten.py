"""argument-overwritten: `forward` or `backward` writes into the array it was given.

The array is the caller's: another layer that still needs it finds other numbers there.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..finding import Finding, Rule
from ..flow import parameters
from ..program import Program

NAME = "argument-overwritten"


def check(program: Program) -> Iterator[Finding]:
    """Find `dout[...] = ...` and `dout *= ...` where dout is a parameter that was not set to something else before."""
    for holder in program.classes.values():
        for method in holder.body:
            if isinstance(method, ast.FunctionDef) and method.name in ("forward", "backward"):
                yield from _written(method)


def _written(method: ast.FunctionDef) -> Iterator[Finding]:
    given = set(parameters(method)[1:])
    for statement in method.body:
        for node in ast.walk(statement):
            targets = node.targets if isinstance(node, ast.Assign) else []
            if isinstance(node, ast.AugAssign):
                targets = [node.target]
            for target in targets:
                name = _array(target, isinstance(node, ast.AugAssign))
                if name in given and isinstance(node, ast.stmt):
                    given -= {name}  # said once a method
                    yield Finding(
                        node,
                        f"{method.name} writes into {name}, the array it was given: the caller's numbers change under "
                        "its hands.",
                        f"Write into a copy: {name} = {name}.copy() first.",
                    )
                elif isinstance(target, ast.Name):
                    given -= {target.id}


def _array(target: ast.expr, in_place: bool) -> str:
    """Return the name of the array a target writes into, "" if it only gives a name a new value."""
    if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
        return target.value.id
    return target.id if in_place and isinstance(target, ast.Name) else ""


RULE = Rule(NAME, "forward or backward writes into the array it was given.", check)
