"""The flow of batches of a generator over images in memory: for `fit`, or taken by hand with `next`.

`fit` is handed the arrays as they are and records the change into its step; by hand, the same change runs as a graph of
its own. A `preprocessing_function` is a program of Python's: then images are made one by one.
"""

from __future__ import annotations

import math
import threading
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from ... import seeds
from ...arrays import Array, floatx, is_integer, is_truth
from ...errors import ConfigError, DataError, ShapeError
from ...tensor import Trace
from ...training.step import Step

if TYPE_CHECKING:
    from .generator import ImageDataGenerator

SUBSETS = ("training", "validation")


class NumpyArrayIterator:
    """Batches (x, y) or (x, y, sample_weight) of changed images, endlessly; `len` is the number of batches of an epoch.

    `x` is an array of images (n, height, width, channels), kept in its dtype: uint8 pixels become floats when a batch
    is gathered. Give it to `fit`, `evaluate` or `predict`, iterate over it, or index it by batch.
    """

    def __init__(
        self, x: Any, y: Any, image_data_generator: ImageDataGenerator, batch_size: int = 32, shuffle: bool = True,
        sample_weight: Any = None, seed: int | None = None, subset: str | None = None,
    ) -> None:  # fmt: skip
        from .generator import images_of

        self.generator = image_data_generator
        self.batch_size = _positive("batch_size", batch_size)
        if not is_truth(shuffle):
            raise ConfigError(f"shuffle must be True or False, got {shuffle!r}.")
        if seed is not None and not is_integer(seed):
            raise ConfigError(f"seed must be an integer or None, got {seed!r}.")
        self.shuffle = bool(shuffle)
        self.seed = seed
        self._seed = seeds.fresh_seed() if seed is None else int(seed)
        images = images_of(x, "x")
        self.x, self.y, self.sample_weight = (
            self._part(column, len(images), subset, name)
            for name, column in (("x", images), ("y", y), ("sample_weight", sample_weight))
        )
        self.n = len(self.x)
        self.change = image_data_generator.change
        self.epoch_number = 0
        self.batch_index = 0
        self.total_batches_seen = 0
        self._lock = threading.Lock()
        self._steps: dict[Any, Step] = {}
        image_data_generator.standard.warn_of_missing()

    def _part(self, column: Any, rows: int, subset: str | None, name: str) -> Any:
        if column is None:
            return None
        column = np.asarray(column)
        if column.ndim == 0 or len(column) != rows:
            raise ShapeError(f"x has {rows} images, {name} has shape {column.shape}. Expected a row for each image.")
        if subset is None:
            return column
        if subset not in SUBSETS:
            raise ConfigError(f'subset must be "training" or "validation", got {subset!r}.')
        at = int(rows * self.generator.validation_split)
        if not 0 < at < rows:
            split = f"validation_split={self.generator.validation_split} of {rows} images"
            raise DataError(f"{split} leaves {at} to validate and {rows - at} to train. Expected at least one of each.")
        return column[:at] if subset == "validation" else column[at:]

    def __len__(self) -> int:
        return math.ceil(self.n / self.batch_size)

    def __iter__(self) -> NumpyArrayIterator:
        return self

    def __next__(self) -> Any:
        with self._lock:
            index, epoch = self.batch_index, self.epoch_number
            self.batch_index += 1
            if self.batch_index >= len(self):
                self.on_epoch_end()
            self.total_batches_seen += 1
        return self._batch(index, epoch)

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
        """Return the arrays for a step that records the change, or None where it is a program of Python's."""
        if self.generator.standard.preprocessing_function is None:
            return self.x, self.y, self.sample_weight
        warnings.warn(
            "preprocessing_function is Python: images are now made one by one, which takes many times as long as the "
            "training step. What it does may be had with rescale=, samplewise_center= or a layer of the model.",
            stacklevel=5,
        )
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
        x = self._changed(self.x[taken], taken, epoch)
        parts = [column[taken] for column in (self.y, self.sample_weight) if column is not None]
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


def _positive(name: str, value: Any) -> int:
    if not is_integer(value) or value < 1:
        raise ConfigError(f"{name} must be a positive integer, got {value!r}.")
    return int(value)
