"""Pictures of one frame as the rows of an array: in memory, or where they are too many, in a file read as a map.

A few are decoded at a time, by threads, so memory stays bounded however many there are; each is decoded once, and
training reads the file in blocks as it reads a user's own map (`training.streaming`). Who needs all pictures reads
them with `read_rows`; `picture_cache` fills the same `Rows` in the order in which they are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..arrays import Array
from .faults import refuse_any
from .mapped_file import MappedFile
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
    """Room for `count` rows of bytes, in memory or in a file: `array` shows what was put there."""

    def __init__(self, count: int, shape: tuple[int, ...], in_file: bool = False) -> None:
        shape = (count, *shape)
        self.row_bytes = int(np.prod(shape[1:]))
        size = count * self.row_bytes
        self._file = MappedFile("pictures", size) if in_file or size > most_in_memory else None
        self.array = np.empty(shape, np.uint8) if self._file is None else self._file.shown(np.dtype(np.uint8), shape)

    def __enter__(self) -> Rows:
        return self

    def __exit__(self, *error: Any) -> None:
        if self._file is not None:
            self._file.__exit__(*error)

    def put(self, start: int, rows: Array) -> None:
        """Put rows (n, ...) in the places from `start` on; threads may do so at the same time."""
        if self._file is None:
            self.array[start : start + len(rows)] = rows
        else:
            self._file.put(start * self.row_bytes, np.ascontiguousarray(rows).data)
