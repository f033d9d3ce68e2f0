"""Programs: the calls of a step as tables that machine code walks.

The arguments of all calls stand in one array, written anew when arrays have moved; each thread has its list of entries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ...arrays import Array
from .assembly import Item
from .calls import Call, Symbol, Table
from .slices import ENTRY
from .views import Address


def aligned(size: int) -> Array:
    """Return bytes of zeros that start at a cache line."""
    whole = np.zeros(size + 64, np.uint8)
    start = -whole.ctypes.data % 64
    return whole[start : start + size]


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
