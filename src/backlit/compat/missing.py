"""Which foreign names a program needs that we do not have, found by reading it, without running anything.

Imports, their aliases and chains of attributes are followed; what a name is bound to otherwise is not.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any, NamedTuple

from . import finder
from .modules import ROOTS, canonical, children, sources
from .own_files import has_own_files
from .scope import nearest, scope_of


class MissingName(NamedTuple):
    """A name that is not here: its line, the dotted name, why, and the nearest we have (or None)."""

    line: int
    name: str
    reason: str
    nearest: str | None

    def __str__(self) -> str:
        return f"line {self.line}: {self.name} ({self.reason})" + (f"; nearest: {self.nearest}" if self.nearest else "")


def missing_names(source: str, filename: str = "<notebook>") -> list[MissingName]:
    """Return the foreign names in `source` that Backlit lacks, in order, each once. Bad syntax raises `SyntaxError`."""
    tree = ast.parse(source, filename)
    aliases = dict(_aliases(tree))
    found: dict[str, MissingName] = {}
    for line, name in sorted(_names(tree, aliases)):
        missing = _missing(line, name)
        if missing is not None:
            found.setdefault(missing.name, missing)
    return sorted(found.values())


def _aliases(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield the names that imports bind, with the dotted names they stand for."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if _foreign(alias.name):
                    yield (alias.asname, alias.name) if alias.asname else (_root(alias.name), _root(alias.name))
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level and _foreign(node.module):
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _names(tree: ast.AST, aliases: dict[str, str]) -> Iterator[tuple[int, str]]:
    """Yield the dotted foreign names a program uses, with their lines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names if _foreign(alias.name))
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level and _foreign(node.module):
            for alias in node.names:
                yield node.lineno, node.module if alias.name == "*" else f"{node.module}.{alias.name}"
        elif isinstance(node, ast.Attribute):
            chain = _chain(node)
            if chain is not None and chain[0] in aliases:
                yield node.lineno, ".".join([aliases[chain[0]], *chain[1:]])


def _chain(node: ast.expr) -> list[str] | None:
    """Return the parts of `a.b.c`, or None for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return [node.id, *reversed(parts)] if isinstance(node, ast.Name) else None


def _missing(line: int, name: str) -> MissingName | None:
    """Follow a dotted name as far as foreign modules go; what is behind an object of ours is not looked at."""
    parts = name.split(".")
    module = parts[0]
    for i, part in enumerate(parts[1:], 1):
        value: Any = finder.value_of(module, part)
        if value is not finder.MISSING:
            return None
        if part not in children(canonical(module)):
            return _described(line, ".".join(parts[: i + 1]), part, finder.names_of(module))
        module = f"{module}.{part}"
    known = canonical(module)
    return None if sources(known) or children(known) else _described(line, module, parts[-1], [])


def _described(line: int, name: str, last: str, known: list[str]) -> MissingName:
    what = scope_of(last)
    if what is not None:
        return MissingName(line, name, f"out of scope: {what}", None)
    return MissingName(line, name, "missing", nearest(last, known))


def _root(name: str) -> str:
    return name.partition(".")[0]


def _foreign(name: str) -> bool:
    root = _root(name)
    return ROOTS.get(root) == "tensorflow" or (ROOTS.get(root) == "book" and not has_own_files(root))
