"""What it costs to keep the whole state after each epoch, and how soon it is on disk when a signal comes.

Run `python -m benchmarks.checkpoints`; BACKLIT_DATA names the folder of MNIST, else random pixels as sparse are used.
The files are written to the folder of temporary files: name another disk with TMPDIR.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import backlit
from backlit import callbacks, layers

from . import digits
from .timing import Timing, against, machine, take_turns

SIGNAL = """
import signal, sys
import numpy as np
import backlit
from backlit import callbacks, layers
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background
wide = int(sys.argv[2])
x, y = np.random.default_rng(0).random((20_000, 784), np.float32), np.arange(20_000) % 10
hidden = [layers.Dense(wide, "relu") for _ in range(2)]
model = backlit.Sequential([layers.Input((784,)), *hidden, layers.Dense(10)])
model.compile("adam", backlit.losses.SparseCategoricalCrossentropy(from_logits=True))
class Ready(callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 1:
            print("ready", flush=True)
model.fit(x, y, batch_size=64, epochs=100_000, verbose=0, callbacks=[Ready(), callbacks.BackupAndRestore(sys.argv[1])])
"""
WIDTHS = (100, 1024, 2048)


def network() -> backlit.Sequential:
    """Return the network of the second notebook: 784-100-10."""
    backlit.set_random_seed(0)
    model = backlit.Sequential([layers.Rescaling(1 / 255), layers.Dense(100, "relu"), layers.Dense(10, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def cost(rounds: int, epochs: int) -> None:
    """Print how much longer training takes with a checkpoint after each epoch."""
    images, labels, source = digits.read()
    x = images.reshape(-1, 784)
    with tempfile.TemporaryDirectory() as folder:
        plain, kept = network(), network()
        times = take_turns(
            {
                "without": lambda: plain.fit(x, labels, batch_size=32, epochs=epochs, verbose=0),
                "with": lambda: kept.fit(
                    x, labels, batch_size=32, epochs=epochs, verbose=0, callbacks=[callbacks.BackupAndRestore(folder)]
                ),
            },
            rounds,
        )
    above = Timing(tuple(100 * (a / b - 1) for a, b in zip(times["with"].seconds, times["without"].seconds)))
    each = times["without"].median / epochs
    print(f"784-100-10, {source}, batch 32: {each:.3f} s an epoch, {epochs} epochs a turn")
    print(f"a checkpoint each epoch  {against(above.median, 3, '%')} ({above.spread()})", flush=True)


def signals(trials: int) -> None:
    """Print the seconds from SIGTERM or SIGINT to the end of the process, whose last deed is the checkpoint."""
    for wide in WIDTHS:
        found: list[float] = []
        for trial in range(trials):
            with tempfile.TemporaryDirectory() as folder:
                command = [sys.executable, "-c", SIGNAL, folder, str(wide)]
                child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
                assert child.stdout is not None
                child.stdout.readline()
                time.sleep(0.05 + 0.037 * trial)
                start = time.perf_counter()
                child.send_signal((signal.SIGTERM, signal.SIGINT)[trial % 2])
                child.wait()
                found.append(time.perf_counter() - start)
                size = os.path.getsize(Path(folder) / "training.checkpoint")
        text = f"784-{wide}-{wide}-10, Adam, {size / 2**20:.1f} MB"
        print(
            f"signal to end, {text:34} {against(max(found), 2, 's')} (median {statistics.median(found):.3f})",
            flush=True,
        )


def main() -> None:
    """Print both beside the figures asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.checkpoints", description="What keeping the state costs."
    )
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--trials", type=int, default=10)
    given = parser.parse_args()
    print(f"{machine()}, {threading.active_count()} thread(s) in Python; files in {tempfile.gettempdir()}")
    cost(given.rounds, given.epochs)
    signals(given.trials)


if __name__ == "__main__":
    main()
