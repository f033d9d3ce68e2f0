"""The matrix product: tiles of the result stay in registers while the shared axis runs past.

Where the rows of the right factor lie side by side, they are read as vectors and numbers of the left factor are
broadcast against them; where its columns do, both factors are read as vectors along the shared axis and the sums are
folded at the end. Either way the order of each sum depends on the shape alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from llvmlite import ir

from ...graph.node import Node
from .lanes import INDEX, VECTOR_BYTES, index, number, register_type
from .loops import Writer
from .plan import Plan
from .views import View, transposed

OUTER_ROWS, OUTER_VECTORS = 8, 3  # 24 sums, 3 vectors and a broadcast number: within 32 registers
INNER_ROWS, INNER_COLUMNS = 4, 6  # 24 sums, 6 vectors and one more


class Factors(NamedTuple):
    """One product: the views of a (rows, shared), b (shared, columns) and the result, each with its leading indices."""

    writer: Writer
    a: View
    b: View
    out: View
    lead: tuple[list[Any], list[Any], list[Any]]
    lanes: int

    def vector(self) -> Any:
        """Return the type of a vector of sums."""
        return register_type(self.out.buffer.dtype, self.lanes)


Tile = Callable[[Factors, Any, int, Any, int], None]


def write_product(writer: Writer, node: Node, plan: Plan) -> None:
    """Write `node`, a product of matrices; leading axes are looped over."""
    a, b = (plan.views[below] for below in node.inputs)
    a = _swapped(a) if node.attrs["transpose_a"] else a
    b = _swapped(b) if node.attrs["transpose_b"] else b
    if 0 in node.shape:
        return
    lanes = VECTOR_BYTES // node.dtype.itemsize
    with writer.loops(node.shape[:-2]) as outer:
        lead = (_place(a, outer), _place(b, outer), list(outer))
        factors = Factors(writer, a, b, plan.views[node], lead, lanes)
        along_shared = b.strides[-2] == 1 and a.strides[-1] == 1 and b.strides[-1] != 1
        if along_shared:
            _tiled(factors, _inner_tile, INNER_ROWS, INNER_COLUMNS)
        else:
            _tiled(factors, _outer_tile, OUTER_ROWS, OUTER_VECTORS * lanes)


def _swapped(view: View) -> View:
    rank = len(view.shape)
    return transposed(view, (*range(rank - 2), rank - 1, rank - 2))


def _place(view: View, outer: Sequence[Any]) -> list[Any]:
    """The leading indices of a factor that may have fewer of them, or of size 1."""
    lead = len(view.shape) - 2
    tail = list(outer)[len(outer) - lead :]
    return [index(0) if view.shape[i] == 1 else p for i, p in enumerate(tail)]


def _tiled(f: Factors, tile: Tile, height: int, width: int) -> None:
    """Cover the result with tiles: whole ones in loops, what is left at the edges with smaller ones."""
    rows, columns = f.out.shape[-2:]
    whole = columns // width * width
    if whole:
        with f.writer.loop(whole, width) as column:
            _column_of_tiles(f, tile, height, rows, column, width)
    if whole < columns:
        _column_of_tiles(f, tile, height, rows, index(whole), columns - whole)


def _column_of_tiles(f: Factors, tile: Tile, height: int, rows: int, column: Any, width: int) -> None:
    whole = rows // height * height
    if whole:
        with f.writer.loop(whole, height) as row:
            tile(f, row, height, column, width)
    if whole < rows:
        tile(f, index(whole), rows - whole, column, width)


def _outer_tile(f: Factors, row: Any, rows: int, column: Any, width: int) -> None:
    """rows x width sums; for each step along the shared axis a row of b as vectors times a number of each row of a."""
    w, build = f.writer, f.writer.builder
    alive = [min(f.lanes, width - start) for start in range(0, width, f.lanes)]
    places = [build.add(column, index(v * f.lanes)) for v in range(len(alive))]

    def step(k: Any, sums: list[list[Any]]) -> list[list[Any]]:
        right = [w.load_vector(f.b, [*f.lead[1], k, p], f.lanes, n) for p, n in zip(places, alive, strict=True)]
        found: list[list[Any]] = []
        for r in range(rows):
            left = w.splat(w.load(f.a, [*f.lead[0], build.add(row, index(r)), k]), f.lanes)
            found.append([_fma(f, left, right[v], sums[r][v]) for v in range(len(alive))])
        return found

    sums = _summed(f, f.a.shape[-1], 1, rows, len(alive), step)
    for r in range(rows):
        for v, (place, n) in enumerate(zip(places, alive, strict=True)):
            w.store_vector(sums[r][v], f.out, [*f.lead[2], build.add(row, index(r)), place], f.lanes, n)


def _inner_tile(f: Factors, row: Any, rows: int, column: Any, columns: int) -> None:
    """rows x columns sums of products along the shared axis, vector by vector, folded at the end."""
    w, build = f.writer, f.writer.builder
    shared = f.a.shape[-1]
    whole = shared // f.lanes * f.lanes
    across = [build.add(column, index(c)) for c in range(columns)]
    down = [build.add(row, index(r)) for r in range(rows)]
    b = View(f.b.buffer, f.b.shape, f.b.strides, f.b.offset)
    along = _swapped(b)  # (columns, shared): the shared axis last

    def step(k: Any, sums: list[list[Any]], alive: int = f.lanes) -> list[list[Any]]:
        right = [w.load_vector(along, [*f.lead[1], c, k], f.lanes, alive) for c in across]
        found: list[list[Any]] = []
        for r in range(rows):
            left = w.load_vector(f.a, [*f.lead[0], down[r], k], f.lanes, alive)
            found.append([_fma(f, left, right[c], sums[r][c]) for c in range(columns)])
        return found

    sums = _summed(f, whole, f.lanes, rows, columns, step)
    if whole < shared:
        sums = step(index(whole), sums, shared - whole)
    for r in range(rows):
        for c in range(columns):
            w.store(_folded(f, sums[r][c]), f.out, [*f.lead[2], down[r], across[c]])


def _summed(
    f: Factors,
    count: int,
    stride: int,
    rows: int,
    columns: int,
    step: Callable[[Any, list[list[Any]]], list[list[Any]]],
) -> list[list[Any]]:
    """Return the sums after `step` at 0, stride, ... below `count`, held in registers all the while."""
    build: Any = f.writer.builder
    zero = number(f.out.buffer.dtype, 0, f.lanes)
    if count == 0:
        return [[zero] * columns for _ in range(rows)]
    before, body, after = build.block, build.append_basic_block("shared"), build.append_basic_block("tile")
    build.branch(body)
    build.position_at_end(body)
    k = build.phi(INDEX)
    k.add_incoming(index(0), before)
    held = [[build.phi(f.vector()) for _ in range(columns)] for _ in range(rows)]
    sums = step(k, held)
    following = build.add(k, index(stride))
    k.add_incoming(following, build.block)
    for r in range(rows):
        for c in range(columns):
            held[r][c].add_incoming(zero, before)
            held[r][c].add_incoming(sums[r][c], build.block)
    build.cbranch(build.icmp_signed("<", following, index(count)), body, after)
    build.position_at_end(after)
    return sums


def _fma(f: Factors, a: Any, b: Any, c: Any) -> Any:
    kind = f.vector()
    name = f"llvm.fma.v{f.lanes}f{8 * f.out.buffer.dtype.itemsize}"
    return f.writer.call(name, ir.FunctionType(kind, [kind] * 3), [a, b, c])


def _folded(f: Factors, vector: Any) -> Any:
    """Return the sum of the lanes, pairwise: the order is that of the shape."""
    one = register_type(f.out.buffer.dtype)
    name = f"llvm.vector.reduce.fadd.v{f.lanes}f{8 * f.out.buffer.dtype.itemsize}"
    kind = ir.FunctionType(one, [one, f.vector()])
    return f.writer.call(name, kind, [number(f.out.buffer.dtype, 0), vector], ("reassoc",))
