"""Where data come from: the training or the test part of a named data set, and what was done to them on the way."""

from __future__ import annotations

import ast

from .flow import Names, resolved
from .program import Program

SHAPING = {
    "reshape", "astype", "expand_dims", "asarray", "array", "ravel", "squeeze", "flatten", "copy", "float32", "float64",
    "constant", "convert_to_tensor", "cast",
}  # fmt: skip
PARTS = ("training", "test")
PICTURES = ("mnist", "fashion_mnist", "kmnist", "digits")


def loader_of(program: Program, node: ast.expr | None) -> str:
    """Return the name of the data set `node` loads ("mnist"), "" for anything else."""
    if not isinstance(node, ast.Call):
        return ""
    name = program.name_of(node.func)
    front, _, last = name.rpartition(".")
    if last == "load_data" and "datasets" in front.split("."):
        return front.rpartition(".")[2]
    return "mnist" if name == "dataset.mnist.load_mnist" else ""


def parts_of(program: Program, node: ast.AST | None, names: Names, depth: int = 0) -> set[tuple[str, str]]:
    """Return the (data set, "training" or "test") that a value is computed from."""
    found: set[tuple[str, str]] = set()
    if node is None or depth > 30:
        return found
    for name in (n for n in ast.walk(node) if isinstance(n, ast.Name) and n.id in names):
        value, inner, path = resolved(name, names)
        loaded = loader_of(program, value)
        if loaded:
            found |= {(loaded, PARTS[i]) for i in ((0, 1) if not path or path[0] > 1 else path[:1])}
        elif value is not None:
            found |= parts_of(program, value, inner, depth + 1)
    return found


def is_raw(program: Program, node: ast.expr | None, names: Names, depth: int = 0) -> bool:
    """Say whether a value is surely the pictures of a named data set as they were loaded: 0 to 255, only reshaped."""
    value, inner, path = resolved(node, names)
    if depth > 30 or value is None:
        return False
    if loader_of(program, value) in PICTURES and program.name_of(value.func) != "dataset.mnist.load_mnist":  # type: ignore[union-attr]
        return len(path) == 2 and path[1] == 0
    if path:
        return False
    if isinstance(value, ast.Subscript):
        return is_raw(program, value.value, inner, depth + 1)
    if isinstance(value, ast.Call):
        name = value.func.attr if isinstance(value.func, ast.Attribute) else ""
        if name not in SHAPING:
            return False
        module = isinstance(value.func, ast.Attribute) and program.name_of(value.func).partition(".")[0] in (
            "numpy", "tensorflow",
        )  # fmt: skip
        if module:
            return bool(value.args) and is_raw(program, value.args[0], inner, depth + 1)
        return isinstance(value.func, ast.Attribute) and is_raw(program, value.func.value, inner, depth + 1)
    return False
