"""A file of ours that an array shows: numbers too many for memory, kept no longer than the array is.

It lies in the cache's folder (`BACKLIT_HOME`), or where that cannot be written, in the system's for temporary files;
never beside the user's own. `picture_rows` fills one with decoded pictures, `npz` with unpacked arrays.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
import threading
import weakref
from collections.abc import Generator
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np

from ..arrays import Array, DType, Shape
from ..files import scratch
from . import cache


class NoRoom(OSError):
    """The disk's error about a file of ours, which is none about the data that were to go there."""


class MappedFile:
    """Room for `size` bytes of `what` ("pictures", a word of the file's name and of errors), zeros at first.

    It goes with the array that `shown` returns, with this process, or with an error in its block; what a killed process
    left is swept by the next. A disk without so much room raises `NoRoom` before anything is written.
    """

    def __init__(self, what: str, size: int) -> None:
        self._what, self._size = what, size
        self._lock = threading.Lock()
        self._path, self._file = new_file(what)
        with self, self._told():
            _require_room(self._path, size)
            self._file.truncate(size)

    def __enter__(self) -> MappedFile:
        return self

    def __exit__(self, kind: Any, *_: object) -> None:
        if kind is not None:
            _remove(self._path, self._file)

    def put(self, start: int, data: bytes | memoryview) -> None:
        """Write bytes from `start` on; threads may do so at the same time."""
        with self._lock, self._told():
            self._file.seek(start)
            self._file.write(data)
            self._file.flush()

    def shown(self, dtype: DType, shape: Shape, start: int = 0, order: Literal["C", "F"] = "C") -> Array:
        """Return the numbers as a read-only `np.memmap`, with which the file goes."""
        array: Array = np.memmap(self._path, dtype, "r", start, shape, order)
        weakref.finalize(array._mmap, _remove, self._path, self._file)  # type: ignore[attr-defined]
        return array

    @contextlib.contextmanager
    def _told(self) -> Generator[None]:
        """Say in the disk's own error how much room is needed, and where another place is named."""
        try:
            yield
        except OSError as error:
            room = f"{self._size / 1e9:.1f} GB of {self._what} need room"
            advice = "make some, or let BACKLIT_HOME name a folder that has it"
            raise NoRoom(error.errno, f"{error.strerror}; {room}: {advice}", str(self._path)) from error


def new_file(what: str) -> tuple[Path, BinaryIO]:
    """Return a file in the cache's folder, or, where that cannot be written, in the system's for such files."""
    try:
        cache.folder().mkdir(parents=True, exist_ok=True)
        return scratch(cache.folder() / what)
    except OSError:
        return scratch(Path(tempfile.gettempdir()) / f"backlit-{what}")


def _require_room(path: Path, size: int) -> None:
    if shutil.disk_usage(path.parent).free < size:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _remove(path: Path, file: BinaryIO) -> None:
    with contextlib.suppress(OSError):  # what stays is swept by the next process
        file.close()
        os.unlink(path)
