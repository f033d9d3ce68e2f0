"""Fetching ahead: cache lines that a tile asks for while it computes, one a step.

Weights and their slots are too big for the caches, and a processor does not guess where their next rows are: it fetches
ahead within a page of 4 KB only. Asked for all at once, so many lines would keep it from computing, for it waits for
about ten at a time. So they are listed first, in the thread's own memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from .lanes import ADDRESS, INDEX, index
from .writer import LINE, LINES, LIST, Running, Writer

Step = Callable[[Any, Sequence[Any]], list[Any]]  # (number of the step, sums) -> sums
Asking = Callable[[Step], Step]
ENTRY = 8  # bytes of an address


def list_bytes(lines: int) -> int:
    """Return the bytes that a list of so many addresses takes."""
    return -(-ENTRY * (lines + 1) // LINE) * LINE


class Lines:
    """Inside a kernel: the list of what the next tile asks for."""

    def __init__(self, w: Writer) -> None:
        self.w = w

    def put(self, place: Any) -> None:
        """Begin an empty list at `place`; its first entry may be read all the same."""
        self.w.note(LIST, place)
        self.w.note(LINES, index(0))
        self.w.builder.store(place, place, align=ENTRY)

    def add(self, start: Any, size: Any) -> None:
        """Add the lines of `size` bytes."""
        w, b = self.w, self.w.builder
        entries, count = w.noted(LIST, ADDRESS), w.noted(LINES)
        end = w.bytes_behind(entries, b.shl(count, index(3)))
        with w.loop(index(0), size, LINE) as at:
            b.store(w.bytes_behind(start, at), w.bytes_behind(end, b.lshr(at, index(3))), align=ENTRY)
        w.note(LINES, b.add(count, b.sdiv(b.add(size, index(LINE - 1)), index(LINE))))

    def told(self) -> list[Any]:
        """Return what a tile is told: where the list lies, and how many lines there are."""
        return [self.w.noted(LIST, ADDRESS), self.w.noted(LINES)]


TOLD = [ADDRESS, INDEX]  # the types of that


@contextmanager
def fetching(w: Writer, entries: Any = None, count: Any = None) -> Iterator[Asking]:
    """Give what makes a step ask for a line each time, if a list is told; what is left of it comes at the end."""
    if entries is None:
        yield lambda step: step
        return
    b = w.builder
    asked = Running(w, INDEX)
    asked.set(index(0))
    last = b.select(b.icmp_signed(">", count, index(0)), b.sub(count, index(1)), index(0))

    def asking(step: Step) -> Step:
        def ask(k: Any, sums: Sequence[Any]) -> list[Any]:
            at = asked.get()
            w.fetch(w.entry(entries, w.minimum(at, last), ADDRESS), near=2)
            asked.set(b.add(at, index(1)))
            return step(k, sums)

        return ask

    yield asking
    with w.loop(asked.get(), count) as i:
        w.fetch(w.entry(entries, i, ADDRESS), near=2)
