"""Numbers in HDF5 files, written plainly and read with suspicion.

A weights file is a tree of groups with arrays at `vars/0`, `vars/1`, ...; a reader is given the arrays it must find and
refuses links, external storage, filters and every size that is not its own before a byte is allocated.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from ..arrays import Array, DType, Shape
from ..errors import ModelFileError

if TYPE_CHECKING:
    import h5py

_DEEPEST = 64  # groups within groups

Tree = Mapping[str, tuple[str, Sequence[Array]]]  # group path -> (name of its owner, its arrays in order)


def write_tree(file: BinaryIO, tree: Tree) -> None:
    """Write every group with its `vars`; owners without arrays get an empty group, as Keras does."""
    import h5py

    with h5py.File(file, "w") as store:
        for path, (owner, arrays) in tree.items():
            group = store.create_group(f"{path}/vars" if path else "vars")
            group.attrs["name"] = owner
            for index, array in enumerate(arrays):
                group.create_dataset(str(index), data=array)


class Reader:
    """Reads arrays of known shape from one open HDF5 file; everything unexpected is a `ModelFileError`."""

    def __init__(self, file: BinaryIO, source: str) -> None:
        import h5py

        self.source = source
        self._size = file.seek(0, io.SEEK_END)
        try:
            self._store = h5py.File(file, "r")
        except (OSError, RuntimeError, ValueError) as error:
            raise self._refuse("", f"is not a readable HDF5 file ({error})") from None

    def count(self, group: str) -> int:
        """Return the number of arrays in `group`'s `vars`, 0 where there is none."""
        found = self._walk(f"{group}/vars")
        return 0 if found is None else len(found)

    def array(self, group: str, index: int, shape: Shape, dtype: DType) -> Array:
        """Return array `index` of `group`; it must have exactly `shape` and the kind of `dtype` (float, integer)."""
        return self.at(f"{group}/vars/{index}" if group else f"vars/{index}", shape, dtype)

    def at(self, path: str, shape: Shape, dtype: DType) -> Array:
        """Return the array at `path`, on the same terms."""
        import h5py

        found = self._walk(path)
        if not isinstance(found, h5py.Dataset):
            raise self._refuse(path, "is missing")
        self._check(path, found, shape, dtype)
        try:
            return np.asarray(found[()]).astype(dtype, copy=False)
        except (OSError, RuntimeError, ValueError) as error:
            raise self._refuse(path, f"cannot be read ({error})") from None

    def has(self, path: str) -> bool:
        """Say whether there is a group or an array at `path`."""
        return self._walk(path) is not None

    def arrays(self) -> Iterator[tuple[str, Shape, str]]:
        """Yield path, shape and dtype of every array that is reached without links, in order."""
        yield from self._below("", 0)

    def _below(self, path: str, depth: int) -> Iterator[tuple[str, Shape, str]]:
        import h5py

        if depth > _DEEPEST:
            raise self._refuse(path, "lies too deep")
        place = self._walk(path)
        if isinstance(place, h5py.Dataset):
            yield path, tuple(place.shape or ()), str(place.dtype)
        for name in place if isinstance(place, h5py.Group) else ():
            yield from self._below(f"{path}/{name}".lstrip("/"), depth + 1)

    def text(self, group: str, name: str) -> str | None:
        """Return an attribute that is one text, None where there is none."""
        found = self._attribute(group, name)
        return None if found is None else self._decoded(group, found)

    def texts(self, group: str, name: str) -> list[str]:
        """Return an attribute that is a list of texts; Keras spreads a long one over `name0`, `name1`, ..."""
        found = self._attribute(group, name)
        parts = [] if found is None else [found]
        while found is None and (part := self._attribute(group, f"{name}{len(parts)}")) is not None:
            parts.append(part)
        return [self._decoded(group, one) for part in parts for one in np.ravel(part)]

    def _attribute(self, group: str, name: str) -> Any:
        place = self._walk(group)
        if place is None:
            return None
        try:
            if name not in place.attrs:
                return None
            held = place.attrs.get_id(name)
            if 0 in held.shape:
                return []  # HDF5 cannot say how large nothing is
            if held.get_storage_size() > self._size:
                raise self._refuse(group, f"has an attribute {name} larger than the file")
            return place.attrs[name]
        except (OSError, RuntimeError, KeyError, ValueError, TypeError, UnicodeDecodeError) as error:
            if isinstance(error, ModelFileError):
                raise
            raise self._refuse(group, f"has an attribute {name} that cannot be read ({error})") from None

    def _decoded(self, group: str, value: Any) -> str:
        try:
            return value.decode("utf-8") if isinstance(value, bytes) else str(value)
        except UnicodeDecodeError as error:
            raise self._refuse(group, f"has an attribute that is no text ({error})") from None

    def close(self) -> None:
        """Close the file."""
        self._store.close()

    def _walk(self, path: str) -> Any:
        """Follow a path link by link: a soft or external link could lead into another file."""
        import h5py

        place: Any = self._store
        for part in (p for p in path.split("/") if p):
            try:
                link = place.get(part, getlink=True) if isinstance(place, h5py.Group) else None
                if link is not None and not isinstance(link, h5py.HardLink):
                    raise self._refuse(path, f"is reached through a {type(link).__name__}; links are refused")
                place = None if link is None else place[part]
            except (OSError, RuntimeError, KeyError, ValueError) as error:
                if isinstance(error, ModelFileError):
                    raise
                raise self._refuse(path, f"cannot be read ({error})") from None
            if place is None:
                return None
        return place

    def _check(self, path: str, found: h5py.Dataset, shape: Shape, dtype: DType) -> None:
        stored = found.dtype
        if stored.kind not in "fiu" or (stored.kind == "f") != (dtype.kind == "f") or stored.itemsize > 8:
            raise self._refuse(path, f"holds {stored}, expected {dtype}")
        if tuple(found.shape or ()) != tuple(shape) or found.shape is None:
            raise self._refuse(path, f"has shape {found.shape}, expected {tuple(shape)}")
        if found.external or found.is_virtual:
            raise self._refuse(path, "is stored in another file, which is refused")
        if found.chunks is not None or found.id.get_create_plist().get_nfilters():
            raise self._refuse(path, "is compressed or chunked, which is refused")
        if found.id.get_storage_size() != math.prod(shape) * stored.itemsize:
            raise self._refuse(path, f"has {found.id.get_storage_size()} bytes on disk, not the size of {tuple(shape)}")

    def _refuse(self, path: str, reason: str) -> ModelFileError:
        place = f"weight {path!r} " if path else "the weights "
        return ModelFileError(f"{self.source}: {place}{reason}. Save the model again, or use an intact copy.")
