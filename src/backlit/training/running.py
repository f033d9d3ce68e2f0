"""Running the steps of an epoch: one after the other, or many in one call where the executor can.

Whichever it is, the loop sees the same thing: how many steps are done, and what the last one gave.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..errors import NotRecordable
from ..execute import NotFinite
from ..layers import freezing
from . import finite
from .batches import Batches, Piece, RowBatches, rows_of
from .step import Batch, Change, Feed, Step, feed_of, record, run_eagerly, signature

MOST_RECORDINGS = 64
SLICE_SECONDS = 0.05  # between two looks at callbacks, the progress bar and Ctrl-C


def runs(
    model: Any, kind: str, batches: Batches, index: int, begin: Callable[[int], None] | None = None, skip: int = 0
) -> Iterator[tuple[int, Feed]]:
    """Run the steps of epoch `index`, yielding how many are done and the outputs of the last, now and then.

    With `begin`, which is told the number of each step before it runs, every step is run and yielded by itself. The
    first `skip` steps were run before.
    """
    step = None if begin is not None else sliced(model, kind, batches)
    if step is not None:
        assert isinstance(batches, RowBatches)
        yield from _in_slices(model, kind, batches, index, step, skip)
        return
    for number, batch in enumerate(batches.epoch(index)):
        if number < skip:
            continue
        if begin is not None:
            begin(number)
        yield number + 1, run_step(model, kind, batch, number, batches.change)


def sliced(model: Any, kind: str, batches: Batches) -> Step | None:
    """Return the recorded step if the executor can run many of it in one call, on these batches; else None."""
    if not isinstance(batches, RowBatches) or not batches.sliceable:
        return None
    if model.observer is not None and not hasattr(model.observer, "rest"):
        return None
    step = recorded(model, kind, rows_of(batches.data, slice(0, batches.batch_size)), batches.change)
    return step if step is not None and step.runs_many else None


def slices(step: Step, whole: int, observer: Any = None) -> Iterator[tuple[int, int]]:
    """Cut `whole` steps into slices of about 50 ms: (steps before, steps of this one; 0: one that `observer` looks at).

    What a step takes is measured while they run, and remembered for the next epoch.
    """
    done = 0
    while done < whole:
        count = max(1, int(SLICE_SECONDS / step.seconds)) if step.seconds else 1
        count = min(count, whole - done)
        if observer is not None:
            count = min(count, observer.rest(step.graph))
            if count == 0:
                yield done, 0
                done += 1
                continue
        start = time.perf_counter()
        yield done, count
        seconds = (time.perf_counter() - start) / count
        step.seconds = seconds if not step.seconds else 0.5 * (step.seconds + seconds)
        done += count


def _in_slices(
    model: Any, kind: str, batches: RowBatches, index: int, step: Step, skip: int
) -> Iterator[tuple[int, Feed]]:
    """Run the pieces of an epoch one after the other."""
    before = 0
    for piece in batches.pieces(index):
        gone = min(max(skip - before, 0), -(-len(piece.order) // batches.batch_size))
        piece, before = piece._replace(order=piece.order[gone * batches.batch_size :]), before + gone
        yield from _piece_in_slices(model, kind, piece, batches, before, step)
        before += -(-len(piece.order) // batches.batch_size)


def _piece_in_slices(
    model: Any, kind: str, piece: Piece, batches: RowBatches, before: int, step: Step
) -> Iterator[tuple[int, Feed]]:
    """Run whole batches in slices, and the rest of the rows as a batch of its own; `before` steps were done before."""
    data, order = piece
    size, change = batches.batch_size, batches.change
    columns, whole = feed_of(data), len(order) // size
    for done, count in slices(step, whole, model.observer):
        rows = order[done * size :]
        if count == 0:
            yield before + done + 1, run_step(model, kind, rows_of(data, rows[:size]), before + done, change)
            continue
        checked = kind == "train" and not model.said_not_finite
        state = step.state() if checked else {}
        try:
            out = step.run_many(columns, rows, count, check=checked)
        except NotFinite as found:
            out, model.said_not_finite = step.keep(found.outputs), True
            finite.explain(step, state, columns, rows, count, before + done)
        if model.observer is not None:
            model.observer.passed(step.graph, count)
        yield before + done + count, out
    if whole * size < len(order):
        yield before + whole + 1, run_step(model, kind, rows_of(data, order[whole * size :]), before + whole, change)


def run_step(model: Any, kind: str, batch: Batch, number: int = 0, change: Change | None = None) -> Feed:
    """Run one training or test step, recording it first if batches of this shape were not met before.

    `number` counts the steps before it, for the warning if its loss is not finite.
    """
    step = recorded(model, kind, batch, change)
    if step is None:
        return run_eagerly(model, kind, batch, change)
    feed, before = feed_of(batch), step.state()
    out = step.run(feed, observer_of(model, step))
    if kind == "train" and not model.said_not_finite and not finite.is_finite(out):
        model.said_not_finite = True
        finite.explain(step, before, feed, np.arange(len(next(iter(feed.values())))), 1, number)
    return out


def recorded(model: Any, kind: str, batch: Batch, change: Change | None = None) -> Step | None:
    """Return the recorded step for batches of this shape, or None if the model must run eagerly."""
    if model.runs_eagerly:
        build_optimizer(model, kind)
        return None
    key = (*signature(kind, batch), change, model.optimizer.schedule if kind == "train" else None)
    step = model.steps.get(key)
    if step is None:
        build_optimizer(model, kind)
        try:
            step = record(model, kind, batch, change)
        except NotRecordable as reason:
            because = f"{reason} This model now runs eagerly: slower, but with numbers in its layers."
            warnings.warn(because, stacklevel=2)
            model.must_run_eagerly = True
            return None
        if len(model.steps) >= MOST_RECORDINGS:
            model.steps.pop(next(iter(model.steps)))
        model.steps[key] = step
    return step


def observer_of(model: Any, step: Step) -> Any:
    """Return who watches this run: `model.observer` is asked for each step and may decline with None."""
    return None if model.observer is None else model.observer.watch(step.graph)


def build_optimizer(model: Any, kind: str) -> None:
    """Make the optimizer's memory, if training is what the step does."""
    if kind == "train" and not model.compiled.optimizer.built:
        with freezing.held(model.compiled.trainable):
            model.compiled.optimizer.build(model.trainable_variables)
