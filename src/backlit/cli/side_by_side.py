"""Notebooks of `backlit verify` side by side: two processes, one thread in each.

Networks this small gain little from a second thread, while a process of its own gains a whole second core.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, cast

from ..errors import BacklitError

PROCESSES = 2
LONGEST_FIRST = ("002", "003", "004", "001")  # 000 trains by the clock, so it has the machine for itself
ONE_THREAD = ("BACKLIT_THREADS", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
Event = tuple[str, str, Any]


def run_side_by_side(numbers: list[str], data_dir: Path | None, quick: bool) -> Generator[Event]:
    """Run the notebooks and yield what happens, in the order it happens.

    ("told", number, (part, share)), ("figure", number, Figure) and ("done", number, seconds). What is raised over
    there is raised here; leaving the iterator ends the processes.
    """
    to_do = [number for number in LONGEST_FIRST if number in numbers]
    context = get_context("spawn")
    processes: list[Any] = []
    lines: list[Connection] = []
    try:
        for _ in range(min(PROCESSES, len(to_do))):
            here, there = context.Pipe()
            processes.append(context.Process(target=_work, args=(there, data_dir, quick), daemon=True))
            with _inherited():
                processes[-1].start()
            there.close()
            lines.append(here)
        yield from _events(lines, to_do)
    finally:
        for process in processes:
            process.terminate()
            process.join()


def _events(lines: list[Connection], to_do: list[str]) -> Iterator[Event]:
    """Hand out a notebook to each process that is ready, and yield all other messages."""
    while lines:
        for line in cast("list[Connection]", wait(lines)):
            try:
                kind, number, what = line.recv()
            except EOFError:
                raise BacklitError(
                    "A process of `backlit verify` ended before its work was done, as if it was killed; memory may "
                    "be short. Give BACKLIT_THREADS=1 to run the notebooks one after the other."
                ) from None
            if kind == "failed":
                raise what
            if kind != "ready":
                yield kind, number, what
            elif to_do:
                line.send(to_do.pop(0))
            else:
                line.send("")
                lines.remove(line)


@contextmanager
def _inherited() -> Generator[None]:
    """Let a process that starts inside the block compute in one thread, and leave Ctrl-C to this one, which ends it."""
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _work(line: Connection, data_dir: Path | None, quick: bool) -> None:
    """Run the notebooks that come along the line, until an empty name comes."""
    from ..datasets import mnist
    from ..figures import NOTEBOOKS, Digits, Plan

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # where it is not inherited
    number = ""

    def tell(part: str, share: float) -> None:
        line.send(("told", number, (part, share)))

    try:
        digits = Digits.of(mnist.load_data(data_dir=data_dir))
        while True:
            line.send(("ready", "", None))
            number = line.recv()
            if not number:
                return
            start = time.perf_counter()
            for figure in NOTEBOOKS[number][1](digits, Plan(quick, tell=tell)):
                line.send(("figure", number, figure))
            line.send(("done", number, time.perf_counter() - start))
    except (BrokenPipeError, EOFError):  # the other process is gone
        return
    except Exception as error:  # noqa: BLE001 - it is raised again where the user is
        line.send(("failed", number, error))
