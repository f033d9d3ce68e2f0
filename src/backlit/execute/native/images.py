"""Images seen from other places: `resample` and its adjoint, a vector of pixels at a time.

The arithmetic is that of `ops.image`, number for number. Coordinates are brought into the image before they become
places, so nothing outside of it is ever touched, whatever they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from ...graph.node import Node
from ...ops.image import NEAREST
from .calls import Call, Code
from .lanes import ADDRESS, index, number, register_type
from .passes import Walk, arguments_of, in_vectors, seat_of
from .registers import Register, where
from .target import Target
from .views import View, merged_axes
from .writer import Module, Writer, lanes_for

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

    def write(module: Module, name: str) -> None:
        w = Writer(module, name)
        kernel = _Kernel(w, looks, fill_mode, order)
        with w.loop(*w.function.args[2:4]) as line:

            def look(j: Any, lanes: int, mask: Any, alive: Any) -> None:
                around = kernel.look(line, j, lanes, mask, alive)
                with kernel.each_channel() as c:
                    pixels = [kernel.pixel(around, tap, c, mask) * tap.weight for tap in around.taps]
                    y = sum(pixels[1:], pixels[0])
                    y = y if around.inside is None else where(around.inside, y, cval)
                    kernel.write_seen(y, around, c, mask)

            in_vectors(w, w.function.args[4], w.function.args[5], lanes, look)
        w.finish()

    code = Code(f"resample {looks.key()} {lanes} {fill_mode} {cval!r} {order}", write)
    _, lines, size, _ = looks.seen.shape
    return [Call(code, looks.arguments(), looks.seen.shape[0] * lines, size)]


def spread(node: Node, views: Mapping[Node, View], machine: Target) -> list[Call]:
    """Return the call of resample's adjoint: threads share the images, pixels are added one after the other."""
    seen, rows, columns = (views[below] for below in node.inputs)
    looks = looks_at(node, views[node], seen, rows, columns)
    fill_mode, order = node.attrs["fill_mode"], node.attrs["order"]

    def write(module: Module, name: str) -> None:
        w = Writer(module, name)
        kernel = _Kernel(w, looks, fill_mode, order)
        size = w.argument()
        with w.loop(*w.function.args[2:4]) as image:
            kernel.clear(image)
            first = w.builder.mul(image, kernel.lines)
            with w.loop(first, w.builder.add(first, kernel.lines)) as line, w.loop(index(0), size) as j:
                around = kernel.look(line, j, 1, None, None)
                with kernel.each_channel() as c:
                    dy = kernel.read_seen(around, c)
                    dy = dy if around.inside is None else where(around.inside, dy, 0.0)
                    for tap in around.taps:
                        kernel.add(around, tap, c, tap.weight * dy)
        w.finish()

    code = Code(f"spread {looks.key()} {fill_mode} {order}", write)
    return [Call(code, [*looks.arguments(), looks.seen.shape[2]], looks.seen.shape[0], 1)]


class Tap(NamedTuple):
    """A pixel that is looked at: its place in the image, counted in numbers, and its weight."""

    place: Register
    weight: Register


class Around(NamedTuple):
    """What a vector of coordinates sees: of which image, at which pixel, the taps, and whether they are inside."""

    image: Any
    pixel: Any
    taps: list[Tap]
    inside: Register | None


