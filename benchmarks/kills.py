"""Trainings killed with SIGKILL and taken up again: do they end with the bits of a training nobody disturbed?

A third of the kills fall inside a save, at one of its system calls or half way through its bytes; a third in the middle
of an epoch; the rest at any instant, by the clock, some while a training is just being taken up. Resuming alternates
between one thread and two. `python -m benchmarks.kills` makes 300 and ends with 1 where anything differed.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

import backlit as bl
from backlit import callbacks, files, layers
from backlit.preprocessing.image import ImageDataGenerator

EPOCHS, BATCH, ROWS = 6, 16, 120
PLACES = ("inside a save", "mid-epoch", "any instant", "while resuming")
NETWORKS = ("plain", "dropout", "normalized", "augmented")
CALLS = ("open", "fsync", "link", "replace", "close")  # what a save asks of the system
MOST_SECONDS = 120.0  # for one child


@dataclass(frozen=True)
class Kill:
    """Where a training is to end: at a place, and how far into it (calls, steps or a share of the whole time)."""

    place: str
    at: float


@dataclass(frozen=True)
class Case:
    """A training: its network, how often its state is kept, the kills it meets one after the other."""

    network: str
    every: str | int
    kills: tuple[Kill, ...]


class Fatal(callbacks.Callback):
    """Kills its own process after so many steps (0: never, and then it does not listen to batches)."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.left = steps
        if steps:
            self.on_train_batch_end = self._after_batch

    def _after_batch(self, batch: int, logs: Any = None) -> None:
        self.left -= 1
        if self.left <= 0:
            die()


def die() -> None:
    """End as a power cut would: nothing is flushed, no handler runs."""
    os.kill(os.getpid(), signal.SIGKILL)


