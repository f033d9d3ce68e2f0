"""Whether to run on all threads or on one: whichever takes less time per step, looked at again now and then.

A small step is done before the threads have met; and on a busy machine a thread that waits for another one waits long.
The numbers do not depend on the choice.
"""

from __future__ import annotations

AGAIN = 64  # calls until the slower way is tried again


class Pace:
    """What has been measured of both ways: seconds a step, alone and together."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.seconds: dict[bool, float] = {}
        self.calls = 0

    def together(self) -> bool:
        """Say whether the next call shall run on all threads."""
        if self.threads == 1:
            return False
        if len(self.seconds) < 2:
            return True not in self.seconds and self.calls > 0
        faster = self.seconds[True] < self.seconds[False]
        return faster if self.calls % AGAIN else not faster

    def note(self, alone: bool, seconds: float) -> None:
        """Remember how long a step took."""
        self.calls += 1
        together = not alone
        known = self.seconds.get(together)
        self.seconds[together] = seconds if known is None else min(seconds, 0.5 * (known + seconds))
