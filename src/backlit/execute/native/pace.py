"""Whether to run on all threads or on one: whichever takes less time per step, looked at again now and then.

A small step is done before the threads have met; and on a busy machine a thread that waits for another one waits long.
The numbers do not depend on the choice.
"""

from __future__ import annotations

from collections import deque

FIRST, LONGEST = 4, 64  # calls until the slower way is tried again: soon after it fell behind, then ever less often
SAMPLES = 3  # calls of each way that count: the first of them pays for waking threads, the best of them is believed


class Pace:
    """What has been measured of both ways: seconds a step of the last calls, alone and together."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.seconds: dict[bool, deque[float]] = {way: deque(maxlen=SAMPLES) for way in (False, True)}
        self.faster = True  # whether all threads were faster when it was last asked
        self.wait, self.next = FIRST, FIRST  # calls until the next trial

    def together(self) -> bool:
        """Say whether the next call shall run on all threads."""
        if self.threads == 1:
            return False
        alone, together = (self.seconds[way] for way in (False, True))
        if len(alone) < SAMPLES or len(together) < SAMPLES:
            return len(together) < len(alone)
        faster = min(together) < min(alone)
        if faster != self.faster:
            self.faster, self.wait, self.next = faster, FIRST, FIRST
        self.next -= 1
        if self.next > 0:
            return faster
        self.wait = min(2 * self.wait, LONGEST)
        self.next = self.wait
        return not faster

    def is_behind(self, seconds: float) -> bool:
        """Say whether all threads, having waited for each other, take longer a step than one is known to, or may."""
        alone = self.seconds[False]
        return not alone or min(alone) < seconds

    def note(self, alone: bool, seconds: float) -> None:
        """Remember how long a step took."""
        self.seconds[not alone].append(seconds)
