"""A pass: one loop over memory that computes many element-wise nodes, each number staying in a register in between.

The last axis runs in vectors, with a mask for what is left over; axes that all arrays walk through alike are one. The
same body stands behind a product (it reads a tile of it) and in front of a reduction (which folds its last value).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, NamedTuple

from ...arrays import DType
from ...graph.node import Node, constant
from .ahead import Lines
from .calls import Argument, Call, Code
from .formulas import FORMULAS, Operands, is_loose
from .lanes import ADDRESS, index, number
from .target import Target
from .views import View, broadcast, merged_axes
from .writer import ACROSS, TILE, Module, Writer, lanes_for

LARGE = 1 << 20  # bytes: more than stays in the L2 cache from one step to the next
MANY = 8  # rows from which on threads share them
MOST_AHEAD = 4  # arrays that are fetched ahead


class Seat(NamedTuple):
    """How a kernel walks through one array: what it depends on at compile time.

    `steps` has for each axis "0" (stays), "1" (side by side; only the last axis) or "s" (a stride given at run time).
    A `tile` lies in the thread's own memory.
    """

    dtype: DType
    steps: str
    tile: bool = False

    def key(self) -> str:
        """Return a text of all this."""
        return f"{self.dtype.str}{self.steps}{'t' * self.tile}"


def seat_of(view: View) -> Seat:
    """Return the seat of a view."""
    return Seat(view.dtype, _steps(view.strides))


@lru_cache(1024)
def _steps(strides: tuple[int, ...]) -> str:
    """A stride of 1 is known at compile time along the last axis only."""
    steps = "".join("0" if s == 0 else "s" for s in strides[:-1])
    return steps + {0: "0", 1: "1"}.get(strides[-1], "s") if strides else ""


def arguments_of(view: View) -> list[Argument]:
    """Return the address of a view and the strides that are given at run time."""
    return [view.address, *(s for s, c in zip(view.strides, _steps(view.strides), strict=True) if c == "s")]


class Walk:
    """One array inside a kernel being written: its address, and where the loops stand in it."""

    def __init__(self, w: Writer, seat: Seat) -> None:
        self.w, self.seat = w, seat
        if seat.tile:
            with w.builder.goto_entry_block():  # the product in front puts its tile's address and stride here
                self.base = w.noted(TILE, ADDRESS)
                self.strides = [w.noted(ACROSS), index(1)]
            return
        self.base = w.argument(ADDRESS)
        fixed = {"0": index(0), "1": index(1)}
        self.strides = [fixed[c] if c in fixed else w.argument() for c in seat.steps]

    @property
    def moves(self) -> bool:
        """Whether it moves along the last axis."""
        return self.seat.steps[-1:] not in ("", "0")

    def pointer(self, place: Sequence[Any]) -> Any:
        """Return the address of the number at `place`."""
        b = self.w.builder
        at: Any = index(0)
        for i, stride, step in zip(place, self.strides, self.seat.steps, strict=True):
            if step != "0":
                at = b.add(at, i if step == "1" else b.mul(i, stride))
        return self.w.at(self.base, at, self.seat.dtype)

    def read(self, place: Sequence[Any], lanes: int, mask: Any, alive: Any) -> Any:
        """Return the numbers from `place` on in a register."""
        pointer = self.pointer(place)
        if lanes == 1:
            return self.w.load(pointer, self.seat.dtype)
        if not self.moves:
            return self.w.splat(self.w.load(pointer, self.seat.dtype), lanes)
        if self.seat.steps[-1] == "1":
            return self.w.load(pointer, self.seat.dtype, lanes, mask)
        return self.w.gather(pointer, self.strides[-1], self.seat.dtype, lanes, alive)


class Body(NamedTuple):
    """Element-wise nodes over a merged shape, with the views of what they read and write."""

    nodes: tuple[Node, ...]
    read: Mapping[Node, View]
    written: Mapping[Node, View]
    shape: tuple[int, ...]
    lanes: int
    tile: Node | None = None

    def seats(self) -> list[Seat]:
        """Return the seats of all arrays, read ones first."""
        read = [Seat(n.dtype, "s1", True) if n is self.tile else seat_of(v) for n, v in self.read.items()]
        return [*read, *map(seat_of, self.written.values())]

    def arguments(self) -> list[Argument]:
        """Return the arguments for these arrays."""
        found = [a for n, v in self.read.items() if n is not self.tile for a in arguments_of(v)]
        return found + [a for v in self.written.values() for a in arguments_of(v)]

    def key(self) -> str:
        """Return a text of all that the instructions depend on."""
        names = {node: f"r{i}" for i, node in enumerate(self.read)} | {n: f"n{i}" for i, n in enumerate(self.nodes)}
        lines = [f"{names[n]}={_text(n)}({','.join(_operand(b, names) for b in n.inputs)})" for n in self.nodes]
        seats = [seat.key() for seat in self.seats()]
        return f"{self.lanes}|{' '.join(seats)}|{';'.join(lines)}|{','.join(names[n] for n in self.written)}"


def _text(node: Node) -> str:
    return f"{node.op.name}~{node.dtype.str}" if is_loose(node) else f"{node.op.name}{node.dtype.str}"


def _operand(node: Node, names: Mapping[Node, str]) -> str:
    return names[node] if node in names else f"{node.dtype.str}:{node.value.reshape(()).item()!r}"


def is_literal(node: Node) -> bool:
    """Say whether a node is a number written into the code."""
    return node.op is constant and node.shape == ()


def body_of(
    nodes: Sequence[Node], views: Mapping[Node, View], written: Mapping[Node, View], shape: tuple[int, ...],
    target: Target, tile: Node | None = None, result: View | None = None,
) -> tuple[Body, View | None]:  # fmt: skip
    """Return the body for `nodes` over `shape`, axes merged; `result` is one more view that is walked through with it.

    Behind a product (`tile`) the two axes stay apart.
    """
    inside = set(nodes)
    outside = dict.fromkeys(b for n in nodes for b in n.inputs if b not in inside and not is_literal(b))
    read = {b: broadcast(views[b], shape) for b in outside if b is not tile}
    extra = [] if result is None else [result]
    every = [*read.values(), *written.values(), *extra]
    if tile is None:
        shape, every = merged_axes(shape, every)
    moved = dict(zip(read, every, strict=False))
    if tile is not None and tile in outside:
        moved[tile] = View(every[0].buffer if every else next(iter(written.values())).buffer, shape, (0, 1))
    put = dict(zip(written, every[len(read) :], strict=False))
    lanes = lanes_for(target, *(d for n in nodes for d in (n.dtype, *(b.dtype for b in n.inputs))))
    scattered = any(v.strides and v.strides[-1] != 1 for v in put.values())
    if scattered or not shape or shape[-1] == 1:
        lanes = 1
    return Body(tuple(nodes), moved, put, shape, lanes, tile), every[-1] if extra else None


def pass_call(body: Body) -> Call:
    """Return the call of a pass over all of its shape: threads share its first axis, the last but one, or the last."""
    rank, (rows, columns) = len(body.shape), (1, 1, *body.shape)[-2:]
    by_first = rank > 2 and body.shape[0] >= MANY
    if by_first:
        rows, *others = body.shape[:-1]
    else:
        others = body.shape[:-2]

    def write(module: Module, name: str) -> None:
        w = Writer(module, name)
        sizes = [w.argument() for _ in range(max(rank - 2, 0))]
        walks = [Walk(w, seat) for seat in body.seats()]
        reader = Reader(w, body, walks)
        with _rows(w, sizes, by_first) as around:
            head = around[-(rank - 1) :] if rank > 1 else []

            def columns(j: Any, lanes: int, mask: Any, alive: Any) -> None:
                place = [*head, j] if rank else []
                values = reader.compute(place, lanes, mask, alive)
                reader.write(values, place, lanes, mask)

            in_vectors(w, w.function.args[4], w.function.args[5], body.lanes, columns)
        w.finish()

    code = Code(f"pass {rank}{' by first' * by_first} {body.key()}", write)
    by_columns = rows < MANY or rows * 4 < columns // (4 * body.lanes)  # threads share rows where there are many
    unit = 4 * body.lanes if body.lanes > 1 else 64  # a cache line or more
    ahead = ahead_code(body)
    return Call(code, [*others, *body.arguments()], rows, columns, 1, unit, by_columns=by_columns, ahead=ahead)


@contextmanager
def _rows(w: Writer, sizes: Sequence[Any], first: bool) -> Iterator[list[Any]]:
    """Walk through all axes but the last: the box of rows stands for the first of them, or for the last."""
    if first:
        with w.loop(*w.function.args[2:4]) as row, w.loops(sizes) as inner:
            yield [row, *inner]
    else:
        with w.loops(sizes) as outer, w.loop(*w.function.args[2:4]) as row:
            yield [*outer, row]


def ahead_code(body: Body) -> Code | None:
    """Return the kernel that lists the cache lines a pass behind a product will read of arrays too big for the caches.

    Such arrays are weights and their slots.
    """
    if body.tile is None or any(node.phase != "update" for node in body.nodes):
        return None
    seats = body.seats()[: len(body.read)]
    far = [i for i, seat in enumerate(seats) if seat.steps == "s1" and not seat.tile][:MOST_AHEAD]
    size = math.prod(body.shape) * sum(seats[i].dtype.itemsize for i in far)
    if size < LARGE:
        return None

    def write(module: Module, name: str) -> None:
        w = Writer(module, name)
        b, walks = w.builder, [Walk(w, seat) for seat in seats]
        low0, high0, low1, high1 = w.function.args[2:]
        lines = Lines(w)
        with w.loop(low0, high0) as row:
            for i in far:
                size = b.mul(b.sub(high1, low1), index(seats[i].dtype.itemsize))
                lines.add(walks[i].pointer([row, low1]), size)
        w.finish()

    return Code(f"ahead {' '.join(seat.key() for seat in seats)}", write)


def in_vectors(w: Writer, low: Any, high: Any, lanes: int, body: Any) -> None:
    """Write `body(index, lanes, mask, alive)` for low..high: in whole vectors, then once more with a mask."""
    b = w.builder
    if lanes == 1:
        with w.loop(low, high) as j:
            body(j, 1, None, None)
        return
    whole = b.add(low, b.and_(b.sub(high, low), index(-lanes)))
    with w.loop(low, whole, lanes) as j:
        body(j, lanes, None, None)
    with b.if_then(b.icmp_signed("<", whole, high)):
        alive = b.sub(high, whole)
        body(whole, lanes, w.mask(alive, lanes), alive)


class Reader:
    """Writes the nodes of a body at one place: reads what they need, computes, writes what is stored."""

    def __init__(self, w: Writer, body: Body, walks: Sequence[Walk]) -> None:
        self.w, self.body = w, body
        self.read = dict(zip(body.read, walks, strict=False))
        self.written = dict(zip(body.written, walks[len(body.read) :], strict=True))
        self.fixed: dict[Node, Any] = {}

    def compute(self, place: list[Any], lanes: int, mask: Any, alive: Any) -> dict[Node, Any]:
        """Return a register for every node, and for what they read."""
        registers: dict[Node, Any] = {}

        def operand(below: Node) -> Any:
            if below not in registers:
                registers[below] = self._fetched(below, place, lanes, mask, alive)
            return registers[below]

        for node in self.body.nodes:
            values = [operand(below) for below in node.inputs]
            if node.op.name not in FORMULAS:
                raise NotImplementedError(f"there is no machine code for the op {node.op.name!r}")
            registers[node] = FORMULAS[node.op.name](Operands(self.w, node, values, lanes))
        for node in self.read:
            operand(node)
        return registers

    def _fetched(self, node: Node, place: list[Any], lanes: int, mask: Any, alive: Any) -> Any:
        if node not in self.read:
            return number(node.dtype, node.value.reshape(()).item(), lanes)
        walk = self.read[node]
        if set(walk.seat.steps) <= {"0"}:  # one number for all: read once, before the loops
            if node not in self.fixed:
                with self.w.builder.goto_entry_block():
                    self.fixed[node] = self.w.load(walk.base, node.dtype)
            return self.w.splat(self.fixed[node], lanes)
        return walk.read(place, lanes, mask, alive)

    def write(self, registers: Mapping[Node, Any], place: list[Any], lanes: int, mask: Any) -> None:
        """Write what is stored."""
        for node, walk in self.written.items():
            self.w.store(registers[node], walk.pointer(place), walk.seat.dtype, lanes, mask)
