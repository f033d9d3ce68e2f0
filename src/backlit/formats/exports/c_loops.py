"""Loops of C over arrays: where a number lies, and the fewest loops that visit all of them.

A `Leaf` is a way of looking at an array: a transposed, sliced or spread one is the same memory with other strides. Axes
that every leaf walks through as one become one loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...arrays import Shape
from ...graph import Node
from .slicing import resolved

LETTERS = "ijklmnopqrstuvwz"


@dataclass(frozen=True)
class Leaf:
    """An array as it is looked at: its name, where its first number lies, and how far each axis steps."""

    name: str
    offset: int
    strides: tuple[int, ...]
    shape: Shape

    @property
    def is_whole(self) -> bool:
        """Whether the numbers lie one after the other."""
        return self.offset == 0 and all(
            s == w or n == 1 for s, w, n in zip(self.strides, contiguous(self.shape), self.shape, strict=True)
        )

    def spread(self, shape: Shape) -> Leaf:
        """Return the leaf as it is seen in a greater shape, by NumPy's rule."""
        lead = len(shape) - len(self.shape)
        own = zip(self.strides, self.shape, shape[lead:], strict=True)
        strides = (*[0] * lead, *(0 if n == 1 and wide != 1 else stride for stride, n, wide in own))
        return Leaf(self.name, self.offset, strides, shape)


def sizes(node: Node) -> Shape:
    """Return the shape for one sample: the batch has the size 1."""
    return tuple(1 if n is None else n for n in node.shape)


def contiguous(shape: Shape) -> tuple[int, ...]:
    """Return the strides of an array whose numbers lie one after the other."""
    strides, step = list[int](), 1
    for n in reversed(shape):
        strides.append(step)
        step *= n
    return tuple(reversed(strides))


def whole(name: str, shape: Shape) -> Leaf:
    """Return an array as it is."""
    return Leaf(name, 0, contiguous(shape), shape)


def view(node: Node, leaf: Leaf) -> Leaf:
    """Return what a reshape, transpose, slice or broadcast shows of `leaf`."""
    shape = sizes(node)
    if node.op.name == "reshape":
        return whole(leaf.name, shape)
    if node.op.name == "broadcast_to":
        return leaf.spread(shape)
    if node.op.name == "transpose":
        return Leaf(leaf.name, leaf.offset, tuple(leaf.strides[axis] for axis in node.attrs["axes"]), shape)
    cuts = resolved(node)
    offset = leaf.offset + sum(cut.start * stride for cut, stride in zip(cuts, leaf.strides, strict=True))
    steps = [cut.step * stride for cut, stride in zip(cuts, leaf.strides, strict=True)]
    return Leaf(leaf.name, offset, _kept(node, steps), shape)


def _kept(node: Node, steps: Sequence[int]) -> tuple[int, ...]:
    """Return the strides of a slice's result: none for an axis that an integer took, 0 for a new one."""
    keys = list(node.attrs["key"])
    rest = len(node.inputs[0].shape) - sum(key is not None and key is not Ellipsis for key in keys)
    place = keys.index(Ellipsis) if Ellipsis in keys else len(keys)
    keys[place : place + 1] = [("slice",)] * rest
    strides, axis = list[int](), 0
    for key in keys:
        if key is None:
            strides.append(0)
            continue
        if isinstance(key, tuple):
            strides.append(steps[axis])
        axis += 1
    return tuple(strides)


@dataclass(frozen=True)
class Nest:
    """Loops over `counts`, the outermost first; `steps[leaf]` says how far each loop moves that leaf."""

    counts: tuple[int, ...]
    steps: dict[Leaf, tuple[int, ...]]
    first: int = 0  # which letter the first loop has

    def place(self, leaf: Leaf) -> str:
        """Return the index of a leaf's number inside the loops: `i`, `i * 10 + j`, `0`."""
        letters = LETTERS[self.first :]
        walked = [(letters[at], step) for at, step in enumerate(self.steps[leaf]) if step]
        terms = [letter if step == 1 else f"{letter} * {step}" for letter, step in walked]
        return " + ".join([*terms, *([str(leaf.offset)] if leaf.offset or not terms else [])])

    def at(self, leaf: Leaf) -> str:
        """Return a leaf's number inside the loops: `dense[i]`."""
        return f"{leaf.name}[{self.place(leaf)}]"

    def around(self, body: Sequence[str]) -> list[str]:
        """Return the lines of the loops with `body` inside."""
        lines = list(body)
        for at in reversed(range(len(self.counts))):
            letter = LETTERS[self.first + at]
            head = f"for (int {letter} = 0; {letter} < {self.counts[at]}; {letter}++)"
            inner = [f"    {line}" for line in lines]
            lines = [head, *inner] if len(body) == 1 else [f"{head} {{", *inner, "}"]
        return lines

    def then(self, inner: Nest, leaves: Sequence[Leaf]) -> Nest:
        """Return these loops with others inside, as `leaves` are walked by both."""
        steps = {leaf: self.steps[leaf] + inner.steps[leaf] for leaf in leaves}
        return Nest(self.counts + inner.counts, steps, self.first)


def nest(leaves: Sequence[Leaf], shape: Shape, axes: Sequence[int] | None = None, first: int = 0) -> Nest:
    """Return the loops over `axes` of `shape` (all by default) in which every leaf, spread to `shape`, is walked."""
    counts, steps = list[int](), {leaf: list[int]() for leaf in leaves}
    wide = {leaf: leaf.spread(shape).strides for leaf in leaves}
    before = -2
    for axis in range(len(shape)) if axes is None else axes:
        n = shape[axis]
        if n == 1:
            continue
        along = {leaf: wide[leaf][axis] for leaf in leaves}
        if counts and before < axis and all(steps[leaf][-1] == along[leaf] * n for leaf in leaves):
            counts[-1] *= n
            for leaf in leaves:
                steps[leaf][-1] = along[leaf]
        else:
            counts.append(n)
            for leaf in leaves:
                steps[leaf].append(along[leaf])
        before = axis
    return Nest(tuple(counts), {leaf: tuple(s) for leaf, s in steps.items()}, first)
