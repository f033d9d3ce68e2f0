"""How our step's time grows: with the width, the depth, the batch, and how it falls with a second thread.

    python -m benchmarks.scaling
    python -m benchmarks.scaling --parts width threads --rounds 3

Only the recorded step is timed, many in one call, on random numbers without zeros; candidates take turns.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable, Mapping

import numpy as np

from .contest import ours, peak
from .contest.networks import NETWORKS, Network, dense_flops
from .timing import Timing, against, machine, median_ratio, take_turns

Times = dict[str, Timing]
ROWS = 2048
WIDTHS = (64, 128, 256, 512, 1024, 2048, 4096)
DEPTHS = (2, 4, 8, 16, 32, 64)
BATCHES = (16, 32, 64, 128, 256, 512, 1024)


def run_of(network: Network, threads: int, seconds: float) -> tuple[Callable[[], object], int]:
    """Return a function that trains for about `seconds`, and the steps it makes."""
    random = np.random.default_rng(0)
    x = random.standard_normal((ROWS, network.inputs), np.float32)
    engine = ours.Engine(network, x, random.integers(0, network.classes, ROWS), threads)
    order = random.integers(0, ROWS, (3, network.batch))
    engine.train(order, 1)
    start = time.perf_counter()
    engine.train(order, 1)
    steps = max(3, round(seconds / (time.perf_counter() - start) * 3))
    order = random.integers(0, ROWS, (steps, network.batch))

    def run() -> None:
        ours.use(threads)
        engine.train(order, 1)

    return run, steps


def step_times(candidates: Mapping[str, tuple[Network, int]], given: argparse.Namespace) -> tuple[Times, float]:
    """Return microseconds a step of each (network, threads), and the best peak (GFLOP/s) met between their turns."""
    peaks: list[float] = []
    runs = {name: run_of(network, threads, given.seconds) for name, (network, threads) in candidates.items()}
    turns: dict[str, Callable[[], object]] = {name: run for name, (run, _) in runs.items()}
    timed = take_turns(turns | {"peak": lambda: peaks.append(peak.gigaflops(given.threads))}, given.rounds)
    times = {name: Timing(tuple(s / runs[name][1] * 1e6 for s in timed[name].seconds)) for name in runs}
    return times, max(peaks)


def square(width: int) -> Network:
    """Return one hidden layer of (width, width)."""
    return Network(f"{width}-{width}-10", (width,), 256, "sgd", 0.01, inputs=width)


def layers(depth: int) -> Network:
    """Return `depth` hidden layers of 64 units."""
    return Network(f"{depth} layers", (64,) * depth, 32, "sgd", 0.01, inputs=64)


def batches(size: int) -> Network:
    """Return 784-512-10 in batches of this size."""
    return Network(f"batch {size}", (512,), size, "sgd", 0.01)


def by_width(given: argparse.Namespace) -> None:
    """Print the cost against the width, and the share of the peak."""
    shares = {network.inputs: share for network, share in _table("width", map(square, WIDTHS), given)}
    print(f"share of peak at 2048: {against(100 * shares[2048], 75, '%', at_least=True)}")


def by_depth(given: argparse.Namespace) -> None:
    """Print the cost against the depth: what a layer adds, and what of it is not its products at the peak."""
    networks = [layers(depth) for depth in DEPTHS]
    times, gigaflops = step_times({n.name: (n, given.threads) for n in networks}, given)
    print(f"\ndepth (64 units, batch 32){'us a step':>14}{'us a layer':>12}")
    for network in networks:
        median = times[network.name].median
        print(f"{network.name:26}{median:>14.1f}{median / len(network.hidden):>12.2f}", flush=True)
    added = len(networks[-1].hidden) - len(networks[0].hidden)
    slope = (times[networks[-1].name].median - times[networks[0].name].median) / added
    products = (dense_flops(networks[-1]) - dense_flops(networks[0])) / added / gigaflops / 1e3
    print(f"a layer adds {slope:.2f} us; its products at the peak take {products:.2f} us")
    print(f"fixed cost of a layer: {against(slope - products, 3, 'us')}")


def by_batch(given: argparse.Namespace) -> None:
    """Print the cost against the batch size."""
    list(_table("batch (784-512-10)", map(batches, BATCHES), given))


def by_threads(given: argparse.Namespace) -> None:
    """Print how many times faster two threads are than one."""
    print(f"\nthreads{'one':>30}{'two':>12}   times faster")
    if not hasattr(ours.backlit.config, "set_threads"):
        print("  this Backlit has no set_threads")
        return
    for network in (NETWORKS["784-512-10, 128, RMSprop"], NETWORKS["deep, 64, Adam"], square(1024), square(2048)):
        times, _ = step_times({"one": (network, 1), "two": (network, 2)}, given)
        ratio = against(median_ratio(times["one"], times["two"]), 1.7, "x", at_least=True)
        print(f"{network.name:26}{times['one'].median:>11.0f}{times['two'].median:>12.0f}   {ratio}", flush=True)


def _table(title: str, networks: Iterable[Network], given: argparse.Namespace) -> list[tuple[Network, float]]:
    """Print a line for each network and return the shares of the peak."""
    asked = list(networks)
    times, gigaflops = step_times({n.name: (n, given.threads) for n in asked}, given)
    print(f"\n{title:20}{'us a step':>12}  {'min-max':<22}{'us a sample':>12}{'of peak':>10}")
    print(f"{'':20}(the peak, met between the turns: {gigaflops:.0f} GFLOP/s)")
    shares: list[tuple[Network, float]] = []
    for network in asked:
        timing = times[network.name]
        shares.append((network, dense_flops(network) / timing.median / gigaflops / 1e3))
        sample = f"{timing.median / network.batch:>12.3f}{shares[-1][1]:>10.0%}"
        print(f"{network.name:20}{timing.median:>12.1f}  {timing.spread():<22}{sample}", flush=True)
    return shares


PARTS = {"width": by_width, "depth": by_depth, "batch": by_batch, "threads": by_threads}


def main() -> None:
    """Print the tables asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scaling", description="How our step's time grows.")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.5, help="how long a turn lasts, about")
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    print(f"{machine()}, {given.threads} threads")
    for part in given.parts:
        PARTS[part](given)


if __name__ == "__main__":
    main()
