"""undefined-name: a name that nothing in the program defines, found before the line that fails is reached.

What `from module import *` may bring is known for modules that Backlit answers; after others only near misspellings
are told.
"""

from __future__ import annotations

import ast
import builtins
import difflib
import symtable
from collections.abc import Iterator
from typing import NamedTuple

from ..finding import Finding, Rule
from ..program import Program

NAME = "undefined-name"
GIVEN = {
    "display", "get_ipython", "In", "Out", "_", "__", "___", "_i", "__name__", "__file__", "__doc__", "__builtins__",
    "__class__", "__annotations__", "__spec__", "__package__", "__loader__", "__path__", "__module__", "__qualname__",
    "__conditional_annotations__",
}  # fmt: skip


class Scope(NamedTuple):
    """The names a function (or the top) looks for outside itself, and those it has."""

    line: int
    wanted: set[str]
    own: set[str]


def check(program: Program) -> Iterator[Finding]:
    """Find names that are read and never set, each once."""
    scopes = list(_scopes(program))
    known = {name for scope in scopes if scope.line == 0 for name in scope.own} | set(dir(builtins)) | GIVEN
    brought, certain = _starred(program)
    told: set[str] = set()
    for scope in scopes:
        for name in sorted(scope.wanted - known - brought - told):
            near = _nearest(name, [*scope.own, *known, *brought])
            if near is None and not certain:
                continue
            node = _where(program, scope.line, name)
            if node is not None:
                told.add(name)
                mend = f"Write {near}." if near else "Define or import it first."
                yield Finding(
                    node, f"{name} is defined nowhere: this line ends in NameError as soon as it is reached.", mend
                )


def _scopes(program: Program) -> Iterator[Scope]:
    for source, start in zip(program.sources, program.starts, strict=True):
        pending = [symtable.symtable(source.text, "<cell>", "exec")]
        while pending:
            table = pending.pop()
            pending += table.get_children()
            yield _scope(table, start)


def _scope(table: symtable.SymbolTable, start: int) -> Scope:
    top = table.get_type() in ("module", symtable.symtable("", "", "exec").get_type())
    symbols = table.get_symbols()
    own = {s.get_name() for s in symbols if s.is_assigned() or s.is_imported() or s.is_parameter() or s.is_namespace()}
    if top:
        return Scope(0, {s.get_name() for s in symbols if s.is_referenced()} - own, own)
    wanted = {s.get_name() for s in symbols if s.is_referenced() and s.is_global()}
    declared = {s.get_name() for s in symbols if s.is_declared_global() and s.is_assigned()}
    if declared:  # `global x; x = 1` makes a name of the program's
        return Scope(0, wanted - declared, declared)
    return Scope(start + table.get_lineno(), wanted, own)


def _starred(program: Program) -> tuple[set[str], bool]:
    """Return the names that star imports bring, and whether these are all."""
    brought, certain = set[str](), True
    for star in program.stars:
        names = program.star_names(star.module or "")
        brought |= names or set()
        certain = certain and names is not None
    return brought, certain


def _nearest(name: str, known: list[str]) -> str | None:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.8) if len(name) > 3 else []
    return close[0] if close else None


def _where(program: Program, line: int, name: str) -> ast.Name | None:
    """Return the first place a name is read, in the function that begins at `line` or anywhere (0)."""
    tops = [program.tree] if line == 0 else [
        n for n in ast.walk(program.tree)
        if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.expr))
        and line in (n.lineno, *(d.lineno for d in getattr(n, "decorator_list", ())))
    ]  # fmt: skip
    found = [
        n for top in tops for n in ast.walk(top)
        if isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Load)
    ]  # fmt: skip
    return min(found, key=lambda n: (n.lineno, n.col_offset), default=None)


RULE = Rule(NAME, "A name is read that nothing defines.", check)