def fatal_saves(calls: int) -> None:
    """Make the writer of files die at its `calls`-th call of the system, before or after, or within its bytes."""
    left = [calls]

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*given: Any, **named: Any) -> Any:
            left[0] -= 1
            if left[0] == 0:
                die()
            answer = call(*given, **named)
            left[0] -= 1
            if left[0] == 0:
                die()
            return answer

        return counting

    class Halves(io.FileIO):
        """A file whose bytes arrive in two halves, with a call between them."""

        def write(self, data: Any, /) -> int:
            first = super().write(memoryview(data)[: len(data) // 2])
            between()
            return first + super().write(memoryview(data)[first:])

    between = counted(lambda: None)
    system = vars(os) | {name: counted(getattr(os, name)) for name in CALLS}
    system["fdopen"] = lambda descriptor, mode: io.BufferedRandom(Halves(descriptor, "r+"))
    files.os = SimpleNamespace(**system)  # the writer's alone: what others ask of the system is not counted


def stack(network: str) -> list[Any]:
    """Return the layers of a network."""
    middle = {
        "plain": [],
        "dropout": [layers.Dropout(0.3)],
        "normalized": [layers.BatchNormalization(), layers.Dropout(0.2)],
        "augmented": [layers.BatchNormalization()],
    }[network]
    moved = [layers.RandomTranslation(0.1, 0.1)] if network == "normalized" else []
    first = [layers.Input((6, 4, 1)), *moved, layers.Flatten(), layers.Dense(8, "relu")]
    return [*first, *middle, layers.Dense(3, "softmax")]


def train(case: Case, folder: Path, threads: int, fatal_step: int = 0) -> str:
    """Train, from where the folder says, and return a digest of all that must not depend on kills."""
    bl.set_random_seed(7)
    bl.config.set_threads(threads)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(ROWS + 30, 6, 4, 1)).astype("float32")
    y = x[:, :3, 0, 0].argmax(1)
    model = bl.Sequential(stack(case.network))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    plateau = callbacks.ReduceLROnPlateau("loss", patience=1, factor=0.5, min_delta=0.05)
    stopping = callbacks.EarlyStopping("val_loss", patience=3, restore_best_weights=True)
    backup = callbacks.BackupAndRestore(folder / "kept", save_freq=case.every)
    given: dict[str, Any] = {"x": x[:ROWS], "y": y[:ROWS], "batch_size": BATCH}
    if case.network == "augmented":
        given = {"x": ImageDataGenerator(rotation_range=20).flow(x[:ROWS], y[:ROWS], batch_size=BATCH, seed=5)}
    history = model.fit(
        **given, epochs=EPOCHS, validation_data=(x[ROWS:], y[ROWS:]), verbose=0,
        callbacks=[plateau, stopping, backup, Fatal(fatal_step)],
    ).history  # fmt: skip
    found = hashlib.sha256()
    for variable in (*model.weights, *model.optimizer.variables):
        found.update(variable.numpy().tobytes())
    judges = (plateau.best, plateau.wait, stopping.best, stopping.wait, stopping.best_epoch)
    found.update(json.dumps([history, [str(value) for value in judges]]).encode())
    return found.hexdigest()


def child(case: Case, folder: Path, threads: int, kill: Kill | None, seconds: float) -> tuple[bool, float]:
    """Run a training in a forked process; return whether it lived to its end, and the seconds it ran.

    `seconds` is how long an undisturbed one takes: kills by the clock are shares of it.
    """
    start = time.perf_counter()
    process = os.fork()
    if process == 0:
        _in_child(case, folder, threads, kill)
    ends = start + MOST_SECONDS
    if kill is not None and kill.place in ("any instant", "while resuming"):
        time.sleep(kill.at * seconds)
        os.kill(process, signal.SIGKILL)  # it is our own child, and not yet waited for
    while (ended := os.waitpid(process, os.WNOHANG))[0] == 0:
        if time.perf_counter() > ends:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            raise RuntimeError(f"{case} was not done after {MOST_SECONDS:g} s.")
        time.sleep(0.002)
    lived = os.WIFEXITED(ended[1])
    if lived and os.WEXITSTATUS(ended[1]) != 0:
        raise RuntimeError(f"{case}, {kill}: {(folder / 'error').read_text()}")
    return lived, time.perf_counter() - start


def _in_child(case: Case, folder: Path, threads: int, kill: Kill | None) -> None:
    """Train, write down what came out, and leave without the parent's endings."""
    try:
        if kill is not None and kill.place == "inside a save":
            fatal_saves(int(kill.at))
        step = int(kill.at) if kill is not None and kill.place == "mid-epoch" else 0
        (folder / "digest").write_text(train(case, folder, threads, step))
    except BaseException as error:  # noqa: BLE001 (whatever it is, the parent must hear of it)
        (folder / "error").write_text(repr(error))
        os._exit(1)
    os._exit(0)


def outcome(case: Case, first_threads: int) -> tuple[str, list[str]]:
    """Return the digest a training ended with, and the places of the kills that met it alive."""
    met: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        folder, threads = Path(name), first_threads
        seconds = undisturbed_seconds(case.network)
        for kill in case.kills:
            lived, _ = child(case, folder, threads, kill, seconds)
            threads = 3 - threads  # 1, 2, 1, ...
            if lived:
                break
            met.append(kill.place)
        else:
            child(case, folder, threads, None, seconds)
        return (folder / "digest").read_text(), met


_seconds: dict[str, float] = {}


def undisturbed_seconds(network: str) -> float:
    """Return how long a training of this network takes in a child: the shorter of two, for the first one compiles."""
    if network not in _seconds:
        runs: list[float] = []
        for _ in range(2):
            with tempfile.TemporaryDirectory() as name:
                runs.append(child(Case(network, "epoch", ()), Path(name), 1, None, 0.0)[1])
        _seconds[network] = min(runs)
    return _seconds[network]


def cases(kills: int, seed: int) -> list[Case]:
    """Return trainings with that many kills in all: a third in saves, a third mid-epoch, the rest by the clock."""
    rng = np.random.default_rng(seed)
    steps = EPOCHS * -(-ROWS // BATCH)
    found: list[Case] = []
    left = kills
    while left > 0:
        drawn: list[Kill] = []
        for i in range(min(left, int(rng.integers(1, 4)))):
            place = PLACES[(kills - left + i) % 3]
            if place == "any instant" and drawn:
                place = "while resuming"
            drawn.append(Kill(place, _how_far(place, steps, rng)))
        left -= len(drawn)
        every: str | int = ("epoch", 1, 3)[int(rng.integers(3))]
        found.append(Case(NETWORKS[len(found) % len(NETWORKS)], every, tuple(drawn)))
    return found


def _how_far(place: str, steps: int, rng: np.random.Generator) -> float:
    if place == "inside a save":
        return float(rng.integers(1, 50))  # about a dozen calls a save, each counted before and after
    if place == "mid-epoch":
        return float(rng.integers(1, steps - 2))
    return float(rng.uniform(0.0, 0.6 if place == "while resuming" else 1.0))


def run(
    kills: int, seed: int, told: Callable[[str], None] = lambda line: None
) -> tuple[Counter[str], Counter[str], int]:
    """Meet kills until so many have met a training alive; return kills by place, trainings that differed, trainings."""
    met: Counter[str] = Counter()
    different: Counter[str] = Counter()
    trainings, round_ = 0, 0
    wholes: dict[str, str] = {}
    while met.total() < kills:
        for case in cases(kills - met.total(), seed + round_):
            if case.network not in wholes:
                wholes[case.network], _ = outcome(Case(case.network, "epoch", ()), 1)
            digest, places = outcome(case, 1 + trainings % 2)
            met.update(places)
            trainings += 1
            if digest != wholes[case.network]:
                different[" + ".join(places)] += 1
                told(f"DIFFERENT: {case}")
        round_ += 1
    return met, different, trainings


def main() -> None:
    """Print a table of places, and end with 1 where a training ended otherwise."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kills", description="Trainings killed and resumed.")
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    start = time.perf_counter()
    met, different, trainings = run(given.kills, given.seed, print)
    for place in PLACES:
        print(f"{place:16} {met[place]:5} kills")
    told = f"{met.total()} kills in {trainings} trainings; {different.total()} ended with other bits"
    print(f"{told} ({time.perf_counter() - start:.0f} s)")
    sys.exit(1 if different else 0)


if __name__ == "__main__":
    main()
