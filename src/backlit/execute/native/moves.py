"""Kernels that move numbers: copies, joins, slices put back, gathering, one-hot rows, sizes, and random bits.

None of them computes anything a rule would say; the random bits are those of `seeds`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from llvmlite import ir

from ... import seeds
from ...graph.node import Node
from .formulas import convert
from .lanes import INDEX, index, number
from .loops import Writer
from .plan import Plan
from .views import View, contiguous, sliced

WORD = ir.IntType(32)
INT64 = np.dtype(np.int64)
ROUNDS = 10


def copy(writer: Writer, source: View, target: View) -> None:
    """Write a copy of equal shapes."""
    if 0 in source.shape:
        return
    with writer.loops(source.shape) as place:
        writer.store(writer.load(source, place), target, place)


def fill(writer: Writer, target: View, value: float) -> None:
    """Write the same number everywhere."""
    if 0 in target.shape:
        return
    with writer.loops(target.shape) as place:
        writer.store(number(target.buffer.dtype, value), target, place)


def write_join(writer: Writer, node: Node, plan: Plan) -> None:
    """Write concatenate."""
    out, axis, start = plan.views[node], node.attrs["axis"] % len(node.shape), 0
    for below in node.inputs:
        key = (*[("slice", None, None, None)] * axis, ("slice", start, start + below.shape[axis], None))
        copy(writer, plan.views[below], sliced(out, key))
        start += below.shape[axis]


def write_reshape(writer: Writer, node: Node, plan: Plan) -> None:
    """Write a copy in order, for a reshape of what has gaps."""
    source = plan.views[node.inputs[0]]
    copy(writer, source, contiguous(plan.views[node].buffer, source.shape))


def write_put_slice(writer: Writer, node: Node, plan: Plan) -> None:
    """Write zeros, and the input at a slice of them."""
    out = plan.views[node]
    fill(writer, out, 0)
    copy(writer, plan.views[node.inputs[0]], sliced(out, node.attrs["key"]))


def write_one_hot(writer: Writer, node: Node, plan: Plan) -> None:
    """Write 1 where the class is the one an integer names, else 0."""
    source, out = plan.views[node.inputs[0]], plan.views[node]
    build: Any = writer.builder
    if 0 in node.shape:
        return
    with writer.loops(source.shape) as place:
        named = convert(build, writer.load(source, place), node.inputs[0].dtype, INT64, 1)
        with writer.loop(node.attrs["num_classes"]) as c:
            one = build.select(build.icmp_signed("==", named, c), number(node.dtype, 1), number(node.dtype, 0))
            writer.store(one, out, [*place, c])


def write_length(writer: Writer, node: Node, plan: Plan) -> None:
    """Write how many numbers there are along axes."""
    count = math.prod(node.inputs[0].shape[a] for a in node.attrs["axes"])
    writer.store(number(node.dtype, count), plan.views[node], [])


def write_uniform(writer: Writer, node: Node, plan: Plan) -> None:
    """Write Philox numbers in [0, 1): word p of (seed, stream, step) is lane p % 4 of block p // 4."""
    out = contiguous(plan.views[node].buffer, (math.prod(node.shape),))
    words = 2 if node.dtype.itemsize == 8 else 1
    per_block = 4 // words
    count = math.prod(node.shape)
    key, step = _halves(writer, node, plan)
    build: Any = writer.builder
    if count == 0:
        return
    with writer.loop(-(-count // per_block)) as block:
        found = _philox(build, [block, build.zext(ir.Constant(WORD, node.attrs["stream"]), INDEX), *step], key)
        for n in range(per_block):
            place = build.add(build.mul(block, index(per_block)), index(n))
            with build.if_then(build.icmp_signed("<", place, index(count))):
                writer.store(_unit(build, found[n * words : (n + 1) * words], node), out, [place])


def _halves(writer: Writer, node: Node, plan: Plan) -> tuple[list[Any], list[Any]]:
    """Return the two halves of the seed, and of the step, as 64-bit registers below 2**32."""
    build: Any = writer.builder
    low = index(0xFFFFFFFF)
    values = [_integer(writer, below, plan) for below in node.inputs]
    pairs = [[build.and_(v, low), build.lshr(v, index(32))] for v in values]
    return pairs[0], pairs[1]


def _integer(writer: Writer, node: Node, plan: Plan) -> Any:
    if node in plan.views:
        return convert(writer.builder, writer.load(plan.views[node], []), node.dtype, INT64, 1)
    return index(int(node.value) & (2**64 - 1))


def _philox(build: Any, counter: list[Any], key: list[Any]) -> list[Any]:
    """The ten rounds of `seeds.philox`, on 64-bit registers."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    low, half = index(0xFFFFFFFF), index(32)
    first, second = (index(int(m)) for m in seeds.MULTIPLIERS)
    for _ in range(ROUNDS):
        p0, p1 = build.mul(c0, first), build.mul(c2, second)
        c0, c1, c2, c3 = (
            build.xor(build.xor(build.lshr(p1, half), c1), k0), build.and_(p1, low),
            build.xor(build.xor(build.lshr(p0, half), c3), k1), build.and_(p0, low),
        )  # fmt: skip
        k0, k1 = (build.and_(build.add(k, index(w)), low) for k, w in zip((k0, k1), seeds.WEYL, strict=True))
    return [c0, c1, c2, c3]


def _unit(build: Any, words: list[Any], node: Node) -> Any:
    """Return one word (or two) as a number in [0, 1), bit by bit as `seeds.uniform` does."""
    if len(words) == 2:
        whole = build.lshr(build.or_(build.shl(words[0], index(32)), words[1]), index(11))
        return build.fmul(build.uitofp(whole, ir.DoubleType()), ir.Constant(ir.DoubleType(), 2.0**-53))
    whole = build.lshr(words[0], index(8))
    return build.fmul(build.uitofp(whole, ir.FloatType()), ir.Constant(ir.FloatType(), 2.0**-24))
