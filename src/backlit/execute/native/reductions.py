"""Reductions: many numbers into one, in an order that depends on the shape alone.

Where the last axis is folded, a vector of partial sums is folded pairwise at the end; where it stays, whole rows are
combined. What is folded may be computed on the way by the element-wise nodes that feed the reduction.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir

from ...arrays import DType
from ...graph.node import Node
from .calls import Call, Code
from .formulas import convert
from .lanes import index, number, register_type
from .passes import Body, Reader, Walk, arguments_of, in_vectors, seat_of
from .views import View, row_major
from .writer import Running, Writer

STRETCH = 4096  # numbers of the last axis that are folded one vector after the other

Combine = Callable[[Writer, Any, Any, DType], Any]


def _float_or_int(float_name: str, integer_name: str) -> Combine:
    def combine(w: Writer, a: Any, b: Any, dtype: DType) -> Any:
        return getattr(w.builder, float_name if dtype.kind == "f" else integer_name)(a, b)

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


def start_of(name: str, dtype: DType) -> float:
    """Return what a reduction starts from: the number that changes nothing."""
    value = REDUCTIONS[name][1]
    if math.isfinite(value) or dtype.kind == "f":
        return value
    if dtype.kind == "b":
        return float(value > 0)
    info = np.iinfo(dtype)
    return info.min if value < 0 else info.max


def result_view(node: Node, view: View) -> View:
    """Return the view of a reduction's result seen along the axes of its input: folded axes stand still."""
    shape, axes = node.inputs[0].shape, node.attrs["axes"]
    kept = [i for i in range(len(shape)) if i not in axes]
    strides = dict(zip(kept, row_major(tuple(shape[i] for i in kept)), strict=True))
    return View(view.buffer, shape, tuple(strides.get(i, 0) for i in range(len(shape))), view.offset)


class Fold(NamedTuple):
    """A reduction of the value of `source` over the merged axes of `body`; `out` stands still along folded axes."""

    node: Node
    source: Node
    body: Body
    out: View

    @property
    def folded(self) -> list[int]:
        """The axes that are folded."""
        return [i for i, s in enumerate(self.out.strides) if s == 0]

    @property
    def lanes(self) -> int:
        """Lanes of a vector: the sum may be wider than what is summed."""
        wide = 64 // self.node.dtype.itemsize if self.node.dtype.kind != "b" else self.body.lanes
        return min(self.body.lanes, wide)


def fold_call(fold: Fold) -> Call:
    """Return the call of a reduction; threads share the axis that stays, where there is one."""
    shape, folded = fold.body.shape, fold.folded
    rank = len(shape)
    by_columns = rank > 0 and rank - 1 not in folded
    by_rows = rank > 1 and 0 not in folded
    rows = shape[0] if by_rows else 1
    columns = shape[-1] if by_columns else 1
    sizes = [n for i, n in enumerate(shape) if not (i == 0 and by_rows) and not (i == rank - 1 and by_columns)]
    count = math.prod(shape[i] for i in folded)
    arguments = [*sizes, count, *fold.body.arguments(), *arguments_of(fold.out)]
    source = "" if fold.source in fold.body.nodes else "r"
    key = f"fold {fold.node.op.name} {fold.node.dtype.str} {fold.lanes} {folded} {rank} {source} {fold.body.key()}"
    code = Code(f"{key} {seat_of(fold.out).steps}", lambda module, name: _write(Writer(module, name), fold))
    unit = fold.lanes if fold.lanes > 1 else 16
    wide = by_columns and (not by_rows or columns >= 4 * unit)
    return Call(code, arguments, rows, columns, 1, unit, by_columns=wide, whole=not (by_rows or by_columns))


def _write(w: Writer, fold: Fold) -> None:
    body, folded = fold.body, fold.folded
    rank = len(body.shape)
    low0, high0, low1, high1 = w.function.args[2:]
    kept_last, kept_first = rank > 0 and rank - 1 not in folded, rank > 1 and 0 not in folded
    ends: dict[int, tuple[Any, Any]] = {
        i: (index(0), w.argument())
        for i in range(rank)
        if not ((i == 0 and kept_first) or (i == rank - 1 and kept_last))
    }
    if kept_first:
        ends[0] = (low0, high0)
    if kept_last:
        ends[rank - 1] = (low1, high1)
    writing = _Fold(w, fold, ends)
    outer = [i for i in range(rank - 1) if i not in folded]
    with ExitStack() as stack:
        for i in outer:
            writing.place[i] = stack.enter_context(w.loop(*ends[i]))
        if kept_last:
            in_vectors(w, low1, high1, fold.lanes, writing.columns)
        else:
            writing.row()
    w.finish()


