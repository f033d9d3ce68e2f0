"""Everything that is wrong with some data in one error, a line for each fault, so that one run shows them all.

The command line prints these lines as they are; every other error of ours is a single line.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import DataError

MOST = 20  # lines; how many more there are is said


def refuse_any(faults: Sequence[str], opening: str, advice: str) -> None:
    """Raise `DataError` if there are faults: `opening`, a line for each (the first 20), and what to do."""
    if faults:
        raise DataError("\n  ".join([opening, *shortened(faults), advice]))


def shortened(items: Sequence[str], most: int = MOST) -> list[str]:
    """Return the first items, and `and 12 more` in place of the others."""
    return [*items[:most], *([f"and {len(items) - most:,} more"] if len(items) > most else [])]
