"""Pictures of one frame as the rows of an array: in memory, or where they are too many, in a file read as a map.

A few are decoded at a time, by threads, so memory stays bounded however many there are; each is decoded once, and
training reads the file in blocks as it reads a user's own map (`training.streaming`). Who needs all pictures reads
them with `read_rows`; `picture_cache` fills the same `Rows` in the order in which they are asked for.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
import weakref
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ..arrays import Array
from ..files import scratch
from . import cache
from .faults import refuse_any
from .picture_frames import Frame, PathLike, each, read_framed

AT_ONCE = 2**24  # bytes of decoded pictures on their way

most_in_memory = 2**30  # bytes of decoded pictures


def read_rows(paths: Sequence[PathLike], frame: Frame, place: str, advice: str) -> Array:
    """Return the pictures of `paths` as uint8 (n, height, width, channels); over 1 GiB, a map of a file of ours.

    All that cannot be read are named in one `DataError`, which begins with `place` and ends with `advice`.
    """
    faults: list[str] = []
    with Rows(len(paths), (frame.height, frame.width, frame.channels)) as rows:
        for some in parts(len(paths), rows.row_bytes):
            found, wrong = each(lambda path: read_framed(path, frame), paths[some])
            faults += wrong
            if not faults:
                rows.put(some.start, np.stack(found))
        refuse_any(sorted(faults), f"{place}{len(faults):,} of {len(paths):,} pictures cannot be used:", advice)
        return rows.array


def all_gray(pictures: Array) -> bool:
    """Say whether the three colors of (n, height, width, 3) are the same everywhere."""
    some = (pictures[rows] for rows in parts(len(pictures), pictures[0].nbytes))
    return all(bool((part == part[..., :1]).all()) for part in some)


def first_channel(pictures: Array) -> Array:
    """Return (n, height, width), the first channel of (n, height, width, channels), kept as those were."""
    with Rows(len(pictures), pictures.shape[1:3], isinstance(pictures, np.memmap)) as rows:
        for some in parts(len(pictures), pictures[0].nbytes):
            rows.put(some.start, pictures[some, ..., 0])
        return rows.array


def parts(count: int, row_bytes: int) -> Iterator[slice]:
    """Yield the slices of `count` rows that may be on their way at once."""
    step = max(1, AT_ONCE // row_bytes)
    return (slice(start, min(start + step, count)) for start in range(0, count, step))


class Rows:
    """Room for `count` rows of bytes, in memory or in a file: `array` shows what was put there, and zeros elsewhere.

    A file lives as long as the array that shows it, or this process; an error within the block takes it away at once.
    """

    def __init__(self, count: int, shape: tuple[int, ...], in_file: bool = False) -> None:
        shape = (count, *shape)
        self.row_bytes = int(np.prod(shape[1:]))
        self._size = count * self.row_bytes
        self._file: BinaryIO | None = None
        if in_file or self._size > most_in_memory:
            path, self._file = _own_file()
            with _told_room(self._size, path):
                self._file.truncate(self._size)
            self.array: Array = np.memmap(path, np.uint8, "r", shape=shape)
            self._remove = weakref.finalize(self.array._mmap, _remove, path, self._file)  # type: ignore[attr-defined]
            self._path = path
        else:
            self.array = np.empty(shape, np.uint8)
        self._lock = threading.Lock()

    def __enter__(self) -> Rows:
        return self

    def __exit__(self, kind: Any, *_: object) -> None:
        if kind is not None and self._file is not None:
            self._remove()

    def put(self, start: int, rows: Array) -> None:
        """Put rows (n, ...) in the places from `start` on; threads may do so at the same time."""
        if self._file is None:
            self.array[start : start + len(rows)] = rows
            return
        with self._lock, _told_room(self._size, self._path):
            self._file.seek(start * self.row_bytes)
            self._file.write(np.ascontiguousarray(rows).data)
            self._file.flush()


@contextlib.contextmanager
def _told_room(size: int, path: Path) -> Generator[None]:
    """Say in the disk's own error how much room is needed, and where another place is named."""
    try:
        yield
    except OSError as error:
        room = f"{size / 1e9:.1f} GB of pictures need room: make some, or let BACKLIT_HOME name a folder that has it"
        raise OSError(error.errno, f"{error.strerror}; {room}", str(path)) from error


def _own_file() -> tuple[Path, BinaryIO]:
    """Return a file in the cache's folder, or, where that cannot be written, in the system's for such files."""
    try:
        cache.folder().mkdir(parents=True, exist_ok=True)
        path, file = scratch(cache.folder() / "pictures")
    except OSError:
        path, file = scratch(Path(tempfile.gettempdir()) / "backlit-pictures")
    return path, file


def _remove(path: Path, file: BinaryIO) -> None:
    with contextlib.suppress(OSError):  # what stays is swept by the next process
        file.close()
        os.unlink(path)
