"""How long a prediction takes: one row by itself, and ten thousand rows in batches, by the network 784-128-10.

Run `python -m benchmarks.inference`; BACKLIT_DATA names the folder of MNIST, else random pixels as sparse are used.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from .contest import ours
from .contest.networks import NETWORKS, data
from .timing import Timing, against, machine, take_turns

ROWS = 10_000
BATCHES = (32, 256, 1000, 10_000)
CALLS = 2_000


def one_row(model: Any, x: Any) -> tuple[str, Callable[[], object]]:
    """Return how one row is predicted here, and a function that does it many times."""
    predict_one = getattr(model, "predict_one", None)
    row = x[0] if predict_one is not None else x[:1]
    predict = predict_one or model

    def run() -> None:
        for _ in range(CALLS):
            predict(row)

    return "model.predict_one(x)" if predict_one is not None else "model(x)", run


def main() -> None:
    """Print both times beside the ones asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.inference", description="How long predictions take.")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    x, y, source = data("mnist")
    x, y = x[:ROWS], y[:ROWS]
    ours.use(given.threads)
    model = ours.built(NETWORKS["784-128-10, 128, SGD"], x, y)
    print(f"{machine()}, {given.threads} threads; {source}\n784-128-10{'median (min-max)':>30}")
    name, run = one_row(model, x)
    single = _microseconds(take_turns({name: run}, given.rounds)[name], CALLS)
    print(f"{name:24}{against(single.median, 15, 'us')} ({single.spread()})", flush=True)
    runs = {size: lambda size=size: model.predict(x, batch_size=size, verbose=0) for size in BATCHES}
    times = take_turns({str(size): run for size, run in runs.items()}, given.rounds)
    for size, timing in times.items():
        label = f"{ROWS} rows, batch {size}"
        print(f"{label:24}{against(1e3 * timing.median, 5, 'ms')} ({timing.spread(1e3)})")


def _microseconds(timing: Timing, calls: int) -> Timing:
    return Timing(tuple(1e6 * seconds / calls for seconds in timing.seconds))


if __name__ == "__main__":
    main()
