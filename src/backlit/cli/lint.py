"""`backlit lint`: what harms a script or notebook, found by reading it, as ruff and pyflakes show such things.

`backlit run` tells the same beside each cell; the rules stand in `backlit.lints`.
"""

from __future__ import annotations

import tokenize
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import DataError, unknown_name

if TYPE_CHECKING:
    from ..lints.finding import Placed
    from ..lints.program import Program, Source

Files = Annotated[list[Path] | None, typer.Argument(help="Notebooks (.ipynb) or Python scripts.", metavar="FILE...")]
Ignore = Annotated[list[str] | None, typer.Option("--ignore", help="A rule to leave out; may be repeated.")]
Rules = Annotated[bool, typer.Option("--rules", help="List the rules and leave.")]


def lint(files: Files = None, ignore: Ignore = None, rules: Rules = False) -> None:
    """Read programs and tell what harms them, without running anything.

    The exit status is 1 if anything was found.
    """
    from ..lints.table import NAMES, RULES

    if rules:
        for rule in RULES:
            print(f"{rule.name:<24} {rule.summary}{'' if rule.check else ' (told while it runs)'}")
        return
    if not files:
        raise DataError("No file was given. Expected notebooks (.ipynb) or scripts: backlit lint FILE.")
    for name in ignore or ():
        if name not in NAMES:
            raise unknown_name("rule", name, NAMES)
    found = sum(_print_findings(file, set(ignore or ())) for file in files)
    count = "Nothing harmful was found" if not found else f"Found {found} thing{'s' * (found > 1)}"
    print(f"{count} in {len(files)} file{'s' * (len(files) > 1)}.")
    raise typer.Exit(1 if found else 0)


def _print_findings(file: Path, ignore: set[str]) -> int:
    from ..lints.reading import findings

    program = program_of(file)
    for source, error in program.broken:
        place = "" if source.cell is None else f"cell {source.cell}:"
        print(f"{file}:{place}{error.lineno}:{error.offset or 1}: cannot-be-read: {error.msg}")
    found = findings(program, ignore)
    for one in found:
        place = "" if one.cell is None else f"cell {one.cell}:"
        print(f"{file}:{place}{one.line}:{one.column}: {one.rule}: {one.text}\n    {one.instead}")
    return len(found) + len(program.broken)


def program_of(file: Path) -> Program:
    """Return the program of a file; what is neither notebook nor script raises `DataError`."""
    from ..lints.program import Program

    if not file.is_file():
        raise DataError(f"{file} is {'a folder' if file.is_dir() else 'not there'}. Expected a .py or .ipynb file.")
    return Program(_sources(file), file.parent, _star_names)


def _sources(file: Path) -> list[Source]:
    from ..lints.program import Source
    from ..notebook import read_notebook
    from ..notebook.magics import translated

    if file.suffix != ".ipynb":
        return [Source(script_text(file))]
    sources = list[Source]()
    for number, cell in enumerate(read_notebook(file).code(), 1):
        try:
            sources.append(Source(translated(cell.source).source, number))
        except SyntaxError:  # a cell in another language: running it says so
            sources.append(Source("", number))
    return sources


def script_text(file: Path) -> str:
    """Return what a script says; a file that is no text raises `DataError`."""
    try:
        with tokenize.open(file) as text:  # as Python reads it: UTF-8, unless its first lines say otherwise
            return text.read()
    except (UnicodeDecodeError, SyntaxError) as error:
        raise DataError(f"{file} is no Python program: it is not text ({error}).") from None


def _star_names(module: str) -> set[str] | None:
    """Return what `from module import *` brings, for modules that Backlit answers."""
    from ..compat import finder
    from ..compat.modules import ROOTS
    from ..compat.own_files import has_own_files

    root = module.partition(".")[0]
    if root not in ROOTS or (ROOTS[root] == "book" and has_own_files(root)):
        return None
    return set(finder.names_of(module)) or None


def told_before_running(file: Path, name: str) -> list[Placed]:
    """Return the findings of a file that is about to run, and note them: running tells none of them again.

    `name` is how the running program calls its file, with the number of the cell in place of {}.
    """
    from .. import lints
    from ..lints.reading import findings

    found = findings(program_of(file))
    for one in found:
        lints.said_before(one.rule, one.text, name.format(one.cell), one.line, one.last_line)
    return found
