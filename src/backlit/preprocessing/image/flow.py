"""The flow of batches of a generator over rows of images: for `fit`, or taken by hand with `next`.

`fit` is handed the arrays as they are and records the change into its step; by hand, the same change runs as a graph of
its own. Where the images come from (an array, files) is said by `arrays`, `folders` and `frames`.
"""

from __future__ import annotations

import math
import threading
import warnings
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np

from ... import seeds
from ...arrays import Array, floatx, is_integer
from ...errors import ConfigError
from ...tensor import Trace
from ...training.arguments import count as count_of
from ...training.arguments import truth
from ...training.step import Step
from .saving import Saving

if TYPE_CHECKING:
    from .generator import ImageDataGenerator

SUBSETS = ("training", "validation")
INPUT = "input"  # in place of labels: the images themselves, as they come out of the change


class Flow(ABC):
    """Batches (x, y) or (x, y, sample_weight) of changed images, endlessly; `len` is the number of batches of an epoch.

    `labels` is an array with a row for each image, a list of such arrays, "input", or None. Give it to `fit`,
    `evaluate` or `predict`, iterate over it, or index it by batch.
    """

    def __init__(
        self, generator: ImageDataGenerator, count: int, labels: Any, sample_weight: Any, batch_size: int,
        shuffle: bool, seed: int | None, saving: Saving | None,
    ) -> None:  # fmt: skip
        self.generator = self.image_data_generator = generator
        self.batch_size = count_of("batch_size", batch_size)
        if seed is not None and not is_integer(seed):
            raise ConfigError(f"seed must be an integer or None, got {seed!r}.")
        self.shuffle = truth("shuffle", shuffle)
        self.seed = seed
        self.n = self.samples = count
        self.sample_weight = sample_weight
        self.change = generator.change
        self.epoch_number = 0
        self.batch_index = 0
        self.total_batches_seen = 0
        self._labels = labels
        self._seed = seeds.fresh_seed() if seed is None else int(seed)
        self._saving = saving
        self._lock = threading.Lock()
        self._steps: dict[Any, Step] = {}
        generator.standard.warn_of_missing()

    @abstractmethod
    def pixels(self, rows: Array) -> Array:
        """Return the images of some rows, unchanged: (len(rows), height, width, channels)."""

    @abstractmethod
    def all_pixels(self) -> Array:
        """Return the images of all rows, where they lie: in memory, or as a map of a file."""

    def __len__(self) -> int:
        return math.ceil(self.n / self.batch_size)

    def __iter__(self) -> Flow:
        return self

    def __next__(self) -> Any:
        with self._lock:
            index, epoch = self.batch_index, self.epoch_number
            self.batch_index += 1
            if self.batch_index >= len(self):
                self.on_epoch_end()
            self.total_batches_seen += 1
        return self._batch(index, epoch)

    def next(self) -> Any:
        """Return the next batch, as `next(flow)` does."""
        return self.__next__()

    def __getitem__(self, index: int) -> Any:
        """Return batch `index` of the epoch under way; one beyond the last raises `IndexError`."""
        if not is_integer(index) or not -len(self) <= index < len(self):
            raise IndexError(f"There is no batch {index!r}: an epoch has {len(self)}.")
        self.total_batches_seen += 1
        return self._batch(int(index) % len(self), self.epoch_number)

    def on_epoch_end(self) -> None:
        """Go on to the next epoch: another order, other changes."""
        self.epoch_number += 1
        self.batch_index = 0

    def reset(self) -> None:
        """Go back to the first batch of the epoch."""
        self.batch_index = 0

    def rows(self) -> tuple[Any, Any, Any] | None:
        """Return the arrays for a step that records the change, or None where batches are made outside of it."""
        reason = self._reason()
        if reason is not None:
            warnings.warn(reason, stacklevel=5)
            return None
        return self.all_pixels(), self._labels, self.sample_weight

    def _reason(self) -> str | None:
        """Return why the change cannot be part of a step, if it cannot."""
        if self.generator.standard.preprocessing_function is not None:
            return (
                "preprocessing_function is Python: images are now made one by one, which takes many times as long as "
                "the training step. What it does may be had with rescale=, samplewise_center= or a layer of the model."
            )
        if self._saving is not None:
            return "save_to_dir is given: each image of each batch is written to a file, which takes its time."
        if isinstance(self._labels, str):
            return 'class_mode="input": images are their own labels, so batches are made before the step, not within.'
        return None

    def order_seed(self) -> int:
        """Return the seed of the order of the rows."""
        return self._seed

    def take_seed(self, seed: int) -> None:
        """Take the seed of another run, to go on with its order and its changes."""
        self._seed = seed

    def begin_epoch(self, number: int) -> None:
        """Be told which epoch a step is about to take the rows for."""
        self.change.begin(self._seed, number)

    def _batch(self, index: int, epoch: int) -> Any:
        order = seeds.permutation(self._seed, epoch, self.n) if self.shuffle else np.arange(self.n)
        taken = order[index * self.batch_size : (index + 1) * self.batch_size]
        x = self._changed(self.pixels(taken), taken, epoch)
        if self._saving is not None:
            self._saving.save(x, taken, epoch)
        if self._labels is None:
            y = None
        elif isinstance(self._labels, str):
            y = x.copy()
        else:
            y = [part[taken] for part in self._labels] if isinstance(self._labels, list) else self._labels[taken]
        weight = None if self.sample_weight is None else self.sample_weight[taken]
        parts = [part for part in (y, weight) if part is not None]
        return (x, *parts) if parts else x

    def _changed(self, images: Array, rows: Array, epoch: int) -> Array:
        feed = {"x": images.astype(floatx(), copy=False), "row": rows.astype(np.int64)}
        function = self.generator.standard.preprocessing_function
        with self._lock:
            self.change.begin(self._seed, epoch)
            step = self._step(feed["x"].shape, function is None)
            found = step.run(feed)["images"]
        return found if function is None else self.generator.standardize(found)

    def _step(self, shape: tuple[int, ...], standardized: bool) -> Step:
        """Return the recorded change for batches of this shape."""
        key = shape, self.change
        if key not in self._steps:
            with Trace() as trace:
                x = trace.input("x", shape, np.dtype(floatx()))
                row = trace.input("row", shape[:1], np.dtype(np.int64))
                self._steps[key] = Step(trace, {"images": self.change(x, row, standardized)})
        return self._steps[key]


def part_of(rows: int, subset: str | None, split: float) -> slice:
    """Return the rows of a subset: "validation" is the first share of them, "training" the rest, None all."""
    if subset is None:
        return slice(0, rows)
    if subset not in SUBSETS:
        raise ConfigError(f'subset must be "training" or "validation", got {subset!r}.')
    at = int(rows * split)
    return slice(0, at) if subset == "validation" else slice(at, rows)
