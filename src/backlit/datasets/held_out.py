"""Which rows of a user's data are kept for the test: drawn by the seed, and of each class the same share.

The same data with the same seed gives the same rows, so that a saved network can be measured on them again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np

from .. import seeds
from ..arrays import Array

SHARE = 1 / 6


def hold_out(rows: int, share: float, seed: int, classes: Array | None = None) -> tuple[Array, Array]:
    """Return (training rows, test rows), each in random order.

    With `classes` (rows,), of each class the share is kept to the nearest row, at least one of a class of two or more.
    """
    order = seeds.permutation(seed, 0, rows, seeds.HELD_OUT)
    groups = [np.arange(rows)]
    if classes is not None:
        ordered = classes[order]
        groups = [np.flatnonzero(ordered == c) for c in np.unique(ordered)]
    kept = np.zeros(rows, bool)
    for places in groups:
        count = 0 if share == 0 or len(places) < 2 else min(max(1, round(share * len(places))), len(places) - 1)
        kept[places[:count]] = True
    return order[~kept], order[kept]


def last_rows(rows: int, share: float) -> int:
    """Return where the test begins if it is the last rows of data too big to be put in another order."""
    return rows - max(1, round(share * rows)) if share else rows


def digest(parts: Iterable[bytes]) -> str:
    """Return the SHA-256 of some bytes, by which the data of a training run are known again."""
    found = hashlib.sha256()
    for part in parts:
        found.update(len(part).to_bytes(8, "little"))
        found.update(part)
    return found.hexdigest()
