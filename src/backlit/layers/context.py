"""What surrounds a layer's call: is this training, where do random numbers come from, which penalties were added.

The training step sets it up; a layer called on its own at the prompt makes its own.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .. import seeds
from ..tensor import Tensor


class CallContext:
    """The surroundings of one forward pass. `seed` and `step` are scalar integer Tensors, or None outside a step."""

    def __init__(self, training: bool | None = None, seed: Tensor | None = None, step: Tensor | None = None) -> None:
        self.training = training
        self.seed = seed
        self.step = step
        self.streams = seeds.FIRST_OP_STREAM
        self.penalties: list[Any] = []

    def stream(self) -> int:
        """Return the next number for a random op: each has a stream of its own, in the order of the calls."""
        self.streams += 1
        return self.streams - 1


class _Current(threading.local):
    def __init__(self) -> None:
        self.context: CallContext | None = None


_current = _Current()


def current() -> CallContext | None:
    """Return the context of the forward pass under way, if any."""
    return _current.context


@contextmanager
def surrounding(context: CallContext) -> Iterator[CallContext]:
    """Make `context` the current one inside the block."""
    before, _current.context = _current.context, context
    try:
        yield context
    finally:
        _current.context = before


@contextmanager
def training_is(training: bool | None) -> Iterator[CallContext]:
    """Say whether the calls inside are training; without a context around, make one."""
    context = _current.context
    if context is None:
        with surrounding(CallContext(training)) as fresh:
            yield fresh
        return
    before, context.training = context.training, training
    try:
        yield context
    finally:
        context.training = before
