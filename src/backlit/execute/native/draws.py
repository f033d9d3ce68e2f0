"""Random numbers in machine code: the Philox rounds of `seeds`, eight blocks of four words at a time, bit for bit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from llvmlite import ir

from ... import seeds
from ...graph.node import Node
from .calls import Call, Code
from .formulas import convert
from .lanes import ADDRESS, INDEX, index
from .moves import INT64, flat
from .target import Target
from .views import View
from .writer import WORD, Writer

ROUNDS = 10
BLOCKS = 8  # counters hashed side by side
WIDE = ir.VectorType(INDEX, BLOCKS)


def uniform(node: Node, views: Mapping[Node, View], machine: Target) -> list[Call]:
    """Return the call that draws numbers in [0, 1): word p of (seed, stream, step) is lane p % 4 of block p // 4."""
    return [_call(node, views, math.prod(node.shape), 1)]


def uniform_rows(node: Node, views: Mapping[Node, View], machine: Target) -> list[Call]:
    """Return the call that draws such numbers for each of many steps: threads share these."""
    steps = flat(views[node.inputs[1]])
    call = _call(node, views, node.attrs["count"], steps.shape[0])
    call.arguments[1:] = [steps.address, *call.arguments[2:], steps.strides[0]]
    call.by_columns = steps.shape[0] == 1
    return [call]


