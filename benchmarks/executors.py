"""The interpreter against machine code: the same `fit`, whole epochs with shuffling and metrics, in one run.

Run `python -m benchmarks.executors`; BACKLIT_DATA names the folder of MNIST, else random pixels as sparse are used.
Set OPENBLAS_NUM_THREADS=1 and BACKLIT_THREADS=1 to compare one thread with one.
"""

from __future__ import annotations

from collections.abc import Callable

import backlit
from backlit import layers

from .digits import load
from .timing import take_turns

NETWORKS = {
    "784-10, 32, Adam": ((), 32, "adam"),
    "784-100-10, 32, Adam": ((100,), 32, "adam"),
    "784-128-10, 128, SGD": ((128,), 128, "sgd"),
    "784-512-10, 128, RMSprop": ((512,), 128, "rmsprop"),
    "784-50-10, 100, SGD": ((50,), 100, "sgd"),
}


def trained(hidden: tuple[int, ...], batch: int, optimizer: str, executor: str, rows: int) -> Callable[[], object]:
    """Return a function that trains one epoch on `rows` samples; the step is recorded and compiled already."""
    x, y, _ = load(rows, "float32")
    backlit.config.set_executor(executor)
    backlit.set_random_seed(0)
    model = backlit.Sequential([layers.Dense(u, "relu") for u in hidden] + [layers.Dense(10, "softmax")])
    model.compile(optimizer, "categorical_crossentropy", metrics=["accuracy"])
    model.fit(x[:batch], y[:batch], batch_size=batch, verbose=0)
    backlit.config.set_executor("interpreter")
    return lambda: model.fit(x, y, batch_size=batch, verbose=0)


def main(rounds: int = 7, steps: int = 150) -> None:
    """Print microseconds per step of both, and how many times faster machine code is."""
    print(load(1, "float32")[2])
    print(f"{'network, batch, optimizer':<28}{'interpreter':>14}{'native':>10}{'times faster':>14}")
    for name, (hidden, batch, optimizer) in NETWORKS.items():
        runs = {e: trained(hidden, batch, optimizer, e, steps * batch) for e in ("interpreter", "native")}
        times = take_turns(runs, rounds)
        interpreter, native = (times[e].median / steps * 1e6 for e in ("interpreter", "native"))
        print(f"{name:<28}{interpreter:>11.0f} us{native:>7.0f} us{interpreter / native:>14.2f}", flush=True)


if __name__ == "__main__":
    main()
