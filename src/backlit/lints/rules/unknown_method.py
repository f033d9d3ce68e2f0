"""unknown-method: a method that dictionaries, lists or texts do not have, such as `layers.value()`.

Only names are looked at that the whole program sets to one kind of thing.
"""

from __future__ import annotations

import ast
import difflib
from collections import OrderedDict, defaultdict
from collections.abc import Iterator

from ..finding import Finding, Rule
from ..program import Program

NAME = "unknown-method"
MADE_BY = {"dict": dict, "list": list, "set": set, "OrderedDict": OrderedDict, "defaultdict": defaultdict, "str": str}
DISPLAYS: dict[type[ast.expr], type] = {
    ast.Dict: dict, ast.DictComp: dict, ast.List: list, ast.ListComp: list, ast.Set: set, ast.JoinedStr: str,
}  # fmt: skip


def check(program: Program) -> Iterator[Finding]:
    """Find calls of methods that the kind of a name does not have."""
    for holder, kinds in _kinds(program):
        for node in ast.walk(holder):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            kind = kinds.get(ast.unparse(node.func.value))
            method = node.func.attr
            if kind is None or hasattr(kind, method):
                continue
            close = difflib.get_close_matches(method, dir(kind), n=1, cutoff=0.6)
            yield Finding(
                node.func,
                f"{kind.__name__} has no method {method}: this line ends in AttributeError as soon as it is reached.",
                f"Write {ast.unparse(node.func.value)}.{close[0]}(...)."
                if close
                else f"Look at help({kind.__name__}).",
            )


def _kinds(program: Program) -> Iterator[tuple[ast.AST, dict[str, type]]]:
    """Yield each class with the kinds of its `self.name`: what all assignments in it agree on."""
    for holder in program.classes.values():
        kinds: dict[str, type | None] = {}
        for node in ast.walk(holder):
            if isinstance(node, (ast.AugAssign, ast.AnnAssign, ast.For, ast.With, ast.withitem)):
                kinds |= {ast.unparse(one): None for one in _targets(node)}
            elif isinstance(node, ast.Assign):
                for target in node.targets:
                    name, kind = ast.unparse(target), _kind(program, node.value)
                    kinds[name] = kind if kinds.get(name, kind) is kind else None
        yield holder, {name: kind for name, kind in kinds.items() if name.startswith("self.") and kind is not None}


def _targets(node: ast.AST) -> list[ast.expr]:
    found = getattr(node, "target", None) or getattr(node, "optional_vars", None)
    return [found] if isinstance(found, ast.expr) else []


def _kind(program: Program, value: ast.expr) -> type | None:
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return str
    if isinstance(value, ast.Call):
        name = program.name_of(value.func).removeprefix("collections.")
        near = difflib.get_close_matches(name, ["OrderedDict", "defaultdict"], n=1, cutoff=0.85)
        return MADE_BY.get(near[0] if near else name)  # misspelled, it is still told apart
    return DISPLAYS.get(type(value))


RULE = Rule(NAME, "A method is called that dictionaries, lists or texts do not have.", check)
