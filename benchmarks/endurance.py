"""Whether training keeps its pace: the last of 300 epochs against the first, and `fit` against the sum of its steps.

Run `python -m benchmarks.endurance`; BACKLIT_DATA names the folder of MNIST, else random pixels as sparse are used.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

from backlit import callbacks

from .contest import ours
from .contest.networks import NETWORKS, Array, data
from .contest.worker import shuffled
from .timing import Timing, against, machine, median_ratio, take_turns

SMALL = NETWORKS["784-100-10, 32, Adam"]
SMALL_ROWS = 6_400
FEW = 20  # epochs whose median is compared
VALIDATION_ROWS = 10_000


class Clock(callbacks.Callback):
    """Keeps the seconds of each epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.start, self.seconds = 0.0, list[float]()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Start the clock."""
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Stop it."""
        self.seconds.append(time.perf_counter() - self.start)


def pace(x: Array, y: Array, epochs: int, rounds: int) -> None:
    """Print the last epochs against the first, one after the other and, since machines change their mind, in turns."""
    x, y, clock = x[:SMALL_ROWS], y[:SMALL_ROWS], Clock()
    tired, fresh = (ours.built(SMALL, x, y) for _ in range(2))
    tired.fit(x, y, batch_size=SMALL.batch, epochs=epochs, verbose=0, callbacks=[clock])
    first, last = statistics.median(clock.seconds[1 : FEW + 1]), statistics.median(clock.seconds[-FEW:])
    print(f"{SMALL.name}, {SMALL_ROWS} rows, {epochs} epochs")
    print(f"last {FEW} epochs / first {FEW}           {against(last / first, 1.02, '')} (but the very first)")
    models = {"tired": tired, "fresh": fresh}
    runs = {n: lambda m=m: m.fit(x, y, batch_size=SMALL.batch, epochs=2, verbose=0) for n, m in models.items()}
    times = take_turns(runs, rounds)
    ratio = median_ratio(times["tired"], times["fresh"])
    print(f"the same model / a fresh one, in turns {against(ratio, 1.02, '')}", flush=True)


def whole(name: str, x: Array, y: Array, threads: int, rounds: int) -> None:
    """Print `fit` with shuffling, metrics, validation and callbacks against its training and test steps alone."""
    network, held = NETWORKS[name], slice(-VALIDATION_ROWS, None)
    rows, x_val, y_val = len(x) - VALIDATION_ROWS, x[held], y[held]
    x, y = x[:rows], y[:rows]
    model = ours.Fit(network, x, y, threads).model
    train = ours.Engine(network, x, y, threads)
    test = ours.Engine(network, x_val, y_val, threads, "test")
    orders = [shuffled(0, n // network.batch, network.batch) for n in (rows, VALIDATION_ROWS)]
    watchers = [callbacks.EarlyStopping(patience=1000), callbacks.ReduceLROnPlateau(patience=1000)]
    times = take_turns(
        {
            "fit": lambda: model.fit(
                x, y, batch_size=network.batch, epochs=2, verbose=0, validation_data=(x_val, y_val), callbacks=watchers
            ),
            "steps": lambda: (train.train(orders[0], 2), test.train(orders[1], 2)),
        },
        rounds,
    )
    above = Timing(tuple(100 * (a / b - 1) for a, b in zip(times["fit"].seconds, times["steps"].seconds)))
    print(f"fit above its steps, {name:26} {against(above.median, 10, '%')} ({above.spread()})", flush=True)


def main() -> None:
    """Print the ratios beside the ones asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.endurance", description="Does training keep its pace?")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--epochs", type=int, default=300)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    x, y, source = data("mnist")
    print(f"{machine()}, {given.threads} threads; {source}")
    ours.use(given.threads)
    pace(x, y, given.epochs, given.rounds)
    for name in list(NETWORKS)[:-1]:
        whole(name, x, y, given.threads, given.rounds)


if __name__ == "__main__":
    main()
