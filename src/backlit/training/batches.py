"""Where batches come from: arrays (shuffled by seed), or anything that yields batches.

An epoch is an iterator of `Batch`; arrays are gathered and converted one batch at a time, so big data stays as it is.
"""

from __future__ import annotations

import math
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol

import numpy as np

from .. import seeds
from ..arrays import Array, is_array, is_list
from ..errors import BacklitError, ConfigError, DataError
from ..layers import nest
from .border import as_float, as_target
from .step import Batch, Change

Check = Callable[[Batch], Batch]


class Piece(NamedTuple):
    """Rows in memory, and the order (n,) in which they are taken, batch after batch."""

    data: Batch
    order: Array


class Batches(Protocol):
    """A source of epochs; `steps` is the number of batches of one (None: unknown), `exhausted` says it has no more.

    `change` is what is done to the inputs inside the step.
    """

    steps: int | None
    exhausted: bool
    change: Change | None

    def epoch(self, index: int) -> Iterator[Batch]:
        """Yield the batches of epoch number `index`."""
        ...


class RowBatches(ABC):
    """Batches of arrays already checked, wherever these lie. The last batch of an epoch holds the rest.

    The order of an epoch depends only on (seed, epoch). With `steps`, an epoch has just that many batches and goes
    round again if the data ends before.
    """

    def __init__(
        self, data: Batch, batch_size: int, shuffle: bool = False, seed: int = 0, steps: int | None = None,
        first_epoch: int = 0,
    ) -> None:  # fmt: skip
        self.data = data
        self.rows = len(nest.flatten(data.x)[0])
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.seed = seed
        self.first_epoch = first_epoch
        self.exhausted = False
        self.change: Change | None = None
        self.steps: int | None = steps or math.ceil(self.rows / batch_size)

    def go_back_to(self, seed: int, first_epoch: int) -> None:
        """Take the rows in the order that another run took them in."""
        self.seed, self.first_epoch = seed, first_epoch

    @property
    @abstractmethod
    def sliceable(self) -> bool:
        """Whether whole epochs can be gathered from arrays by machine code, each row once."""

    @abstractmethod
    def pieces(self, index: int) -> Iterator[Piece]:
        """Yield the rows of epoch `index` and their order, in one piece or several."""

    @abstractmethod
    def epoch(self, index: int) -> Iterator[Batch]:
        """Yield the batches of epoch `index`."""


class ArrayBatches(RowBatches):
    """Batches of arrays that are used where they lie."""

    @property
    def sliceable(self) -> bool:
        """Whether whole epochs can be gathered from the arrays themselves: they lie in memory in order, each once."""
        return (
            lies_plainly(self.data)
            and self.batch_size <= self.rows
            and (self.steps or 0) <= math.ceil(self.rows / self.batch_size)
        )

    def pieces(self, index: int) -> Iterator[Piece]:
        """Yield the rows of epoch `index` and their order: all in one piece."""
        yield Piece(self.data, self.order(index)[: (self.steps or 0) * self.batch_size])

    def order(self, index: int) -> Array:
        """Return the rows in the order epoch `index` takes them."""
        if not self.shuffle:
            return np.arange(self.rows)
        return seeds.permutation(self.seed, self.first_epoch + index, self.rows)

    def epoch(self, index: int) -> Iterator[Batch]:
        """Yield the batches of epoch `index`."""
        order = self.order(index) if self.shuffle else None
        for step in range(self.steps or 0):
            start = step * self.batch_size % (math.ceil(self.rows / self.batch_size) * self.batch_size)
            stop = start + self.batch_size
            yield rows_of(self.data, slice(start, stop) if order is None else order[start:stop])


def lies_plainly(data: Batch) -> bool:
    """Say whether rows can be gathered by machine code: plain arrays that lie in memory in order."""
    parts = [part for part in data if part is not None]
    return all(type(part) is np.ndarray and part.flags.c_contiguous for part in parts)


def rows_of(data: Batch, index: slice | Array) -> Batch:
    """Return some rows as a batch, in the dtypes a step takes."""
    x, y, w, row = data
    if row is not None:
        return rows_of(data._replace(row=None), index)._replace(row=row[index])
    if type(x) is np.ndarray and type(y) is np.ndarray and w is None:
        return Batch(as_float(x[index]), as_target(y[index]))
    return Batch(
        nest.map_structure(lambda a: as_float(a[index]), x),
        None if y is None else nest.map_structure(lambda a: None if a is None else as_target(a[index]), y),
        None if w is None else nest.map_structure(lambda a: None if a is None else as_float(a[index]), w),
    )


