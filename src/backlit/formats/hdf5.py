"""Numbers in HDF5 files, written plainly and read with suspicion.

A weights file is a tree of groups with arrays at `vars/0`, `vars/1`, ...; a reader is given the arrays it must find and
refuses links, external storage, filters and every size that is not its own before a byte is allocated.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from ..arrays import Array, DType, Shape
from ..errors import ModelFileError

if TYPE_CHECKING:
    import h5py

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
        import h5py

        path = f"{group}/vars/{index}" if group else f"vars/{index}"
        found = self._walk(path)
        if not isinstance(found, h5py.Dataset):
            raise self._refuse(path, "is missing")
        self._check(path, found, shape, dtype)
        try:
            return np.asarray(found[()]).astype(dtype, copy=False)
        except (OSError, RuntimeError, ValueError) as error:
            raise self._refuse(path, f"cannot be read ({error})") from None

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
