"""setting-ignored: a function takes batch_size, epochs or a learning rate and never uses it.

Whoever calls it believes to have chosen something.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..finding import Finding, Rule
from ..flow import parameters
from ..program import Program

NAME = "setting-ignored"
SETTINGS = ("batch_size", "epochs", "learning_rate", "lr", "momentum", "hidden_size", "dropout_rate", "num_epochs")


def check(program: Program) -> Iterator[Finding]:
    """Find functions with such a parameter that their body does not read."""
    for function in program.functions.values():
        if _is_empty(function):
            continue
        read = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
        for parameter in parameters(function):
            if parameter in SETTINGS and parameter not in read and not _hands_on_all(function):
                yield Finding(_place(function, parameter), *_words(program, function, parameter))


def _is_empty(function: ast.FunctionDef) -> bool:
    return all(
        isinstance(one, (ast.Pass, ast.Raise)) or (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))
        for one in function.body
    )


def _hands_on_all(function: ast.FunctionDef) -> bool:
    """Say whether it looks at its names by another way: `locals()`."""
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
    return any(isinstance(call.func, ast.Name) and call.func.id in ("locals", "vars", "eval") for call in calls)


def _place(function: ast.FunctionDef, parameter: str) -> ast.stmt:
    every = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    found = next((one for one in every if one.arg == parameter), None)
    where = found if found is not None else function
    return ast.Pass(
        lineno=where.lineno, end_lineno=where.lineno, col_offset=where.col_offset, end_col_offset=where.end_col_offset
    )


def _words(program: Program, function: ast.FunctionDef, parameter: str) -> tuple[str, str]:
    text = f"{function.name} takes {parameter} and never uses it: whatever is given, nothing changes."
    for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
        name = call.func.id if isinstance(call.func, ast.Name) else ""
        wanted, default = _settings_of(program, name).get(parameter, (False, ""))
        if wanted and len(call.args) + len(call.keywords) > 0:
            takes = f"{name}(...) in it has a {parameter} of its own" + (f", {default} by default." if default else ".")
            written = ast.unparse(call)
            return f"{text} {takes}", f"Pass it on: {written[:-1]}, {parameter}={parameter})."
    return text, f"Use {parameter} in it, or take it out of the parameters."


def _settings_of(program: Program, name: str) -> dict[str, tuple[bool, str]]:
    """Return the parameters of a function or class of the program, with their defaults."""
    function = program.functions.get(name)
    if name in program.classes:
        inner = (node for node in program.classes[name].body if isinstance(node, ast.FunctionDef))
        function = next((node for node in inner if node.name == "__init__"), None)
    if function is None:
        return {}
    given = function.args
    defaults = [None] * (len(given.args) - len(given.defaults)) + list(given.defaults)
    return {
        one.arg: (True, "" if default is None else ast.unparse(default))
        for one, default in zip(given.args, defaults, strict=True)
    }


RULE = Rule(NAME, "A function never uses its batch_size, epochs or learning rate.", check)
