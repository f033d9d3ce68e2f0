"""Which executor runs the steps: the interpreter, or machine code made by `native`.

The choice is process-wide and made before a step is recorded; a graph the native executor has no code for runs in the
interpreter, and says so once.
"""

from __future__ import annotations

import os
import warnings

from ..errors import ConfigError, did_you_mean
from ..graph.graph import Graph
from .executor import Runner
from .interpreter import Interpreter

EXECUTORS = ("interpreter", "native")
_chosen = os.environ.get("BACKLIT_EXECUTOR", "interpreter")


def executor() -> str:
    """Return the name of the executor new steps are prepared for."""
    return _chosen


def set_executor(name: str) -> None:
    """Choose `"interpreter"` (the default) or `"native"` for the steps recorded from now on."""
    global _chosen
    if name not in EXECUTORS:
        raise ConfigError(f"Unknown executor {name!r}.{did_you_mean(name, EXECUTORS)}")
    _chosen = name


def prepare(graph: Graph) -> Runner:
    """Return a runner of the chosen kind for `graph`."""
    if _chosen == "native":
        try:
            from . import native

            return native.prepare(graph)
        except (ImportError, NotImplementedError) as reason:
            warnings.warn(f"This step runs in the interpreter: {reason}", stacklevel=2)
    return Interpreter(graph)
