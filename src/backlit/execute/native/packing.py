"""Packing: a strip of the right factor laid out row by row, just as a dense tile reads it.

Rows that lie a power of two apart would push each other out of the caches, and columns cannot be read as vectors.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir

from .lanes import ADDRESS, INDEX, index, number
from .tiles import Parts, Tile, started, starts_of
from .writer import Module, Writer


def pack_copy(
    w: Writer, source: Any, stride: Any, alive: Any, steps: Any, place: Any, tile: Tile, parts: Parts
) -> None:  # fmt: skip
    """Copy `steps` rows of `alive` numbers that lie `stride` apart; what a row lacks to whole vectors becomes zero."""
    b = w.builder
    masks = [w.mask(b.sub(alive, index(v * tile.lanes)), tile.lanes) for v in range(tile.vectors)]
    starts = starts_of(w, tile, place, parts, steps)
    with w.loop(0, steps) as k:
        row = w.at(source, b.mul(k, stride), tile.dtype)
        for start, (first, vectors) in zip(starts, parts, strict=True):
            target = w.at(start, b.mul(k, index(vectors * tile.lanes)), tile.dtype)
            for v in range(vectors):
                from_there = w.at(row, index((first + v) * tile.lanes), tile.dtype)
                value = w.load(from_there, tile.dtype, tile.lanes, masks[first + v])
                w.store(value, w.at(target, index(v * tile.lanes), tile.dtype), tile.dtype, tile.lanes)


def pack_transposed(
    w: Writer, source: Any, stride: Any, alive: Any, steps: Any, place: Any, tile: Tile, parts: Parts
) -> None:  # fmt: skip
    """Copy `alive` columns that lie `stride` apart, `steps` numbers each: they become rows, and the rest is zero."""
    b = w.builder
    turn = _turning_function(w.module, tile)
    for start, (first, vectors) in zip(starts_of(w, tile, place, parts, steps), parts, strict=True):
        with w.loop(0, vectors * tile.lanes, tile.lanes) as j:
            column = b.add(j, index(first * tile.lanes))
            source_column, target = w.at(source, b.mul(column, stride), tile.dtype), w.at(start, j, tile.dtype)
            apart = index(vectors * tile.lanes)
            b.call(turn, [source_column, stride, b.sub(alive, column), steps, target, apart])


def _turning_function(module: Module, tile: Tile) -> ir.Function:
    """Return the function that turns one vector of columns into rows.

    Squares of lanes x lanes numbers are turned in registers. Its arguments: the first column, the stride between
    columns, how many there are, the numbers in each, the first row, the stride between rows.
    """
    lanes, dtype = tile.lanes, tile.dtype
    w = started(module, f"turn_{dtype.str[1:]}_{lanes}", [ADDRESS, INDEX, INDEX, INDEX, ADDRESS, INDEX])
    if isinstance(w, ir.Function):
        return w
    source, stride, alive, steps, place, width = w.function.args
    b = w.builder
    none = number(np.dtype(bool), 0, lanes)
    with w.loop(0, steps, lanes) as k:
        left = b.sub(steps, k)
        reading = w.mask(left, lanes)
        columns = []
        for c in range(lanes):
            there = b.icmp_signed("<", index(c), alive)
            at = b.add(b.mul(b.select(there, index(c), index(0)), stride), k)
            columns.append(w.load(w.at(source, at, dtype), dtype, lanes, b.select(there, reading, none)))
        for r, row in enumerate(turned(w, columns)):
            with b.if_then(b.icmp_signed("<", index(r), left)):
                w.store(row, w.at(place, b.mul(b.add(k, index(r)), width), dtype), dtype, lanes)
    b.ret_void()
    return w.function


def turned(w: Writer, rows: list[Any]) -> list[Any]:
    """Return the transpose of a square held in registers: halves of ever smaller blocks change places."""
    lanes = len(rows)
    size = lanes // 2
    while size:
        low = [i for i in range(lanes) if not i & size]
        first = [i if not i & size else lanes + (i ^ size) for i in range(lanes)]
        second = [(i | size) if not i & size else lanes + i for i in range(lanes)]
        rows = rows.copy()
        for i in low:
            a, b = rows[i], rows[i | size]
            rows[i], rows[i | size] = w.shuffle(a, b, first), w.shuffle(a, b, second)
        size //= 2
    return rows
