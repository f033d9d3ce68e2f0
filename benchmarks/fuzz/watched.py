"""What a reader does to the machine while it reads one file: its time, its memory, and what it reaches for.

An audit hook of the interpreter hears of every file that is opened, every socket, process, import and piece of code.
"""

from __future__ import annotations

import os
import sys
import time
import tracemalloc
from pathlib import Path
from typing import Any, NamedTuple

from .readers import Reader

try:
    import resource
except ImportError:  # Windows
    resource = None

HARMLESS = ("object.", "sys._getframe", "builtins.id", "mmap.__new__", "gc.", "ctypes.")
SYSTEM = ("/sys/fs/cgroup/", "/proc/")  # how much memory there is, which no file has a say in
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


class Seen(NamedTuple):
    """`outcome`: "read", "refused", or what went wrong; CPU seconds, bytes, and audit events beside its own file's."""

    outcome: str
    message: str
    seconds: float
    resident: int
    asked_for: int
    events: list[str]


class Listener:
    """The audit hook, which cannot be taken off again: it listens while a path is set."""

    def __init__(self) -> None:
        self.path: str | None = None
        self.events: list[str] = []
        sys.addaudithook(self)

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        if self.path is None or event.startswith(HARMLESS):
            return
        path = str(args[0]) if event == "open" else ""
        own = (path == self.path or path.startswith(SYSTEM)) and not (args[2] or 0) & WRITING
        if not own:
            self.events.append(f"{event} {args!r:.160}")


def limit(more: int, seconds: int | None) -> None:
    """Let this process have `more` bytes beyond what it has, and so many CPU seconds in all."""
    if resource is None or not os.path.exists("/proc/self/statm"):
        return
    have = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (have + more, have + more))
    if seconds is not None:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))


def watch(reader: Reader, path: Path, listener: Listener) -> Seen:
    """Read one file and tell what happened; a second time for the memory that was asked for, used or not."""
    before = _forget_peak()
    start = time.process_time()
    listener.events, listener.path = [], str(path)
    outcome, message = attempt(reader, path)
    seconds = time.process_time() - start
    resident = peak() - before
    tracemalloc.start()
    attempt(reader, path)
    listener.path = None
    asked_for = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return Seen(outcome, message, seconds, resident, asked_for, listener.events)


def attempt(reader: Reader, path: Path) -> tuple[str, str]:
    """Read a file: ("read", ""), ("refused", message) or (name of an error that is not declared, message)."""
    try:
        reader.read(path)
    except reader.errors as error:
        return "refused", str(error)
    except BaseException as error:  # noqa: BLE001 - the point is to see all of them
        return f"{type(error).__name__}", str(error)
    return "read", ""


def peak() -> int:
    """Return the most memory this process has had, in bytes."""
    return _status("VmHWM")


def _status(name: str) -> int:
    """Return a size of this process in bytes, 0 where the system does not say."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:")), 0)


def _forget_peak() -> int:
    """Make the peak of the memory what it is now, and return that."""
    if os.path.exists("/proc/self/clear_refs"):
        Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")
