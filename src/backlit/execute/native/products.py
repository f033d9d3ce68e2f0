"""The matrix product: tiles of the result stay in registers while the shared axis runs past.

A row of the right factor is read as vectors, numbers of the left factor are broadcast against it. Each sum runs over
the shared axis in order, whatever the tile and the thread: so its bits depend on the two vectors alone. Finished tiles
are handed, still in the cache, to the pass behind the product.
"""

from __future__ import annotations

from typing import Any

from .ahead import Lines
from .forms import GROUP, Form, group_rows, parts_of
from .lanes import ADDRESS, index
from .packing import pack_copy, pack_transposed
from .tiles import starts_of, tile_function
from .writer import ACROSS, HEAD, KERNEL, TILE, Module, Writer
from .zeros import Skipping


def write(module: Module, name: str, form: Form) -> None:
    """Write the kernel of a form."""
    w = Writer(module, name)
    _Product(w, form).write()
    w.finish()


class _Product:
    """Writes one product kernel."""

    def __init__(self, w: Writer, form: Form) -> None:
        self.w, self.b, self.form, self.tile = w, w.builder, form, form.tile
        self.a, self.a_row, self.a_step = w.argument(ADDRESS), w.argument(), w.argument()
        self.right, self.b_outer, self.shared = w.argument(ADDRESS), w.argument(), w.argument()
        self.behind, self.behind_table = w.argument(ADDRESS), w.argument(ADDRESS)
        self.skipping: Skipping | None = None
        if form.together:
            self.skipping = Skipping(w, form.together, w.argument(ADDRESS), w.argument(), w.argument())
        self.following = w.argument() if form.fetches else None
        self.coming: tuple[Any, Any, Any] | None = None
        self.ahead = w.argument(ADDRESS) if form.ahead else None
        self.scratch = w.function.args[1]
        self.low0, self.high0, self.low1, self.high1 = w.function.args[2:]
        self.size = index(self.tile.dtype.itemsize)

    def write(self) -> None:
        if self.form.rows_first:
            self._rows_first()
        else:
            self._panels_first()

    def _rows_first(self) -> None:
        """Pack every panel; then for a group of rows at a time, all tiles, and the pass behind over whole rows."""
        w, b, tile = self.w, self.b, self.tile
        columns = b.sub(self.high1, self.low1)
        across = b.mul(b.sdiv(b.add(columns, index(tile.width - 1)), index(tile.width)), index(tile.width))
        row_bytes = b.mul(across, self.size)
        group = self._group(row_bytes)
        tiles = w.bytes_behind(self.scratch, b.add(index(HEAD), b.mul(row_bytes, index(tile.rows))))
        packed = w.bytes_behind(tiles, b.mul(row_bytes, group))
        self.list_place = w.bytes_behind(packed, b.mul(row_bytes, self.shared))
        panel_bytes = b.mul(self.shared, index(tile.width * tile.dtype.itemsize))
        with w.loop(self.low1, self.high1, tile.width) as column:
            self._packed(column, index(0), self.shared, self._panel(packed, panel_bytes, column))
        with w.loop(self.low0, self.high0, group) as low:
            high = w.minimum(b.add(low, group), self.high0)
            with w.loop(self.low1, self.high1, tile.width) as column:
                right, stride = self._right(column, index(0), self._panel(packed, panel_bytes, column))
                if self.following is not None:  # the next call packs the panels to the right of this one's
                    there = b.add(b.sub(column, self.low1), self.high1)
                    self._comes(index(0), there, b.add(self.high1, self.following), self.shared)
                place = w.at(tiles, b.sub(column, self.low1), tile.dtype)
                self._rows(place, across, low, low, high, right, stride, column, index(0), self.shared, self._true())
            self._finish(tiles, across, low, self.low1, low, high, self.low1, columns)

    def _comes(self, start: Any, column: Any, end: Any, steps: Any) -> None:
        """Note what is packed next: `steps` rows from `start` on, from `column` to `end` or a panel's width."""
        b, place = self.b, self.b.add(self.b.mul(start, self.b_outer), column)
        width = self.w.minimum(b.sub(end, column), index(self.tile.width))
        self.coming = self.w.at(self.right, place, self.tile.dtype), steps, width

    def _panel(self, packed: Any, panel_bytes: Any, column: Any) -> Any:
        """Return where a packed panel lies."""
        number = self.b.sdiv(self.b.sub(column, self.low1), index(self.tile.width))
        return self.w.bytes_behind(packed, self.b.mul(number, panel_bytes))

    def _group(self, row_bytes: Any) -> Any:
        """Return the rows of a group: `group_rows`, for a number of columns known when it runs."""
        b, rows = self.b, index(self.tile.rows)
        tiles = b.sdiv(index(GROUP), b.mul(row_bytes, rows))
        return b.mul(b.select(b.icmp_signed(">", tiles, index(1)), tiles, index(1)), rows)

    def _panels_first(self) -> None:
        """For one panel at a time: strip by strip of the shared axis, all rows.

        Where there are several strips all tiles wait until the last one; else a group of rows does.
        """
        w, b, tile, strip = self.w, self.b, self.tile, self.form.strip
        rows = b.sub(self.high0, self.low0)
        several = b.icmp_signed(">", self.shared, index(strip))
        row_bytes = index(tile.width * tile.dtype.itemsize)
        all_rows = b.mul(b.sdiv(b.add(rows, index(tile.rows - 1)), index(tile.rows)), index(tile.rows))
        group = b.select(several, index(tile.rows), index(group_rows(tile, tile.width)))
        kept = b.select(several, all_rows, group)
        tiles = w.bytes_behind(self.scratch, b.add(index(HEAD), b.mul(row_bytes, index(tile.rows))))
        packed = w.bytes_behind(tiles, b.mul(row_bytes, kept))
        self.list_place = w.bytes_behind(packed, b.mul(row_bytes, w.minimum(self.shared, index(strip))))
        with w.loop(self.low1, self.high1, tile.width) as column:
            alive = w.minimum(b.sub(self.high1, column), index(tile.width))
            with w.loop(
                index(0), b.select(b.icmp_signed(">", self.shared, index(1)), self.shared, index(1)), strip
            ) as start:
                steps = w.minimum(b.sub(self.shared, start), index(strip))
                self._packed(column, start, steps, packed)
                right, stride = self._right(column, start, packed)
                last = b.icmp_signed(">=", b.add(start, steps), self.shared)
                if self.form.fetches:
                    begin = b.select(last, index(0), b.add(start, steps))
                    next_column = b.select(last, b.add(column, index(tile.width)), column)
                    end = b.add(self.high1, self.following)
                    self._comes(begin, next_column, end, w.minimum(b.sub(self.shared, begin), index(strip)))
                with w.loop(self.low0, self.high0, group) as low:
                    high = w.minimum(b.add(low, group), self.high0)
                    top = w.minimum(low, b.sub(self.high0, index(tile.rows)))
                    origin = b.select(several, top, low)
                    place = b.select(several, w.bytes_behind(tiles, b.mul(b.sub(low, self.low0), row_bytes)), tiles)
                    first = b.icmp_signed("==", start, index(0))
                    self._rows(place, index(tile.width), origin, low, high, right, stride, column, start, steps, first)
                    with b.if_then(last):
                        self._finish(place, index(tile.width), origin, column, low, high, column, alive)

    def _rows(
        self, place: Any, across: Any, origin: Any, low: Any, high: Any, right: Any, stride: Any, column: Any,
        start: Any, steps: Any, first: Any,
    ) -> None:  # fmt: skip
        """Compute the tiles of rows low to high in one panel: row `origin` lies at `place`.

        The last tile moves up rather than reach over the edge: what it computes again comes out the same.
        """
        w, b, tile = self.w, self.b, self.tile
        alive = w.minimum(b.sub(self.high1, column), index(tile.width))
        with w.loop(low, high, tile.rows) as row:
            top = w.minimum(row, b.sub(self.high0, index(tile.rows)))
            left = w.at(self.a, b.add(b.mul(top, self.a_row), b.mul(start, self.a_step)), tile.dtype)
            here = w.at(place, b.mul(b.sub(top, origin), across), tile.dtype)
            lines = self._listed(row, high, column)
            table = [here, across, left, self.a_row, self.a_step, right, stride, steps, first, alive]
            self._tile(table, lines, top, start)

    def _listed(self, row: Any, high: Any, column: Any) -> list[Any]:
        """List what the tile at `row` and `column` asks for, and return what it is told: nothing, if it does not ask.

        That is what the pass behind will read, and what is packed next: its lines are shared out among the rows.
        """
        if not self.form.asks:
            return []
        w, b, tile, lines = self.w, self.b, self.tile, Lines(self.w)
        lines.put(self.list_place)
        below = w.minimum(b.add(row, index(tile.rows)), high)
        if self.ahead is not None:
            box = [row, below, column, w.minimum(b.add(column, index(tile.width)), self.high1)]
            w.call_at(self.ahead, KERNEL, [self.behind_table, self.scratch, *box])
        if self.coming is not None:
            start, steps, width = self.coming
            rows = b.sub(self.high0, self.low0)
            first, last = (b.sdiv(b.mul(steps, b.sub(end, self.low0)), rows) for end in (row, below))
            with b.if_then(b.icmp_signed(">", width, index(0))), w.loop(first, last) as k:
                lines.add(w.at(start, b.mul(k, self.b_outer), tile.dtype), b.mul(width, self.size))
        return lines.told()

    def _tile(self, table: list[Any], lines: list[Any], top: Any, start: Any) -> None:
        """Compute one tile: every step, or where that is faster only those at which its rows are not zero."""
        w, b, tile = self.w, self.b, self.tile
        if self.skipping is None:
            return self._dense_tile(table, lines)
        sparse = self.skipping.tile_function(w.module, tile, self._parts(), self.form.asks)
        with b.if_else(self.skipping.pays(top, start, table[7], tile)) as (then, otherwise):
            with then:
                b.call(sparse, [*table, *lines, *self.skipping.arguments(top, start)])
            with otherwise:
                self._dense_tile(table, lines)

    def _dense_tile(self, table: list[Any], lines: list[Any]) -> None:
        """Compute every step of a tile, a part of its vectors after the other; the first part asks for the lines."""
        w, b, tile = self.w, self.b, self.tile
        place, across, left, a_row, a_step, right, stride, steps, first, alive = table
        parts, packed = parts_of(tile.vectors, self.form.dense), self.form.packing != "none"
        starts = starts_of(w, tile, right, parts, steps if packed else index(1))  # unpacked, a row lies by itself
        for start, (at, vectors) in zip(starts, parts, strict=True):
            masked = not packed and at + vectors == tile.vectors
            asked, behind = lines if at == 0 else [], index(at * tile.lanes)
            here, apart = w.at(place, behind, tile.dtype), index(vectors * tile.lanes) if packed else stride
            arguments = [here, across, left, a_row, a_step, start, apart, steps, first, b.sub(alive, behind), *asked]
            b.call(tile_function(w.module, tile._replace(vectors=vectors), masked, bool(asked)), arguments)

    def _parts(self) -> list[tuple[int, int]]:
        """Return the parts of a panel as they lie packed: each by itself, as a dense tile walks through it."""
        return [] if self.form.packing == "none" else parts_of(self.tile.vectors, self.form.dense)

    def _packed(self, column: Any, start: Any, steps: Any, place: Any) -> None:
        """Lay a panel of the right factor out at `place`, if it is packed at all."""
        w, b, tile, packing = self.w, self.b, self.tile, self.form.packing
        alive = w.minimum(b.sub(self.high1, column), index(tile.width))
        if packing == "transposed":
            source = w.at(self.right, b.add(b.mul(column, self.b_outer), start), tile.dtype)
            pack_transposed(w, source, self.b_outer, alive, steps, place, tile, self._parts())
        elif packing == "copied":
            source = w.at(self.right, b.add(b.mul(start, self.b_outer), column), tile.dtype)
            pack_copy(w, source, self.b_outer, alive, steps, place, tile, self._parts())

    def _right(self, column: Any, start: Any, packed: Any) -> tuple[Any, Any]:
        """Return where a panel of the right factor lies and how far its rows are apart."""
        if self.form.packing != "none":
            return packed, index(self.tile.width)
        place = self.b.add(self.b.mul(start, self.b_outer), column)
        return self.w.at(self.right, place, self.tile.dtype), self.b_outer

    def _finish(
        self, place: Any, across: Any, origin_row: Any, origin_column: Any, low: Any, high: Any, column: Any, alive: Any
    ) -> None:
        """Tell the pass behind where number (0, 0) of the result would lie, and let it run over the tiles."""
        w, b = self.w, self.b
        back = b.add(b.mul(origin_row, across), origin_column)
        w.note(TILE, w.at(place, b.sub(index(0), back), self.tile.dtype))
        w.note(ACROSS, across)
        w.call_at(self.behind, KERNEL, [self.behind_table, self.scratch, low, high, column, b.add(column, alive)])

    def _true(self) -> Any:
        return self.b.icmp_signed("==", index(0), index(0))
