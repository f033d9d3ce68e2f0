"""How every table here is measured: candidates take turns within one run, and the median of the rounds is reported.

Turns (A B A B ...) give each candidate the same share of a machine's good and bad moments.
"""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Timing:
    """Seconds of one candidate, one entry per round."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle round."""
        return statistics.median(self.seconds)

    def spread(self, scale: float = 1.0) -> str:
        """Return `min-max`, each multiplied by `scale`."""
        return f"{min(self.seconds) * scale:.4g}-{max(self.seconds) * scale:.4g}"


def take_turns(candidates: Mapping[str, Callable[[], object]], rounds: int, warmup: int = 1) -> dict[str, Timing]:
    """Run every candidate once per round, in order, after `warmup` rounds that do not count."""
    seconds: dict[str, list[float]] = {name: [] for name in candidates}
    for number in range(warmup + rounds):
        for name, run in candidates.items():
            start = time.perf_counter()
            run()
            if number >= warmup:
                seconds[name].append(time.perf_counter() - start)
    return {name: Timing(tuple(values)) for name, values in seconds.items()}


def median_ratio(ours: Timing, theirs: Timing) -> float:
    """Return the median over rounds of ours / theirs: both of a round met the same machine."""
    return statistics.median(a / b for a, b in zip(ours.seconds, theirs.seconds, strict=True))


def machine() -> str:
    """Return one line on what the figures were measured on."""
    return f"Python {platform.python_version()}, NumPy {np.__version__}, {platform.machine()}, {os.cpu_count()} CPUs"


def against(measured: float, asked: float, unit: str, at_least: bool = False) -> str:
    """Return a figure beside the one asked for, and whether it is reached."""
    reached = measured >= asked if at_least else measured <= asked
    goal = f"asked {'>=' if at_least else '<='} {asked:g} {unit}".rstrip()
    return f"{measured:9.4g} {unit:<3}  {goal}: {'yes' if reached else 'no'}"