class _Fold:
    """Writes the inside of a reduction's loops."""

    def __init__(self, w: Writer, fold: Fold, ends: dict[int, tuple[Any, Any]]) -> None:
        self.w, self.fold, self.ends = w, fold, ends
        self.rank = len(fold.body.shape)
        self.place: list[Any] = [index(0)] * self.rank
        self.count = w.argument()
        self.reader = Reader(w, fold.body, [Walk(w, seat) for seat in fold.body.seats()])
        self.out = Walk(w, seat_of(fold.out))
        self.combine = REDUCTIONS[fold.node.op.name][0]

    def columns(self, j: Any, lanes: int, mask: Any, alive: Any) -> None:
        """Fold for the kept columns from `j` on, one vector of them."""
        self.place[-1] = j
        total = Running(self.w, register_type(self.fold.node.dtype, lanes))
        total.set(self._start(lanes))
        with ExitStack() as stack:
            for i in self.fold.folded:
                self.place[i] = stack.enter_context(self.w.loop(*self.ends[i]))
            self._add(total, lanes, mask, alive)
        self._store(total.get(), lanes, mask)

    def row(self) -> None:
        """Fold everything along the last axis (and other folded ones) into one number.

        Stretches of the last axis are folded by themselves first: a sum of a million numbers one after the other would
        lose three of its seven digits.
        """
        lanes = self.fold.lanes
        total = Running(self.w, register_type(self.fold.node.dtype, lanes))
        total.set(self._start(lanes))
        if self.rank == 0:
            self._add(total, lanes, None, None)
        else:
            with ExitStack() as stack:
                for i in self.fold.folded[:-1]:
                    self.place[i] = stack.enter_context(self.w.loop(*self.ends[i]))

                part = Running(self.w, register_type(self.fold.node.dtype, lanes))

                def step(j: Any, lanes: int, mask: Any, alive: Any) -> None:
                    self.place[-1] = j
                    self._add(part, lanes, mask, alive)

                low, high = self.ends[self.rank - 1]
                with self.w.loop(low, high, STRETCH) as start:
                    part.set(self._start(lanes))
                    end = self.w.minimum(self.w.builder.add(start, index(STRETCH)), high)
                    in_vectors(self.w, start, end, lanes, step)
                    total.set(self.combine(self.w, total.get(), part.get(), self.fold.node.dtype))
        self._store(self._folded(total.get(), lanes), 1, None)

    def _add(self, total: Running, lanes: int, mask: Any, alive: Any) -> None:
        values = self.reader.compute(list(self.place), lanes, mask, alive)
        self.reader.write(values, list(self.place), lanes, mask)
        dtype = self.fold.node.dtype
        value = convert(self.w.builder, values[self.fold.source], self.fold.source.dtype, dtype, lanes)
        if mask is not None and self.rank - 1 in self.fold.folded:
            value = self.w.builder.select(mask, value, self._start(lanes))
        total.set(self.combine(self.w, total.get(), value, dtype))

    def _start(self, lanes: int) -> Any:
        return number(self.fold.node.dtype, start_of(self.fold.node.op.name, self.fold.node.dtype), lanes)

    def _folded(self, vector: Any, lanes: int) -> Any:
        """Return the combination of all lanes, pairwise."""
        while lanes > 1:
            lanes //= 2
            low = self.w.shuffle(vector, vector, range(lanes))
            high = self.w.shuffle(vector, vector, range(lanes, 2 * lanes))
            vector = self.combine(self.w, low, high, self.fold.node.dtype)
        if isinstance(vector.type, ir.VectorType):
            return self.w.builder.extract_element(vector, ir.Constant(ir.IntType(32), 0))
        return vector

    def _store(self, total: Any, lanes: int, mask: Any) -> None:
        dtype = self.fold.node.dtype
        if self.fold.node.op.name == "mean":
            count = self.w.builder.sitofp(self.count, register_type(dtype))
            total = self.w.builder.fdiv(total, self.w.splat(count, lanes))
        self.w.store(total, self.out.pointer(self.place), dtype, lanes, mask)
