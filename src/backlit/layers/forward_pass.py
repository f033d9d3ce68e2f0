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


class ForwardPass:
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
        self.forward_pass: ForwardPass | None = None


_current = _Current()


def current() -> ForwardPass | None:
    """Return the forward pass under way, if any."""
    return _current.forward_pass


@contextmanager
def surrounding(around: ForwardPass) -> Iterator[ForwardPass]:
    """Make `around` the current one inside the block."""
    before, _current.forward_pass = _current.forward_pass, around
    try:
        yield around
    finally:
        _current.forward_pass = before


@contextmanager
def training_is(training: bool | None) -> Iterator[ForwardPass]:
    """Say whether the calls inside are training; without a forward pass around, make one."""
    around = _current.forward_pass
    if around is None:
        with surrounding(ForwardPass(training)) as fresh:
            yield fresh
        return
    before, around.training = around.training, training
    try:
        yield around
    finally:
        around.training = before
