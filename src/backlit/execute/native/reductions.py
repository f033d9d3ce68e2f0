"""Reductions: many numbers into one, in an order that depends on the shape alone.

Along the last axis a vector of partial sums is folded at the end; along other axes whole rows are combined.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...arrays import DType
from ...graph.node import Node
from .formulas import convert
from .lanes import INDEX, index, number, register_type
from .loops import Writer
from .plan import Plan
from .views import View, row_major

Combine = Callable[[Writer, Any, Any, DType], Any]


def _float_or_int(float_name: str, integer_name: str) -> Combine:
    def combine(w: Writer, a: Any, b: Any, dtype: DType) -> Any:
        build: Any = w.builder
        return getattr(build, float_name if dtype.kind == "f" else integer_name)(a, b)

    return combine


def _extreme(sign: str) -> Combine:
    """The greater or the smaller; NaN wins."""

    def combine(w: Writer, a: Any, b: Any, dtype: DType) -> Any:
        build: Any = w.builder
        if dtype.kind != "f":
            compare = build.icmp_unsigned if dtype.kind in "bu" else build.icmp_signed
            return build.select(compare(sign, a, b), a, b)
        better = build.fcmp_ordered(sign, a, b)
        return build.select(build.or_(better, build.fcmp_unordered("uno", a, a)), a, b)

    return combine


def _bits(name: str) -> Combine:
    return lambda w, a, b, dtype: getattr(w.builder, name)(a, b)


REDUCTIONS: dict[str, tuple[Combine, float]] = {
    "sum": (_float_or_int("fadd", "add"), 0.0),
    "sum_broadcast": (_float_or_int("fadd", "add"), 0.0),
    "mean": (_float_or_int("fadd", "add"), 0.0),
    "prod": (_float_or_int("fmul", "mul"), 1.0),
    "max": (_extreme(">"), -math.inf),
    "min": (_extreme("<"), math.inf),
    "any": (_bits("or_"), 0),
    "all": (_bits("and_"), 1),
}


def write_reduction(writer: Writer, node: Node, plan: Plan) -> None:
    """Write a reduction over `node.attrs["axes"]`."""
    view = plan.views[node.inputs[0]]
    axes = node.attrs["axes"]
    kept = [i for i in range(len(view.shape)) if i not in axes]
    out = plan.views[node]
    # the output seen with one axis for each kept axis of the input
    target = View(
        out.buffer, tuple(view.shape[i] for i in kept), row_major(tuple(view.shape[i] for i in kept)), out.offset
    )
    if 0 in target.shape:
        return
    work = node.dtype
    with writer.loops(target.shape) as outer:
        place: list[Any] = [index(0)] * len(view.shape)
        for i, p in zip(kept, outer, strict=True):
            place[i] = p
        combine, start = REDUCTIONS[node.op.name]
        total = _fold(writer, view, place, sorted(axes), node.inputs[0].dtype, work, combine, _start(start, work))
        if node.op.name == "mean":
            count = math.prod(view.shape[a] for a in axes)
            build: Any = writer.builder
            total = build.fdiv(total, number(work, count))
        writer.store(total, target, outer)


def _start(value: float, dtype: DType) -> float:
    if math.isfinite(value) or dtype.kind == "f":
        return value
    info = np.iinfo(dtype)
    return info.min if value < 0 else info.max


def _fold(
    w: Writer, view: View, place: list[Any], axes: Sequence[int], have: DType, work: DType, combine: Combine,
    start: float,
) -> Any:  # fmt: skip
    """Loop over the reduced axes with the running value in a stack slot that LLVM turns into a register."""
    build: Any = w.builder
    with build.goto_entry_block():
        slot = build.alloca(register_type(work))
    build.store(number(work, start), slot)
    sizes = [view.shape[a] for a in axes]
    if 0 in sizes:
        return build.load(slot, typ=register_type(work))
    with w.loops(sizes) as inner:
        at = list(place)
        for a, p in zip(axes, inner, strict=True):
            at[a] = p
        value = convert(build, w.load(view, at), have, work, 1)
        build.store(combine(w, build.load(slot, typ=register_type(work)), value, work), slot)
    return build.load(slot, typ=register_type(work))


def write_place_of_extreme(writer: Writer, node: Node, plan: Plan) -> None:
    """Write argmax or argmin: the first place of the extreme; the first NaN counts as extreme."""
    view, out = plan.views[node.inputs[0]], plan.views[node]
    axis, dtype = node.attrs["axis"], node.inputs[0].dtype
    sign = ">" if node.op.name == "argmax" else "<"
    build: Any = writer.builder
    with build.goto_entry_block():
        best, where = build.alloca(register_type(dtype)), build.alloca(INDEX)
    if 0 in out.shape:
        return
    with writer.loops(out.shape) as outer:
        head, tail = list(outer)[:axis], list(outer)[axis:]
        build.store(writer.load(view, [*head, index(0), *tail]), best)
        build.store(index(0), where)
        with writer.loop(view.shape[axis]) as i:
            value, so_far = writer.load(view, [*head, i, *tail]), build.load(best, typ=register_type(dtype))
            better = _better(build, value, so_far, sign, dtype)
            build.store(build.select(better, value, so_far), best)
            build.store(build.select(better, i, build.load(where, typ=INDEX)), where)
        writer.store(build.load(where, typ=INDEX), out, outer)


def _better(build: Any, value: Any, so_far: Any, sign: str, dtype: DType) -> Any:
    if dtype.kind == "f":
        new_nan = build.and_(build.fcmp_unordered("uno", value, value), build.fcmp_ordered("ord", so_far, so_far))
        return build.or_(build.fcmp_ordered(sign, value, so_far), new_nan)
    compare = build.icmp_unsigned if dtype.kind in "bu" else build.icmp_signed
    return compare(sign, value, so_far)


def write_running_sum(writer: Writer, node: Node, plan: Plan) -> None:
    """Write cumsum along an axis, from either end."""
    view, out = plan.views[node.inputs[0]], plan.views[node]
    axis, size = node.attrs["axis"], node.shape[node.attrs["axis"]]
    build: Any = writer.builder
    kind = register_type(node.dtype)
    with build.goto_entry_block():
        slot = build.alloca(kind)
    others = (*node.shape[:axis], *node.shape[axis + 1 :])
    if 0 in node.shape:
        return
    with writer.loops(others) as outer:
        build.store(number(node.dtype, 0), slot)
        with writer.loop(size) as step:
            i = build.sub(index(size - 1), step) if node.attrs["reverse"] else step
            place = [*list(outer)[:axis], i, *list(outer)[axis:]]
            so_far, value = build.load(slot, typ=kind), writer.load(view, place)
            total = build.fadd(so_far, value) if node.dtype.kind == "f" else build.add(so_far, value)
            build.store(total, slot)
            writer.store(total, out, place)
