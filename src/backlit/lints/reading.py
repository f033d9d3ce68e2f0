"""Reading a program with every rule: findings in order, without those that comments silence."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from .finding import Placed
from .program import Program
from .table import RULES


def findings(program: Program, ignore: Collection[str] = ()) -> list[Placed]:
    """Return what the rules find in a program, by place; each rule speaks once about a line."""
    found = {one[:4]: one for one in _found(program, ignore)}
    order = {source.cell: i for i, source in enumerate(program.sources)}
    return sorted(found.values(), key=lambda one: (order.get(one.cell, 0), one.line, one.column, one.rule))


def _found(program: Program, ignore: Collection[str]) -> Iterator[Placed]:
    for rule in RULES:
        if rule.check is None or rule.name in ignore:
            continue
        for finding in rule.check(program):
            if program.silences(rule.name, finding.node):
                continue
            cell, line = program.place(finding.node.lineno)
            last = line + (finding.node.end_lineno or finding.node.lineno) - finding.node.lineno
            yield Placed(cell, line, finding.node.col_offset + 1, rule.name, finding.text, finding.instead, last)
