"""A contestant in a process of its own: `Worker` is the parent's end of the pipe, `main` the child's.

One JSON line asks, one answers. A worker whose turn it is not waits on the pipe and uses no processor.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from .contestants import CONTESTANTS, Contestant
from .networks import NETWORKS, Array, Network, data

CHECKED_STEPS, CHECKS = 50, 4  # before the clock runs: 4 times 50 steps, and the loss of the last 50 is told
FEWEST_STEPS = 10
THREAD_SETTINGS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
Answer = dict[str, Any]


class Worker:
    """Starts the process and asks it; an answer may be {"error": ...}."""

    def __init__(self, name: str, threads: int) -> None:
        self.name = name
        settings = dict.fromkeys(THREAD_SETTINGS, str(threads)) | {"TF_CPP_MIN_LOG_LEVEL": "3"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.contest.worker", name, str(threads)], text=True,
            env=os.environ | settings | CONTESTANTS[name].environment, cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.hello = self._answer()

    def ask(self, **question: Any) -> Answer:
        """Send one question and wait for its answer."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return {"error": "its process has ended"}
        return self._answer()

    def _answer(self) -> Answer:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        return json.loads(line) if line else {"error": "its process has ended"}

    def close(self) -> None:
        """Let the process end."""
        self._process.communicate()


class Turns:
    """What the child keeps between questions: the contestant, and how many steps fill a turn."""

    def __init__(self, contestant: Contestant, threads: int) -> None:
        self.contestant, self.threads = contestant, threads
        self.module = importlib.import_module(f".{contestant.module}", __package__)
        self.mode, self.trained = "", None
        self.x = self.y = np.empty(0)
        self.order, self.epochs = np.empty((0, 0), np.int64), 1

    def prepare(self, network: str, mode: str, seconds: float) -> Answer:
        """Build the network, train a little, find how many steps fill `seconds`; tell the loss reached."""
        if mode != self.mode:
            self.x, self.y, _ = data(mode)
            self.mode = mode
        self.trained, chosen = None, NETWORKS[network]
        start = time.perf_counter()
        trained = getattr(self.module, self.contestant.kind)(chosen, self.x, self.y, self.threads)
        losses, step = self._checked(trained, chosen)
        size = steps_of_a_turn(seconds, step, len(self.x) // chosen.batch)
        self.order, self.epochs = shuffled(0, size, chosen.batch), max(1, round(seconds / (size * step)))
        trained.train(self.order, 1)
        self.trained = trained
        return {"losses": losses, "steps": size * self.epochs, "prepared": time.perf_counter() - start}

    def _checked(self, trained: Any, network: Network) -> tuple[list[float], float]:
        """Train CHECKS times on different rows; return the mean losses and the seconds of a step in the last."""
        losses, seconds = [], 0.0
        for number in range(CHECKS):
            order = shuffled(number * CHECKED_STEPS * network.batch, CHECKED_STEPS, network.batch)
            start = time.perf_counter()
            losses.append(float(trained.train(order, 1)))
            seconds = time.perf_counter() - start
        return losses, seconds / CHECKED_STEPS

    def run(self) -> Answer:
        """Train one turn; tell the seconds it took."""
        assert self.trained is not None
        start = time.perf_counter()
        self.trained.train(self.order, self.epochs)
        return {"seconds": time.perf_counter() - start}


def steps_of_a_turn(seconds: float, step: float, epoch: int) -> int:
    """Return at most an epoch and, below it, tens of steps that take about `seconds`."""
    tens = max(FEWEST_STEPS, round(seconds / step / 10) * 10)
    return min(tens, epoch)


def shuffled(first: int, steps: int, batch: int) -> Array:
    """Return rows first, first + 1, ... in the order everybody takes them, as (steps, batch)."""
    return first + np.random.default_rng(1).permutation(steps * batch).reshape(steps, batch)


def main(name: str, threads: int) -> None:
    """Answer questions until there are no more."""
    pipe = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is no answer

    def tell(answer: Answer) -> None:
        pipe.write(json.dumps(answer) + "\n")
        pipe.flush()

    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    try:
        turns = Turns(CONTESTANTS[name], threads)
    except ImportError as error:
        return tell({"error": f"not installed ({error})"})
    tell({"version": turns.module.VERSION})
    for line in sys.stdin:
        question = json.loads(line)
        try:
            tell(getattr(turns, question.pop("do"))(**question))
        except Exception as error:  # noqa: BLE001  one contestant's failure is an entry in the table
            tell({"error": f"{type(error).__name__}: {error}"[:300]})


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
