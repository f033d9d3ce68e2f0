"""Skipping zeros: four of five pixels of a digit are 0, and a product with 0 adds nothing to a sum.

Where the data is not zero is written as bits, once a step. A tile of two rows then visits only the steps at which one
of them is not zero, in the same order as the dense tile: the sums are the same, bit for bit, as long as the other
factor is finite.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from llvmlite import ir

from ...arrays import DType
from .calls import Call, Code
from .lanes import ADDRESS, BIT, INDEX, index, number
from .views import View
from .writer import WORD, Module, Writer

if TYPE_CHECKING:
    from .products import Tile

BITS = 64
WORDS = np.dtype(np.int32)  # bits are kept in words of 32, read in pairs
WORTH = 0.55  # a step of two rows without reuse costs more than its share of a dense tile


def words_of(count: int) -> int:
    """Return how many 32-bit words hold `count` bits, in pairs."""
    return -(-count // BITS) * 2


class Skipping:
    """Inside a product: the bits of its left factor, and the tile that follows them."""

    def __init__(self, w: Writer, bits: Any, row_stride: Any, word_stride: Any) -> None:
        self.w, self.b = w, w.builder
        self.bits, self.row_stride, self.word_stride = bits, row_stride, word_stride

    def arguments(self, row: Any, start: Any) -> list[Any]:
        """Return what the tile function needs to know: the bits of a row from step `start` on, and their strides."""
        word = self.b.lshr(start, index(5))
        place = self.b.add(self.b.mul(row, self.row_stride), self.b.mul(word, self.word_stride))
        return [self.w.at(self.bits, place, WORDS), self.row_stride, self.word_stride]

    def pays(self, top: Any, start: Any, steps: Any, rows: int) -> Any:
        """Say whether the rows of a tile have so few steps together that following the bits is faster."""
        w, b = self.w, self.b
        from .writer import Running

        count = Running(w, INDEX)
        count.set(index(0))
        for r in range(0, rows, 2):
            pointer, row_stride, word_stride = self.arguments(b.add(top, index(r)), start)
            with w.loop(index(0), words_in(b, steps)) as i:
                both = pair_of_rows(w, pointer, row_stride, word_stride, i)
                found = w.call("llvm.ctpop.i64", ir.FunctionType(INDEX, [INDEX]), [both])
                count.set(b.add(count.get(), found))
        limit = b.sdiv(b.mul(steps, index(int(WORTH * 1000) * rows // 2)), index(1000))
        return b.icmp_signed("<", count.get(), limit)

    def tile_function(self, module: Module, tile: Tile, masked: bool) -> ir.Function:
        """Return the function that computes a tile two rows at a time, visiting the steps the bits name."""
        from .products import TILE_ARGUMENTS, added, close, opened, reader_of_rows

        name = f"skip_{tile.dtype.str[1:]}_{tile.rows}x{tile.vectors}x{tile.lanes}{'_masked' * masked}"
        if name in module.globals:
            return module.globals[name]
        w = Writer(module, name, ir.FunctionType(ir.VoidType(), [*TILE_ARGUMENTS, ADDRESS, INDEX, INDEX]))
        w.function.linkage = "internal"
        w.function.attributes.add("noinline")
        place, left, a_row, a_step, right, stride, steps, first, alive, bits, row_stride, word_stride = w.function.args
        b = w.builder
        read = reader_of_rows(w, tile, alive, masked)
        words = words_in(b, steps)
        with w.loop(0, tile.rows, 2) as row:
            above = w.at(left, b.mul(row, a_row), tile.dtype)
            below = w.at(above, a_row, tile.dtype)
            here = w.at(place, b.mul(row, index(tile.width)), tile.dtype)
            bits_here = w.at(bits, b.mul(row, row_stride), WORDS)

            def step(k: Any, sums: list[Any]) -> list[Any]:
                vectors = read(w.at(right, b.mul(k, stride), tile.dtype))
                at = b.mul(k, a_step)
                upper = added(w, tile, w.at(above, at, tile.dtype), vectors, sums)
                return upper + added(w, tile, w.at(below, at, tile.dtype), vectors, sums[tile.vectors :])

            def word(i: Any) -> Any:
                return pair_of_rows(w, bits_here, row_stride, word_stride, i)

            close(w, tile, here, follow_bits(w, opened(w, tile, here, 2, first), words, word, step))
        b.ret_void()
        return w.function


def words_in(b: Any, steps: Any) -> Any:
    """Return how many words of 64 bits cover so many steps."""
    return b.lshr(b.add(steps, index(BITS - 1)), index(6))


def pair_of_rows(w: Writer, bits: Any, row_stride: Any, word_stride: Any, i: Any) -> Any:
    """Return word `i` of 64 bits: the steps at which this row or the next one is not zero."""
    b = w.builder
    halves = []
    for half in range(2):
        place = b.mul(b.add(b.shl(i, index(1)), index(half)), word_stride)
        upper = w.load(w.at(bits, place, WORDS), WORDS)
        lower = w.load(w.at(bits, b.add(place, row_stride), WORDS), WORDS)
        halves.append(b.zext(b.or_(upper, lower), INDEX))
    return b.or_(halves[0], b.shl(halves[1], index(32)))


def follow_bits(w: Writer, sums: list[Any], words: Any, word: Any, step: Any) -> list[Any]:
    """Return the sums after `step` at every bit that is set, in order, held in registers all the while."""
    b: Any = w.builder
    before = b.block
    outer, inner, next_word, after = (b.append_basic_block(n) for n in ("word", "bit", "next", "tile"))
    b.cbranch(b.icmp_signed(">", words, index(0)), outer, after)
    b.position_at_end(outer)
    i = b.phi(INDEX)
    held = [b.phi(s.type) for s in sums]
    set_bits = word(i)
    base = b.shl(i, index(6))
    b.cbranch(b.icmp_unsigned("!=", set_bits, index(0)), inner, next_word)
    b.position_at_end(inner)
    left = b.phi(INDEX)
    moving = [b.phi(s.type) for s in sums]
    place = w.call("llvm.cttz.i64", ir.FunctionType(INDEX, [INDEX, BIT]), [left, ir.Constant(BIT, 1)])
    new = step(b.add(base, place), moving)
    fewer = b.and_(left, b.sub(left, index(1)))
    b.cbranch(b.icmp_unsigned("!=", fewer, index(0)), inner, next_word)
    left.add_incoming(set_bits, outer)
    left.add_incoming(fewer, inner)
    for phi, old, value in zip(moving, held, new, strict=True):
        phi.add_incoming(old, outer)
        phi.add_incoming(value, inner)
    b.position_at_end(next_word)
    joined = []
    for old, value in zip(held, new, strict=True):
        phi = b.phi(value.type)
        phi.add_incoming(old, outer)
        phi.add_incoming(value, inner)
        joined.append(phi)
    following = b.add(i, index(1))
    b.cbranch(b.icmp_signed("<", following, words), outer, after)
    i.add_incoming(index(0), before)
    i.add_incoming(following, next_word)
    for phi, start, value in zip(held, sums, joined, strict=True):
        phi.add_incoming(start, before)
        phi.add_incoming(value, next_word)
    b.position_at_end(after)
    found = []
    for start, value in zip(sums, joined, strict=True):
        phi = b.phi(value.type)
        phi.add_incoming(start, before)
        phi.add_incoming(value, next_word)
        found.append(phi)
    return found


def scan_call(data: View, bits: View, down: bool, lanes: int) -> Call:
    """Return the call that writes where `data` is not zero, as the bits of its rows or (`down`) of its columns."""
    rows, columns = data.shape
    arguments = [data.address, data.strides[0], bits.address, max(bits.strides), rows if down else columns]
    key = f"scan {'down' if down else 'across'} {data.dtype.str} {lanes}"
    code = Code(key, lambda module, name: _write_scan(Writer(module, name), data.dtype, down, lanes))
    if down:
        return Call(code, arguments, 1, columns, 1, 4 * lanes, by_columns=True)
    return Call(code, arguments, rows, 1)


def _write_scan(w: Writer, dtype: DType, down: bool, lanes: int) -> None:
    b = w.builder
    data, stride, bits, bits_stride, count = (w.argument(k) for k in (ADDRESS, INDEX, ADDRESS, INDEX, INDEX))
    low0, high0, low1, high1 = w.function.args[2:]
    if down:
        _scan_columns(w, dtype, lanes, data, stride, bits, bits_stride, count, low1, high1)
    else:
        with w.loop(low0, high0) as row:
            line = w.at(data, b.mul(row, stride), dtype)
            into = w.at(bits, b.mul(row, bits_stride), WORDS)
            with w.loop(index(0), words_in(b, count)) as i:
                _scan_word(w, dtype, lanes, line, count, into, i)
    w.finish()


def _scan_word(w: Writer, dtype: DType, lanes: int, line: Any, count: Any, into: Any, i: Any) -> None:
    """Write 64 bits of one row; a number that is not there counts as zero."""
    b = w.builder
    zero = number(dtype, 0, lanes)
    word: Any = index(0)
    for part in range(BITS // lanes):
        at = b.add(b.shl(i, index(6)), index(part * lanes))
        alive = b.sub(count, at)
        value = w.load(w.at(line, at, dtype), dtype, lanes, w.mask(_bounded(b, alive, lanes), lanes))
        live = b.fcmp_unordered("!=", value, zero)
        found = b.zext(b.bitcast(live, ir.IntType(lanes)), INDEX)
        word = b.or_(word, b.shl(found, index(part * lanes)))
    b.store(word, w.at(into, b.shl(i, index(1)), WORDS), align=4)


def _bounded(b: Any, alive: Any, lanes: int) -> Any:
    """Return how many of `lanes` lanes are alive: between none and all."""
    alive = b.select(b.icmp_signed("<", alive, index(0)), index(0), alive)
    return b.select(b.icmp_signed("<", alive, index(lanes)), alive, index(lanes))


def _scan_columns(
    w: Writer, dtype: DType, lanes: int, data: Any, stride: Any, bits: Any, bits_stride: Any, count: Any, low: Any,
    high: Any,
) -> None:  # fmt: skip
    """Write the bits of columns low to high, a vector of columns at a time: row r is bit r % 32 of word r // 32."""
    from .passes import in_vectors
    from .writer import Running

    b = w.builder
    zero, kind = number(dtype, 0, lanes), ir.VectorType(WORD, lanes)
    nothing = ir.Constant(kind, None)

    def columns(j: Any, lanes: int, mask: Any, alive: Any) -> None:
        with w.loop(index(0), b.shl(words_in(b, count), index(1))) as word:
            first = b.shl(word, index(5))
            last = w.minimum(b.add(first, index(32)), count)
            gathered = Running(w, kind)
            gathered.set(nothing)
            with w.loop(first, last) as row:
                value = w.load(w.at(data, b.add(b.mul(row, stride), j), dtype), dtype, lanes, mask)
                bit = w.splat(b.shl(ir.Constant(WORD, 1), b.trunc(b.sub(row, first), WORD)), lanes)
                live = b.fcmp_unordered("!=", value, zero)
                gathered.set(b.or_(gathered.get(), b.select(live, bit, nothing)))
            w.store(gathered.get(), w.at(bits, b.add(b.mul(word, bits_stride), j), WORDS), WORDS, lanes, mask)

    in_vectors(w, low, high, lanes, columns)