class _Kernel:
    """What both kernels share: their arguments, and how coordinates become places and weights."""

    def __init__(self, w: Writer, looks: Looks, fill_mode: str, order: int) -> None:
        self.w, self.b, self.dtype = w, w.builder, looks.images.dtype
        self.many, self.fill_mode, self.order = looks.channels > 1, fill_mode, order
        self.images, self.strides = w.argument(ADDRESS), [w.argument() for _ in range(4)]
        self.height, self.width, self.channels = (w.argument() for _ in range(3))
        self.seen, self.steps = w.argument(ADDRESS), [w.argument() for _ in range(4)]
        self.lines = w.argument()
        self.rows, self.columns = (Walk(w, seat_of(view)) for view in (looks.rows, looks.columns))

    @contextmanager
    def each_channel(self) -> Iterator[Any]:
        """Repeat the block for each channel; give its number."""
        if not self.many:
            yield index(0)
            return
        with self.w.loop(index(0), self.channels) as c:
            yield c

    def look(self, line: Any, j: Any, lanes: int, mask: Any, alive: Any) -> Around:
        """Return what the coordinates from pixel `j` of a line on see."""
        b, w = self.b, self.w
        image = b.sdiv(line, self.lines)
        row = b.sub(line, b.mul(image, self.lines))
        place = [image, row, j]
        rows, columns = (
            Register(w, walk.read(place, lanes, mask, alive), self.dtype, lanes) for walk in (self.rows, self.columns)
        )
        inside = None
        if self.fill_mode == "constant":
            inside = self._inside(rows, self.height) & self._inside(columns, self.width)
        base = w.at(self.images, b.mul(image, self.strides[0]), self.dtype)
        pixel: Any = index(0)
        for i, step in zip(place, self.steps[:3], strict=True):
            pixel = b.add(pixel, b.mul(i, step))
        return Around(base, pixel, self._taps(rows, columns), inside)

    def pixel(self, around: Around, tap: Tap, channel: Any, mask: Any) -> Register:
        """Return the numbers that a vector of taps sees in a channel."""
        base = self.w.at(around.image, self.b.mul(channel, self.strides[3]), self.dtype)
        lanes = tap.weight.lanes
        return tap.weight.like(self.w.pick(base, tap.place.value, self.dtype, lanes, mask))

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
        place = self.b.add(self.b.sext(tap.place.value, index(0).type), self.b.mul(channel, self.strides[3]))
        pointer = self.w.at(around.image, place, self.dtype)
        self.w.store(self.b.fadd(self.w.load(pointer, self.dtype), value.value), pointer, self.dtype)

    def clear(self, image: Any) -> None:
        """Fill an image with zeros: it lies in memory in order."""
        b = self.b
        base = self.w.at(self.images, b.mul(image, self.strides[0]), self.dtype)
        with self.w.loop(index(0), b.mul(b.mul(self.height, self.width), self.channels)) as i:
            self.w.store(number(self.dtype, 0), self.w.at(base, i, self.dtype), self.dtype)

    def _taps(self, rows: Register, columns: Register) -> list[Tap]:
        """`ops.image._taps`, with places as numbers behind the start of the image."""
        rows, columns = self._folded(rows, self.height), self._folded(columns, self.width)
        if self.order == NEAREST:
            nearest = [self._whole((at + 0.5).call("floor")) for at in (rows, columns)]
            return [Tap(self._place(*nearest), rows.const(1))]
        (top, below, down), (left, after, right) = self._between(rows, self.height), self._between(columns, self.width)
        up, back = 1 - down, 1 - right
        return [
            Tap(self._place(top, left), up * back), Tap(self._place(top, after), up * right),
            Tap(self._place(below, left), down * back), Tap(self._place(below, after), down * right),
        ]  # fmt: skip

    def _place(self, row: Register, column: Register) -> Register:
        return row * self._count(self.strides[1], row) + column * self._count(self.strides[2], column)

    def _between(self, at: Register, size: Any) -> tuple[Register, Register, Register]:
        """`ops.image._between`."""
        b = self.b
        two_less, one_less = (b.sub(size, index(n)) for n in (2, 1))
        two_less = b.select(b.icmp_signed("<", two_less, index(0)), index(0), two_less)
        limit, before = self._number(two_less, at), at.call("floor")
        before = where(before < limit, before, limit)
        first = self._whole(before)
        after, last = first + 1, self._count(one_less, first)
        return first, where(after < last, after, last), at - before

    def _folded(self, at: Register, size: Any) -> Register:
        """`ops.image._folded`."""
        last = self._number(self.b.sub(size, index(1)), at)
        if self.fill_mode == "reflect":
            round_trip = self._number(self.b.shl(size, index(1)), at)
            moved = at + 0.5
            at = moved - round_trip * (moved / round_trip).call("floor") - 0.5
            at = where(at > last + 0.5, round_trip - 1.0 - at, at)
        elif self.fill_mode == "wrap":
            below = at + last * (((0.0 - at) / last).call("floor") + 1.0)
            above = at - last * (at / last).call("floor")
            at = where(at < 0.0, below, where(at > last, above, at))
        at = where(at > 0.0, at, 0.0)
        return where(at < last, at, last)

    def _inside(self, at: Register, size: Any) -> Register:
        last = self._number(self.b.sub(size, index(1)), at)
        return (at >= 0.0) & (last >= at)

    def _whole(self, at: Register) -> Register:
        """Return whole numbers as integers."""
        return at.like(self.b.fptosi(at.value, register_type(INT32, at.lanes)), INT32)

    def _number(self, count: Any, like: Register) -> Register:
        """Return a size as a number in every lane."""
        return like.like(self.w.splat(self.b.sitofp(count, register_type(self.dtype)), like.lanes))

    def _count(self, count: Any, like: Register) -> Register:
        """Return a size as an integer in every lane."""
        return like.like(self.w.splat(self.b.trunc(count, register_type(INT32)), like.lanes))
