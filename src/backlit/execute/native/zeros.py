"""Skipping zeros: four of five pixels of a digit are 0, and a product with 0 adds nothing to a sum.

Half of what relu or dropout leaves is 0, too. Where a left factor is not zero is written as bits, once a step. A tile
then visits only the steps at which a row (or one of two) is not zero, in the same order as the dense tile: the sums are
the same, bit for bit, as long as the other factor is finite.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir

from ...arrays import DType
from .ahead import TOLD, fetching
from .calls import Call, Code
from .lanes import ADDRESS, BIT, INDEX, index, number
from .passes import in_vectors
from .tiles import TILE_ARGUMENTS, Tile, close, either, opened, places_of, reader_of_rows, started, stepping
from .views import View
from .writer import WORD, Module, Running, Writer

BITS = 64
NEAR = 32_768  # bytes of a panel that stay in the L1 cache
FAR_BYTE = 420 / 64  # what a byte from the L2 cache costs, where a product of two vectors counts 100: measured
WORDS = np.dtype(np.int32)  # bits are kept in words of 32, read in pairs


def words_of(count: int) -> int:
    """Return how many 32-bit words hold `count` bits, in pairs."""
    return -(-count // BITS) * 2


class Skipping:
    """Inside a product: the bits of its left factor, and the tile that follows them, `together` rows at a time."""

    def __init__(self, w: Writer, together: int, bits: Any, row_stride: Any, word_stride: Any) -> None:
        self.w, self.b, self.together = w, w.builder, together
        self.bits, self.row_stride, self.word_stride = bits, row_stride, word_stride

    def arguments(self, row: Any, start: Any) -> list[Any]:
        """Return what the tile function needs to know: the bits of a row from step `start` on, and their strides."""
        word = self.b.lshr(start, index(5))
        place = self.b.add(self.b.mul(row, self.row_stride), self.b.mul(word, self.word_stride))
        return [self.w.at(self.bits, place, WORDS), self.row_stride, self.word_stride]

    def pays(self, top: Any, start: Any, steps: Any, tile: Tile) -> Any:
        """Say whether following the bits is faster: a step that is visited costs what its loads and products do.

        A panel that does not stay in the L1 cache is read again by each row (or two) that visits; by a dense tile once.
        """
        w, b, rows = self.w, self.b, tile.rows // self.together
        count = Running(w, INDEX)
        count.set(index(0))
        for r in range(rows):
            bits, rows_apart, words_apart = self.arguments(b.add(top, index(r * self.together)), start)
            with w.loop(index(0), words_in(b, steps)) as i:
                word = word_at(w, bits, rows_apart, words_apart, self.together, i)
                found = w.call("llvm.ctpop.i64", ir.FunctionType(INDEX, [INDEX]), [word])
                count.set(b.add(count.get(), found))
        far = b.icmp_signed(">", b.mul(steps, index(tile.width * tile.dtype.itemsize)), index(NEAR))
        loads = index(round(FAR_BYTE * tile.width * tile.dtype.itemsize))  # the least that a step takes, whoever reads
        least = b.select(far, loads, index(0))
        visit = w.maximum(index(100 * max(self.together * tile.vectors, tile.vectors + self.together) + 25), least)
        dense = w.maximum(index(100 * tile.rows * tile.vectors), least)
        word_change = 1500  # the end of a word is guessed wrong
        spent = b.add(b.mul(count.get(), visit), b.mul(words_in(b, steps), index(rows * word_change)))
        return b.icmp_signed("<", spent, b.mul(steps, dense))

    def tile_function(self, module: Module, tile: Tile, masked: bool, ahead: bool = False) -> ir.Function:
        """Return the function that computes a tile a row or two at a time, visiting the steps the bits name."""
        together = self.together
        name = f"skip_{together}_{tile.key()}{'_masked' * masked}{'_ahead' * ahead}"
        w = started(module, name, [*TILE_ARGUMENTS, *TOLD * ahead, ADDRESS, INDEX, INDEX])
        if isinstance(w, ir.Function):
            return w
        place, across, left, a_row, a_step, right, stride, steps, first, alive, *more = w.function.args
        lines, bits = more[:-3], more[-3:]
        b = w.builder
        read = reader_of_rows(w, tile, alive, masked)
        words = words_in(b, steps)
        with fetching(w, *lines) as asking, w.loop(0, tile.rows, together) as row:
            starts = [w.at(left, b.mul(b.add(row, index(r)), a_row), tile.dtype) for r in range(together)]
            step = stepping(w, tile, starts, a_step, lambda k: read(w.at(right, b.mul(k, stride), tile.dtype)))
            places = places_of(w, tile, w.at(place, b.mul(row, across), tile.dtype), across, together)
            bits_here = w.at(bits[0], b.mul(row, bits[1]), WORDS)

            def word(i: Any) -> Any:
                return word_at(w, bits_here, bits[1], bits[2], together, i)

            close(w, tile, places, follow_bits(w, opened(w, tile, places, first), words, word, asking(step)))
        b.ret_void()
        return w.function


def words_in(b: Any, steps: Any) -> Any:
    """Return how many words of 64 bits cover so many steps."""
    return b.lshr(b.add(steps, index(BITS - 1)), index(6))


def word_at(w: Writer, bits: Any, row_stride: Any, word_stride: Any, rows: int, i: Any) -> Any:
    """Return word `i` of 64 bits: the steps at which this row, or one of the next ones, is not zero."""
    b = w.builder
    halves = []
    for half in range(2):
        place = b.mul(b.add(b.shl(i, index(1)), index(half)), word_stride)
        word: Any = ir.Constant(WORD, 0)
        for _ in range(rows):
            word = b.or_(word, w.load(w.at(bits, place, WORDS), WORDS))
            place = b.add(place, row_stride)
        halves.append(b.zext(word, INDEX))
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
    joined = [either(b, (old, outer), (value, inner)) for old, value in zip(held, new, strict=True)]
    following = b.add(i, index(1))
    b.cbranch(b.icmp_signed("<", following, words), outer, after)
    i.add_incoming(index(0), before)
    i.add_incoming(following, next_word)
    for phi, start, value in zip(held, sums, joined, strict=True):
        phi.add_incoming(start, before)
        phi.add_incoming(value, next_word)
    b.position_at_end(after)
    return [either(b, (start, before), (value, next_word)) for start, value in zip(sums, joined, strict=True)]


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
        value = w.load(w.at(line, at, dtype), dtype, lanes, w.mask(alive, lanes))
        live = b.fcmp_unordered("!=", value, zero)
        found = b.zext(b.bitcast(live, ir.IntType(lanes)), INDEX)
        word = b.or_(word, b.shl(found, index(part * lanes)))
    b.store(word, w.at(into, b.shl(i, index(1)), WORDS), align=4)


def _scan_columns(
    w: Writer, dtype: DType, lanes: int, data: Any, stride: Any, bits: Any, bits_stride: Any, count: Any, low: Any,
    high: Any,
) -> None:  # fmt: skip
    """Write the bits of columns low to high, a vector of columns at a time: row r is bit r % 32 of word r // 32."""
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
