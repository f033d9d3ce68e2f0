"""What the search for NaN and infinity costs inside the steps: the same steps with it and without it, in turns.

Run `python -m benchmarks.finite`; BACKLIT_DATA names the folder of MNIST, else random pixels as sparse are used. Rows
are looked at while they are gathered, weights and metrics after the last step of a call.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from backlit.execute.native import edges, machine, slices

from .contest import ours
from .contest.networks import NETWORKS, Array, data
from .contest.worker import shuffled
from .timing import Timing, against, take_turns
from .timing import machine as machine_text

STEPS = 200
KEPT: list[dict[Any, Any]] = []  # machine code lives as long as this names it


@contextmanager
def unseen() -> Iterator[None]:
    """Compile what is compiled inside without the search; nothing of it is kept on disk."""
    kernels: dict[Any, Any] = {}
    KEPT.append(kernels)
    with (
        mock.patch.dict(os.environ, BACKLIT_CACHE="0"),
        mock.patch.object(machine, "_kernels", kernels),
        mock.patch.object(slices.Lookout, "see", return_value=None),
        mock.patch.object(edges, "_checks", return_value=[]),
    ):
        yield


def engines(name: str, x: Array, y: Array, threads: int) -> dict[str, Any]:
    """Return the step with the search and without it, both run once."""
    order = shuffled(0, 2, NETWORKS[name].batch)
    found: dict[str, Any] = {"with": ours.Engine(NETWORKS[name], x, y, threads)}
    found["with"].train(order, 1)
    with unseen():
        found["without"] = ours.Engine(NETWORKS[name], x, y, threads)
        found["without"].train(order, 1)
    return found


def main() -> None:
    """Print what it adds to a step of each network."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.finite", description="What the search for NaN costs.")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    x, y, source = data("mnist")
    print(f"{machine_text()}, {given.threads} threads; {source}; calls of {STEPS} steps (deep: a tenth)")
    for name, network in NETWORKS.items():
        order = shuffled(0, STEPS // 10 if network.deep else STEPS, network.batch)
        runs = {way: lambda e=e, o=order: e.train(o, 1) for way, e in engines(name, x, y, given.threads).items()}
        times = take_turns(runs, given.rounds)
        above = Timing(tuple(100 * (a / b - 1) for a, b in zip(times["with"].seconds, times["without"].seconds)))
        best = 100 * (min(times["with"].seconds) / min(times["without"].seconds) - 1)
        print(
            f"{name:26} {against(above.median, 1, '%')} ({above.spread()}), best against best {best:.2f} %", flush=True
        )


if __name__ == "__main__":
    main()
