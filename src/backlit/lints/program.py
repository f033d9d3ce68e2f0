"""A script or a notebook as the rules see it: one syntax tree of all cells, foreign names resolved, values followed.

The cells of a notebook stand one below the other, as they run; `place` turns a line of the whole into cell and line.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from .comments import ignored_lines, is_ignored
from .flow import Flow, Scene

KERAS = ("tensorflow", "keras", "tf_keras", "backlit")
StarNames = Callable[[str], "set[str] | None"]


class Source(NamedTuple):
    """A piece of Python: the number of its cell, or None for a script."""

    text: str
    cell: int | None = None


class Program:
    """The program of a file. Pieces that are not Python are left out and named in `broken`.

    `star_names` tells which names `from module import *` brings, None where nobody can know.
    """

    def __init__(
        self, sources: Sequence[Source], folder: Path | None = None, star_names: StarNames = lambda _: None
    ) -> None:
        self.folder = folder
        self.star_names = star_names
        self.sources: list[Source] = []
        self.starts: list[int] = []
        self.broken: list[tuple[Source, SyntaxError]] = []
        self.tree = ast.Module([], [])
        lines = 0
        for source in sources:
            try:
                tree = ast.parse(source.text)
            except SyntaxError as error:
                self.broken.append((source, error))
                continue
            self.tree.body += ast.increment_lineno(tree, lines).body
            self.sources.append(source)
            self.starts.append(lines)
            lines += source.text.count("\n") + 1

    @property
    def text(self) -> str:
        """All that can be read, as one text."""
        return "\n".join(source.text for source in self.sources)

    def place(self, line: int) -> tuple[int | None, int]:
        """Return the cell of a line of the whole, and its number there."""
        i = max(i for i, start in enumerate(self.starts) if start < line)
        return self.sources[i].cell, line - self.starts[i]

    @cached_property
    def ignored(self) -> dict[int, set[str]]:
        """The rules that comments silence, by line of the whole."""
        return {
            start + line: names
            for source, start in zip(self.sources, self.starts, strict=True)
            for line, names in ignored_lines(source.text).items()
        }

    def silences(self, rule: str, node: ast.expr | ast.stmt) -> bool:
        """Say whether a comment at the statement of `node` silences `rule`."""
        first, last = node.lineno, node.end_lineno or node.lineno
        for statement in ast.walk(self.tree):
            if isinstance(statement, ast.stmt) and not isinstance(statement, COMPOUND):
                end = statement.end_lineno or statement.lineno
                if statement.lineno <= node.lineno <= end:
                    first, last = min(first, statement.lineno), max(last, end)
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):  # a function is silenced at its head
            last = max(node.lineno, node.body[0].lineno - 1)
        return is_ignored(self.ignored, rule, first, last)

    # Names

    @cached_property
    def aliases(self) -> dict[str, str]:
        """What imports bind: a name, and the dotted name it stands for."""
        found: dict[str, str] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    found[alias.asname or alias.name.partition(".")[0]] = (
                        alias.name if alias.asname else alias.name.partition(".")[0]
                    )
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        return found

    @cached_property
    def stars(self) -> list[ast.ImportFrom]:
        """The statements `from module import *`."""
        return [n for n in ast.walk(self.tree) if isinstance(n, ast.ImportFrom) and n.names[0].name == "*" and n.module]

    @cached_property
    def functions(self) -> dict[str, ast.FunctionDef]:
        """The functions defined at the top, the last of each name."""
        return {node.name: node for node in self.tree.body if isinstance(node, ast.FunctionDef)}

    @cached_property
    def classes(self) -> dict[str, ast.ClassDef]:
        """The classes defined at the top, the last of each name."""
        return {node.name: node for node in self.tree.body if isinstance(node, ast.ClassDef)}

    def name_of(self, node: ast.AST) -> str:
        """Return the dotted name of `a.b.c` with what imports say of `a`; "" for anything else."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        return ".".join([self.aliases.get(node.id, node.id), *reversed(parts)])

    def keras_name(self, node: ast.AST) -> str:
        """Return the last part of a dotted name of Keras' ("Dense"), "" for other names."""
        name = self.name_of(node)
        root, _, rest = name.partition(".")
        if root in KERAS and rest:
            return name.rpartition(".")[2]
        if isinstance(node, ast.Name) and node.id not in {*self.aliases, *self.functions, *self.classes}:
            starred = any((star.module or "").partition(".")[0] in KERAS for star in self.stars)
            return node.id if starred else ""
        return ""

    # Values

    @cached_property
    def flow(self) -> Flow:
        """The values of names, followed from top to bottom."""
        return Flow(self.tree)

    def method_calls(self, *names: str) -> Iterator[Scene]:
        """Yield the calls `something.name(...)`, in order."""
        for scene in self.flow.calls:
            if isinstance(scene.node.func, ast.Attribute) and scene.node.func.attr in names:
                yield scene

    def keras_calls(self, *names: str) -> Iterator[Scene]:
        """Yield the calls of Keras' functions and classes of these names, in order."""
        for scene in self.flow.calls:
            if self.keras_name(scene.node.func) in names:
                yield scene


COMPOUND = (
    ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.For, ast.AsyncFor, ast.While, ast.If, ast.With,
    ast.AsyncWith, ast.Try, ast.Match,
)  # fmt: skip
