"""The forms of products: how high and wide tiles are, how the right factor reaches them, what is fetched on the way.

Few heights and widths serve all shapes, so that another batch size seldom needs a kernel that is not there.
"""

from __future__ import annotations

from typing import NamedTuple

from .pieces import NARROW
from .target import Target
from .tiles import Tile
from .views import View

HEIGHTS = (12, 8, 6, 4, 2)  # of tiles
GROUP = 8192  # bytes of tiles that wait for the pass behind them, in the L1 cache
WIDEST = (4, 4, 8)  # vectors of a panel, if 0, 1 or 2 rows skip their zeros together
WIDEST_OF_16 = (2, 8, 4)  # the same for 16 registers
STRIP = 1024  # steps along the shared axis for which a panel of the right factor stays in the L2 cache
SHORT_STRIP = 64  # the same for the L1 cache, where steps are skipped row by row


class Product(NamedTuple):
    """One product of two matrices: a (rows, shared), b (shared, columns).

    `bits` say where a is not zero, if asked; `together` rows may skip steps together (0: none are skipped).
    """

    a: View
    b: View
    bits: View | None = None
    together: int = 0

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Rows, columns, and the length of the shared axis."""
        return self.a.shape[0], self.b.shape[1], self.a.shape[1]


class Form(NamedTuple):
    """What the instructions of a product depend on.

    `dense` is the most vectors of a dense tile: a wider panel is computed in parts. `packing` says how the right factor
    is laid out for the tiles, `together` how many rows skip steps together (0: none are skipped). With `rows_first` all
    columns of a few rows are computed before the next rows: the right factor is small then, and the pass behind walks
    along whole rows of the weights: with `ahead` they are fetched while the tiles of these rows are computed; with
    `fetches`, what the next call packs is: its rows lie far apart.
    """

    tile: Tile
    dense: int
    packing: str
    together: int
    rows_first: bool
    ahead: bool = False
    fetches: bool = False

    @property
    def asks(self) -> bool:
        """Whether tiles ask for cache lines on the way."""
        return self.ahead or self.fetches

    @property
    def strip(self) -> int:
        """Steps along the shared axis before the next panel or row."""
        return SHORT_STRIP if self.together == 1 and not self.rows_first else STRIP

    def key(self) -> str:
        """Return a text of all this."""
        order = "rows" if self.rows_first else "panels"
        skips = f" skipping {self.together}" if self.together else ""
        asks = " ahead" * self.ahead + " fetches" * self.fetches
        return f"product {self.tile.key()} by {self.dense} {self.packing} {order} first{skips}{asks}"


def panels(vectors: int, widest: int) -> list[tuple[int, int, int]]:
    """Cut vectors of columns into panels of 4 and 3 (or 2 and 1; or 8): (first vector, how many, width of a panel).

    Every panel is full: only the last vector of a row may be shorter.
    """
    if vectors <= widest:
        return [(0, vectors, vectors)]
    if widest == 2:
        return [(0, vectors - vectors % 2, 2), (vectors - 1, 1, 1)][: 1 + vectors % 2]
    if widest > 4:
        width = -(-vectors // -(-vectors // widest))
        whole = vectors // width * width
        return [(0, whole, width), (whole, vectors - whole, vectors - whole)][: 1 + (whole < vectors)]
    if vectors == 5:
        return [(0, 3, 3), (3, 2, 2)]
    threes = -vectors % 4
    fours = vectors - 3 * threes
    found = [(0, fours, 4)] if fours else []
    return [*found, (fours, 3 * threes, 3)] if threes else found


def parts_of(vectors: int, dense: int) -> list[tuple[int, int]]:
    """Return the parts of at most `dense` vectors in which a panel is computed densely: (first vector, how many)."""
    cut = panels(vectors, dense)
    return [(at, width) for first, count, width in cut for at in range(first, first + count, width)]


def tile_rows(rows: int, vectors: int, registers: int) -> int:
    """Return the height of tiles: of the few there are, one that fits the registers and leaves few rows over."""
    most = (registers - vectors - 2) // vectors
    sizes = [height for height in HEIGHTS if height <= min(most, rows)]
    return min(sizes, key=lambda r: (-(-rows // r) * r * (1 + 0.45 / r), -r)) if sizes else min(rows, most)


def widest_panel(target: Target, together: int) -> int:
    """Return the vectors of the widest panel: wide where few rows are computed at once, as where zeros are skipped."""
    return (WIDEST_OF_16 if target.registers < 32 else WIDEST)[together]


def rows_together(product: Product, vectors: int, target: Target) -> int:
    """Return how many rows skip their zeros together, if a row of the result has so many vectors.

    Two rows read the right factor once for both, but visit every step that either of them needs. With 16 registers this
    pays only where the result is narrow: the sums of a single row would wait for each other.
    """
    if product.sizes[0] < 2:
        return 0
    if target.registers < 32 and product.together:
        return 2 if vectors <= WIDEST_OF_16[2] else 1
    return product.together


def packing_of(product: Product) -> str:
    """Say how the right factor reaches the tiles; where few rows read it, it is read as it lies."""
    outer, inner = product.b.strides
    if inner != 1 and outer != 1:
        raise NotImplementedError("products of matrices whose numbers lie apart along both axes")
    if inner != 1:
        return "transposed"
    rows, close = product.sizes[0], outer * product.b.dtype.itemsize < NARROW
    return "none" if rows < 12 or (rows < 64 and close and product.together) else "copied"


def group_rows(tile: Tile, columns: int) -> int:
    """Return how many rows are computed before the pass behind runs over them: whole tiles, still in the L1 cache."""
    return max(GROUP // (tile.rows * columns * tile.dtype.itemsize), 1) * tile.rows
