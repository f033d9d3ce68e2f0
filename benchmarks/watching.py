"""What watching costs: `fit` with `inspect.record` looking at every n-th step, against `fit` alone.

Run `python -m benchmarks.watching`; BACKLIT_DATA names the folder of MNIST, else random pixels as sparse are used.
"""

from __future__ import annotations

import argparse
from typing import Any

from backlit.inspect import record

from .contest import ours
from .contest.networks import NETWORKS, data
from .timing import Timing, against, machine, median_ratio, take_turns

WATCHED = ("784-10, 32, Adam", "784-100-10, 32, Adam", "784-512-10, 128, RMSprop")
EVERY = (100, 200, 20, 1)
ASKED = 10  # per cent, for a look now and then


def cost(name: str, x: Any, y: Any, rounds: int) -> None:
    """Print by how much an epoch takes longer when it is watched."""
    network = NETWORKS[name]
    model = ours.built(network, x, y)

    def epoch() -> None:
        model.fit(x, y, batch_size=network.batch, epochs=1, verbose=0)

    def watched(every: int) -> None:
        with record(model, every):
            epoch()

    watchers = {str(every): lambda every=every: watched(every) for every in EVERY}
    times = take_turns({"alone": epoch} | watchers, rounds)
    for every in EVERY:
        seen, alone = times[str(every)], times["alone"]
        above = Timing(tuple(100 * (a / b - 1) for a, b in zip(seen.seconds, alone.seconds, strict=True)))
        percent = 100 * (median_ratio(seen, alone) - 1)
        figure = against(percent, ASKED, "%") if every == EVERY[0] else f"{percent:9.4g} %"
        print(f"{name:26} every {every:3} steps {figure} ({above.spread()})", flush=True)


def main() -> None:
    """Print the costs of each network."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.watching", description="What does watching cost?")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    x, y, source = data("mnist")
    print(f"{machine()}, {given.threads} threads; {source}")
    ours.use(given.threads)
    for name in WATCHED:
        cost(name, x, y, given.rounds)


if __name__ == "__main__":
    main()
