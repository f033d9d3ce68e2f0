"""Training from a file larger than memory should be: examples a second beside those of memory, and what is resident.

Run `python -m benchmarks.streaming` for a minute, or with `--images 8100000` for the scale of MNIST8M: 6.35 GB are then
drawn by `datasets.strokes`, in minutes, and deleted afterwards; `--folder F --keep` leaves them for the next run. The
ways take turns in one process, epoch by epoch; the third is a part of the rows, few enough for the processor to be at
its best. The resident memory is that of a process that only streams.
"""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from backlit import Sequential, config, datasets, layers, set_random_seed

from .timing import against, machine, median_ratio, take_turns

CHUNK = 2**16  # images drawn at a time
PART = 300_000
ASKED = 0.9
MEGABYTE = 1e6


def write_images(folder: Path, images: int) -> tuple[Path, Path]:
    """Draw `images` digits into two .npy files, a chunk at a time, and return their names."""
    names = folder / "x.npy", folder / "y.npy"
    start, labels = time.perf_counter(), np.empty(images, np.uint8)
    with open(names[0], "wb") as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": (images, 28, 28)}
        np.lib.format.write_array_header_1_0(file, header)  # pyright: ignore[reportCallIssue]
        for first in range(0, images, CHUNK):
            x, y = datasets.strokes.draw(np.arange(first, min(first + CHUNK, images)))
            file.write(x.tobytes())
            labels[first : first + len(y)] = y
    np.save(names[1], labels)
    print(f"drew {images:,} images ({784 * images / 1e9:.2f} GB) in {time.perf_counter() - start:.0f} s", flush=True)
    return names


def network() -> Any:
    """Return what `backlit train` trains by default."""
    set_random_seed(0)
    stack = [layers.Input((28, 28)), layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(100, "relu")]
    model = Sequential([*stack, layers.Dense(10, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def resident(kind: str = "VmRSS") -> float:
    """Return the resident megabytes of this process, as Linux counts them; NaN elsewhere."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return float("nan")
    return next(1024 * int(line.split()[1]) for line in status.splitlines() if line.startswith(kind)) / MEGABYTE


def watched(work: Callable[[], object]) -> list[float]:
    """Return what was resident, ten times a second, while `work` ran."""
    seen, done = list[float](), threading.Event()

    def look() -> None:
        while not done.wait(0.1):
            seen.append(resident())

    looker = threading.Thread(target=look)
    looker.start()
    work()
    done.set()
    looker.join()
    return seen or [resident()]


def only_stream(x_name: str, y_name: str, batch: int) -> None:
    """Print the resident memory of a process that streams two epochs."""
    config.set_map_limit(0)
    x, y, model = np.load(x_name, mmap_mode="r"), np.load(y_name), network()
    model.fit(np.array(x[: 4 * batch]), y[: 4 * batch], batch_size=batch, verbose=0)
    before = resident()
    for epoch in (1, 2):
        seen = watched(lambda: model.fit(x, y, batch_size=batch, verbose=0))
        during = f"median {np.median(seen):,.0f} MB, at most {max(seen):,.0f} MB"
        print(f"resident: {before:,.0f} MB before, epoch {epoch}: {during}", flush=True)
    print(f"for a file of {x.nbytes / MEGABYTE:,.0f} MB", flush=True)


def rates(x_name: Path, y_name: Path, batch: int, rounds: int) -> None:
    """Print examples a second from memory and from the file, in turns."""
    config.set_map_limit(0)
    y, held = np.load(y_name), np.load(x_name)
    given = {"memory": held, "file": np.load(x_name, mmap_mode="r"), "part in memory": np.array(held[:PART])}
    models = {name: network() for name in given}

    def epoch(name: str) -> Callable[[], object]:
        x = given[name]
        return lambda: models[name].fit(x, y[: len(x)], batch_size=batch, verbose=0)

    times = take_turns({name: epoch(name) for name in given}, rounds, warmup=0 if rounds > 1 else 1)
    for name, timing in times.items():
        rate = f"{len(given[name]) / timing.median:12,.0f} examples/s"
        print(f"from {name:<15} {rate} ({timing.spread()} s an epoch of {len(given[name]):,})")
    for name in ("memory", "part in memory"):
        ratio = len(y) / len(given[name]) / median_ratio(times["file"], times[name])
        print(f"file / {name:<15} {against(ratio, ASKED, 'x', at_least=True)}", flush=True)


def files(given: argparse.Namespace, folder: Path) -> tuple[Path, Path]:
    """Return the names of images and labels: those that were kept, or new ones."""
    names = folder / "x.npy", folder / "y.npy"
    if given.keep and all(name.exists() for name in names) and len(np.load(names[1], mmap_mode="r")) == given.images:
        return names
    return write_images(folder, given.images)


@contextlib.contextmanager
def place(given: argparse.Namespace) -> Iterator[Path]:
    """Give the folder for the files, which are deleted afterwards unless they are to be kept."""
    if given.keep and given.folder:
        yield Path(given.folder)
        return
    with tempfile.TemporaryDirectory(dir=given.folder, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def main() -> None:
    """Make the file, measure, delete it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.streaming", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--images", type=int, default=300_000)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--folder", help="where the files are made, and deleted afterwards")
    parser.add_argument("--keep", action="store_true", help="leave the files in --folder, and use those that are there")
    parser.add_argument("--only-stream", nargs=2, metavar=("X", "Y"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    config.set_threads(given.threads)
    if given.only_stream:
        x_name, y_name = given.only_stream
        only_stream(x_name, y_name, given.batch)
        return
    print(f"{machine()}, {given.threads} threads; 784-100-10, batch {given.batch}, Adam")
    with place(given) as folder:
        names = files(given, folder)
        more = ["--batch", str(given.batch), "--threads", str(given.threads)]
        command = [sys.executable, "-m", "benchmarks.streaming", "--only-stream", *map(str, names), *more]
        subprocess.run(command, check=True)
        rates(names[0], names[1], given.batch, given.rounds)


if __name__ == "__main__":
    main()
