"""HDF5 files in plain Python, read only: the layout that h5py writes for Keras, and no other.

The HDF5 library follows a file wherever it leads, also in circles and into other files. This reader looks at nothing
but the bytes it was given, visits no block twice, and knows groups, plain arrays and texts in attributes. Section
numbers are those of the HDF5 File Format Specification, version 3.0.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from ..arrays import Shape
from .hdf5_types import TEXTS, Type, read_space, read_type

MAGIC = b"\x89HDF\r\n\x1a\n"
NOWHERE = 2**64 - 1
SPACE, LINK_INFO, TYPE, LINK, EXTERNAL, LAYOUT, FILTERS, ATTRIBUTE = 0x01, 0x02, 0x03, 0x06, 0x07, 0x08, 0x0B, 0x0C
CONTINUATION, TABLE, MANY_ATTRIBUTES = 0x10, 0x11, 0x15  # the kinds of header messages (IV.A.2) that are looked at
HARD, SOFT, OUTSIDE = "HardLink", "SoftLink", "ExternalLink"
LAYOUTS = {0: "compact", 1: "contiguous", 2: "chunked", 3: "virtual"}


class Link(NamedTuple):
    """Where a name in a group leads: only hard links have an address."""

    kind: str
    address: int = 0


class Storage(NamedTuple):
    """Where the numbers of an array lie."""

    layout: str
    start: int
    size: int


class File:
    """An HDF5 file in memory; everything that is not as it should be raises `ValueError` or `struct.error`."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._things: dict[int, Thing] = {}
        self._heaps: dict[int, dict[int, memoryview]] = {}
        self._texts_left = len(data)
        if data[:8] != MAGIC or len(data) < 100:
            raise ValueError("it does not begin as HDF5 does")
        version, offsets, lengths = data[8], data[13], data[14]  # II.A
        if version > 1 or (offsets, lengths) != (8, 8):
            raise ValueError(f"its layout has version {version}; save it with h5py's default libver")
        start = 24 if version == 0 else 28
        base, _, end, _, _, root = self.numbers("<6Q", start)
        if base != 0 or end > len(data):
            raise ValueError(f"it has {len(data)} bytes, and says {base} + {end}")
        self.root = self.thing(root)

    def numbers(self, form: str, start: int) -> tuple[int, ...]:
        """Return the numbers at a place."""
        return struct.unpack(form, self.piece(start, struct.calcsize(form)))

    def piece(self, start: int, size: int) -> memoryview:
        """Return `size` bytes, all of which are there."""
        if start + size > len(self.data):
            raise ValueError(f"{size} bytes at {start} lie beyond its end")
        return memoryview(self.data)[start : start + size]

    def thing(self, address: int) -> Thing:
        """Return the group or array whose header lies at `address`."""
        if address not in self._things:
            self._things[address] = Thing(self, address)
        return self._things[address]

    def text(self, length: int, heap: int, index: int) -> bytes:
        """Return a text of the global heap (III.E). All texts that are read have no more bytes than the file."""
        if length == 0:
            return b""
        if heap not in self._heaps:
            self._heaps[heap] = self._collection(heap)
        found = self._heaps[heap].get(index)
        self._texts_left -= length
        if found is None or length > len(found) or self._texts_left < 0:
            raise ValueError(f"a text of {length} bytes is not in its heap")
        return bytes(found[:length])

    def _collection(self, heap: int) -> dict[int, memoryview]:
        signature, version, size = struct.unpack("<4sB3xQ", self.piece(heap, 16))
        if signature != b"GCOL" or version != 1:
            raise ValueError("a heap of texts is damaged")
        found, place, end = dict[int, memoryview](), heap + 16, heap + size
        while place + 16 <= end:
            index, _, length = self.numbers("<HH4xQ", place)
            if index == 0:
                break
            found[index] = self.piece(place + 16, length)
            place += 16 + -(-length // 8) * 8
        return found


class Thing:
    """A group or an array: the messages of its header, and what they say."""

    def __init__(self, file: File, address: int) -> None:
        self.file, self.address = file, address
        self._messages = list(self._read_messages())
        self._texts: dict[str, list[bytes]] = {}

    def _read_messages(self) -> Iterator[tuple[int, int, memoryview]]:
        """Yield (kind, flags, content) of a header of version 1, with the blocks it goes on in (IV.A.1.a)."""
        version, count, size = self.file.numbers("<BxHxxxxI", self.address)
        if version != 1:
            raise ValueError(f"a header has version {version}; save the file with h5py's default libver")
        blocks, visited = [(self.address + 16, size)], {self.address + 16}
        while blocks:
            start, size = blocks.pop(0)
            block = self.file.piece(start, size)
            while len(block) >= 8 and count > 0:
                kind, length, flags = struct.unpack("<HHB", block[:5])
                content, block, count = block[8 : 8 + length], block[8 + length :], count - 1
                if kind == CONTINUATION:
                    place, room = struct.unpack("<QQ", content[:16])
                    if place in visited:
                        raise ValueError("a header goes on in itself")
                    visited.add(place)
                    blocks.append((place, room))
                yield kind, flags, content

    def message(self, kind: int) -> memoryview | None:
        """Return the only message of a kind, None where there is none."""
        found = [(flags, content) for known, flags, content in self._messages if known == kind]
        if len(found) > 1 or any(flags & 2 for flags, _ in found):
            raise ValueError("a header says something twice, or elsewhere")
        return found[0][1] if found else None

    @cached_property
    def is_array(self) -> bool:
        """Whether it is an array, not a group."""
        return self.message(LAYOUT) is not None

    @cached_property
    def links(self) -> dict[str, Link]:
        """The names in a group, with where they lead."""
        table, info = self.message(TABLE), self.message(LINK_INFO)
        if info is not None and struct.unpack("<Q", info[10 if info[1] & 1 else 2 :][:8])[0] != NOWHERE:
            raise ValueError("a group has an index of a newer kind; save the file with h5py's default libver")
        found = {} if table is None else dict(self._of_table(*struct.unpack("<QQ", table[:16])))
        return found | dict(_link(content) for kind, _, content in self._messages if kind == LINK)

    def _of_table(self, tree: int, heap: int) -> Iterator[tuple[str, Link]]:
        """Yield the names of a symbol table: nodes of a B-tree (III.A.1, III.B), names in a local heap (III.D)."""
        signature, size, names = struct.unpack("<4s4xQ8xQ", self.file.piece(heap, 32))
        if signature != b"HEAP":
            raise ValueError("the names of a group are damaged")
        text, nodes, visited = self.file.piece(names, size), [tree], set[int]()
        while nodes:
            node = nodes.pop(0)
            if node in visited:
                raise ValueError("the index of a group goes in circles")
            visited.add(node)
            signature, kind, _, count = struct.unpack("<4sBBH", self.file.piece(node, 8))
            if signature == b"TREE" and kind == 0:
                nodes[:0] = self.file.numbers("<" + "8xQ" * count, node + 24)
            elif signature == b"SNOD" and kind == 1:
                for entry in range(node + 8, node + 8 + 40 * count, 40):
                    place, address, cached = self.file.numbers("<QQI", entry)
                    yield _name(text, place), Link(SOFT if cached == 2 else HARD, address)
            else:
                raise ValueError("the index of a group is damaged")

    @cached_property
    def shape(self) -> Shape | None:
        """The shape of an array, None for one that has no numbers at all."""
        return read_space(self._needed(SPACE))

    @cached_property
    def type(self) -> Type:
        """What the numbers of an array are."""
        return read_type(self._needed(TYPE))

    @cached_property
    def storage(self) -> Storage:
        """Where the numbers of an array lie (IV.A.2.i)."""
        content = self._needed(LAYOUT)
        layout = LAYOUTS.get(content[1], "unknown")
        if content[0] not in (3, 4):
            raise ValueError(f"a layout of version {content[0]} is not read")
        if layout != "contiguous":
            return Storage(layout, 0, 0)
        start, size = struct.unpack("<QQ", content[2:18])
        return Storage(layout, 0, 0) if start == NOWHERE else Storage(layout, start, size)

    @property
    def is_elsewhere(self) -> bool:
        """Whether the numbers lie in another file."""
        return self.message(EXTERNAL) is not None or self.storage.layout == "virtual"

    @property
    def is_packed(self) -> bool:
        """Whether the numbers went through a filter, or lie in pieces."""
        return self.message(FILTERS) is not None or self.storage.layout != "contiguous"

    def _needed(self, kind: int) -> memoryview:
        found = self.message(kind)
        if found is None:
            raise ValueError("an array lacks its description")
        return found

    @cached_property
    def attributes(self) -> dict[str, memoryview]:
        """The attributes by name, each as its message."""
        if self.message(MANY_ATTRIBUTES) is not None:
            raise ValueError("its attributes have an index; save the file with h5py's default libver")
        return dict(_named(content) for kind, flags, content in self._messages if kind == ATTRIBUTE and not flags & 2)

    def texts(self, name: str) -> list[bytes]:
        """Return the texts of an attribute (IV.A.2.m); one that holds anything else raises `ValueError`."""
        if name not in self._texts:
            self._texts[name] = self._read_texts(self.attributes[name])
        return self._texts[name]

    def _read_texts(self, content: memoryview) -> list[bytes]:
        version, _, *sizes = struct.unpack("<BBHHH", content[:8])
        parts, place = list[memoryview](), 9 if version == 3 else 8
        for size in sizes:
            parts.append(content[place : place + size])
            place += size if version > 1 else -(-size // 8) * 8
        kind, shape = read_type(parts[1]), read_space(parts[2])
        count = 0 if shape is None else math.prod(shape)
        if count == 0:  # an empty list has the dtype of numbers
            return []
        if kind.name not in TEXTS:
            raise ValueError(f"it holds {kind.name}, expected text")
        if count * kind.size > len(content) - place:
            raise ValueError(f"{count} texts are larger than the attribute")
        data = content[place:]
        each = [data[i * kind.size : (i + 1) * kind.size] for i in range(count)]
        if kind.name == "text":
            return [bytes(one).rstrip(b"\0") for one in each]
        return [self.file.text(*struct.unpack("<IQI", one)) for one in each]


def _name(text: memoryview, place: int) -> str:
    found = bytes(text[place : place + 65536]).partition(b"\0")[0]
    return found.decode("utf-8")


def _named(content: memoryview) -> tuple[str, memoryview]:
    version, flags, size = struct.unpack("<BBH", content[:4])
    if version not in (1, 2, 3) or (version > 1 and flags):
        raise ValueError("an attribute is of a kind that is not read")
    return _name(content[9 if version == 3 else 8 :][:size], 0), content


def _link(content: memoryview) -> tuple[str, Link]:
    """Return the name and the aim of a link message (IV.A.2.g)."""
    version, flags = content[0], content[1]
    if version != 1:
        raise ValueError(f"a link of version {version} is not read")
    kind = content[2] if flags & 8 else 0
    place = 2 + bool(flags & 8) + 8 * bool(flags & 4) + bool(flags & 16)
    width = 1 << (flags & 3)
    length = int.from_bytes(content[place : place + width], "little")
    place += width
    name = bytes(content[place : place + length]).decode("utf-8")
    if kind == 0:
        return name, Link(HARD, struct.unpack("<Q", content[place + length :][:8])[0])
    return name, Link(SOFT if kind == 1 else OUTSIDE)
