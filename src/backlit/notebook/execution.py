"""Running cells: one namespace, one after the other, with IPython's habits where learners rely on them.

The value of a cell's last line is shown; an error ends its cell and names the cell and the line.
"""

from __future__ import annotations

import ast
import builtins
import linecache
import sys
import time
import traceback
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from ..errors import UnsupportedImport
from . import displays, pictures
from .document import Cell
from .magics import translated
from .needed import advice
from .outputs import Outputs, captured

OK, FAILED, STOPPED, LEFT = "ok", "failed", "stopped", "left"  # LEFT: the cell asked to end the program


@dataclass
class Result:
    """How a cell ended, how long it took, what was left out, and its error if it has one."""

    number: int
    state: str
    seconds: float
    notes: list[str]
    error: str = ""


class Execution:
    """The running notebook: a namespace, and the exit status that a cell asked for by ending the program."""

    def __init__(self) -> None:
        self.exit_status = 0
        self.module = ModuleType("__main__")
        self.namespace: dict[str, Any] = vars(self.module)
        self.namespace |= {"__builtins__": builtins, "In": [""], "Out": {}, "get_ipython": lambda: None}
        self.outputs = Outputs()
        builtins.display = self.display  # type: ignore[attr-defined]
        displays.provide(self.display)
        pictures.use(self._picture)

    def run(self, cell: Cell, number: int) -> Result:
        """Run a cell and keep its outputs in it. Ctrl-C and `sys.exit` end the cell and are told by the state."""
        self.outputs = Outputs()
        start, state, notes, error = time.perf_counter(), OK, list[str](), ""
        before, sys.modules["__main__"] = sys.modules.get("__main__"), self.module
        try:
            with captured(self.outputs):
                state, error = self._guarded(cell.source, number, notes)
        finally:
            if before is not None:
                sys.modules["__main__"] = before
            cell.outputs, cell.count = self.outputs.finished(), number
        return Result(number, state, time.perf_counter() - start, notes, error)

    def _guarded(self, source: str, number: int, notes: list[str]) -> tuple[str, str]:
        try:
            self._execute(source, number, notes)
            pictures.take_all()
            return OK, ""
        except KeyboardInterrupt as stopped:
            return STOPPED, self._told(stopped)
        except SystemExit as leaving:
            self.exit_status = exit_status(leaving)
            said = f": {leaving.code}" if isinstance(leaving.code, str) else ""
            print(f"The cell asked to end the program (exit status {self.exit_status}){said}. The notebook ends here.")
            return LEFT, ""
        except BaseException as error:  # noqa: BLE001 - whatever the user's code raises is shown, not raised
            return FAILED, self._told(error)

    def _execute(self, source: str, number: int, notes: list[str]) -> None:
        python = translated(source)
        notes += python.notes
        for note in python.notes:
            print(f"[{note}]")
        name = f"<cell {number}>"
        lines = python.source.splitlines(keepends=True)
        linecache.cache[name] = (len(python.source), None, lines, name)
        tree = ast.parse(python.source, name)
        last = tree.body.pop() if tree.body and _is_shown(tree.body[-1], python.source) else None
        start = time.perf_counter()
        exec(compile(tree, name, "exec"), self.namespace)  # noqa: S102 - the user's own program
        if isinstance(last, ast.Expr):
            self._show_result(eval(compile(ast.Expression(last.value), name, "eval"), self.namespace), number)  # noqa: S307
        if python.timed:
            print(f"Wall time: {time.perf_counter() - start:.3g} s")

    def _show_result(self, value: Any, number: int) -> None:
        if value is None:
            return
        self.namespace["_"] = value
        self.namespace["Out"][number] = value
        self.outputs.value(value, number)
        sys.stdout.terminal.write(f"{value!r}\n")  # type: ignore[attr-defined]

    def display(self, *values: Any, **_: Any) -> None:
        """Show values, as IPython's `display` does."""
        for value in values:
            self.outputs.value(value)
            getattr(sys.stdout, "terminal", sys.stdout).write(f"{value!r}\n")

    def _picture(self, png: bytes, size: tuple[int, int]) -> None:
        self.outputs.picture(png, size)
        getattr(sys.stdout, "terminal", sys.stdout).write(f"[picture of {size[0]} x {size[1]}]\n")

    def _told(self, error: BaseException) -> str:
        """Print the traceback of the user's lines, keep it, and return the error in one line."""
        lines = error_lines(error, "<cell")
        sys.stderr.terminal.write("".join(lines))  # type: ignore[attr-defined]
        self.outputs.error(error, [line.rstrip("\n") for line in lines])
        return "".join(traceback.format_exception_only(error)).strip().splitlines()[-1]


def exit_status(leaving: SystemExit) -> int:
    """Return the status that `sys.exit` asked for, as Python would give it to the shell: a text is an error."""
    return leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)


def error_lines(error: BaseException, own: str) -> list[str]:
    """Return the traceback from the first frame on whose file's name begins with `own`: the user's own lines."""
    frames = error.__traceback__
    while frames is not None and not frames.tb_frame.f_code.co_filename.startswith(own):
        frames = frames.tb_next
    return [*traceback.format_exception(type(error), error, frames), *_advice(error)]


def _advice(error: BaseException) -> list[str]:
    """Say how to get a package that is not here; of a module that one lacks which is, there is nothing to say."""
    if not isinstance(error, ModuleNotFoundError) or isinstance(error, UnsupportedImport):
        return []
    top = (error.name or "").partition(".")[0]
    return [] if not top or sys.modules.get(top) is not None else [f"{advice(top)}\n"]


def _is_shown(node: ast.stmt, source: str) -> bool:
    """Say whether a cell's last statement is an expression whose value is shown: a semicolon behind it says no."""
    return isinstance(node, ast.Expr) and not source.rstrip().endswith(";")
