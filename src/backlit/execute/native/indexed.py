"""Rows taken, and added, at the places integers name.

An integer that names no place touches no memory and raises a flag in the thread's own memory: the runner looks at it
after the call and has the interpreter say what is wrong.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ...graph.node import Node
from .calls import Call, Code
from .formulas import convert
from .lanes import ADDRESS, index
from .moves import INT64, around, fill_call, flat
from .passes import in_vectors
from .target import Target
from .views import View
from .writer import Module, Writer, lanes_for


def take(node: Node, views: Mapping[Node, View], machine: Target) -> list[Call]:
    """Return the call of gather: each row of the result is copied from the place its integer names."""
    axis, source, out = node.attrs["axis"], views[node.inputs[0]], views[node]
    (outer, size, inner), strides = around(source, axis)
    count = math.prod(node.inputs[1].shape)
    lanes = lanes_for(machine, node.dtype) if strides[2] == 1 else 1

    def write(w: Writer, named: Any, read: Any, written: Any, at: Any, columns: tuple[Any, Any]) -> None:
        def move(j: Any, lanes: int, mask: Any, alive: Any) -> None:
            w.store(read(named, j, lanes, mask), written(at, j), node.dtype, lanes, mask)

        in_vectors(w, *columns, lanes, move)

    code = _code(node, f"{lanes}", write)
    arguments = [source.address, *strides, *_places(node, views), out.address, outer, count, inner, size]
    return [Call(code, arguments, count, inner)]


def add_at(node: Node, views: Mapping[Node, View], machine: Target) -> list[Call]:
    """Return the calls of scatter_add: zeros, to which rows are added one after the other where integers say."""
    axis, source, out = node.attrs["axis"], views[node.inputs[0]], views[node]
    (outer, count, inner), strides = around(source, axis, len(node.inputs[1].shape))

    def write(w: Writer, named: Any, read: Any, written: Any, at: Any, columns: tuple[Any, Any]) -> None:
        with w.loop(*columns) as j:
            place = written(named, j)
            add = w.builder.fadd if node.dtype.kind == "f" else w.builder.add
            w.store(add(w.load(place, node.dtype), read(at, j, 1, None)), place, node.dtype)

    zeros = fill_call(node, out, 0)
    size = node.attrs["size"]
    arguments = [source.address, *strides, *_places(node, views), out.address, outer, size, inner, size]
    added = Call(_code(node, "", write), arguments, count, inner)
    zeros.whole = added.whole = True  # one thread: the rows come after the zeros, in their order
    return [zeros, added]


def _places(node: Node, views: Mapping[Node, View]) -> list[Any]:
    """Return where the integers lie and how far apart."""
    if not np.can_cast(node.inputs[1].dtype, INT64, "safe"):
        raise NotImplementedError(f"places named by {node.inputs[1].dtype.name}")
    names = flat(views[node.inputs[1]])
    return [names.address, names.strides[0]]


def _code(node: Node, settings: str, inside: Callable[..., None]) -> Code:
    """Return the kernel that goes through the integers and calls `inside` for each one and each outer index."""
    have, dtype = node.inputs[1].dtype, node.dtype

    def write(module: Module, name: str) -> None:
        w = Writer(module, name)
        b = w.builder
        source, *strides = (w.argument(ADDRESS), *(w.argument() for _ in range(3)))
        names, step, target = w.argument(ADDRESS), w.argument(), w.argument(ADDRESS)
        outer, rows, inner, size = (w.argument() for _ in range(4))
        low, high, *columns = w.function.args[2:6]
        with w.loop(low, high) as i:
            named = convert(b, w.load(w.at(names, b.mul(i, step), have), have), have, INT64, 1)
            named = b.select(b.icmp_signed("<", named, index(0)), b.add(named, size), named)
            is_there = b.icmp_unsigned("<", named, size)
            w.flag(b.not_(is_there))
            with b.if_then(is_there), w.loop(index(0), outer) as p:

                def read(row: Any, j: Any, lanes: int, mask: Any) -> Any:
                    place = sum_of(b, *(b.mul(n, s) for n, s in zip((p, row, j), strides, strict=True)))
                    return w.load(w.at(source, place, dtype), dtype, lanes, mask)

                def written(row: Any, j: Any) -> Any:
                    return w.at(target, b.add(b.mul(b.add(b.mul(p, rows), row), inner), j), dtype)

                inside(w, named, read, written, i, columns)
        w.finish()

    return Code(f"{node.op.name} {have.str} {dtype.str} {settings}", write)


def sum_of(b: Any, first: Any, *others: Any) -> Any:
    """Return the sum of integers."""
    for other in others:
        first = b.add(first, other)
    return first
