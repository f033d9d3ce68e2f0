"""The threads that run machine code together: ordinary Python threads, waiting between calls.

ctypes lets go of the interpreter's lock while machine code runs, so they run side by side. One team serves the process;
a caller who finds it at work runs alone, which gives the same numbers.
"""

from __future__ import annotations

import ctypes
import os
import queue
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from operator import call
from typing import Any

Drive = Callable[[int], None]


class Worker(threading.Thread):
    """Calls a function on a table of arguments, again and again."""

    def __init__(self, number: int) -> None:
        super().__init__(name=f"backlit-{number}", daemon=True)
        self.tasks: queue.SimpleQueue[tuple[Drive, int, list[int], queue.SimpleQueue[None]]] = queue.SimpleQueue()
        self.start()

    def run(self) -> None:
        """Wait for tasks, for good."""
        while True:
            drive, table, finished, bell = self.tasks.get()
            drive(table)
            finished.append(table)
            bell.put(None)


class Team:
    """Worker threads, made when first needed and made anew in a forked process."""

    def __init__(self) -> None:
        self.workers: list[Worker] = []
        self.free = threading.Lock()

    def take(self, taken: list[bool]) -> bool:
        """Take `free` if nobody has it, and say so; also in `taken`, in the same call of C, which no signal divides."""
        taken.extend(map(self.free.acquire, (False,)))
        return taken[-1]

    def run(self, drive: Drive, tables: Sequence[int]) -> None:
        """Call `drive` on each table, the first one in this thread, and wait for all; hold `free` while it runs.

        Ctrl-C may come at any moment, and is raised when all are done: the others write into our arrays, and would
        wait for this thread forever. So all calls are one call of C, which no signal divides; saying it twice does no
        harm.
        """
        while len(self.workers) < len(tables) - 1:
            self.workers.append(Worker(len(self.workers) + 1))
        helping = self.workers[: len(tables) - 1]
        finished: list[int] = []
        bell: queue.SimpleQueue[None] = queue.SimpleQueue()
        functions: list[Callable[..., Any]] = [*(worker.tasks.put for worker in helping), drive]
        arguments: list[Any] = [*((drive, table, finished, bell) for table in tables[1:]), tables[0]]
        calls: Iterator[Any] = map(call, functions, arguments)  # pyright: ignore[reportArgumentType]
        interrupted: BaseException | None = None
        while True:
            try:
                deque(calls, maxlen=0)  # a second time, nothing is left to call
                while len(finished) < len(helping):
                    bell.get()
                break
            except BaseException as signal:  # noqa: BLE001  # whatever the handler of a signal raises
                interrupted = signal
        if interrupted is not None:
            raise interrupted


team = Team()


def _after_fork() -> None:
    """A forked process has no threads but its own, and locks may have been held by those that are gone."""
    team.workers = []
    team.free = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def pause_address() -> int:
    """Return the address of the system's function that lets another thread have the core."""
    if sys.platform == "win32":
        return ctypes.cast(ctypes.windll.kernel32.SwitchToThread, ctypes.c_void_p).value or 0
    return ctypes.cast(ctypes.CDLL(None).sched_yield, ctypes.c_void_p).value or 0


def looks(threads: int) -> int:
    """Return how often a thread looks for the others before it gives up its core.

    A millisecond's worth where each has a core: who is away is soon back, and a core given up is gone for longer.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return 50_000 if threads <= cores else 50
