"""What a lint says: a finding, and the rule it comes from.

A finding has the parts of an error message: what is there, what it does to the program, and what to write instead.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .program import Program


class Finding(NamedTuple):
    """What was found at an expression or statement, in plain words, and what to write instead."""

    node: ast.expr | ast.stmt
    text: str
    instead: str


class Rule(NamedTuple):
    """A rule: its name, what it looks for in one sentence, and how it reads a program.

    `check` is None for a rule that only a running program can break.
    """

    name: str
    summary: str
    check: Callable[[Program], Iterable[Finding]] | None = None


class Placed(NamedTuple):
    """A finding in its file: the cell (None in a script), the line in it and the column, both counted from 1."""

    cell: int | None
    line: int
    column: int
    rule: str
    text: str
    instead: str
    last_line: int

    def __str__(self) -> str:
        place = f"line {self.line}" if self.cell is None else f"cell {self.cell}, line {self.line}"
        return f"{place}: {self.rule}: {self.text} {self.instead}"
