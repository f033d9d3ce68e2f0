"""Pictures of one frame as the rows of an array: in memory, or where they are too many, in a file read as a map.

A few are decoded at a time, by threads, so memory stays bounded however many there are; each is decoded once, and
training reads the file in blocks as it reads a user's own map (`training.streaming`).
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ..arrays import Array
from ..files import scratch
from . import cache
from .faults import refuse_any
from .picture_cache import MOST_KEPT
from .picture_frames import Frame, PathLike, each, read_framed

AT_ONCE = 2**24  # bytes of decoded pictures on their way

most_in_memory = MOST_KEPT


def read_rows(paths: Sequence[PathLike], frame: Frame, place: str, advice: str) -> Array:
    """Return the pictures of `paths` as uint8 (n, height, width, channels); over 1 GiB, a map of a file of ours.

    All that cannot be read are named in one `DataError`, which begins with `place` and ends with `advice`.
    """
    faults: list[str] = []
    with _Rows(len(paths), (frame.height, frame.width, frame.channels)) as rows:
        for some in _parts(len(paths), rows.row_bytes):
            found, wrong = each(lambda path: read_framed(path, frame), paths[some])
            faults += wrong
            if not faults:
                rows.add(np.stack(found))
        refuse_any(sorted(faults), f"{place}{len(faults):,} of {len(paths):,} pictures cannot be used:", advice)
        return rows.array()


def all_gray(pictures: Array) -> bool:
    """Say whether the three colors of (n, height, width, 3) are the same everywhere."""
    parts = (pictures[some] for some in _parts(len(pictures), pictures[0].nbytes))
    return all(bool((part == part[..., :1]).all()) for part in parts)


def first_channel(pictures: Array) -> Array:
    """Return (n, height, width), the first channel of (n, height, width, channels), kept as those were."""
    with _Rows(len(pictures), pictures.shape[1:3], isinstance(pictures, np.memmap)) as rows:
        for some in _parts(len(pictures), pictures[0].nbytes):
            rows.add(pictures[some, ..., 0])
        return rows.array()


def _parts(count: int, row_bytes: int) -> Iterator[slice]:
    step = max(1, AT_ONCE // row_bytes)
    return (slice(start, min(start + step, count)) for start in range(0, count, step))


class _Rows:
    """Room for `count` rows of bytes, which are added in order; an error within its block takes the file away."""

    def __init__(self, count: int, shape: tuple[int, ...], in_file: bool = False) -> None:
        self.shape = (count, *shape)
        self.row_bytes = int(np.prod(shape))
        size = count * self.row_bytes
        self._file = _own_file() if in_file or size > most_in_memory else None
        self._kept = np.empty(self.shape if self._file is None else 0, np.uint8)
        self._done = 0

    def __enter__(self) -> _Rows:
        return self

    def __exit__(self, kind: Any, *_: object) -> None:
        if kind is not None and self._file is not None:
            _remove(*self._file)

    def add(self, rows: Array) -> None:
        if self._file is None:
            self._kept[self._done : self._done + len(rows)] = rows
        else:
            self._write(*self._file, rows)
        self._done += len(rows)

    def _write(self, path: Path, file: BinaryIO, rows: Array) -> None:
        try:
            file.write(np.ascontiguousarray(rows).data)
            file.flush()
        except OSError as error:
            size = self.shape[0] * self.row_bytes / 1e9
            room = f"{size:.1f} GB of pictures need room: make some, or let BACKLIT_HOME name a folder that has it"
            raise OSError(error.errno, f"{error.strerror}; {room}", str(path)) from error

    def array(self) -> Array:
        """Return the rows; a file lives as long as the array that shows it, or this process."""
        if self._file is None:
            return self._kept
        path, file = self._file
        found = np.memmap(path, np.uint8, "r", shape=self.shape)
        weakref.finalize(found._mmap, _remove, path, file)  # type: ignore[attr-defined]
        return found


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
