"""Kernels that move numbers, find places, or run along an axis; none of them computes anything a rule would say.

Copies are passes without a node: joins, slices put back and reshapes of what has gaps are made of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ...arrays import DType
from ...graph.node import Node
from .calls import Call, Code
from .formulas import convert
from .lanes import ADDRESS, INDEX, index, number, register_type
from .passes import Body, in_vectors, pass_call
from .target import Target
from .views import View, contiguous, merged_axes, sliced
from .writer import Module, Running, Writer, lanes_for

INT64 = np.dtype(np.int64)


def copy_call(node: Node, source: View, target: View, machine: Target) -> Call:
    """Return the call that copies between equal shapes."""
    shape, (source, target) = merged_axes(source.shape, [source, target])
    side_by_side = bool(shape) and shape[-1] != 1 and target.strides[-1] == 1
    lanes = lanes_for(machine, node.dtype) if side_by_side else 1
    return pass_call(Body((), {node: source}, {node: target}, shape, lanes))


def fill_call(node: Node, target: View, value: int) -> Call:
    """Return the call that writes the same number everywhere in a contiguous array."""
    dtype, count = target.dtype, math.prod(target.shape)

    def write(module: Module, name: str) -> None:
        w = Writer(module, name)
        base = w.argument(ADDRESS)
        with w.loop(*w.function.args[4:6]) as i:
            w.store(number(dtype, value), w.at(base, i, dtype), dtype)
        w.finish()

    return Call(Code(f"fill {dtype.str} {value}", write), [target.address], 1, count, by_columns=True, column_unit=64)


def join(node: Node, views: Mapping[Node, View], machine: Target) -> list[Call]:
    """Return the copies of concatenate."""
    out, axis, start, calls = views[node], node.attrs["axis"] % len(node.shape), 0, []
    for below in node.inputs:
        key = (*[("slice", None, None, None)] * axis, ("slice", start, start + below.shape[axis], None))
        if 0 not in below.shape:
            calls.append(copy_call(node, views[below], sliced(out, key), machine))
        start += below.shape[axis]
    return calls


def reshape(node: Node, views: Mapping[Node, View], machine: Target) -> list[Call]:
    """Return the copy of a reshape of what has gaps."""
    source = views[node.inputs[0]]
    return [copy_call(node, source, contiguous(views[node].buffer, source.shape), machine)]


def put_slice(node: Node, views: Mapping[Node, View], machine: Target) -> list[Call]:
    """Return the fill with zeros, and the copy of the input to a slice of them."""
    zeros = fill_call(node, views[node], 0)
    if 0 in node.inputs[0].shape:
        return [zeros]
    copied = copy_call(node, views[node.inputs[0]], sliced(views[node], node.attrs["key"]), machine)
    zeros.whole = copied.whole = True  # one thread: the copy comes after the zeros
    return [zeros, copied]


def one_hot(node: Node, views: Mapping[Node, View], machine: Target) -> list[Call]:
    """Return the call that writes 1 where the class is the one an integer names, else 0."""
    source, out = flat(views[node.inputs[0]]), views[node]
    have, dtype, classes = node.inputs[0].dtype, node.dtype, node.attrs["num_classes"]
    lanes = lanes_for(machine, dtype)

    def write(module: Module, name: str) -> None:
        w = Writer(module, name)
        b = w.builder
        base, stride, target, count = w.argument(ADDRESS), w.argument(), w.argument(ADDRESS), w.argument()
        with w.loop(*w.function.args[2:4]) as i:
            row = w.at(target, b.mul(i, count), dtype)

            def zeros(j: Any, lanes: int, mask: Any, alive: Any) -> None:
                w.store(number(dtype, 0, lanes), w.at(row, j, dtype), dtype, lanes, mask)

            in_vectors(w, index(0), count, lanes, zeros)
            label = w.load(w.at(base, b.mul(i, stride), have), have)
            named = convert(b, label, have, INT64, 1)
            is_class = b.icmp_unsigned("<", named, count)
            if have.kind == "f":  # a fraction names no class
                is_class = b.and_(is_class, b.fcmp_ordered("==", convert(b, named, INT64, have, 1), label))
            with b.if_then(is_class):
                w.store(number(dtype, 1), w.at(row, named, dtype), dtype)
        w.finish()

    code = Code(f"one_hot {have.str} {dtype.str} {lanes}", write)
    return [Call(code, [source.address, source.strides[0], out.address, classes], source.shape[0], 1)]


def flat(view: View) -> View:
    """Return a view along one axis."""
    shape, (view,) = merged_axes(view.shape, [view])
    if len(shape) > 1:
        raise NotImplementedError("integers that do not lie in order")
    return View(view.buffer, shape or (1,), view.strides or (0,), view.offset)


def around(view: View, axis: int, count: int = 1) -> tuple[list[int], list[int]]:
    """Return sizes and strides of (all before the axis, the axis, all behind it); `count` axes may be seen as one."""
    sizes, strides = [], []
    for part in (slice(0, axis), slice(axis, axis + count), slice(axis + count, None)):
        shape = view.shape[part]
        merged, (moved,) = merged_axes(shape, [View(view.buffer, shape, view.strides[part])])
        if len(merged) > 1:
            raise NotImplementedError("going along an axis of an array with gaps")
        sizes.append(math.prod(shape))
        strides.append(moved.strides[0] if merged else 0)
    return sizes, strides


def along(node: Node, views: Mapping[Node, View], settings: str, inside: Callable[..., None]) -> list[Call]:
    """Return the call of `inside(writer, read, base of the result, its index, size)` for each line of an axis."""
    axis, source, out = node.attrs["axis"], views[node.inputs[0]], views[node]
    sizes, strides = around(source, axis)
    have = node.inputs[0].dtype

    def write(module: Module, name: str) -> None:
        w = Writer(module, name)
        b = w.builder
        base, target = w.argument(ADDRESS), w.argument(ADDRESS)
        outer, step, inner, size, behind = (w.argument() for _ in range(5))
        with w.loop(*w.function.args[2:4]) as p, w.loop(*w.function.args[4:6]) as q:
            start = b.add(b.mul(p, outer), b.mul(q, inner))

            def read(i: Any) -> Any:
                return w.load(w.at(base, b.add(start, b.mul(i, step)), have), have)

            inside(w, read, target, (p, q, behind), size)
        w.finish()

    code = Code(f"{node.op.name} {have.str} {node.dtype.str} {settings}", write)
    arguments = [source.address, out.address, *strides, sizes[1], sizes[2]]
    return [Call(code, arguments, sizes[0], sizes[2])]


def place_of_extreme(node: Node, views: Mapping[Node, View], machine: Target) -> list[Call]:
    """Return the call of argmax or argmin: the first place of the extreme; the first NaN counts as extreme."""
    dtype, sign = node.inputs[0].dtype, ">" if node.op.name == "argmax" else "<"

    def inside(w: Writer, read: Any, target: Any, at: Any, size: Any) -> None:
        b = w.builder
        best, where = Running(w, register_type(dtype)), Running(w, INDEX)
        best.set(read(index(0)))
        where.set(index(0))
        with w.loop(index(1), size) as i:
            value, so_far = read(i), best.get()
            better = _better(b, value, so_far, sign, dtype)
            best.set(b.select(better, value, so_far))
            where.set(b.select(better, i, where.get()))
        p, q, behind = at
        w.store(where.get(), w.at(target, b.add(b.mul(p, behind), q), INT64), INT64)

    return along(node, views, "", inside)


def _better(build: Any, value: Any, so_far: Any, sign: str, dtype: DType) -> Any:
    if dtype.kind == "f":
        new_nan = build.and_(build.fcmp_unordered("uno", value, value), build.fcmp_ordered("ord", so_far, so_far))
        return build.or_(build.fcmp_ordered(sign, value, so_far), new_nan)
    compare = build.icmp_unsigned if dtype.kind in "bu" else build.icmp_signed
    return compare(sign, value, so_far)


def running_sum(node: Node, views: Mapping[Node, View], machine: Target) -> list[Call]:
    """Return the call of cumsum along an axis, from either end."""
    dtype, backwards = node.dtype, node.attrs["reverse"]
    if dtype.kind == "b":
        raise NotImplementedError("there is no machine code for running sums of truth values")

    def inside(w: Writer, read: Any, target: Any, at: Any, size: Any) -> None:
        b = w.builder
        total = Running(w, register_type(dtype))
        total.set(number(dtype, 0))
        p, q, behind = at
        with w.loop(index(0), size) as step:
            i = b.sub(b.sub(size, index(1)), step) if backwards else step
            total.set((b.fadd if dtype.kind == "f" else b.add)(total.get(), read(i)))
            place = b.add(b.mul(b.add(b.mul(p, size), i), behind), q)
            w.store(total.get(), w.at(target, place, dtype), dtype)

    return along(node, views, str(backwards), inside)
