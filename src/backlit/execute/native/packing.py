"""Packing: a strip of the right factor laid out row by row, just as a tile reads it.

Rows that lie a power of two apart would push each other out of the caches, and columns cannot be read as vectors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .lanes import index, number
from .writer import Writer

if TYPE_CHECKING:
    from .products import Tile


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
    """Copy `alive` columns that lie `stride` apart, `steps` numbers each, so that they become rows; the rest is zero.

    Squares of lanes x lanes numbers are turned in registers.
    """
    b, lanes = w.builder, tile.lanes
    with w.loop(0, steps, lanes) as k:
        left = b.sub(steps, k)
        reading = w.mask(left, lanes)
        for v in range(tile.vectors):
            rows = []
            for c in range(lanes):
                column = index(v * lanes + c)
                there = b.icmp_signed("<", column, alive)
                at = b.add(b.mul(b.select(there, column, index(0)), stride), k)
                mask = b.select(there, reading, number_of_bits(lanes))
                rows.append(w.load(w.at(source, at, tile.dtype), tile.dtype, lanes, mask))
            for r, value in enumerate(turned(w, rows)):
                with b.if_then(b.icmp_signed("<", index(r), left)):
                    target = b.add(b.mul(b.add(k, index(r)), index(tile.width)), index(v * lanes))
                    w.store(value, w.at(place, target, tile.dtype), tile.dtype, lanes)


def number_of_bits(lanes: int) -> Any:
    """Return a mask in which no lane is alive."""
    import numpy as np

    return number(np.dtype(bool), 0, lanes)


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
