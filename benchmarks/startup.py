"""What a fresh process costs: its first trained epoch, its memory, and making machine code without and with a cache.

Run `python -m benchmarks.startup`; every figure comes from processes started for it, the cache is a folder of their
own. BACKLIT_DATA names the folder of MNIST.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from .timing import Timing, against, machine

EPOCH = """
import json, resource, sys
import backlit
from backlit import layers
from benchmarks import digits
{settings}
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
images, labels, source = digits.read()
x = images.reshape(-1, 784)  # bytes as they are: a step turns the rows it gathers into floats
with_data = peak()
hidden, output = layers.Dense(100, activation="relu"), layers.Dense(10, activation="softmax")
model = backlit.Sequential([layers.Rescaling(1 / 255), hidden, output])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(x, labels, batch_size=32, epochs=1, verbose=0).history
print(json.dumps({{"peak": peak(), "with_data": with_data, "source": source, "accuracy": history["accuracy"][0]}}))
"""
CODE = """
import json, time
import numpy as np
import backlit.execute.native
from llvmlite import binding  # loading LLVM takes 40 ms more, once a process
from benchmarks.contest import ours
from benchmarks.contest.networks import NETWORKS
{settings}
backlit.config.set_executor("interpreter")  # the step is recorded, and not prepared before the clock runs
network = NETWORKS["deep, 64, Adam"]
x, y = np.zeros((64, 784), np.float32), np.zeros(64, np.int64)
graph = ours.recorded_step(ours.built(network, x, y), network, x, y).graph
start = time.perf_counter()
backlit.execute.native.prepare(graph)
print(json.dumps({{"seconds": time.perf_counter() - start}}))
"""


def fresh(code: str, cache: str, threads: int) -> tuple[float, dict[str, Any]]:
    """Run code in a process of its own; return the seconds from its start to its end, and what it told."""
    settings = f"from benchmarks.contest import ours; ours.use({threads})"
    command = [sys.executable, "-c", code.format(settings=settings)]
    environment = os.environ | {"BACKLIT_CACHE": cache}
    start = time.perf_counter()
    done = subprocess.run(
        command, env=environment, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True
    )
    return time.perf_counter() - start, json.loads(done.stdout.splitlines()[-1])


def cold_and_warm(code: str, rounds: int, threads: int) -> dict[str, list[tuple[float, dict[str, Any]]]]:
    """Return the rounds with an empty cache, and those with what the process before left in it."""
    found: dict[str, list[tuple[float, dict[str, Any]]]] = {"cold": [], "warm": []}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as cache:
            found["cold"].append(fresh(code, cache, threads))
            found["warm"].append(fresh(code, cache, threads))
    return found


def first_epoch(rounds: int, threads: int) -> None:
    """Print process start to the end of the first epoch of 784-100-10, and the most memory it held."""
    for state, runs in cold_and_warm(EPOCH, rounds, threads).items():
        timing, answers = Timing(tuple(seconds for seconds, _ in runs)), [answer for _, answer in runs]
        memory, before = (max(a[key] for a in answers) / 2**20 for key in ("peak", "with_data"))
        first = f"{against(timing.median, 1.5, 's')} ({timing.spread()}), accuracy {answers[0]['accuracy']:.3f}"
        print(f"first epoch, {state:10} {first}; {answers[0]['source']}")
        print(f"  peak memory          {against(memory, 300, 'MB')} ({before:.0f} MB before training)", flush=True)


def machine_code(rounds: int, threads: int) -> None:
    """Print how long preparing the deep network's step takes."""
    runs = cold_and_warm(CODE, rounds, threads)
    cold, warm = (Timing(tuple(answer["seconds"] for _, answer in runs[state])) for state in ("cold", "warm"))
    print(f"deep network, cold     {against(cold.median, 0.5, 's')} ({cold.spread()})")
    print(f"deep network, warm     {against(1e3 * warm.median, 30, 'ms')} ({warm.spread(1e3)})")


def main() -> None:
    """Print all of it beside the figures asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.startup", description="What a fresh process costs.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    print(f"{machine()}, {given.threads} threads; median (min-max) of {given.rounds} fresh processes")
    first_epoch(given.rounds, given.threads)
    machine_code(given.rounds, given.threads)


if __name__ == "__main__":
    main()
