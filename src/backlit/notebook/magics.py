"""Lines that are IPython's and not Python's: `%matplotlib inline`, `%time`, `!pip install`, `name?`.

Each becomes Python of the same number of lines, so that line numbers in errors stay true.
"""

from __future__ import annotations

import re
from typing import NamedTuple

QUIET = ("matplotlib", "config", "load_ext", "autoreload", "reload_ext", "pylab", "precision", "cd", "env")
LINE = re.compile(r"^(\s*)%(\w+)\s*(.*)$")
SHELL = re.compile(r"^(\s*)!(.*)$")
ASSIGNED = re.compile(r"^(\s*)(\w[\w, ]*)=\s*[!%](.*)$")
HELP = re.compile(r"^(\s*)\??\??([\w.]+)\?\??\s*$")


class Translated(NamedTuple):
    """A cell as Python, what was left out of it, and whether the whole cell is to be timed."""

    source: str
    notes: list[str]
    timed: bool = False


def translated(source: str) -> Translated:
    """Return a cell's source as Python. A cell magic other than `%%time` and `%%timeit` raises `SyntaxError`."""
    lines = source.split("\n")
    first = next((i for i, line in enumerate(lines) if line.strip()), 0)
    head = lines[first].strip()
    notes: list[str] = []
    timed = False
    if head.startswith("%%"):
        name = head[2:].split(" ")[0]
        if name not in ("time", "timeit", "capture"):
            raise SyntaxError(
                f"the cell magic %%{name} is IPython's and not Python: Backlit runs %%time and %%timeit only"
            )
        lines[first], timed = "", name != "capture"
    depth = _open_strings(lines)
    out = [line if inside else _line(line, notes) for line, inside in zip(lines, depth)]
    return Translated("\n".join(out), notes, timed)


def _line(line: str, notes: list[str]) -> str:
    if found := SHELL.match(line):
        notes.append(f"not run: !{found[2].strip()}")
        return f"{found[1]}pass"
    if found := LINE.match(line):
        if found[2] in ("time", "timeit"):
            return f"{found[1]}{found[3]}" if found[3] else f"{found[1]}pass"
        if found[2] not in QUIET:
            notes.append(f"not run: %{found[2]} {found[3]}".rstrip())
        return f"{found[1]}pass"
    if found := ASSIGNED.match(line):
        notes.append(f"not run: {line.strip()}")
        return f"{found[1]}{found[2]}= None"
    if (found := HELP.match(line)) and line.strip().endswith("?"):
        return f"{found[1]}print({found[2]}.__doc__)"
    return line


def _open_strings(lines: list[str]) -> list[bool]:
    """Say for each line whether it begins inside a string of three quotes: then it is text."""
    inside, found = "", []
    for line in lines:
        found.append(bool(inside))
        for quote in re.findall(r"'''|\"\"\"", line):
            inside = "" if inside == quote else inside or quote
    return found
