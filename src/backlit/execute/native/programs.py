"""Programs: the calls of a step as tables that machine code walks.

The arguments of all calls stand in one array, written anew when arrays have moved; each thread has its list of entries.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Mapping, Sequence

import numpy as np

from ...arrays import Array
from .assembly import Item, calls_of
from .calls import Call, Symbol, Table
from .machine import addresses_of
from .pace import Pace
from .pool import aligned
from .slices import ENTRY, FIELDS, LATE, OVER, drive_code
from .target import Target
from .team import looks, pause_address, team
from .views import Address
from .writer import FLAG, FOUND, STEP

BEGIN, STEPS = (FIELDS.index(name) for name in ("begin", "steps"))
PATIENCE = 1  # long waits that a call on all threads bears before it asks whether one thread would be faster


class Arguments:
    """The arguments of all calls in one array."""

    def __init__(self, calls: Sequence[Call], addresses: Mapping[str, int]) -> None:
        self.start: dict[Call, int] = {}
        flat = []
        for call in calls:
            self.start[call] = len(flat)
            flat += call.arguments
        self.array = np.zeros(len(flat), np.int64)
        self.where = self.array.ctypes.data
        places, slots, offsets = [], [], []
        for i, value in enumerate(flat):
            if isinstance(value, Address):
                places.append(i)
                slots.append(value.slot)
                offsets.append(value.offset)
            elif isinstance(value, Symbol):
                self.array[i] = addresses[value.code.key]
            elif isinstance(value, Table):
                self.array[i] = self.of(value.call)
            else:
                self.array[i] = value
        self._places, self._slots = np.array(places, np.intp), np.array(slots, np.intp)
        self._offsets = np.array(offsets, np.int64)

    def of(self, call: Call) -> int:
        """Return the address of a call's arguments."""
        return self.where + 8 * self.start[call]

    def wire(self, table: Array) -> None:
        """Write the addresses of everything, given where each slot lies."""
        self.array[self._places] = table[self._slots] + self._offsets


def entries(
    items: Sequence[Item], arguments: Arguments, addresses: Mapping[str, int], thread: int, threads: int
) -> Array:
    """Return the list of one thread: its entries, and an empty one where it only meets the others."""
    rows: list[tuple[int, ...]] = []
    segment = None
    for item in items:
        meets = item.segment != segment
        segment = item.segment
        for call in item.calls:
            mine = item.thread is None or threads == 1 or item.thread % threads == thread
            whole = item.thread is not None and mine
            box = call.box(0, 1) if whole else call.box(thread, threads) if mine else None
            if box is not None:
                rows.append((addresses[call.code.key], arguments.of(call), *box, int(meets), 0))
                meets = False
        if meets:
            rows.append((0, 0, 0, 0, 0, 0, 1, 0))
    return np.array(rows, np.int64).reshape(len(rows), ENTRY)


class Program:
    """What threads walk: lists for one thread and for all, with the arguments of the first step and of the others."""

    def __init__(self, items: Sequence[Item], target: Target, threads: int, known: Mapping[str, int]) -> None:
        """`known` are the addresses of kernels by key; what is missing is compiled."""
        calls = calls_of(items)
        drive = drive_code(target)
        codes = [*(code for call in calls for code in call.codes()), drive]
        addresses = {**known, **addresses_of([code for code in codes if code.key not in known], target)}
        self.drive = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(addresses[drive.key])
        self._threads = threads
        self._first, self._rest = (Arguments(calls, addresses) for _ in range(2))
        self._scratch = [aligned(max((call.scratch for call in calls), default=64)) for _ in range(threads)]
        self._meeting = aligned(128)
        self._lists: list[Array] = []
        self._tables = {n: [self._table(items, addresses, t, n) for t in range(n)] for n in {1, threads}}
        self._alone = self._tables[1][0].ctypes.data
        self.pace = Pace(threads)

    def wire(self, first: Array, rest: Array | None = None) -> None:
        """Say where everything lies in the first step, and in all others."""
        self._first.wire(first)
        if rest is not None:
            self._rest.wire(rest)

    def run(self, steps: int) -> None:
        """Run `steps` steps, on all threads or on one, whichever has been faster of late: the numbers are the same.

        On a busy machine all threads leave early, having waited for each other; one thread runs what is left.
        """
        done, taken = 0, list[bool]()
        try:
            if self.pace.together() and team.take(taken):
                done = self._run_together(steps)
        finally:
            if True in taken:
                team.free.release()
        if done < steps:
            start = time.perf_counter()
            self.drive(self.alone(steps, done))
            self.pace.note(True, (time.perf_counter() - start) / (steps - done))

    def _run_together(self, steps: int) -> int:
        """Run steps on all threads as long as that is the faster way; return how many."""
        start, done, patience = time.perf_counter(), 0, PATIENCE
        while True:
            team.run(self.drive, [table.ctypes.data for table in self._set_together(steps, done, patience)])
            left_early = self._meeting[OVER] != 0
            done = int(self._scratch[0][STEP : STEP + 8].view(np.int64)[0]) if left_early else steps
            seconds = (time.perf_counter() - start) / done
            if done == steps or self.pace.is_behind(seconds):
                self.pace.note(False, seconds)
                return done
            patience *= 2

    def run_alone(self, steps: int) -> None:
        """Run `steps` steps in this thread."""
        self.drive(self.alone(steps))

    def alone(self, steps: int, begin: int = 0) -> int:
        """Return the argument of `drive` with which one thread runs the steps from `begin` to `steps`."""
        self._set(1, steps, begin)
        return self._alone

    def run_once(self) -> None:
        """Run one step in this thread, with nothing around it: so a program is set when it is made."""
        self.drive(self._alone)

    def was_finite(self) -> bool:
        """Say whether all numbers the last run looked at were."""
        return not any(scratch[FOUND] for scratch in self._scratch)

    def flagged(self) -> bool:
        """Say whether a thread has come upon something the interpreter refuses, and forget it."""
        found = any(scratch[FLAG] for scratch in self._scratch)
        for scratch in self._scratch if found else ():
            scratch[FLAG] = 0
        return found

    def forget_meeting(self) -> None:
        """Let the next run begin with nobody at the barrier."""
        self._meeting[:] = 0

    def _set(self, threads: int, steps: int, begin: int = 0) -> list[Array]:
        for table in self._tables[threads]:
            table[BEGIN], table[STEPS] = begin, steps
        for scratch in self._scratch if begin == 0 else ():
            scratch[FOUND] = 0
        return self._tables[threads]

    def _set_together(self, steps: int, begin: int, patience: int) -> list[Array]:
        self._meeting[LATE : OVER + 8] = 0
        tables = self._set(self._threads, steps, begin)
        for table in tables:
            table[FIELDS.index("patience")] = patience
        return tables

    def _table(self, items: Sequence[Item], addresses: Mapping[str, int], thread: int, threads: int) -> Array:
        """Return the arguments of the drive function for one thread."""
        first, rest = (entries(items, a, addresses, thread, threads) for a in (self._first, self._rest))
        self._lists += [first, rest]
        fields = {
            "first": first.ctypes.data, "rest": rest.ctypes.data, "count": len(first), "begin": 0, "steps": 1,
            "scratch": self._scratch[thread].ctypes.data, "meeting": self._meeting.ctypes.data, "threads": threads,
            "pause": pause_address(), "looks": looks(threads), "patience": 0,
        }  # fmt: skip
        return np.array([fields[name] for name in FIELDS], np.int64)
