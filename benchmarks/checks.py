"""What checking the data costs: the look at x and y that `fit` takes once before the first step.

Run `python -m benchmarks.checks`; the arrays have MNIST's size.
"""

from __future__ import annotations

import numpy as np

import backlit
from backlit.training import prepare

from .timing import take_turns


def main(rounds: int = 7) -> None:
    """Print the median seconds for float32 and float64 rows."""
    model = backlit.Sequential([backlit.layers.Input((784,)), backlit.layers.Dense(10, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    y = np.zeros(60_000, int)
    tables = {dtype: np.zeros((60_000, 784), dtype) for dtype in ("float32", "float64")}

    def check(x: np.ndarray) -> object:
        return prepare.training_data(model, x, y, None, None, 32, True, None, 0.1)

    candidates = {dtype: lambda x=x: check(x) for dtype, x in tables.items()}
    for dtype, timing in take_turns(candidates, rounds).items():
        print(f"checks of (60000, 784) {dtype}: {timing.median:.3f} s ({timing.spread()})")


if __name__ == "__main__":
    main()
