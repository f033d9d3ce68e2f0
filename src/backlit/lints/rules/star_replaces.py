"""star-replaces: `from module import *` replaces classes and functions the program has written itself.

From there on the names mean the module's: the program's own are never run again.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..finding import Finding, Rule
from ..program import Program

NAME = "star-replaces"


def check(program: Program) -> Iterator[Finding]:
    """Find star imports at the top, below definitions of names that they bring."""
    own: dict[str, ast.stmt] = {}
    for statement in program.tree.body:
        if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
            own[statement.name] = statement
        elif isinstance(statement, ast.ImportFrom) and statement in program.stars:
            names = program.star_names(statement.module or "") or set()
            lost = [name for name in own if name in names]
            if lost:
                yield Finding(
                    statement,
                    f"this import replaces {', '.join(lost)}, written above: from here on these names are "
                    f"those of {statement.module}, and the program's own are not used.",
                    f"Import only what is needed, from {statement.module} import name, or move the import to the top.",
                )
                for name in lost:
                    del own[name]


RULE = Rule(NAME, "import * replaces functions and classes the program has defined.", check)
