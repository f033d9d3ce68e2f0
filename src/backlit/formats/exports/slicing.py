"""What a slice takes of each axis, in numbers: where it starts, ends, and how far it steps.

ONNX and C have no `x[:, -1, ::2]`; they are told this instead, and the result's shape.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...graph import Node
from .prediction import no_word

LAST = 2**31 - 1  # beyond the end of every axis


@dataclass(frozen=True)
class Cut:
    """What is taken of one axis: from `start` to before `end` in steps; an `end` of -LAST is before the first."""

    start: int = 0
    end: int = LAST
    step: int = 1

    @property
    def is_whole(self) -> bool:
        """Whether all of the axis is taken, in order."""
        return self == Cut()


def resolved(node: Node) -> list[Cut]:
    """Return a `Cut` for each axis of the input of a `take_slice`; new axes are in the result's shape only."""
    shape = node.inputs[0].shape
    keys = [key for key in node.attrs["key"] if key is not None]
    if Ellipsis not in keys:
        keys.append(Ellipsis)
    place = keys.index(Ellipsis)
    keys[place : place + 1] = [("slice", None, None, None)] * (len(shape) - len(keys) + 1)
    return [_cut(node, key, size) for key, size in zip(keys, shape, strict=True)]


def _cut(node: Node, key: int | tuple[str, int | None, int | None, int | None], size: int | None) -> Cut:
    if isinstance(key, tuple) and key[1:] in ((None, None, None), (None, None, 1)):
        return Cut()
    if size is None:
        raise no_word(node, "It takes some samples of the batch and leaves others.")
    if isinstance(key, int):
        return Cut(key % size, key % size + 1)
    start, end, step = slice(*key[1:]).indices(size)
    if (start, end, step) == (0, size, 1):
        return Cut()
    return Cut(start, -LAST if end < 0 else end, step)
