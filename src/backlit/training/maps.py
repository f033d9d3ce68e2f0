"""Arrays that are maps of files (`np.memmap`), read as files: in memory is what was asked for, and no more.

A page of a map that was touched stays in memory until the system wants it back; what is read into a buffer does not.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..arrays import Array, is_integer
from ..errors import ConfigError, DataError

_CGROUP = Path("/sys/fs/cgroup/memory.max")  # what a container may take, where there is one
_UNKNOWN = 8 * 2**30
_limit: int | None = None


def map_limit() -> int:
    """Return how many bytes a map may have to be used as it is: what was set, or half the machine's memory."""
    return _memory() // 2 if _limit is None else _limit


def set_map_limit(limit: int | None) -> None:
    """Let maps of more than `limit` bytes be read in blocks (0: all maps; None: those over half the memory).

    Anything but a whole number of 0 or more, or None, raises `ConfigError`.
    """
    global _limit
    if limit is not None and (not is_integer(limit) or limit < 0):
        raise ConfigError(f"The limit for maps is {limit!r}. Expected a number of bytes, or None for half the memory.")
    _limit = None if limit is None else int(limit)


def _memory() -> int:
    """Return the bytes of memory this process may hope for."""
    try:
        found = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # Windows has no such call
        found = _UNKNOWN
    try:
        allowed = _CGROUP.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return found
    return min(found, int(allowed)) if allowed.isdigit() else found


class FileRows:
    """The rows of an array that is a map of a file, to be read into arrays of one's own."""

    def __init__(self, array: Array, root: np.memmap[Any, Any]) -> None:
        self.name = str(root.filename)
        self._row_bytes = array.nbytes // len(array)
        start = int(root.offset) - int(root.offset) % mmap.ALLOCATIONGRANULARITY
        self._offset = start + array.ctypes.data - _address(root)
        self._mark = _mark(self.name)

    def read(self, start: int, stop: int, out: Array) -> None:
        """Fill `out` (stop - start, ...), contiguous and of the map's dtype, with these rows.

        A file that has changed since, or ends early, raises `DataError`.
        """
        flat: Any = out.reshape(-1).view(np.uint8)
        view = memoryview(flat)
        done = 0
        try:
            with open(self.name, "rb", buffering=0) as file:
                if _mark(file.fileno()) != self._mark:
                    raise DataError(
                        f"{self.name} was replaced while it was read. Leave it in place until training ends."
                    )
                file.seek(self._offset + start * self._row_bytes)
                while done < len(view):
                    count = file.readinto(view[done:]) or 0
                    if count == 0:
                        raise DataError(f"{self.name} ends before row {stop}. Expected a whole file; write it again.")
                    done += count
        except OSError as error:
            raise DataError(f"{self.name} cannot be read ({error.strerror}). Expected the file of the map.") from None


def _address(root: np.memmap[Any, Any]) -> int:
    """Return where in memory the first mapped byte lies."""
    return int(np.frombuffer(root._mmap, np.uint8).ctypes.data)  # type: ignore[attr-defined]


def _mark(file: str | int) -> tuple[int, int, int]:
    found = os.stat(file)
    return found.st_dev, found.st_ino, found.st_size


def big(array: Array) -> FileRows | None:
    """Return how to read an array that is a part of a map over the limit; None for all others.

    A map that keeps its changes to itself (mode "c"), rows that do not lie in order and bytes of another processor's
    order are used through the map as ever.
    """
    root = _root(array)
    if root is None or root.filename is None or root.mode == "c" or not len(array):  # pyright: ignore[reportUnnecessaryComparison]
        return None
    if not array.flags.c_contiguous or not array.dtype.isnative or len(root._mmap) <= map_limit():  # type: ignore[attr-defined]
        return None
    return FileRows(array, root)


def _root(array: Any) -> np.memmap[Any, Any] | None:
    while isinstance(array, np.ndarray):
        if isinstance(array, np.memmap) and getattr(array, "_mmap", None) is not None:  # pyright: ignore[reportUnknownArgumentType]
            return array  # pyright: ignore[reportUnknownVariableType]
        array = array.base
    return None


def blocks(array: Array, rows: int) -> Iterator[tuple[int, Array]]:
    """Yield (first row, some rows) through an array from its start; good until the next is asked for."""
    file = big(array)
    held = None if file is None else np.empty((rows, *array.shape[1:]), array.dtype)
    for start in range(0, len(array), rows):
        if file is None or held is None:
            yield start, array[start : start + rows]
            continue
        block = held[: min(rows, len(array) - start)]
        file.read(start, start + len(block), block)
        yield start, block
