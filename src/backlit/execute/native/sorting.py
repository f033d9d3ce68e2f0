"""Sorting lines of numbers: Shell's method, in place in the result; NaN comes last, as with NumPy.

No memory beside the result is needed, and short lines, which are the usual ones, are sorted by mere insertion.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ...arrays import DType
from ...graph.node import Node
from .calls import Call
from .lanes import INDEX, index
from .moves import along
from .target import Target
from .views import View
from .writer import Running, Writer

SHRINK = (5, 11)  # the next distance over the last one
MOST_GAPS = 60  # more than a line in memory can need


def sort(node: Node, views: Mapping[Node, View], machine: Target) -> list[Call]:
    """Return the call of sort along an axis."""
    dtype = node.dtype

    def inside(w: Writer, read: Any, target: Any, at: Any, size: Any) -> None:
        b = w.builder
        p, q, behind = at

        def place(i: Any) -> Any:
            return w.at(target, b.add(b.mul(b.add(b.mul(p, size), i), behind), q), dtype)

        with w.loop(index(0), size) as i:
            w.store(read(i), place(i), dtype)
        left = Running(w, INDEX)
        left.set(_next(b, size))
        with w.loop(index(0), index(MOST_GAPS)):
            gap = left.get()
            with b.if_then(b.icmp_signed(">", gap, index(0))):
                with w.loop(gap, size) as i:
                    _insert(w, place, i, gap, dtype)
                left.set(_next(b, gap))

    return along(node, views, "", inside)


def _next(b: Any, gap: Any) -> Any:
    """Return the distance after `gap`: the last one is 1, behind it comes 0."""
    smaller = b.sdiv(b.mul(gap, index(SHRINK[0])), index(SHRINK[1]))
    return b.select(b.icmp_signed("==", gap, index(2)), index(1), smaller)


def _insert(w: Writer, place: Callable[[Any], Any], i: Any, gap: Any, dtype: DType) -> None:
    """Move number `i` in steps of `gap` to the front, until the one before it is not greater."""
    b: Any = w.builder
    value, now = w.load(place(i), dtype), Running(w, INDEX)
    now.set(i)
    check, compare, move, done = (b.append_basic_block(n) for n in ("check", "compare", "move", "there"))
    b.branch(check)
    b.position_at_end(check)
    at = now.get()
    b.cbranch(b.icmp_signed(">=", at, gap), compare, done)
    b.position_at_end(compare)
    ahead = w.load(place(b.sub(at, gap)), dtype)
    b.cbranch(_is_less(b, value, ahead, dtype), move, done)
    b.position_at_end(move)
    w.store(ahead, place(at), dtype)
    now.set(b.sub(at, gap))
    b.branch(check)
    b.position_at_end(done)
    w.store(value, place(now.get()), dtype)


def _is_less(b: Any, value: Any, other: Any, dtype: DType) -> Any:
    if dtype.kind != "f":
        return (b.icmp_unsigned if dtype.kind in "bu" else b.icmp_signed)("<", value, other)
    only_other = b.and_(b.fcmp_ordered("ord", value, value), b.fcmp_unordered("uno", other, other))
    return b.or_(b.fcmp_ordered("<", value, other), only_other)
