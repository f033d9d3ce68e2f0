"""Numbers in HDF5 files, written plainly and read with suspicion.

A weights file is a tree of groups with arrays at `vars/0`, `vars/1`, ...; a reader is given the arrays it must find and
refuses links, external storage, filters and every size that is not its own before a byte is allocated. h5py writes;
reading is done by `hdf5_file`.
"""

from __future__ import annotations

import itertools
import math
import struct
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np

from ..arrays import Array, DType, Shape
from ..errors import ModelFileError
from .hdf5_file import HARD, File, Link, Thing

_DEEPEST = 64  # groups within groups
_LONGEST = 64512  # bytes in an attribute: the limit Keras keeps to
_DAMAGE = (ValueError, struct.error, IndexError, KeyError, OverflowError)

Tree = Mapping[str, tuple[str, Sequence[Array]]]  # group path -> (name of its owner, its arrays in order)
Named = tuple[Mapping[str, Sequence[str]], Mapping[str, Array]]  # lists of texts, and arrays, by name


def write_tree(file: BinaryIO, tree: Tree) -> None:
    """Write every group with its `vars`; owners without arrays get an empty group, as Keras does."""
    import h5py

    with h5py.File(file, "w") as store:
        for path, (owner, arrays) in tree.items():
            group = store.create_group(f"{path}/vars" if path else "vars")
            group.attrs["name"] = owner
            for index, array in enumerate(arrays):
                group.create_dataset(str(index), data=array)


def write_named(file: BinaryIO, texts: Mapping[str, str], groups: Mapping[str, Named]) -> None:
    """Write groups of arrays that have names, and texts about the whole: the layout of an `.h5` file of Keras.

    A group knows the order of its arrays by the attribute `weight_names`; `groups` may give further lists of texts.
    """
    import h5py

    with h5py.File(file, "w") as store:
        for name, text in texts.items():
            store.attrs[name] = text.encode()
        for path, (lists, arrays) in sorted(groups.items()):  # a name before the longer ones that begin with it
            group = store.require_group(path) if path else store
            for name, words in lists.items():
                _write_list(group, name, words)
            for name, array in arrays.items():
                group.create_dataset(name, data=array)


