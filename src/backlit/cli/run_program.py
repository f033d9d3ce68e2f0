"""`backlit run`: a notebook or script written for tf.keras, keras or the book, unchanged, on Backlit.

What a program shows goes to the terminal as it runs; `--save` keeps a notebook with its outputs, `--check` only reads.
What harms the program is told beside its cell.
"""

from __future__ import annotations

import os
import runpy
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import ConfigError, DataError
from .lint import program_of, script_text, told_before_running

if TYPE_CHECKING:
    from ..lints.finding import Placed
    from ..notebook import Cell, Notebook, Result

FIRST_LINE = 58  # characters of a cell's first line that are shown

File = Annotated[Path, typer.Argument(help="A notebook (.ipynb) or a Python script.", metavar="FILE")]
Rest = Annotated[list[str] | None, typer.Argument(help="Arguments of the script, behind --.", metavar="[-- ARGS]")]
Check = Annotated[
    bool, typer.Option("--check", help="List the names and packages that are not there, without running.")
]
Save = Annotated[Path | None, typer.Option(help="Write the executed notebook here.", show_default=False)]
KeepGoing = Annotated[bool, typer.Option("--keep-going/--stop-on-error", help="Run the cells behind one that failed.")]

Lints = Annotated[bool, typer.Option("--lints/--no-lints", help="Tell what harms the program.")]


def run(
    file: File, arguments: Rest = None, check: Check = False, save: Save = None, keep_going: KeepGoing = True,
    lints: Lints = True,
) -> None:  # fmt: skip
    """Run a notebook or script for TensorFlow, Keras or the book on Backlit, unchanged.

    It runs in the folder it lies in, as in Jupyter. TensorFlow need not be installed and is never imported.
    """
    if not file.is_file():
        raise DataError(f"{file} is {'a folder' if file.is_dir() else 'not there'}. Expected a .py or .ipynb file.")
    notebook = file.suffix == ".ipynb"
    if save is not None and not notebook:
        raise ConfigError("--save keeps the outputs of a notebook; a script has none. Leave it out.")
    if check:
        raise typer.Exit(_check(file, notebook, lints))
    if not lints:
        from ..lints import silence

        silence()
    run_it = _run_notebook(file, save, keep_going, lints) if notebook else _run_script(file, arguments or [], lints)
    raise typer.Exit(run_it)


def _check(file: Path, notebook: bool, lints: bool) -> int:
    """Print the names and packages that are missing, with cell and line, and what harms the program; 1 if any are."""
    from ..compat import missing_names
    from ..notebook import absent_packages, read_notebook
    from ..notebook.magics import translated

    sources = [cell.source for cell in read_notebook(file).code()] if notebook else [script_text(file)]
    lacking, absent = 0, set[str]()
    for number, source in enumerate(sources, 1):
        code = translated(source).source if notebook else source
        try:
            found = missing_names(code, str(file))
            packages = absent_packages(code, file.resolve().parent)
        except SyntaxError as error:
            lacking += 1
            print(f"{_place(number, notebook)}cannot be read: {error.msg} (line {error.lineno})")
            continue
        lacking += len(found)
        for name in found:
            print(f"{_place(number, notebook)}{name}")
        for package in packages:
            if package.name not in absent:
                print(f"{_place(number, notebook)}{package}")
        absent.update(package.name for package in packages)
    if lints:
        from ..lints.reading import findings

        for one in findings(program_of(file)):
            print(one)
    if not lacking:
        print(f"{file}: every name of TensorFlow and Keras it uses is in Backlit.")
    return 1 if lacking or absent else 0


def _place(number: int, notebook: bool) -> str:
    return f"cell {number}, " if notebook else ""


def _prepare(folder: Path) -> None:
    from ..compat import install

    install()
    os.chdir(folder)
    sys.path.insert(0, str(folder))


def _run_script(file: Path, arguments: list[str], lints: bool) -> int:
    script_text(file)
    path = file.resolve()
    found = told_before_running(path, str(path)) if lints else []
    sys.argv = [str(path), *arguments]
    _prepare(path.parent)
    try:
        return _run_path(path)
    finally:
        for one in found:
            print(f"{file}: {one}", file=sys.stderr)


def _run_path(path: Path) -> int:
    from ..notebook.execution import error_lines, exit_status

    try:
        runpy.run_path(str(path), run_name="__main__")
    except SystemExit as leaving:
        return exit_status(leaving)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - the user's own error, with the user's own lines
        sys.stderr.write("".join(error_lines(error, str(path))))
        return 1
    return 0


def _run_notebook(file: Path, save: Path | None, keep_going: bool, lints: bool) -> int:
    """Run the cells in order; whatever happens, what has run is saved and told in a table."""
    from ..notebook import Execution, read_notebook

    notebook = read_notebook(file)
    target = None if save is None else save.resolve()
    if target is not None and not target.parent.is_dir():
        raise ConfigError(f"--save {save}: the folder {target.parent} is not there.")
    found = told_before_running(file, "<cell {}>") if lints else []
    _prepare(file.resolve().parent)
    cells, results = notebook.code(), list["Result"]()
    execution = Execution()
    for number, cell in enumerate(cells, 1):
        print(f"── cell {number}/{len(cells)} ── {_first_line(cell)}", flush=True)
        _print_lints(found, number)
        result = execution.run(cell, number)
        results.append(result)
        print(f"   {result.state}, {result.seconds:.1f} s", flush=True)
        if result.state in ("stopped", "left") or (result.state == "failed" and not keep_going):
            break
    _keep(notebook, target)
    _print_table(cells, results)
    return execution.exit_status or _status(results)


def _print_lints(found: list[Placed], number: int) -> None:
    for one in found:
        if one.cell == number:
            print(f"   line {one.line}: {one.rule}: {one.text} {one.instead}", flush=True)


def _keep(notebook: Notebook, target: Path | None) -> None:
    if target is not None:
        notebook.save(target)
        print(f"\nThe executed notebook is {target}.")


def _status(results: list[Result]) -> int:
    if any(result.state == "stopped" for result in results):
        raise KeyboardInterrupt
    return 1 if any(result.state == "failed" for result in results) else 0


def _print_table(cells: list[Cell], results: list[Result]) -> None:
    from rich.console import Console
    from rich.table import Table

    table: Any = Table(box=None, pad_edge=False, header_style="bold")
    for title, side in (("cell", "right"), ("", "left"), ("seconds", "right"), ("", "left")):
        table.add_column(title, justify=side, overflow="ellipsis", no_wrap=side == "right")
    for cell, result in zip(cells, results):
        told = result.error or "; ".join(result.notes) or _first_line(cell)
        table.add_row(str(result.number), result.state, f"{result.seconds:.1f}", told[:200].replace("[", "\\["))
    print()
    Console(soft_wrap=False).print(table)
    count = sum(result.state == "ok" for result in results)
    not_run = len(cells) - len(results)
    rest = f", {not_run} not run" if not_run else ""
    seconds = sum(result.seconds for result in results)
    print(f"{count} of {len(cells)} cells ok{rest}, {seconds:.1f} s")


def _first_line(cell: Cell) -> str:
    lines = [line.strip() for line in cell.source.splitlines() if line.strip()]
    code = [line for line in lines if not line.startswith("#")]
    line = (code or lines)[0]
    return line if len(line) <= FIRST_LINE else f"{line[: FIRST_LINE - 1]}…"
