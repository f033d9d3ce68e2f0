"""Runs the contest: every contestant waits in a process of its own, and they take turns, round after round.

    python -m benchmarks.contest
    python -m benchmarks.contest --networks 784-10 deep --contestants ours jax-scan --seconds 0.3
    python -m benchmarks.contest --data mnist inverted gaussian --json benchmarks/results/contest.json

BACKLIT_DATA names the folder of MNIST. Before anything is timed all train on the same rows, and their losses must
agree.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from . import peak, table
from .contestants import CONTESTANTS, EVERYBODY, STRONGEST
from .networks import DATA, NETWORKS, Network, data
from .worker import Worker

BAND = 0.25  # how far a loss may lie from the median of all, as a share of it (and never less than 0.05)
REST = 0.02  # seconds between turns, for the threads of the last one to fall asleep


class Contest:
    """The workers, whose turn it is, and the figures so far."""

    def __init__(self, names: Sequence[str], threads: int, rounds: int, seconds: float) -> None:
        self.rounds, self.seconds, self.threads = rounds, seconds, threads
        self.workers: dict[str, Worker] = {}
        self.figures: table.Figures = {
            "date": date.today().isoformat(), "cpu": processor(), "vector_bytes": 4 * peak.lanes(),
            "python": platform.python_version(),
            "threads": threads, "seconds": seconds, "versions": {}, "peak": {str(n): [] for n in (1, threads)},
            "source": {}, "data": {},
        }  # fmt: skip
        for name in names:
            self._start(name)

    def _start(self, name: str) -> None:
        worker = Worker(name, self.threads)
        if "error" in worker.hello:
            print(f"{CONTESTANTS[name].label} is left out: {worker.hello['error']}", flush=True)
            return worker.close()
        self.workers[name] = worker
        self.figures["versions"][name] = worker.hello["version"]

    def measure_peak(self) -> None:
        """Measure the peak once more; the best of all rounds counts."""
        for threads, rounds in self.figures["peak"].items():
            rounds.append(round(peak.gigaflops(int(threads)), 1))

    def hold(self, mode: str, network: Network, names: Sequence[str]) -> None:
        """Prepare everybody, compare their losses, give them turns, and print the network's table."""
        entries: dict[str, Any] = {}
        for name in names:
            if name in self.workers:
                question = {"network": network.name, "mode": mode, "seconds": self.seconds}
                entries[name] = self.workers[name].ask(do="prepare", **question)
        ready = [name for name, entry in entries.items() if "error" not in entry]
        print(f"\n{agreement({name: entries[name]['losses'][-1] for name in ready})}")
        self._take_turns(entries, ready)
        self.figures["data"].setdefault(mode, {})[network.name] = entries
        print(table.full(self.figures, mode, network.name), flush=True)

    def _take_turns(self, entries: dict[str, Any], ready: list[str]) -> None:
        for name in ready:
            entries[name]["rounds"] = []
        for _ in range(self.rounds):
            self.measure_peak()
            for name in ready:
                time.sleep(REST)
                seconds = self.workers[name].ask(do="run")["seconds"]
                entries[name]["rounds"].append(round(seconds / entries[name]["steps"] * 1e6, 2))

    def close(self) -> None:
        """Let all workers end."""
        for worker in self.workers.values():
            worker.close()


def agreement(losses: dict[str, float]) -> str:
    """Return one line with the losses reached before the clock ran; whoever is outside the band is named."""
    if not losses:
        return "nobody is ready"
    middle = statistics.median(losses.values())
    strays = [name for name, loss in losses.items() if not abs(loss - middle) <= max(BAND * middle, 0.05)]
    verdict = f"NOT THE SAME TRAINING: {', '.join(strays)}" if strays else "the same training"
    return f"losses after 200 steps {min(losses.values()):.3f}-{max(losses.values()):.3f}: {verdict}"


def processor() -> str:
    """Return the processor's name."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text("utf-8").splitlines() if info.is_file() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def chosen(beginnings: Sequence[str]) -> list[Network]:
    """Return the networks whose names begin like this; none raises `SystemExit`."""
    found = [network for name, network in NETWORKS.items() if any(name.startswith(b) for b in beginnings)]
    if not found:
        raise SystemExit(f"no such network; there are: {'; '.join(NETWORKS)}")
    return found


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.contest", description="Our step against its peers'.")
    parser.add_argument("--networks", nargs="+", default=[""], metavar="NAME", help="how their names begin")
    parser.add_argument(
        "--contestants", nargs="+", choices=CONTESTANTS, help="default: all, on other data the strongest"
    )
    parser.add_argument("--data", nargs="+", choices=DATA, default=["mnist"])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.0, help="how long a turn lasts, about")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path, help="where to keep all rounds")
    return parser.parse_args()


def main() -> None:
    """Hold the contest and print its tables."""
    given = options()
    networks = chosen(given.networks)
    contest = Contest(given.contestants or EVERYBODY, given.threads, given.rounds, given.seconds)
    try:
        for mode in given.data:
            contest.figures["source"][mode] = data(mode)[2]
            print(f"\ndata: {contest.figures['source'][mode]}", flush=True)
            for network in networks:
                contest.hold(mode, network, given.contestants or (EVERYBODY if mode == "mnist" else STRONGEST))
        print(f"\n{table.header(contest.figures)}")
    finally:
        contest.close()
    if given.json:
        given.json.parent.mkdir(parents=True, exist_ok=True)
        given.json.write_text(json.dumps(contest.figures, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
