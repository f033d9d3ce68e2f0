"""Steps that need nothing of each other: each thread runs a share of them, in memory of its own.

So it is where a graph leaves no state behind, as in `predict`. Nobody waits for anybody, and small steps, which threads
cannot share, run side by side.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from ...arrays import Array
from .calls import share
from .pace import Pace
from .team import team

if TYPE_CHECKING:
    from .programs import Program
    from .runner import NativeRunner


class Many(NamedTuple):
    """Many steps in one call: where they start, the columns and the order of their rows, and what is kept of each."""

    inputs: Mapping[str, Array]
    columns: Mapping[str, Array]
    order: Array
    steps: int
    kept: dict[str, Array]

    @property
    def in_order(self) -> bool:
        """Whether one row follows the other."""
        order = self.order
        return int(order[-1] - order[0]) == len(order) - 1 and bool((order[1:] - order[:-1] == 1).all())

    def part(self, first: int, last: int) -> Many:
        """Return steps `first` to `last` of these, counted from 0."""

        def cut(rows: Array) -> Array:
            each = len(rows) // self.steps
            return rows[first * each : last * each]

        kept = {name: cut(array) for name, array in self.kept.items()}
        return self._replace(order=cut(self.order), steps=last - first, kept=kept)


class Wired(NamedTuple):
    """A program that is ready to run, the arrays it reads, and those it writes."""

    program: Program
    held: Mapping[str, Array]
    outputs: dict[str, Array]

    def found(self) -> Found:
        """Return what a run has given."""
        return Found(self.outputs, self.program.flagged(), self.program.was_finite())


class Found(NamedTuple):
    """What steps gave: outputs, whether the interpreter must be asked, and whether all numbers were finite."""

    outputs: dict[str, Array]
    flagged: bool
    finite: bool


class Apart:
    """A runner and copies of it, one for each thread, made when first needed."""

    def __init__(self, runner: NativeRunner) -> None:
        self._runners = [runner]
        self._pace = Pace(runner.threads)

    def run(self, many: Many) -> Found:
        """Run the steps of `many` side by side, or all in this thread where that has been faster of late."""
        start, taken = time.perf_counter(), list[bool]()
        try:
            together = self._pace.together() and team.take(taken)
            found = self._side_by_side(many) if together else self._in_this_thread(many)
        finally:
            if True in taken:
                team.free.release()
        self._pace.note(not together, (time.perf_counter() - start) / many.steps)
        return found

    def _in_this_thread(self, many: Many) -> Found:
        wired = self._runners[0].wired(many)
        wired.program.run_alone(many.steps)
        return wired.found()

    def _side_by_side(self, many: Many) -> Found:
        threads = self._pace.threads
        shares = [share(many.steps, 1, i, threads) for i in range(threads)]
        parts = [many.part(first, last) for first, last in shares if first < last]
        while len(self._runners) < len(parts):
            self._runners.append(self._runners[0].copy())
        wired = [runner.wired(part) for runner, part in zip(self._runners, parts, strict=False)]
        tables = [one.program.alone(part.steps) for one, part in zip(wired, parts, strict=True)]
        team.run(wired[0].program.drive, tables)
        found = [one.found() for one in wired]
        outputs = found[-1].outputs | many.kept
        return Found(outputs, any(one.flagged for one in found), all(one.finite for one in found))
