"""What `backlit summary` says of a file that holds arrays and no network: one line for each array."""

from __future__ import annotations

import math
from collections.abc import Iterable

from ..arrays import Shape


def listing(arrays: Iterable[tuple[str, Shape, str]]) -> str:
    """Return lines of name, shape and dtype, and how many numbers there are in all.

    >>> print(listing([("dense/kernel", (4, 3), "float32"), ("dense/bias", (3,), "float32")]))
    dense/kernel  (4, 3)  float32
    dense/bias    (3,)    float32
    2 arrays, 15 numbers
    """
    rows = [(name, str(shape), dtype, math.prod(shape)) for name, shape, dtype in arrays]
    wide, high = (max((len(str(row[i])) for row in rows), default=0) for i in (0, 1))
    lines = [f"{name:{wide}}  {shape:{high}}  {dtype}" for name, shape, dtype, _ in rows]
    return "\n".join([*lines, f"{len(rows)} arrays, {sum(row[3] for row in rows):,} numbers"])
