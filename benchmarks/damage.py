"""Damage to model files: single bits changed 10,000 times, and files cut at every byte, of a `.keras` and a checkpoint.

Whatever is left must give the same model or be refused, never another model. `python -m benchmarks.damage`
"""

from __future__ import annotations

import enum
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import backlit as bl
from backlit import layers
from backlit.errors import CheckpointError, ModelFileError
from backlit.formats import load_model, save_model
from backlit.formats.checkpoint import read_checkpoint

FLIPS = 10_000


class Outcome(enum.Enum):
    """What became of a damaged file."""

    REFUSED = "refused"
    SAME = "the same model"
    DIFFERENT = "ANOTHER MODEL"


def small_model() -> Any:
    """Return a compiled, trained network with an optimizer's memory, as small as a file may be."""
    bl.set_random_seed(3)
    model = bl.Sequential([layers.Input((3,)), layers.Dense(4, "relu"), layers.BatchNormalization(), layers.Dense(2)])
    model.compile("adam", "mse")
    rows = np.arange(24, dtype=np.float32).reshape(8, 3) / 24
    model.fit(rows, rows[:, :2], verbose=0)
    return model


def flips(data: bytes, count: int, seed: int) -> Iterator[bytes]:
    """Yield `data` with one bit changed, `count` times."""
    for bit in np.random.default_rng(seed).integers(0, 8 * len(data), count):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << (bit % 8)
        yield bytes(changed)


def cuts(data: bytes, every: int = 1) -> Iterator[bytes]:
    """Yield the beginnings of `data`, of 0, `every`, 2 * `every`, ... bytes."""
    yield from (data[:length] for length in range(0, len(data), every))


def same_or_refused(whole: Path, damaged: bytes, folder: Path) -> Outcome:
    """Load a damaged `.keras` file and say what it gave, beside the whole one."""
    return _outcome(whole, damaged, folder, _model, ModelFileError)


def checkpoint_outcome(whole: Path, damaged: bytes, folder: Path) -> Outcome:
    """Read a damaged checkpoint and say what it gave, beside the whole one."""
    return _outcome(whole, damaged, folder, _checkpoint, CheckpointError)


def _outcome(
    whole: Path, damaged: bytes, folder: Path, read: Callable[[Path], Any], refusal: type[ModelFileError]
) -> Outcome:
    path = folder / f"damaged{whole.suffix}"
    path.write_bytes(damaged)
    try:
        found = read(path)
    except refusal:
        return Outcome.REFUSED
    return Outcome.SAME if found == read(whole) else Outcome.DIFFERENT


def _model(path: Path) -> Any:
    """Return everything of a model that could differ: what it is, its weights, its optimizer's settings and memory."""
    model = load_model(path)
    optimizer = model.optimizer
    memory = [] if optimizer is None else [optimizer.get_config(), *(v.numpy().tobytes() for v in optimizer.variables)]
    return model.get_config(), [w.tobytes() for w in model.get_weights()], memory, model.loss


def _checkpoint(path: Path) -> Any:
    """Return the facts of a checkpoint, and the bytes, shape and dtype of each array."""
    arrays, facts = read_checkpoint(path)
    return facts, {name: (array.tobytes(), array.shape, array.dtype) for name, array in arrays.items()}


def _files(folder: Path) -> Iterator[tuple[Path, Any]]:
    model = small_model()
    save_model(model, folder / "whole.keras")
    yield folder / "whole.keras", same_or_refused
    keep = bl.callbacks.BackupAndRestore(folder, delete_checkpoint=False)
    model.fit(np.ones((8, 3)), np.ones((8, 2)), epochs=2, verbose=0, callbacks=[keep])
    yield Path(keep.path), checkpoint_outcome


def main() -> None:
    """Print what became of each kind of damage; exit with 1 where it was another model."""
    different = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for whole, judge in _files(folder):
            data = whole.read_bytes()
            for what, damage in ((f"{FLIPS:,} bits", flips(data, FLIPS, 7)), ("cut at every byte", cuts(data))):
                start = time.perf_counter()
                seen = Counter(judge(whole, damaged, folder) for damaged in damage)
                told = ", ".join(f"{count:,} {outcome.value}" for outcome, count in seen.items())
                print(f"{whole.name} ({len(data):,} bytes), {what}: {told} ({time.perf_counter() - start:.0f} s)")
                different += seen[Outcome.DIFFERENT]
    if different:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
