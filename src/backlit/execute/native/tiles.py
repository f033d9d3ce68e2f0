"""A tile: a few rows by a few vectors of a product, its sums held in registers from the first step to the last.

The dense tile visits every step of the shared axis; `zeros` has one that follows bits instead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from llvmlite import ir

from ...arrays import DType
from .ahead import TOLD, Step, fetching
from .lanes import ADDRESS, BIT, INDEX, index, number, register_type
from .writer import Module, Writer

TILE_ARGUMENTS = [ADDRESS, INDEX, ADDRESS, INDEX, INDEX, ADDRESS, INDEX, INDEX, BIT, INDEX]


Reader = Callable[[Any], list[Any]]  # number of a step -> the vectors of that row of the right factor
Parts = Sequence[tuple[int, int]]  # of a packed panel: (first vector, how many); one lies behind the other


class Tile(NamedTuple):
    """The shape of a tile: `rows` x `vectors` sums held in registers."""

    dtype: DType
    rows: int
    vectors: int
    lanes: int

    @property
    def width(self) -> int:
        """Its columns."""
        return self.vectors * self.lanes

    def key(self) -> str:
        """Return a text of all this."""
        return f"{self.dtype.str[1:]}_{self.rows}x{self.vectors}x{self.lanes}"


def tile_function(module: Module, tile: Tile, masked: bool, ahead: bool = False) -> ir.Function:
    """Return the function that computes one dense tile; with `masked` the right factor may end within the last vector.

    Its arguments: the tile and the stride of its rows; the left factor with the strides of a row and of a step; the
    right factor with the stride of a step; how many steps, whether the sums start from zero, how many columns. With
    `ahead`, the addresses of cache lines and their number: they are asked for on the way.
    """
    name = f"tile_{tile.key()}{'_masked' * masked}{'_ahead' * ahead}"
    w = started(module, name, [*TILE_ARGUMENTS, *TOLD * ahead])
    if isinstance(w, ir.Function):
        return w
    place, across, left, a_row, a_step, right, stride, steps, first, alive, *lines = w.function.args
    b = w.builder
    read = reader_of_rows(w, tile, right, stride, alive, masked)
    starts = [w.at(left, b.mul(index(r), a_row), tile.dtype) for r in range(tile.rows)]
    step = stepping(w, tile, starts, a_step, read)
    places = places_of(w, tile, place, across, tile.rows)
    with fetching(w, *lines) as asking:
        close(w, tile, places, _counted(w, opened(w, tile, places, first), steps, asking(step)))
    b.ret_void()
    return w.function


def started(module: Module, name: str, arguments: Sequence[Any]) -> Writer | ir.Function:
    """Return a writer for a function that kernels of this module call, or the function if it is written already."""
    if name in module.globals:
        return module.globals[name]
    w = Writer(module, name, ir.FunctionType(ir.VoidType(), arguments))
    w.function.linkage = "internal"
    w.function.attributes.add("noinline")
    return w


def reader_of_rows(w: Writer, tile: Tile, right: Any, stride: Any, alive: Any, masked: bool) -> Reader:
    """Return the function that reads row k of the right factor as vectors; rows lie `stride` apart."""
    mask = w.mask(w.builder.sub(alive, index((tile.vectors - 1) * tile.lanes)), tile.lanes) if masked else None

    def read(k: Any) -> list[Any]:
        pointer = w.at(right, w.builder.mul(k, stride), tile.dtype)
        places = [w.at(pointer, index(v * tile.lanes), tile.dtype) for v in range(tile.vectors)]
        whole = [w.load(p, tile.dtype, tile.lanes) for p in places[:-1]]
        return [*whole, w.load(places[-1], tile.dtype, tile.lanes, mask)]

    return read


def starts_of(w: Writer, tile: Tile, panel: Any, parts: Parts, steps: Any) -> list[Any]:
    """Return where each part of a packed panel of so many rows begins."""
    return [w.at(panel, w.builder.mul(steps, index(first * tile.lanes)), tile.dtype) for first, _ in parts]


def reader_of_parts(w: Writer, tile: Tile, right: Any, parts: Parts, steps: Any) -> Reader:
    """Return the function that reads row k of a panel of so many rows, packed in parts."""
    starts = starts_of(w, tile, right, parts, steps)

    def read(k: Any) -> list[Any]:
        found = []
        for start, (_, vectors) in zip(starts, parts, strict=True):
            row = w.at(start, w.builder.mul(k, index(vectors * tile.lanes)), tile.dtype)
            places = [w.at(row, index(v * tile.lanes), tile.dtype) for v in range(vectors)]
            found += [w.load(place, tile.dtype, tile.lanes) for place in places]
        return found

    return read


def added(w: Writer, tile: Tile, pointer: Any, vectors: Sequence[Any], sums: Sequence[Any]) -> list[Any]:
    """Return the sums of one row after one step: its number times the vectors is added."""
    one = w.splat(w.load(pointer, tile.dtype), tile.lanes)
    return [w.fma(one, v, s, tile.dtype, tile.lanes) for v, s in zip(vectors, sums, strict=False)]


def stepping(w: Writer, tile: Tile, starts: Sequence[Any], a_step: Any, row_at: Reader) -> Step:
    """Return the function that adds one step of the shared axis to the sums of the rows that begin at `starts`."""

    def step(k: Any, sums: Sequence[Any]) -> list[Any]:
        vectors = row_at(k)
        at, found = w.builder.mul(k, a_step), []
        for r, start in enumerate(starts):
            found += added(w, tile, w.at(start, at, tile.dtype), vectors, sums[r * tile.vectors :])
        return found

    return step


def places_of(w: Writer, tile: Tile, place: Any, across: Any, rows: int) -> list[Any]:
    """Return the addresses of the vectors of a tile."""
    lines = [w.at(place, w.builder.mul(index(r), across), tile.dtype) for r in range(rows)]
    return [w.at(line, index(v * tile.lanes), tile.dtype) for line in lines for v in range(tile.vectors)]


def opened(w: Writer, tile: Tile, places: Sequence[Any], first: Any) -> list[Any]:
    """Return the sums at the start: zero, or what the strip before left in the tile."""
    b: Any = w.builder
    zero = number(tile.dtype, 0, tile.lanes)
    fresh = b.block
    after, reload = b.append_basic_block("opened"), b.append_basic_block("reload")
    b.cbranch(first, after, reload)
    b.position_at_end(reload)
    kept = [w.load(place, tile.dtype, tile.lanes) for place in places]
    b.branch(after)
    b.position_at_end(after)
    sums = []
    for value in kept:
        phi = b.phi(register_type(tile.dtype, tile.lanes))
        phi.add_incoming(zero, fresh)
        phi.add_incoming(value, reload)
        sums.append(phi)
    return sums


def close(w: Writer, tile: Tile, places: Sequence[Any], sums: Sequence[Any]) -> None:
    """Write the sums into the tile."""
    for place, value in zip(places, sums, strict=True):
        w.store(value, place, tile.dtype, tile.lanes)


def _counted(w: Writer, sums: Sequence[Any], steps: Any, step: Step) -> list[Any]:
    """Return the sums after `step` at 0, 1, ... below `steps`, held in registers all the while."""
    b: Any = w.builder
    before, body, after = b.block, b.append_basic_block("shared"), b.append_basic_block("tile")
    b.cbranch(b.icmp_signed(">", steps, index(0)), body, after)
    b.position_at_end(body)
    k = b.phi(INDEX)
    k.add_incoming(index(0), before)
    held = [b.phi(s.type) for s in sums]
    new = step(k, held)
    following = b.add(k, index(1))
    k.add_incoming(following, b.block)
    for phi, old, value in zip(held, sums, new, strict=True):
        phi.add_incoming(old, before)
        phi.add_incoming(value, b.block)
    end = b.block
    b.cbranch(b.icmp_signed("<", following, steps), body, after)
    b.position_at_end(after)
    return [either(b, (old, before), (value, end)) for old, value in zip(sums, new, strict=True)]


def either(b: Any, *ways: tuple[Any, Any]) -> Any:
    """Return the value of the way that was taken: (value, the block it comes from) each."""
    phi = b.phi(ways[0][0].type)
    for value, block in ways:
        phi.add_incoming(value, block)
    return phi
