"""The verbs gathered into one command, and the border where errors become one line and an exit status.

0: done. 1: it could not be done (a file, the data). 2: the options make no sense. 130: stopped by Ctrl-C.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from ..errors import BacklitError, ConfigError
from .convert import convert
from .evaluate import evaluate
from .explain import explain
from .lint import lint
from .predict import predict
from .run_program import run as run_program
from .summary import summary
from .train import train
from .verify import verify

FAILED, WRONG_OPTION, INTERRUPTED = 1, 2, 130

app = typer.Typer(
    name="backlit",
    help="Neural networks, lit from behind: train a network, look inside, use it.",
    epilog="Start with: backlit train",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for verb in (train, evaluate, predict, summary, explain, convert, verify, lint):
    app.command()(verb)
app.command("run")(run_program)


def _print_version(wanted: bool) -> None:
    if wanted:
        from .._version import __version__

        print(f"backlit {__version__}")
        raise typer.Exit


@app.callback()
def _root(  # pyright: ignore[reportUnusedFunction]
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and leave.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    pass


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; errors that Backlit raises on purpose are one line on stderr."""
    _never_fail_to_print()
    try:
        given = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
        status = app(args=given, prog_name="backlit", standalone_mode=False)
        sys.stdout.flush()
        return status if isinstance(status, int) else 0
    except BrokenPipeError:
        return _reader_left()
    except (KeyboardInterrupt, EOFError):
        return _fail("stopped.", INTERRUPTED)
    except BacklitError as error:
        return _fail(str(error), WRONG_OPTION if isinstance(error, ConfigError) else FAILED)
    except MemoryError as error:
        return _fail(f"not enough memory. {error}", FAILED)
    except OSError as error:
        return _fail(_about_file(error), FAILED)
    except Exception as error:  # noqa: BLE001 - typer's own errors have no public class in all its versions
        return _parser_error(error)


def _parser_error(error: Exception) -> int:
    """Print a usage error of typer in one line; anything else is a bug of ours and keeps its traceback.

    Typer carries a copy of click in some versions and needs the package in others: its errors are known by their face.
    """
    if type(error).__name__ == "Abort":  # what some versions make of Ctrl-C
        return _fail("stopped.", INTERRUPTED)
    if not hasattr(error, "format_message") or not hasattr(error, "exit_code"):
        raise error
    message = error.format_message().strip()  # type: ignore[attr-defined]
    command = getattr(getattr(error, "ctx", None), "command_path", "backlit")
    return _fail(f"{message}{'' if message.endswith(('.', '?', ')')) else '.'} See {command} --help.", WRONG_OPTION)


def _fail(message: str, status: int) -> int:
    with contextlib.suppress(OSError):
        sys.stdout.flush()
        print("error:" if status != INTERRUPTED else "\nbacklit:", _in_lines(message), file=sys.stderr)
    return status


def _in_lines(message: str) -> str:
    """Return an error as one line; a list of faults, whose lines begin with two blanks, keeps its lines."""
    return "\n  ".join(" ".join(line.split()) for line in message.split("\n  "))


def _about_file(error: OSError) -> str:
    return f"{error.filename}: {error.strerror}." if error.filename and error.strerror else str(error)


def _reader_left() -> int:
    """Nobody reads our output any more (`backlit ... | head`): say nothing, and let the interpreter exit in peace."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return FAILED  # as typer does for a pipe that breaks while a verb prints


def _never_fail_to_print() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
