"""The matrix product: tiles of the result stay in registers while the shared axis runs past.

A row of the right factor is read as vectors, numbers of the left factor are broadcast against it. Each sum runs over
the shared axis in order, whatever the tile and the thread: so its bits depend on the two vectors alone. A finished tile
is handed, still in the cache, to the pass behind the product.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from llvmlite import ir

from ...arrays import DType
from .calls import Argument, Call, Code, Symbol, Table
from .lanes import ADDRESS, INDEX, index, number, register_type
from .packing import pack_copy, pack_transposed
from .target import Target
from .views import View
from .writer import KERNEL, Module, Writer
from .zeros import Skipping

HEAD = 64  # bytes at the start of a thread's memory: step number, address and stride of the tile
GROUP = 8192  # bytes of finished tiles
STRIP = 1024  # steps along the shared axis for which a packed strip of the right factor stays in the L2 cache


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

    @property
    def size(self) -> int:
        """Its bytes."""
        return self.rows * self.width * self.dtype.itemsize

    @property
    def group(self) -> int:
        """How many tiles are computed before the pass behind runs over them, still in the L1 cache."""
        return max(GROUP // self.size, 1)


class Product(NamedTuple):
    """One product of two matrices: a (rows, shared), b (shared, columns); `bits` says where a is not zero, if asked."""

    a: View
    b: View
    bits: View | None = None

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Rows, columns, and the length of the shared axis."""
        return self.a.shape[0], self.b.shape[1], self.a.shape[1]


def panels(vectors: int, widest: int) -> list[tuple[int, int, int]]:
    """Cut vectors of columns into panels of 4 or 3 (or 2): (first vector, how many, width of a panel)."""
    if vectors <= widest or widest == 2:
        return [(0, vectors, min(vectors, widest))]
    if vectors == 5:
        return [(0, 3, 3), (3, 2, 2)]
    threes = -vectors % 4
    fours = vectors - 3 * threes
    found = [(0, fours, 4)] if fours else []
    return [*found, (fours, 3 * threes, 3)] if threes else found


