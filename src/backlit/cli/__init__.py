"""The command line: `backlit VERB`, one file a verb.

`main` is the entry point; typer and everything else is imported when it is called, not before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line (`sys.argv` if no arguments are given) and exit with its status.

    NumPy's products run in one thread unless the environment says otherwise: for batches this small more threads are
    no faster, much slower on a busy machine, and the last digits would depend on the number of cores.
    """
    import os
    import sys

    for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")  # read when NumPy is loaded, so before it is
    try:
        from .app import run

        sys.exit(run(arguments))
    except KeyboardInterrupt:  # while everything was still being imported
        sys.exit(130)
