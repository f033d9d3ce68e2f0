"""Images seen from other places: `resample` and its adjoint, a vector of pixels at a time.

The arithmetic is that of `ops.image`, number for number. Coordinates are brought into the image before they become
places, so nothing outside of it is ever touched, whatever they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir

from ...arrays import DType
from ...graph.node import Node
from ...ops.image import NEAREST
from .calls import Call, Code
from .lanes import ADDRESS, index, number, register_type
from .passes import Walk, arguments_of, in_vectors, seat_of
from .registers import Register, where
from .target import Target
from .views import View, merged_axes
from .writer import HEAD, Module, Writer, lanes_for

INT32 = np.dtype(np.int32)


class Looks(NamedTuple):
    """The arrays of one call: pixels `seen` (images, lines, pixels of a line, channels) of `images`, at coordinates.

    A line is a row, or all rows of an image where every array lies in order.
    """

    images: View
    seen: View
    rows: View
    columns: View

    @property
    def channels(self) -> int:
        """How many numbers a pixel has."""
        return self.images.shape[3]

    def key(self) -> str:
        """Return a text of what instructions depend on."""
        seats = " ".join(seat_of(view).key() for view in (self.rows, self.columns))
        return f"{self.images.dtype.str} {'many' if self.channels > 1 else 'one'} {seats}"

    def arguments(self) -> list[Any]:
        """Return the arguments of a call, as `_Kernel` takes them."""
        coordinates = [a for view in (self.rows, self.columns) for a in arguments_of(view)]
        images = [self.images.address, *self.images.strides, *self.images.shape[1:]]
        return [*images, self.seen.address, *self.seen.strides, self.seen.shape[1], *coordinates]


def looks_at(node: Node, images: View, seen: View, rows: View, columns: View) -> Looks:
    """Return the arrays of a call, rows of pixels joined to one line where they lie in order."""
    if any(view.dtype != node.dtype for view in (images, seen, rows, columns)):
        raise NotImplementedError(f"images and coordinates of different dtypes (layer {node.scope or 'none'})")
    within = [View(v.buffer, v.shape[1:3], v.strides[1:3], v.offset) for v in (seen, rows, columns)]
    shape, within = merged_axes(rows.shape[1:], within)
    missing = 2 - len(shape)
    lines = (rows.shape[0], *(1,) * missing, *shape)
    pixels, *coordinates = (
        View(inner.buffer, lines, (whole.strides[0], *(0,) * missing, *inner.strides), inner.offset)
        for whole, inner in zip((seen, rows, columns), within, strict=True)
    )
    wide = View(pixels.buffer, (*lines, seen.shape[3]), (*pixels.strides, seen.strides[3]), pixels.offset)
    return Looks(images, wide, coordinates[0], coordinates[1])


def resample(node: Node, views: Mapping[Node, View], machine: Target) -> list[Call]:
    """Return the call of resample: threads share the lines of all images."""
    images, rows, columns = (views[below] for below in node.inputs)
    looks, lanes = looks_at(node, images, views[node], rows, columns), lanes_for(machine, node.dtype)
    fill_mode, cval, order = (node.attrs[name] for name in ("fill_mode", "cval", "order"))
    in_pairs = order != NEAREST and _lie_in_pairs(images, machine)

    def write(module: Module, name: str) -> None:
        w = Writer(module, name)
        kernel = _Kernel(w, looks, fill_mode, order, lanes, in_pairs)
        with w.loop(*w.function.args[2:4]) as number_of_line:
            line = kernel.line(number_of_line)

            def look(j: Any, lanes: int, mask: Any, alive: Any) -> None:
                around = kernel.look(line, j, mask, alive)
                with kernel.each_channel() as c:
                    y = kernel.mixed(around, c)
                    y = y if around.inside is None else where(around.inside, y, cval)
                    kernel.write_seen(y, around, c, mask)

            in_vectors(w, w.function.args[4], w.function.args[5], lanes, look)
        w.finish()

    code = Code(f"resample {looks.key()} {lanes} {fill_mode} {cval!r} {order}{' in pairs' * in_pairs}", write)
    _, lines, size, _ = looks.seen.shape
    return [Call(code, looks.arguments(), looks.seen.shape[0] * lines, size, scratch=HEAD + machine.vector_bytes)]


def _lie_in_pairs(images: View, machine: Target) -> bool:
    """Say whether each pixel and the one behind it are read together, as 8 bytes.

    That is for processors that read from many places no faster than number by number.
    """
    side_by_side = images.strides[2] == 1 and images.shape[2] > 1
    return side_by_side and images.dtype.itemsize == 4 and 16 <= machine.vector_bytes < 64


def spread(node: Node, views: Mapping[Node, View], machine: Target) -> list[Call]:
    """Return the call of resample's adjoint: threads share the images, pixels are added one after the other."""
    seen, rows, columns = (views[below] for below in node.inputs)
    looks = looks_at(node, views[node], seen, rows, columns)
    fill_mode, order = node.attrs["fill_mode"], node.attrs["order"]

    def write(module: Module, name: str) -> None:
        w = Writer(module, name)
        kernel = _Kernel(w, looks, fill_mode, order, 1)
        size = w.argument()
        with w.loop(*w.function.args[2:4]) as image:
            kernel.clear(image)
            first = w.builder.mul(image, kernel.lines)
            with w.loop(first, w.builder.add(first, kernel.lines)) as number_of_line:
                line = kernel.line(number_of_line)
                with w.loop(index(0), size) as j:
                    around = kernel.look(line, j, None, None)
                    with kernel.each_channel() as c:
                        dy = kernel.read_seen(around, c)
                        dy = dy if around.inside is None else where(around.inside, dy, 0.0)
                        for tap in around.taps:
                            kernel.add(around, tap, c, tap.weight * dy)
        w.finish()

    code = Code(f"spread {looks.key()} {fill_mode} {order}", write)
    return [Call(code, [*looks.arguments(), looks.seen.shape[2]], looks.seen.shape[0], 1)]


