"""One figure: what a notebook printed, what we got, and whether the two agree within a stated band.

A figure without a band is shown for what it is and held against nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..arrays import Array, floatx, set_floatx
from ..callbacks import Callback


@dataclass(frozen=True)
class Figure:
    """`printed` and `reached` as text; `band` says how far apart they may be; `holds` is None where nothing is said."""

    name: str
    printed: str
    reached: str
    band: str = ""
    holds: bool | None = None


@dataclass(frozen=True, eq=False)
class Digits:
    """MNIST as the programs take it: rows of 784 float64 pixels from 0 to 1, and class numbers."""

    x: Array  # (60000, 784)
    y: Array
    x_test: Array  # (10000, 784)
    y_test: Array

    @classmethod
    def of(cls, split: Any) -> Digits:
        """Make it of what `backlit.datasets.mnist.load_data` returns."""
        (x, y), (x_test, y_test) = split
        return cls(x.reshape(-1, 784) / 255.0, y, x_test.reshape(-1, 784) / 255.0, y_test)

    def single(self) -> tuple[Array, Array]:
        """Return the pixels of both sets in float32."""
        return self.x.astype("float32"), self.x_test.astype("float32")

    def one_hot(self) -> tuple[Array, Array]:
        """Return the labels of both sets as rows of 0 and 1."""
        return np.eye(10)[self.y], np.eye(10)[self.y_test]


def _silent(part: str, share: float) -> None:
    """Say nothing."""


@dataclass(frozen=True)
class Plan:
    """How much to run: `quick` leaves the long ends out, `budget` is the seconds for the deep network.

    `tell(part, share)` is called now and then with what runs and how much of it is done.
    """

    quick: bool = False
    budget: float = 180.0
    tell: Callable[[str, float], None] = field(default=_silent)


def exact(name: str, printed: str, reached: str) -> Figure:
    """Return a figure whose text must be the same."""
    return Figure(name, printed, reached, "exact", printed == reached)


def near(name: str, printed: float, reached: float, band: float, digits: int = 4) -> Figure:
    """Return a figure that may be `band` away."""
    there = abs(reached - printed) <= band
    return Figure(name, f"{printed:.{digits}f}", f"{reached:.{digits}f}", f"±{band:g}", bool(there))


class Ticks(Callback):
    """Tells how many of the epochs are done."""

    def __init__(self, plan: Plan, part: str) -> None:
        super().__init__()
        self._plan, self._part = plan, part

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Tell it."""
        self._plan.tell(self._part, epoch / (self.params or {}).get("epochs", 1))


@contextmanager
def double_precision() -> Iterator[None]:
    """Compute in float64 inside; the default float is what it was afterwards."""
    before = floatx()
    set_floatx("float64")
    try:
        yield
    finally:
        set_floatx(before)