def _write_list(group: Any, name: str, words: Sequence[str]) -> None:
    """Write a list of texts, spread over `name0`, `name1`, ... where it is longer than an attribute may be."""
    array = np.array([word.encode() for word in words]) if words else np.zeros(0)
    parts = -(-array.nbytes // _LONGEST) or 1
    while any(part.nbytes > _LONGEST for part in np.array_split(array, parts)):
        parts += 1
    for i, part in enumerate(np.array_split(array, parts)):
        group.attrs[f"{name}{i}" if parts > 1 else name] = part


class Reader:
    """Reads arrays of known shape from one HDF5 file; everything unexpected is a `ModelFileError`."""

    def __init__(self, data: bytes, source: str) -> None:
        self.source = source
        with self._refusing("", "is not a readable HDF5 file"):
            self._store = File(data)

    def count(self, group: str) -> int:
        """Return the number of arrays in `group`'s `vars`, 0 where there is none."""
        found = self._walk(f"{group}/vars")
        return 0 if found is None or found.is_array else len(self._links(group, found))

    def array(self, group: str, index: int, shape: Shape, dtype: DType) -> Array:
        """Return array `index` of `group`; it must have exactly `shape` and the kind of `dtype` (float, integer)."""
        return self.at(f"{group}/vars/{index}" if group else f"vars/{index}", shape, dtype)

    def at(self, path: str, shape: Shape, dtype: DType) -> Array:
        """Return the array at `path`, on the same terms."""
        found = self._walk(path)
        with self._refusing(path, "cannot be read"):
            if found is None or not found.is_array:
                raise self._refuse(path, "is missing")
            self._check(path, found, shape, dtype)
            data = self._store.piece(found.storage.start, found.storage.size)
            return np.frombuffer(data, found.type.dtype).reshape(shape).astype(dtype)

    def has(self, path: str) -> bool:
        """Say whether there is a group or an array at `path`."""
        return self._walk(path) is not None

    def arrays(self) -> Iterator[tuple[str, Shape, str]]:
        """Yield path, shape and dtype of every array, in order; a group that is reached twice is refused."""
        yield from self._below("", self._store.root, 0, set())

    def _below(self, path: str, place: Thing, depth: int, visited: set[int]) -> Iterator[tuple[str, Shape, str]]:
        if depth > _DEEPEST or place.address in visited:
            raise self._refuse(path, "lies too deep" if depth > _DEEPEST else "has two places in the file")
        visited.add(place.address)
        with self._refusing(path, "cannot be read"):
            is_array, names = place.is_array, sorted(place.links)
            row = (path, tuple(place.shape or ()), place.type.name) if is_array else None
        if row is not None:
            yield row
            return
        for name in names:
            inner = f"{path}/{name}".lstrip("/")
            yield from self._below(inner, self._follow(inner, place, name), depth + 1, visited)

    def text(self, group: str, name: str) -> str | None:
        """Return an attribute that is one text, None where there is none."""
        found = self._attribute(group, name)
        if found is not None and len(found) != 1:
            raise self._refuse(group, f"has an attribute {name} of {len(found)} texts, expected one")
        return None if found is None else found[0]

    def texts(self, group: str, name: str) -> list[str]:
        """Return an attribute that is a list of texts; Keras spreads a long one over `name0`, `name1`, ..."""
        found = self._attribute(group, name)
        if found is not None:
            return found
        parts = list[str]()
        for i in itertools.count():
            part = self._attribute(group, f"{name}{i}")
            if part is None:
                return parts
            parts += part
        return parts

    def _attribute(self, group: str, name: str) -> list[str] | None:
        place = self._walk(group)
        with self._refusing(group, f"has an attribute {name} that cannot be read"):
            if place is None or name not in place.attributes:
                return None
            return [one.decode("utf-8") for one in place.texts(name)]

    def _walk(self, path: str) -> Thing | None:
        """Follow a path link by link: a soft or external link could lead into another file."""
        place = self._store.root
        for part in (p for p in path.split("/") if p):
            if place.is_array or part not in self._links(path, place):
                return None
            place = self._follow(path, place, part)
        return place

    def _follow(self, path: str, place: Thing, name: str) -> Thing:
        link = self._links(path, place)[name]
        if link.kind != HARD:
            raise self._refuse(path, f"is reached through a {link.kind}; links are refused")
        with self._refusing(path, "cannot be read"):
            return self._store.thing(link.address)

    def _links(self, path: str, place: Thing) -> Mapping[str, Link]:
        with self._refusing(path, "cannot be read"):
            return place.links

    def _check(self, path: str, found: Thing, shape: Shape, dtype: DType) -> None:
        stored = found.type.dtype
        if stored is None or (stored.kind == "f") != (dtype.kind == "f"):
            raise self._refuse(path, f"holds {found.type.name}, expected {dtype}")
        if found.shape != tuple(shape):
            raise self._refuse(path, f"has shape {found.shape}, expected {tuple(shape)}")
        if found.is_elsewhere:
            raise self._refuse(path, "is stored in another file, which is refused")
        if found.is_packed:
            raise self._refuse(path, "is compressed or chunked, which is refused")
        if found.storage.size != math.prod(shape) * stored.itemsize:
            raise self._refuse(path, f"has {found.storage.size} bytes on disk, not the size of {tuple(shape)}")

    @contextmanager
    def _refusing(self, path: str, what: str) -> Generator[None]:
        try:
            yield
        except ModelFileError:
            raise
        except _DAMAGE as error:
            raise self._refuse(path, f"{what} ({error})") from None

    def _refuse(self, path: str, reason: str) -> ModelFileError:
        place = f"weight {path!r} " if path else "the weights "
        return ModelFileError(f"{self.source}: {place}{reason}. Save the model again, or use an intact copy.")
