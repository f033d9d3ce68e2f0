"""`sklearn.model_selection` where scikit-learn is not installed: one split, in the same order as the real one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...arrays import Array
from ...errors import ConfigError, DataError, UnsupportedName

__all__ = ["train_test_split"]


def train_test_split(
    *arrays: Any, test_size: Any = None, train_size: Any = None, random_state: Any = None, shuffle: bool = True,
    stratify: Any = None,
) -> list[Array]:  # fmt: skip
    """Return a training and a test part of each array, in order; the same rows as scikit-learn for a `random_state`.

    Sizes are shares or numbers of rows; a quarter is for the test by default. `stratify` raises `UnsupportedName`,
    arrays of different lengths `DataError`, sizes that do not fit `ConfigError`.
    """
    if stratify is not None:
        raise UnsupportedName("train_test_split(stratify=...) needs scikit-learn: pip install scikit-learn.")
    parts = [np.asanyarray(a) for a in arrays]
    lengths = {len(part) for part in parts}
    if len(lengths) != 1:
        raise DataError(f"train_test_split was given arrays of {sorted(lengths)} rows. Expected one length for all.")
    rows = lengths.pop()
    train, test = _sizes(rows, test_size, train_size)
    if not shuffle:
        return [half for part in parts for half in (part[:train], part[train : train + test])]
    source = random_state if hasattr(random_state, "permutation") else np.random.RandomState(random_state)
    order = source.permutation(rows)
    return [half for part in parts for half in (part[order[test : test + train]], part[order[:test]])]


def _sizes(rows: int, test_size: Any, train_size: Any) -> tuple[int, int]:
    """Return how many rows are for training and for the test: the test is rounded up, the training down."""
    if test_size is None:
        test_size = 0.25 if train_size is None else None
    test = None if test_size is None else test_size if test_size >= 1 else math.ceil(test_size * rows)
    train = None if train_size is None else train_size if train_size >= 1 else math.floor(train_size * rows)
    train = rows - int(test or 0) if train is None else train
    test = rows - int(train) if test is None else test
    if train < 1 or test < 1 or train + test > rows:
        raise ConfigError(
            f"train_test_split was given test_size={test_size!r} and train_size={train_size!r} for {rows} rows: "
            f"{train} and {test}. Expected one row or more each, and {rows} at most together."
        )
    return int(train), int(test)