def _call(node: Node, views: Mapping[Node, View], count: int, rows: int) -> Call:
    seed, step = (views[below] for below in node.inputs)
    per_block = 2 if node.dtype.itemsize == 8 else 4
    kinds = f"{seed.dtype.str} {step.dtype.str} {node.dtype.str}"
    code = Code(f"{node.op.name} {kinds}", lambda module, name: _write(Writer(module, name), node))
    arguments = [seed.address, step.address, views[node].address, node.attrs["stream"], count]
    return Call(code, arguments, rows, -(-count // per_block), 1, 8 * BLOCKS, by_columns=True)


def _write(w: Writer, node: Node) -> None:
    if node.dtype.itemsize == 2:
        raise NotImplementedError("random numbers in float16")
    seed, step, out = (w.argument(ADDRESS) for _ in range(3))
    stream, count = w.argument(), w.argument()
    key = round_keys(w, *_halves(w, seed, node.inputs[0]))
    if node.op.name == "uniform":
        _write_row(w, node, key, [stream, *_halves(w, step, node.inputs[1])], out, count)
    else:
        apart = w.argument()
        with w.loop(*w.function.args[2:4]) as row:
            here = w.at(step, w.builder.mul(row, apart), node.inputs[1].dtype)
            line = w.at(out, w.builder.mul(row, count), node.dtype)
            _write_row(w, node, key, [stream, *_halves(w, here, node.inputs[1])], line, count)
    w.finish()


def _write_row(w: Writer, node: Node, key: Sequence[Any], rest: Sequence[Any], out: Any, count: Any) -> None:
    """Write `count` numbers from `out` on; `rest` are the words of the counters behind that of the block."""
    b = w.builder
    low, high = w.function.args[4:6]
    lanes = ir.Constant(WIDE, list(range(BLOCKS)))
    rest = [w.splat(v, BLOCKS) for v in rest]
    with w.loop(low, high, BLOCKS) as block:
        words = philox(w, [b.add(w.splat(block, BLOCKS), lanes), *rest], key)
        numbers = _doubles(w, words) if node.dtype.itemsize == 8 else _floats(w, words)
        per_block = 4 * BLOCKS // (2 if node.dtype.itemsize == 8 else 1)
        end = w.minimum(b.mul(high, index(per_block // BLOCKS)), count)
        size = per_block // len(numbers)
        for i, vector in enumerate(numbers):
            place = b.add(b.mul(block, index(per_block // BLOCKS)), index(i * size))
            left = b.sub(end, place)
            left = b.select(b.icmp_signed("<", left, index(0)), index(0), left)
            w.store(vector, w.at(out, place, node.dtype), node.dtype, size, w.mask(w.minimum(left, index(size)), size))


def _halves(w: Writer, pointer: Any, node: Node) -> list[Any]:
    """Return the two halves of an integer as 64-bit registers below 2**32."""
    b = w.builder
    value = convert(b, w.load(pointer, node.dtype), node.dtype, INT64, 1)
    return [b.and_(value, index(0xFFFFFFFF)), b.lshr(value, index(32))]


def round_keys(w: Writer, k0: Any, k1: Any) -> list[tuple[Any, Any]]:
    """Return the two keys of each round, in every lane."""
    b, keys = w.builder, []
    for _ in range(ROUNDS):
        keys.append((w.splat(k0, BLOCKS), w.splat(k1, BLOCKS)))
        k0, k1 = (b.and_(b.add(k, index(v)), index(0xFFFFFFFF)) for k, v in zip((k0, k1), seeds.WEYL, strict=True))
    return keys


def philox(w: Writer, counter: Sequence[Any], keys: Sequence[tuple[Any, Any]]) -> list[Any]:
    """Return the four words of each block: the ten rounds of `seeds.philox`, on 64-bit lanes.

    What stands in their upper halves has no meaning: a factor is cut to its lower half, as processors multiply.
    """
    b: Any = w.builder
    c0, c1, c2, c3 = counter
    low, half = (ir.Constant(WIDE, [value] * BLOCKS) for value in (0xFFFFFFFF, 32))
    first, second = (ir.Constant(WIDE, [int(m)] * BLOCKS) for m in seeds.MULTIPLIERS)
    for k0, k1 in keys:
        p0, p1 = b.mul(b.and_(c0, low), first), b.mul(b.and_(c2, low), second)
        c0, c1, c2, c3 = b.xor(b.xor(b.lshr(p1, half), c1), k0), p1, b.xor(b.xor(b.lshr(p0, half), c3), k1), p0
    return [c0, c1, c2, c3]


def _floats(w: Writer, words: Sequence[Any]) -> list[Any]:
    """Return one float32 a word, in order, as `seeds.uniform` makes it: the upper 24 bits, divided by 2**24."""
    b: Any = w.builder
    kind, narrow = ir.VectorType(ir.FloatType(), BLOCKS), ir.VectorType(WORD, BLOCKS)
    shift, scale = ir.Constant(narrow, [8] * BLOCKS), ir.Constant(kind, [2.0**-24] * BLOCKS)
    f = [b.fmul(b.sitofp(b.lshr(b.trunc(word, narrow), shift), kind), scale) for word in words]
    pairs = [i // 2 + (i % 2) * BLOCKS for i in range(2 * BLOCKS)]  # a0 b0 a1 b1 ...
    ab, cd = w.shuffle(f[0], f[1], pairs), w.shuffle(f[2], f[3], pairs)
    size = 2 * BLOCKS
    fours = [2 * (i // 4) + i % 2 + (size if i % 4 > 1 else 0) for i in range(4 * BLOCKS)]  # a0 b0 c0 d0 a1 ...
    return [w.shuffle(ab, cd, fours[:size]), w.shuffle(ab, cd, fours[size:])]


def _doubles(w: Writer, words: Sequence[Any]) -> list[Any]:
    """Return one float64 for two words, in order: the upper 53 bits of both, divided by 2**53."""
    b: Any = w.builder
    kind = ir.VectorType(ir.DoubleType(), BLOCKS)
    up, down, every = (ir.Constant(WIDE, [value] * BLOCKS) for value in (32, 11, 0xFFFFFFFF))
    scale = ir.Constant(kind, [2.0**-53] * BLOCKS)
    d = []
    for high, low in (words[:2], words[2:]):
        whole = b.lshr(b.or_(b.shl(high, up), b.and_(low, every)), down)
        d.append(b.fmul(b.uitofp(whole, kind), scale))
    pairs = [i // 2 + (i % 2) * BLOCKS for i in range(2 * BLOCKS)]
    return [w.shuffle(d[0], d[1], pairs[:BLOCKS]), w.shuffle(d[0], d[1], pairs[BLOCKS:])]
