"""Rows that are changed on their way into the model, inside the step: what a flow of augmented images hands to `fit`.

The rows stay as they lie, in memory or in a file; the change is recorded in front of the model's own step.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol, runtime_checkable

import numpy as np

from ..layers import nest
from .batches import ArrayBatches, Piece, RowBatches
from .step import Batch
from .streaming import StreamedBatches, streams


@runtime_checkable
class RowSource(Protocol):
    """Arrays with a change for each row. `change(x, row)` is written with ops; it is told the numbers of the rows."""

    batch_size: int
    shuffle: bool
    change: Any

    def rows(self) -> tuple[Any, Any, Any] | None:
        """Return x, y and sample weights as they lie in memory; None if the change cannot be recorded."""
        ...

    def order_seed(self) -> int:
        """Return the seed of the order of the rows."""
        ...

    def take_seed(self, seed: int) -> None:
        """Take the seed of another run."""
        ...

    def begin_epoch(self, number: int) -> None:
        """Be told which epoch the rows are about to be taken for, counted from 0."""
        ...


def batches_of_source(source: RowSource, data: Batch, steps: int | None, first_epoch: int) -> RowBatches:
    """Return the batches of the rows of a source, `data` as checked: from memory, or streamed from a file."""
    numbered = data._replace(row=np.arange(len(nest.flatten(data.x)[0])))
    kind = _FromFile if streams(numbered) else _FromMemory
    made = kind(numbered, source.batch_size, source.shuffle, source.order_seed(), steps, first_epoch)
    made.change, made.source = source.change, source
    return made


class _Told(RowBatches):
    """Batches whose source is told which epoch comes, and with which seed."""

    source: RowSource

    def go_back_to(self, seed: int, first_epoch: int) -> None:
        """Take the rows, and change them, as another run did."""
        super().go_back_to(seed, first_epoch)
        self.source.take_seed(seed)

    def pieces(self, index: int) -> Iterator[Piece]:
        """Yield the rows of epoch `index` and their order."""
        self.source.begin_epoch(self.first_epoch + index)
        return super().pieces(index)

    def epoch(self, index: int) -> Iterator[Batch]:
        """Yield the batches of epoch `index`."""
        self.source.begin_epoch(self.first_epoch + index)
        return super().epoch(index)


class _FromMemory(_Told, ArrayBatches):
    """Rows that are used where they lie, with the number of each and the change that takes it."""


class _FromFile(_Told, StreamedBatches):
    """Rows of a file larger than memory, with the number of each and the change that takes it."""
