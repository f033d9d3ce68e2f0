"""file-not-there: the program reads a file that is not in its folder.

Only names written out in full are looked at, and only where the program does not make the file itself.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from ..finding import Finding, Rule
from ..flow import literal
from ..program import Program

NAME = "file-not-there"
READERS = ("imread", "load_img", "read_csv", "read_excel", "load_model", "load_weights", "loadtxt", "genfromtxt")
MODULES = {"numpy.load", "PIL.Image.open", "open", "cv2.imread"}


def check(program: Program) -> Iterator[Finding]:
    """Find files that are read and are not there."""
    if program.folder is None:
        return
    for scene in program.flow.calls:
        name = program.name_of(scene.node.func)
        method = name.rpartition(".")[2] or getattr(scene.node.func, "attr", "")
        if not (name in MODULES or method in READERS) or not scene.node.args:
            continue
        given = literal(scene.node.args[0], scene.names)
        reads = name != "open" or str(literal(scene.argument(1, "mode"), scene.names) or "r").startswith("r")
        if not isinstance(given, str) or not reads or "://" in given or given.startswith(("~", "/")):
            continue
        own = Path(given).name
        if _is_guarded(program, scene.node.lineno):
            continue
        if program.text.count(own) == 1 and not (program.folder / given).exists():
            yield Finding(
                scene.node,
                f"{given} is not there: {method} will fail.",
                f"Put the file into {program.folder.resolve() / Path(given).parent}, or take the line out.",
            )


def _is_guarded(program: Program, line: int) -> bool:
    """Say whether the line is in a `try`, or in a `with` that expects an error."""
    return any(
        isinstance(node, (ast.Try, ast.With)) and node.lineno <= line <= (node.end_lineno or line)
        for node in ast.walk(program.tree)
        if isinstance(node, ast.Try) or (isinstance(node, ast.With) and "raises" in ast.unparse(node.items[0]).lower())
    )


RULE = Rule(NAME, "A file is read that is not there.", check)
