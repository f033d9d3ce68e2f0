"""Packing: a strip of the right factor laid out row by row, just as a tile reads it.

Rows that lie a power of two apart would push each other out of the caches, and columns cannot be read as vectors.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir

from .lanes import ADDRESS, INDEX, index, number
from .tiles import Tile, started
from .writer import Module, Writer


def pack_copy(w: Writer, source: Any, stride: Any, alive: Any, steps: Any, place: Any, tile: Tile) -> None:
    """Copy `steps` rows of `alive` numbers that lie `stride` apart; what a row lacks to whole vectors becomes zero."""
    b = w.builder
    masks = [w.mask(b.sub(alive, index(v * tile.lanes)), tile.lanes) for v in range(tile.vectors)]
    with w.loop(0, steps) as k:
        row, target = w.at(source, b.mul(k, stride), tile.dtype), w.at(place, b.mul(k, index(tile.width)), tile.dtype)
        for v, mask in enumerate(masks):
            at = index(v * tile.lanes)
            value = w.load(w.at(row, at, tile.dtype), tile.dtype, tile.lanes, mask)
            w.store(value, w.at(target, at, tile.dtype), tile.dtype, tile.lanes)


def pack_transposed(w: Writer, source: Any, stride: Any, alive: Any, steps: Any, place: Any, tile: Tile) -> None:
    """Copy `alive` columns that lie `stride` apart, `steps` numbers each: they become rows, and the rest is zero."""
    b = w.builder
    turn = _turning_function(w.module, tile)
    with w.loop(0, tile.width, tile.lanes) as column:
        first = w.at(source, b.mul(column, stride), tile.dtype)
        b.call(turn, [first, stride, b.sub(alive, column), steps, w.at(place, column, tile.dtype), index(tile.width)])


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