class Line(NamedTuple):
    """A line of pixels: the first number of its image, which image and row it is, where its first pixel is written."""

    pixels: Any
    place: list[Any]
    seen: Any


class Axis(NamedTuple):
    """Rows or columns of an image: their number, how far they are apart (as an integer of each lane, and alone), the
    last one, the last that has one behind it, and how far that lies behind: nothing, where there is only one.
    """

    size: Any
    stride: Register
    last: Register
    last_but_one: Register
    behind: Any


class Tap(NamedTuple):
    """A pixel that is looked at: how far it lies behind the first of them, and what it counts for."""

    behind: Any
    weight: Register


class Around(NamedTuple):
    """What a vector of coordinates sees: of which line, at which pixel, the first place, taps, whether inside."""

    line: Line
    pixel: Any
    place: Register
    taps: list[Tap]
    inside: Register | None


class _Kernel:
    """What both kernels share: their arguments, and how coordinates become places and weights."""

    def __init__(self, w: Writer, looks: Looks, fill_mode: str, order: int, lanes: int, in_pairs: bool = False) -> None:
        self.w, self.b, self.dtype, self.lanes = w, w.builder, looks.images.dtype, lanes
        self.many, self.fill_mode, self.order, self.in_pairs = looks.channels > 1, fill_mode, order, in_pairs
        self.images, self.strides = w.argument(ADDRESS), [w.argument() for _ in range(4)]
        sizes = [w.argument() for _ in range(2)]
        self.channels = w.argument()
        self.seen, self.steps = w.argument(ADDRESS), [w.argument() for _ in range(4)]
        self.lines = w.argument()
        self.walks = [Walk(w, seat_of(view)) for view in (looks.rows, looks.columns)]
        self.rows, self.columns = (self._axis(n, stride) for n, stride in zip(sizes, self.strides[1:3], strict=True))

    def _axis(self, size: Any, stride: Any) -> Axis:
        b = self.b
        last, before = b.sub(size, index(1)), b.sub(size, index(2))
        single = b.icmp_signed("<", before, index(0))
        return Axis(
            size, self._lanes_of(b.trunc(stride, register_type(INT32)), INT32), self._number(last),
            self._number(b.select(single, index(0), before)), b.select(single, index(0), stride),
        )  # fmt: skip

    @contextmanager
    def each_channel(self) -> Iterator[Any]:
        """Repeat the block for each channel; give its number."""
        if not self.many:
            yield index(0)
            return
        with self.w.loop(index(0), self.channels) as c:
            yield c

    def line(self, number: Any) -> Line:
        """Return what is the same for all pixels of a line."""
        b = self.b
        image = b.sdiv(number, self.lines)
        row = b.sub(number, b.mul(image, self.lines))
        seen = b.add(b.mul(image, self.steps[0]), b.mul(row, self.steps[1]))
        return Line(self.w.at(self.images, b.mul(image, self.strides[0]), self.dtype), [image, row], seen)

    def look(self, line: Line, j: Any, mask: Any, alive: Any) -> Around:
        """Return what the coordinates from pixel `j` of a line on see; those that are not there see the first pixel."""
        rows, columns = (
            Register(self.w, walk.read([*line.place, j], self.lanes, mask, alive), self.dtype, self.lanes)
            for walk in self.walks
        )
        inside = None
        if self.fill_mode == "constant":
            inside = self._inside(rows, self.rows) & self._inside(columns, self.columns)
        place, taps = self._taps(self._folded(rows, self.rows), self._folded(columns, self.columns))
        return Around(line, self.b.add(line.seen, self.b.mul(j, self.steps[2])), place, taps, inside)

    def mixed(self, around: Around, channel: Any) -> Register:
        """Return the sum of weight * pixel over the taps, in a channel."""
        seen = self._pairs if self.in_pairs else self._picked
        pixels = seen(around, self.w.at(around.line.pixels, self.b.mul(channel, self.strides[3]), self.dtype))
        parts = [pixel * tap.weight for pixel, tap in zip(pixels, around.taps, strict=True)]
        return sum(parts[1:], parts[0])

    def _picked(self, around: Around, image: Any) -> list[Register]:
        """Return what each tap sees in a channel of an image."""
        bases = [self.w.at(image, tap.behind, self.dtype) for tap in around.taps]
        place = around.place.value
        return [around.taps[0].weight.like(self.w.pick(base, place, self.dtype, self.lanes)) for base in bases]

    def _pairs(self, around: Around, image: Any) -> list[Register]:
        """Return what the four taps see: a pixel and the one behind it are the halves of one wide number."""
        b, lanes = self.b, self.lanes
        kept = self.w.bytes_behind(self.w.function.args[1], index(HEAD))  # read one by one: faster than out of a vector
        self.w.store(around.place.value, kept, INT32, lanes)
        places = [b.sext(self.w.load(self.w.at(kept, index(i), INT32), INT32), index(0).type) for i in range(lanes)]
        found: list[Register] = []
        for tap in around.taps[::2]:
            base = self.w.at(image, tap.behind, self.dtype)
            halves = [i for i in range(lanes) if not i & 2], [i for i in range(lanes) if i & 2]  # as shuffles join them
            first, second = (self._wide(base, [places[i] for i in half]) for half in halves)
            order = [2 * half.index(i) + n * lanes for i in range(lanes) for n, half in enumerate(halves) if i in half]
            found += [tap.weight.like(self.w.shuffle(first, second, [at + n for at in order])) for n in range(2)]
        return found

    def _wide(self, base: Any, places: Sequence[Any]) -> Any:
        """Return pairs of numbers side by side in one register."""
        wide = np.dtype(np.float64)
        vector = ir.Constant(register_type(wide, len(places)), ir.Undefined)
        for i, place in enumerate(places):
            pair = self.b.load(self.w.at(base, place, self.dtype), typ=register_type(wide), align=self.dtype.itemsize)
            vector = self.b.insert_element(vector, pair, index(i))
        return self.b.bitcast(vector, register_type(self.dtype, 2 * len(places)))

    def write_seen(self, value: Register, around: Around, channel: Any, mask: Any) -> None:
        """Write a vector of pixels side by side, or a channel of each."""
        place = self._seen(around, channel)
        if self.many and value.lanes > 1:
            self.w.scatter(value.value, place, self.steps[2], self.dtype, value.lanes, mask)
        else:
            self.w.store(value.value, place, self.dtype, value.lanes, mask)

    def read_seen(self, around: Around, channel: Any) -> Register:
        """Return one number of a pixel."""
        return Register(self.w, self.w.load(self._seen(around, channel), self.dtype), self.dtype, 1)

    def _seen(self, around: Around, channel: Any) -> Any:
        place = self.b.add(around.pixel, self.b.mul(channel, self.steps[3]))
        return self.w.at(self.seen, place, self.dtype)

    def add(self, around: Around, tap: Tap, channel: Any, value: Register) -> None:
        """Add a number to the pixel of a tap."""
        first = self.b.add(self.b.sext(around.place.value, index(0).type), tap.behind)
        pointer = self.w.at(around.line.pixels, self.b.add(first, self.b.mul(channel, self.strides[3])), self.dtype)
        self.w.store(self.b.fadd(self.w.load(pointer, self.dtype), value.value), pointer, self.dtype)

    def clear(self, image: Any) -> None:
        """Fill an image with zeros: it lies in memory in order."""
        b = self.b
        base = self.w.at(self.images, b.mul(image, self.strides[0]), self.dtype)
        with self.w.loop(index(0), b.mul(b.mul(self.rows.size, self.columns.size), self.channels)) as i:
            self.w.store(number(self.dtype, 0), self.w.at(base, i, self.dtype), self.dtype)

    def _taps(self, rows: Register, columns: Register) -> tuple[Register, list[Tap]]:
        """`ops.image._taps`: the first place, as a number behind the start of the image, and the taps around it."""
        if self.order == NEAREST:
            nearest = [self._whole((at + 0.5).call("floor")) for at in (rows, columns)]
            return self._place(*nearest), [Tap(index(0), rows.const(1))]
        (top, down), (left, right) = self._between(rows, self.rows), self._between(columns, self.columns)
        up, back = 1 - down, 1 - right
        below, after = self.rows.behind, self.columns.behind
        return self._place(top, left), [
            Tap(index(0), up * back), Tap(after, up * right),
            Tap(below, down * back), Tap(self.b.add(below, after), down * right),
        ]  # fmt: skip

    def _place(self, row: Register, column: Register) -> Register:
        row = row * self.rows.stride
        return row + (column if self.in_pairs else column * self.columns.stride)

    def _between(self, at: Register, axis: Axis) -> tuple[Register, Register]:
        """`ops.image._between`, without the pixels behind: they lie next to the first ones."""
        before = at.call("floor")
        before = where(before < axis.last_but_one, before, axis.last_but_one)
        return self._whole(before), at - before

    def _folded(self, at: Register, axis: Axis) -> Register:
        """`ops.image._folded`."""
        last = axis.last
        if self.fill_mode == "reflect":
            round_trip = last * 2.0 + 2.0
            moved = at + 0.5
            at = moved - round_trip * (moved / round_trip).call("floor") - 0.5
            at = where(at > last + 0.5, round_trip - 1.0 - at, at)
        elif self.fill_mode == "wrap":
            below = at + last * (((0.0 - at) / last).call("floor") + 1.0)
            above = at - last * (at / last).call("floor")
            at = where(at < 0.0, below, where(at > last, above, at))
        at = where(at > 0.0, at, 0.0)
        return where(at < last, at, last)

    def _inside(self, at: Register, axis: Axis) -> Register:
        return (at >= 0.0) & (axis.last >= at)

    def _whole(self, at: Register) -> Register:
        """Return whole numbers as integers."""
        return at.like(self.b.fptosi(at.value, register_type(INT32, at.lanes)), INT32)

    def _number(self, count: Any) -> Register:
        """Return a size as a number in every lane."""
        return self._lanes_of(self.b.sitofp(count, register_type(self.dtype)), self.dtype)

    def _lanes_of(self, value: Any, dtype: DType) -> Register:
        return Register(self.w, self.w.splat(value, self.lanes), dtype, self.lanes)
