"""Expressions as text, with as many parentheses as they need: what the printers of Python and of C share.

How strongly an operator binds is the table of `graph.formula`; it holds in both languages for the operators used here.
"""

from __future__ import annotations

from typing import NamedTuple

from ...graph.formula import INFIX, PREFIX

ATOM = 9
UNARY = PREFIX["negative"][1]


class Text(NamedTuple):
    """An expression, and how strongly its last operator binds."""

    text: str
    binds: int = ATOM


def infix(name: str, left: Text, right: Text, sign: str | None = None) -> Text:
    """Return `left sign right`; numbers are rounded in the order in which the graph rounds them."""
    own, binds = INFIX[name]
    return Text(f"{within(left, binds)} {sign or own} {within(right, binds + 1)}", binds)


def prefix(sign: str, value: Text) -> Text:
    """Return `-value`, or another sign."""
    return Text(f"{sign}{within(value, UNARY + 1)}", UNARY)


def within(value: Text, binds: int) -> str:
    """Return the text, in parentheses if it binds less than `binds`."""
    return value.text if value.binds >= binds else f"({value.text})"


def number(text: str) -> Text:
    """Return a number; a negative one binds as its sign does."""
    return Text(text, UNARY if text.startswith("-") else ATOM)
