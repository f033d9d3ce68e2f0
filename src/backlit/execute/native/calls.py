"""A call: one compiled kernel with the arguments and the box it is given in a step.

Kernels know nothing of sizes and addresses, calls nothing of instructions: so one kernel serves all layers that compute
alike, and all batch sizes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .views import Address


class Code(NamedTuple):
    """A kernel not yet compiled. `key` says all that its instructions depend on; `write(module, name)` emits it."""

    key: str
    write: Callable[[Any, str], None]


class Symbol(NamedTuple):
    """An argument: the address of a kernel."""

    code: Code


class Table(NamedTuple):
    """An argument: the address of another call's arguments."""

    call: Call


class Box(NamedTuple):
    """The part of a call one thread computes: rows low 0 to high 0, columns low 1 to high 1."""

    low0: int
    high0: int
    low1: int
    high1: int


Argument = int | Address | Symbol | Table


@dataclass(eq=False)
class Call:
    """One call in a step: over `rows` x `columns`, which threads share in multiples of the units along one axis."""

    code: Code
    arguments: list[Argument]
    rows: int = 1
    columns: int = 1
    row_unit: int = 1
    column_unit: int = 1
    low0: int = 0
    low1: int = 0
    by_columns: bool = False
    whole: bool = False  # never shared
    owner: int | None = None  # the one thread that makes it
    scratch: int = 64  # bytes of the thread's own memory it needs
    also: list[Call] = field(default_factory=list)  # calls only made through this one
    ahead: Code | None = None  # lists the cache lines a box of this call will read; takes the same arguments

    def codes(self) -> list[Code]:
        """Return the kernels it runs: its own, and those it is told the addresses of."""
        return [self.code, *(argument.code for argument in self.arguments if isinstance(argument, Symbol))]

    def box(self, thread: int, threads: int) -> Box | None:
        """Return what `thread` of `threads` computes, or None if nothing is left for it."""
        everything = Box(self.low0, self.low0 + self.rows, self.low1, self.low1 + self.columns)
        if threads == 1 or self.whole or self.owner is not None:
            return everything if thread == (self.owner or 0) % threads else None
        size, unit = (self.columns, self.column_unit) if self.by_columns else (self.rows, self.row_unit)
        low, high = share(size, unit, thread, threads)
        if low >= high:
            return None
        if self.by_columns:
            return everything._replace(low1=self.low1 + low, high1=self.low1 + high)
        return everything._replace(low0=self.low0 + low, high0=self.low0 + high)


def share(size: int, unit: int, thread: int, threads: int) -> tuple[int, int]:
    """Return the part of 0..size that belongs to a thread: whole units, the last one may be shorter."""
    units = -(-size // unit)
    low, high = units * thread // threads, units * (thread + 1) // threads
    return low * unit, min(high * unit, size)