def tile_rows(rows: int, vectors: int, registers: int, even: bool) -> int:
    """Return the height of tiles that fits the registers and leaves few rows over."""
    most = min((registers - vectors - 2) // vectors, 12)
    if even:
        most -= most % 2
    if rows <= most:
        return rows
    sizes = [r for r in range(max(most // 2, 2), most + 1) if not even or r % 2 == 0]
    return min(sizes, key=lambda r: (-(-rows // r) * r * (1 + 0.3 / r), -r))


def product_calls(product: Product, behind: Call, target: Target, threads: int) -> list[Call]:
    """Return the calls of a product, a panel width each; `behind` is the pass that reads its tiles.

    Each thread owns some columns, so that a layer's weights stay in its cache; where columns are too few, some rows.
    """
    _, columns, _ = product.sizes
    lanes = target.vector_bytes // product.b.dtype.itemsize
    vectors = -(-columns // lanes)
    if threads > 1 and (most := -(-vectors // threads)) * threads <= 1.25 * vectors and most * threads > 1:
        edges = [-(-vectors * t // threads) for t in range(threads + 1)]
        return [
            call for t in range(threads)
            for call in _panels(product, behind, target, lanes, (edges[t], edges[t + 1]), t)
        ]  # fmt: skip
    return _panels(product, behind, target, lanes, (0, vectors), None)


def _panels(
    product: Product, behind: Call, target: Target, lanes: int, vectors: tuple[int, int], owner: int | None
) -> list[Call]:
    """Return the calls for a range of vectors of columns, which belong to one thread or are shared by rows."""
    rows, columns, _ = product.sizes
    calls: list[Call] = []
    for first, count, width in panels(vectors[1] - vectors[0], 4 if target.registers >= 32 else 2):
        skipping = product.bits is not None and rows >= 2
        tile = Tile(product.b.dtype, tile_rows(rows, width, target.registers, skipping), width, lanes)
        call = _call(product, behind, tile, skipping and tile.rows % 2 == 0)
        call.low1, call.owner = (vectors[0] + first) * lanes, owner
        call.columns = min(columns - call.low1, count * lanes)
        calls.append(call)
    return calls


def scratch_bytes(product: Product, tile: Tile) -> int:
    """Return the bytes a thread needs: tiles, and a packed strip of the right factor."""
    rows, _, shared = product.sizes
    strips = -(-shared // STRIP)
    tiles = -(-rows // tile.rows) if strips > 1 else tile.group
    return HEAD + (tiles + 1) * tile.size + min(shared, STRIP) * tile.width * tile.dtype.itemsize + 64


def _call(product: Product, behind: Call, tile: Tile, skipping: bool) -> Call:
    rows, columns, shared = product.sizes
    a, b = product.a, product.b
    packing = "transposed" if b.strides[0] == 1 and b.strides[1] != 1 else "copied"
    if b.strides[1] == 1 and rows < 3 * tile.rows:
        packing = "none"
    if b.strides[1] != 1 and b.strides[0] != 1:
        raise NotImplementedError("products of matrices whose numbers lie apart along both axes")
    outer = b.strides[1] if packing == "transposed" else b.strides[0]
    arguments: list[Argument] = [
        a.address, *a.strides, b.address, outer, shared, Symbol(behind.code), Table(behind),
    ]  # fmt: skip
    if skipping and product.bits is not None:
        arguments += [product.bits.address, *product.bits.strides]
    kind = f"{tile.dtype.str} {tile.rows}x{tile.vectors}x{tile.lanes} {packing}{' skipping' * skipping}"
    code = Code(f"product {kind}", lambda module, name: _write(module, name, tile, packing, skipping))
    return Call(
        code, arguments, rows, columns, tile.rows, tile.width, also=[behind], scratch=scratch_bytes(product, tile)
    )


def _write(module: Module, name: str, tile: Tile, packing: str, skipping: bool) -> None:
    w = Writer(module, name)
    _Product(w, tile, packing, skipping).write()
    w.finish()


class _Product:
    """Writes one product kernel: panels of columns, strips of the shared axis, tiles of rows."""

    def __init__(self, w: Writer, tile: Tile, packing: str, skipping: bool) -> None:
        self.w, self.b, self.tile, self.packing = w, w.builder, tile, packing
        self.a, self.a_row, self.a_step = w.argument(ADDRESS), w.argument(), w.argument()
        self.right, self.b_outer, self.shared = w.argument(ADDRESS), w.argument(), w.argument()
        self.behind, self.behind_table = w.argument(ADDRESS), w.argument(ADDRESS)
        self.skipping = Skipping(w, w.argument(ADDRESS), w.argument(), w.argument()) if skipping else None
        self.scratch = w.function.args[1]
        self.low0, self.high0, self.low1, self.high1 = w.function.args[2:]

    def write(self) -> None:
        w, b, tile = self.w, self.b, self.tile
        with b.goto_entry_block():
            rows = b.sub(self.high0, self.low0)
            tiles = b.sdiv(b.add(rows, index(tile.rows - 1)), index(tile.rows))
            self.several = b.icmp_signed(">", self.shared, index(STRIP))
            kept = b.select(self.several, b.mul(tiles, index(tile.size)), index(tile.group * tile.size))
            self.tiles = w.bytes_behind(self.scratch, index(HEAD + tile.size))
            self.strip_place = w.bytes_behind(self.tiles, kept)
            self.group = b.select(self.several, index(tile.rows), index(tile.group * tile.rows))
        with w.loop(self.low1, self.high1, tile.width) as column:
            alive = w.minimum(b.sub(self.high1, column), index(tile.width))
            with w.loop(index(0), self.shared, STRIP) as start:
                steps = w.minimum(b.sub(self.shared, start), index(STRIP))
                self._strip(column, alive, start, steps)
            with b.if_then(b.icmp_signed("<=", self.shared, index(0))):
                self._strip(column, alive, index(0), index(0))

    def _strip(self, column: Any, alive: Any, start: Any, steps: Any) -> None:
        """All tiles of one panel for one strip of the shared axis; the last strip finishes them, a group at a time.

        The last tile moves up rather than reach over the edge: what it computes again comes out the same.
        """
        w, b, tile = self.w, self.b, self.tile
        right, stride = self._packed(column, alive, start, steps)
        first = b.icmp_signed("==", start, index(0))
        last = b.icmp_signed(">=", b.add(start, steps), self.shared)
        row_bytes = index(tile.size // tile.rows)
        with w.loop(self.low0, self.high0, self.group) as low:
            high = w.minimum(b.add(low, self.group), self.high0)
            waiting = w.bytes_behind(self.tiles, b.mul(b.sub(low, self.low0), row_bytes))
            origin = w.minimum(low, b.sub(self.high0, index(tile.rows)))
            place = b.select(self.several, waiting, self.tiles)
            origin = b.select(self.several, origin, low)
            with w.loop(low, high, tile.rows) as row:
                top = w.minimum(row, b.sub(self.high0, index(tile.rows)))
                left = w.at(self.a, b.add(b.mul(top, self.a_row), b.mul(start, self.a_step)), tile.dtype)
                here = w.bytes_behind(place, b.mul(b.sub(top, origin), row_bytes))
                self._tile(here, left, right, stride, steps, first, alive, top, start)
            with b.if_then(last):
                self._finish(place, origin, low, high, column, alive)

    def _packed(self, column: Any, alive: Any, start: Any, steps: Any) -> tuple[Any, Any]:
        """Return where the strip of the right factor lies and how far its rows are apart: packed, or as it is."""
        w, b, tile = self.w, self.b, self.tile
        if self.packing == "transposed":
            source = w.at(self.right, b.add(b.mul(column, self.b_outer), start), tile.dtype)
            pack_transposed(w, source, self.b_outer, alive, steps, self.strip_place, tile)
            return self.strip_place, index(tile.width)
        source = w.at(self.right, b.add(b.mul(start, self.b_outer), column), tile.dtype)
        if self.packing == "none":
            return source, self.b_outer
        pack_copy(w, source, self.b_outer, alive, steps, self.strip_place, tile)
        return self.strip_place, index(tile.width)

    def _tile(
        self, place: Any, left: Any, right: Any, stride: Any, steps: Any, first: Any, alive: Any, top: Any, start: Any
    ) -> None:
        """One tile: densely, or where its rows are mostly zero, only the steps at which one of two rows is not."""
        b, tile = self.b, self.tile
        table = [place, left, self.a_row, self.a_step, right, stride, steps, first, alive]
        dense = tile_function(self.w.module, tile, tile.rows, self.packing == "none")
        if self.skipping is None:
            b.call(dense, table)
            return
        sparse = self.skipping.tile_function(self.w.module, tile, self.packing == "none")
        with b.if_else(self.skipping.pays(top, start, steps, tile.rows)) as (then, otherwise):
            with then:
                b.call(sparse, [*table, *self.skipping.arguments(top, start)])
            with otherwise:
                b.call(dense, table)

    def _finish(self, place: Any, origin: Any, low: Any, high: Any, column: Any, alive: Any) -> None:
        """Tell the pass behind where number (0, 0) of the result would lie, and let it run over the tiles."""
        w, b, tile = self.w, self.b, self.tile
        back = b.add(b.mul(origin, index(tile.width)), column)
        base = w.at(place, b.sub(index(0), back), tile.dtype)
        b.store(base, w.bytes_behind(self.scratch, index(8)))
        b.store(index(tile.width), w.bytes_behind(self.scratch, index(16)))
        w.call_at(self.behind, KERNEL, [self.behind_table, self.scratch, low, high, column, b.add(column, alive)])


TILE_ARGUMENTS = [ADDRESS, ADDRESS, INDEX, INDEX, ADDRESS, INDEX, INDEX, ir.IntType(1), INDEX]


def tile_function(module: ir.Module, tile: Tile, rows: int, masked: bool) -> ir.Function:
    """Return the function that computes one dense tile; with `masked` the right factor may end within the last vector.

    Its arguments: the tile, the left factor with the strides of a row and of a step, the right factor with the stride
    of a step, how many steps, whether the sums start from zero, and how many columns there are.
    """
    name = f"tile_{tile.dtype.str[1:]}_{rows}x{tile.vectors}x{tile.lanes}{'_masked' * masked}"
    if name in module.globals:
        return module.globals[name]
    w = Writer(module, name, ir.FunctionType(ir.VoidType(), TILE_ARGUMENTS))
    w.function.linkage = "internal"
    w.function.attributes.add("noinline")
    place, left, a_row, a_step, right, stride, steps, first, alive = w.function.args
    b = w.builder
    read = reader_of_rows(w, tile, alive, masked)
    starts = [w.at(left, b.mul(index(r), a_row), tile.dtype) for r in range(rows)]

    def step(k: Any, sums: Sequence[Any]) -> list[Any]:
        vectors = read(w.at(right, b.mul(k, stride), tile.dtype))
        at = b.mul(k, a_step)
        return [
            s
            for r in range(rows)
            for s in added(w, tile, w.at(starts[r], at, tile.dtype), vectors, sums[r * tile.vectors :])
        ]

    sums = opened(w, tile, place, rows, first)
    sums = held_in_registers(w, sums, steps, step)
    close(w, tile, place, sums)
    b.ret_void()
    return w.function


def reader_of_rows(w: Writer, tile: Tile, alive: Any, masked: bool) -> Any:
    """Return the function that reads a row of the right factor as vectors."""
    if not masked:
        return lambda pointer: [
            w.load(w.at(pointer, index(v * tile.lanes), tile.dtype), tile.dtype, tile.lanes)
            for v in range(tile.vectors)
        ]
    mask = w.mask(w.builder.sub(alive, index((tile.vectors - 1) * tile.lanes)), tile.lanes)

    def read(pointer: Any) -> list[Any]:
        places = [w.at(pointer, index(v * tile.lanes), tile.dtype) for v in range(tile.vectors)]
        whole = [w.load(p, tile.dtype, tile.lanes) for p in places[:-1]]
        return [*whole, w.load(places[-1], tile.dtype, tile.lanes, mask)]

    return read


def added(w: Writer, tile: Tile, pointer: Any, vectors: Sequence[Any], sums: Sequence[Any]) -> list[Any]:
    """Return the sums of one row after one step: its number times the vectors is added."""
    one = w.splat(w.load(pointer, tile.dtype), tile.lanes)
    return [w.fma(one, v, s, tile.dtype, tile.lanes) for v, s in zip(vectors, sums, strict=False)]


def opened(w: Writer, tile: Tile, place: Any, rows: int, first: Any) -> list[Any]:
    """Return the sums at the start: zero, or what the strip before left in the tile."""
    b: Any = w.builder
    zero = number(tile.dtype, 0, tile.lanes)
    fresh = b.block
    after, reload = b.append_basic_block("opened"), b.append_basic_block("reload")
    b.cbranch(first, after, reload)
    b.position_at_end(reload)
    count = rows * tile.vectors
    kept = [w.load(w.at(place, index(i * tile.lanes), tile.dtype), tile.dtype, tile.lanes) for i in range(count)]
    b.branch(after)
    b.position_at_end(after)
    sums = []
    for value in kept:
        phi = b.phi(register_type(tile.dtype, tile.lanes))
        phi.add_incoming(zero, fresh)
        phi.add_incoming(value, reload)
        sums.append(phi)
    return sums


def held_in_registers(w: Writer, sums: Sequence[Any], steps: Any, step: Any) -> list[Any]:
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
    found = []
    for old, value in zip(sums, new, strict=True):
        phi = b.phi(value.type)
        phi.add_incoming(old, before)
        phi.add_incoming(value, end)
        found.append(phi)
    return found


def close(w: Writer, tile: Tile, place: Any, sums: Sequence[Any]) -> None:
    """Write the sums into the tile."""
    for i, value in enumerate(sums):
        w.store(value, w.at(place, index(i * tile.lanes), tile.dtype), tile.dtype, tile.lanes)
