"""Products as calls: which thread computes which panels, in which form, and how much memory it needs for that.

A layer's weights stay in the cache of the thread that owns them, and no cache line is written by two.
"""

from __future__ import annotations

from .ahead import list_bytes
from .calls import Argument, Call, Code, Symbol, Table
from .forms import (
    STRIP,
    Form,
    Product,
    group_rows,
    packing_of,
    panels,
    parts_of,
    rows_together,
    tile_rows,
    widest_panel,
)  # fmt: skip
from .passes import MOST_AHEAD
from .pieces import NARROW
from .products import write
from .target import Target
from .tiles import Tile
from .writer import HEAD, LINE

RIGHT = 262_144  # bytes of the right factor that stay in the L2 cache while all rows run past


def product_calls(product: Product, behind: Call, target: Target, threads: int) -> list[Call]:
    """Return the calls of a product, a panel width each; `behind` is the pass that reads its tiles.

    Each thread owns some columns of what is computed, or, where these are short, some rows: a layer's weights stay in
    its cache (`pieces`), and no line of memory is written by two.
    """
    rows, columns, _ = product.sizes
    lanes = target.vector_bytes // product.b.dtype.itemsize
    vectors = -(-columns // lanes)
    most = -(-vectors // threads)
    short = columns * product.b.dtype.itemsize < NARROW and rows >= 32 * threads
    if 1 < threads <= vectors and not short and most * threads <= 1.25 * vectors:
        edges = [-(-vectors * t // threads) for t in range(threads + 1)]
        ranges = [(edges[t], edges[t + 1]) for t in range(threads)]
        return [c for t, part in enumerate(ranges) for c in _panels(product, behind, target, lanes, part, t)]
    return _panels(product, behind, target, lanes, (0, vectors), None)


def _panels(
    product: Product, behind: Call, target: Target, lanes: int, vectors: tuple[int, int], owner: int | None
) -> list[Call]:
    """Return the calls for a range of vectors of columns, which belong to one thread or are shared by rows."""
    rows, columns, shared = product.sizes
    calls: list[Call] = []
    together = rows_together(product, vectors[1] - vectors[0], target)
    widest, dense = widest_panel(target, together), widest_panel(target, 0)
    for first, count, width in panels(vectors[1] - vectors[0], widest):
        height = tile_rows(rows, max(part for _, part in parts_of(width, dense)), target.registers)
        block = RIGHT // (shared * lanes * product.b.dtype.itemsize or 1) // width * width
        rows_first = shared <= STRIP and block > 0
        tile, ahead = Tile(product.b.dtype, height, width, lanes), rows_first and behind.ahead is not None
        packing = packing_of(product)
        form = Form(tile, dense, packing, together, rows_first, ahead)
        several = block < count if rows_first else width < count or form.strip < shared
        form = form._replace(fetches=packing == "copied" and several)
        for start in range(first, first + count, block if rows_first else count):
            part = min(block, first + count - start) if rows_first else count
            following = min(block, first + count - start - part) * lanes if rows_first else 0
            call = _call(product, behind, form, part * lanes, following)
            call.low1, call.owner = (vectors[0] + start) * lanes, owner
            call.columns = min(columns - call.low1, part * lanes)
            calls.append(call)
    return calls


def _call(product: Product, behind: Call, form: Form, columns: int, following: int) -> Call:
    rows, _, shared = product.sizes
    a, b = product.a, product.b
    outer = b.strides[1] if form.packing == "transposed" else b.strides[0]
    arguments: list[Argument] = [a.address, *a.strides, b.address, outer, shared, Symbol(behind.code), Table(behind)]
    if form.together and product.bits is not None:
        arguments += [product.bits.address, *product.bits.strides]
    if form.fetches:
        arguments.append(following)
    if form.ahead and behind.ahead is not None:
        arguments.append(Symbol(behind.ahead))
    code = Code(form.key(), lambda module, name: write(module, name, form))
    tile, scratch = form.tile, _scratch(product, form, columns)
    return Call(code, arguments, rows, columns, tile.rows, tile.width, also=[behind], scratch=scratch)


def _scratch(product: Product, form: Form, columns: int) -> int:
    """Return the bytes a thread needs: tiles, and what is packed of the right factor."""
    rows, _, shared = product.sizes
    tile, size = form.tile, form.tile.dtype.itemsize
    columns = -(-columns // tile.width) * tile.width
    lines = -(-tile.width * size // LINE)  # in a row of a tile: the pass reads some arrays, and one is packed next
    listed = list_bytes((MOST_AHEAD * tile.rows + min(shared, form.strip)) * lines) if form.asks else 0
    if form.rows_first:
        return HEAD + (tile.rows + group_rows(tile, columns)) * columns * size + shared * columns * size + listed
    several = shared > form.strip
    tiles = -(-rows // tile.rows) * tile.rows if several else group_rows(tile, tile.width)
    return HEAD + (tile.rows + tiles) * tile.width * size + min(shared, form.strip) * tile.width * size + listed
