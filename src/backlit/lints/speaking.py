"""Lints of a running program: each is said once, as a warning at the user's own line.

A comment there (`# backlit: ignore[rule]`) silences it, and so does what has been said of that line before running.
"""

from __future__ import annotations

import linecache
import os
import sys
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

from ..errors import LintWarning
from .comments import ignored_lines, is_ignored

OURS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "")
_passed_over: ContextVar[frozenset[str]] = ContextVar("passed_over", default=frozenset())


class Voice:
    """What this process has said, and whether it says anything."""

    def __init__(self) -> None:
        self.silent = False
        self.said: set[tuple[str, str]] = set()  # rule and text
        self.places: dict[tuple[str, str], list[tuple[int, int]]] = {}  # rule and file: lines said before running


voice = Voice()


def say(rule: str, text: str, instead: str) -> None:
    """Warn, once in a process for each rule and text, at the line of the user's that led here."""
    if voice.silent or rule in _passed_over.get() or (rule, text) in voice.said:
        return
    file, line = users_line()
    first, last = _statement(file, line)
    known = voice.places.get((rule, file), ())
    if any(a <= line <= b for a, b in known) or is_ignored(_ignored(file), rule, first, last):
        return
    warnings.warn_explicit(f"{rule}: {text} {instead}", LintWarning, file, line)
    voice.said.add((rule, text))


@contextmanager
def passing_over(*rules: str) -> Generator[None]:
    """Say nothing of some rules in this block, in this thread: what they find there is as it should be."""
    token = _passed_over.set(_passed_over.get() | set(rules))
    try:
        yield
    finally:
        _passed_over.reset(token)


def said_before(rule: str, text: str, file: str, first: int, last: int) -> None:
    """Note that a rule has been told, for these lines of a file: running them does not tell it again."""
    voice.said.add((rule, text))
    voice.places.setdefault((rule, file), []).append((first, last))


def silence(silent: bool = True) -> None:
    """Say nothing from now on, or speak again."""
    voice.silent = silent


def forget() -> None:
    """Begin anew: what was said may be said again."""
    voice.said.clear()
    voice.places.clear()


def users_line() -> tuple[str, int]:
    """Return the file and line of the innermost frame that is not ours."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(OURS):
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno


def _ignored(file: str) -> dict[int, set[str]]:
    return ignored_lines("".join(linecache.getlines(file)))


def _statement(file: str, line: int) -> tuple[int, int]:
    """Return the first and last line of the statement that `line` is in."""
    import ast

    text = "".join(linecache.getlines(file))
    if "backlit:" not in text:
        return line, line
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return line, line
    spans = [
        (node.lineno, node.end_lineno or node.lineno)
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    return min(spans, key=lambda span: span[1] - span[0], default=(line, line))
