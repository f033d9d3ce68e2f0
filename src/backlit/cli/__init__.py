"""The command line: `backlit VERB`, one file a verb.

`main` is the entry point; typer and everything else is imported when it is called, not before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line (`sys.argv` if no arguments are given) and exit with its status."""
    import sys

    from .app import run

    sys.exit(run(arguments))
