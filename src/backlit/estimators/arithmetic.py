"""How the network of an estimator computes: in a dtype of its own, on as many threads as its process may use.

Both hold for a block and for the thread it runs in, so that estimators fitted side by side do not meet.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager

from ..arrays import using_floatx
from ..execute import MOST_THREADS, at_most_threads

SHARE = "OMP_NUM_THREADS"  # joblib sets it in its workers, so that all of them together use each core once


@contextmanager
def arithmetic(dtype: str) -> Generator[None]:
    """Compute in `dtype`, on no more threads than OMP_NUM_THREADS, as scikit-learn's own estimators do."""
    given = os.environ.get(SHARE, "").split(",")[0].strip()
    share = min(max(int(given), 1), MOST_THREADS) if given.isdigit() else MOST_THREADS
    with using_floatx(dtype), at_most_threads(share):
        yield