class IterableBatches:
    """Batches from a sequence with `__getitem__` and `__len__`, any iterable, or a generator.

    Items are x, (x, y) or (x, y, sample_weight). A sequence or iterable starts anew each epoch; a generator goes on
    where it was, and one that ends early ends the training with a warning. `check` turns an item's arrays into
    checked ones.
    """

    def __init__(
        self, source: Any, check: Check, steps: int | None = None, shuffle_seed: int | None = None, name: str = "x"
    ) -> None:
        self.source = source
        self.name = name
        self.check = check
        self.by_index = hasattr(source, "__getitem__") and hasattr(source, "__len__")
        self.shuffle_seed = shuffle_seed if self.by_index else None
        size = _length(source)
        self.steps = steps if steps is not None else size
        self.exhausted = False
        self.change: Change | None = None  # it makes its own batches
        self.used = False

    def epoch(self, index: int) -> Iterator[Batch]:
        """Yield the batches of epoch `index`, at most `steps` of them."""
        done = 0
        for item in self._items(index):
            yield self._checked(item, done)
            done += 1
            if done == self.steps:
                break
        self._end_of_epoch(done)

    def _checked(self, item: Any, step: int) -> Batch:
        try:
            return self.check(as_batch(item))
        except BacklitError as error:
            error.add_note(f"This was batch {step}, counted from 0, of the source of batches given as {self.name}.")
            raise

    def _items(self, index: int) -> Iterator[Any]:
        if self.by_index:
            yield from self._indexed(index)
        elif iter(self.source) is self.source:
            while True:  # not `yield from`: leaving an epoch must not close the generator
                try:
                    item = next(self.source)
                except StopIteration:
                    return
                yield item
        else:
            while True:  # an iterable shorter than steps goes round again
                count = 0
                for item in self.source:
                    count += 1
                    yield item
                if count == 0 or self.steps is None:
                    return

    def _indexed(self, index: int) -> Iterator[Any]:
        size = len(self.source)
        steps = size if self.steps is None else self.steps
        order = np.arange(size) if self.shuffle_seed is None else seeds.permutation(self.shuffle_seed, index, size)
        for step in range(steps):
            yield self.source[int(order[step % size])]

    def _end_of_epoch(self, done: int) -> None:
        if done == 0 and not self.used:
            raise DataError(f"{self.name} gave no batches: the source is empty or used up. Give a fresh one.")
        self.used = True
        if done == 0:
            self.exhausted = True
            warnings.warn("The source of batches is used up; training stops here.", stacklevel=4)
        elif self.steps is not None and done < self.steps:
            self.exhausted = True
            warnings.warn(
                f"The source of batches ended after {done} of {self.steps} steps; training stops here. A generator "
                "must be able to give steps_per_epoch * epochs batches.", stacklevel=4,
            )  # fmt: skip
        if self.steps is None:
            self.steps = done or None
        hook = getattr(self.source, "on_epoch_end", None)
        if callable(hook):
            hook()


def _length(source: Any) -> int | None:
    try:
        return len(source)
    except TypeError:
        return None


def as_batch(item: Any) -> Batch:
    """Read what a generator yields: x, (x, y) or (x, y, sample_weight)."""
    if isinstance(item, Batch):
        return item
    if is_list(item):
        if len(item) in (1, 2, 3):
            return Batch(*item)
        kind = type(item).__name__
        raise DataError(f"A batch must be x, (x, y) or (x, y, sample_weight); got {kind} of {len(item)}.")
    return Batch(item)


def is_source(x: Any) -> bool:
    """Say whether `x` yields batches by itself instead of being data; a list of (x, y) tuples of arrays does."""
    if type(x) is list and is_list(x) and x and all(map(_is_pair, x)):
        return True
    if isinstance(x, (np.ndarray, dict, list, tuple, str, bytes)) or hasattr(x, "to_numpy") or hasattr(x, "__array__"):
        return False
    if hasattr(x, "nnz"):
        return False
    return hasattr(x, "__iter__") or hasattr(x, "__next__") or (hasattr(x, "__getitem__") and hasattr(x, "__len__"))


def _is_pair(item: Any) -> bool:
    """Say whether `item` is a tuple (x, y) or (x, y, sample_weight) of arrays."""
    return type(item) is tuple and is_list(item) and len(item) in (2, 3) and all(map(_is_rows, item))


def _is_rows(part: Any) -> bool:
    return is_array(part) and part.ndim > 0


def split(data: Batch, fraction: float) -> tuple[Batch, Batch]:
    """Return (training, validation): the last `fraction` of the rows, taken before any shuffling, validates."""
    rows = len(nest.flatten(data.x)[0])
    at = math.floor(rows * (1 - fraction))
    if at == 0 or at == rows:
        left = f"leaves {at} to train and {rows - at} to validate"
        raise ConfigError(f"validation_split={fraction} of {rows} samples {left}. Expected at least one of each.")

    def part(where: slice) -> Batch:
        def rows_of(column: Any) -> Any:
            return None if column is None else column[where]

        return Batch(*(nest.map_structure(rows_of, column) for column in data))

    return part(slice(0, at)), part(slice(at, rows))
