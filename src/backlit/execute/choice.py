"""Which executor runs the steps: the interpreter, or machine code made by `native`.

The choice is process-wide and made before a step is recorded; a graph the native executor has no code for runs in the
interpreter, and says so once.
"""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Generator
from contextlib import contextmanager

from ..errors import ConfigError, did_you_mean
from ..graph.graph import Graph
from .executor import Runner
from .interpreter import Interpreter

EXECUTORS = ("interpreter", "native")
_chosen = os.environ.get("BACKLIT_EXECUTOR") or "native"
_threads = 0
MOST_THREADS = 64


class _Here(threading.local):
    """How many threads the block this thread is in may use, where nobody set a number."""

    at_most: int = MOST_THREADS


_here = _Here()


def threads() -> int:
    """Return how many threads machine code runs on: what was set, or `BACKLIT_THREADS`, or one for each core."""
    if _threads:
        return _threads
    given = os.environ.get("BACKLIT_THREADS", "") or "0"
    if given != "0":
        return _checked(int(given) if given.isdigit() else given, "BACKLIT_THREADS")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, _here.at_most)


@contextmanager
def at_most_threads(count: int) -> Generator[None]:
    """Let machine code that this thread prepares inside the block run on `count` threads at most, if none was set."""
    before, _here.at_most = _here.at_most, _checked(count)
    try:
        yield
    finally:
        _here.at_most = before


def set_threads(count: int) -> None:
    """Let machine code prepared from now on run on `count` threads (0: one for each core). The numbers are the same."""
    global _threads
    _threads = 0 if type(count) is int and count == 0 else _checked(count)


def _checked(count: object, name: str = "The number of threads") -> int:
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MOST_THREADS:
        expected = f"Expected 1 to {MOST_THREADS}, or 0 for one on each core."
        raise ConfigError(f"{name} is {count!r}. {expected}")
    return count


def executor() -> str:
    """Return the name of the executor new steps are prepared for."""
    return _chosen


def set_executor(name: str) -> None:
    """Choose `"native"` (machine code, the default) or `"interpreter"` for the steps recorded from now on."""
    global _chosen
    if name not in EXECUTORS:
        raise ConfigError(f"Unknown executor {name!r}.{did_you_mean(name, EXECUTORS)}")
    _chosen = name


def prepare(graph: Graph) -> Runner:
    """Return a runner of the chosen kind for `graph`."""
    if _chosen not in EXECUTORS:
        raise ConfigError(f"BACKLIT_EXECUTOR is {_chosen!r}.{did_you_mean(_chosen, EXECUTORS)}")
    if _chosen == "native":
        try:
            from . import native

            return native.prepare(graph, threads())
        except (ImportError, NotImplementedError) as reason:
            warnings.warn(f"This step runs in the interpreter: {reason}", stacklevel=2)
    return Interpreter(graph)
