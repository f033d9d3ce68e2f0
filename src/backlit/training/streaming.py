"""Batches of arrays that lie in files larger than memory: read in blocks, shuffled in windows, the next one on its way.

To the loop this is `batches.ArrayBatches` in several pieces. What is in memory is two windows, however big the file.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from .. import seeds
from ..arrays import Array, floatx
from ..layers import nest
from .batches import ArrayBatches, Piece, RowBatches, lies_plainly, rows_of
from .maps import FileRows, big
from .step import Batch

BLOCK_BYTES = 2**20  # read in one go: long enough for a disk to be at its best
WINDOW_BLOCKS = 128


def batches_of(
    data: Batch, batch_size: int, shuffle: bool = False, seed: int = 0, steps: int | None = None, first_epoch: int = 0
) -> RowBatches:
    """Return the batches of arrays already checked: streamed if one of them is a map over `maps.map_limit()`."""
    kind = StreamedBatches if streams(data) else ArrayBatches
    return kind(data, batch_size, shuffle, seed, steps, first_epoch)


def streams(data: Batch) -> bool:
    """Say whether one of the arrays is a map over `maps.map_limit()`."""
    return any(column is not None and big(column) is not None for column in nest.flatten(tuple(data)))


class StreamedBatches(RowBatches):
    """Batches of arrays of which some are read from their files.

    Rows lie in blocks of about 1 MiB; 128 blocks (or all) make a window, and two windows are in memory, the one that
    is trained on and the next, which a thread reads meanwhile. With `shuffle`, an epoch takes the blocks in a random
    order and the rows of a window in a random order, both functions of (seed, epoch) alone. So each row comes once an
    epoch, in a place that is uniform but for the few rows handed on; two rows of one block always meet in one window,
    two rows of different blocks with probability (128 - 1) / (blocks - 1). A batch is a draw without replacement from
    128 random blocks: where neighbors in the file are no more alike than others, that is a full shuffle; a file sorted
    by class gives windows whose share of a class of share p deviates by sqrt(p (1 - p) / 128) at most.
    Rows left at the end of a window that make no whole batch go into the next.
    """

    def __init__(
        self, data: Batch, batch_size: int, shuffle: bool = False, seed: int = 0, steps: int | None = None,
        first_epoch: int = 0,
    ) -> None:  # fmt: skip
        super().__init__(data, batch_size, shuffle, seed, steps, first_epoch)
        self._columns = [_Column(leaf) for leaf in nest.flatten(tuple(data)) if leaf is not None]
        row_bytes = sum(column.row_bytes for column in self._columns)
        self.block_rows = min(self.rows, max(1, BLOCK_BYTES // max(row_bytes, 1)))

    @property
    def sliceable(self) -> bool:
        """Whether whole epochs can be gathered from the windows."""
        return lies_plainly(self.data) and self.steps == math.ceil(self.rows / self.batch_size)

    def epoch(self, index: int) -> Iterator[Batch]:
        """Yield the batches of epoch `index`."""
        yield from itertools.islice(self._round_and_round(index), self.steps)

    def _round_and_round(self, index: int) -> Iterator[Batch]:
        while True:
            for data, order in self.pieces(index):
                for start in range(0, len(order), self.batch_size):
                    yield rows_of(data, order[start : start + self.batch_size])

    def pieces(self, index: int) -> Iterator[Piece]:
        """Yield the windows of epoch `index`, each good until the next is asked for."""
        from concurrent.futures import ThreadPoolExecutor

        blocks = self._blocks(index)
        windows = [blocks[i : i + WINDOW_BLOCKS] for i in range(0, len(blocks), WINDOW_BLOCKS)]
        here, there = self._memory(), self._memory()  # given back when the pass ends
        left = 0  # rows of the window before that made no whole batch: they lie in front
        with ThreadPoolExecutor(1) as reader:
            coming = reader.submit(self._read, there, 0, windows[0], index, left)
            for number, window in enumerate(windows, 1):
                order, (here, there) = coming.result(), (there, here)
                first, have = self.batch_size - left, left + self._rows_in(window)
                left = have % self.batch_size if number < len(windows) else 0
                if number < len(windows):
                    coming = reader.submit(self._read, there, number, windows[number], index, left)
                    self._hand_on(here, there, order[have - left :] + first)
                if have > left:
                    yield Piece(self._part(here, first, have), order[: have - left])

    def _blocks(self, index: int) -> Array:
        count = math.ceil(self.rows / self.block_rows)
        return (
            seeds.permutation(self.seed, self._number(index), count, seeds.BLOCKS) if self.shuffle else np.arange(count)
        )

    def _number(self, index: int) -> int:
        return self.first_epoch + index

    def _bounds(self, block: int) -> tuple[int, int]:
        start = block * self.block_rows
        return start, min(start + self.block_rows, self.rows)

    def _rows_in(self, window: Array) -> int:
        return sum(stop - start for start, stop in (self._bounds(int(block)) for block in window))

    def _read(self, held: list[Array], number: int, window: Array, index: int, left: int) -> Array:
        """Read the blocks of a window behind the room for `left` rows; return the order its rows are taken in."""
        place = self.batch_size
        for block in window:
            start, stop = self._bounds(int(block))
            for column, rows in zip(self._columns, held, strict=True):
                column.read(start, stop, rows[place : place + stop - start])
            place += stop - start
        have = left + place - self.batch_size
        if not self.shuffle:
            return np.arange(have)
        return seeds.permutation(self.seed, self._number(index) << 32 | number, have, seeds.WINDOWS)

    def _memory(self) -> list[Array]:
        """Return the memory of a window, for every column."""
        rows = self.batch_size + min(self.rows, WINDOW_BLOCKS * self.block_rows)
        return [column.memory(rows) for column in self._columns]

    def _hand_on(self, here: list[Array], there: list[Array], rows: Array) -> None:
        """Copy the rows that made no whole batch in front of the next window."""
        for source, target in zip(here, there, strict=True):
            target[self.batch_size - len(rows) : self.batch_size] = source[rows]

    def _part(self, held: list[Array], first: int, count: int) -> Batch:
        columns = iter(held)

        def view(leaf: Any) -> Any:
            return None if leaf is None else next(columns)[first : first + count]

        return Batch(*(nest.map_structure(view, part) for part in self.data))


class _Column:
    """One array, in memory or in a file, that gives rows to a buffer."""

    def __init__(self, array: Array) -> None:
        self._array = array
        self._file: FileRows | None = big(array)
        self.row_bytes = array.nbytes // len(array)
        narrow = array.dtype.kind == "f" and array.dtype.itemsize not in (4, 8)
        self._dtype = np.dtype(floatx()) if narrow else array.dtype  # machine code gathers no other floats

    def memory(self, rows: int) -> Array:
        return np.empty((rows, *self._array.shape[1:]), self._dtype)

    def read(self, start: int, stop: int, out: Array) -> None:
        if self._file is None:
            out[:] = self._array[start:stop]
        elif self._dtype == self._array.dtype:
            self._file.read(start, stop, out)
        else:
            block = np.empty(out.shape, self._array.dtype)
            self._file.read(start, stop, block)
            out[:] = block
