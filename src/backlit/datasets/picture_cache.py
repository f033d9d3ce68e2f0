"""Picture files of one frame that are read once: bytes in memory, or read anew each time where they are too many."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..arrays import Array
from .faults import refuse_any
from .picture_frames import Frame, each, read_framed

MOST_KEPT = 2**30  # bytes


class KeptPictures:
    """The pictures of `paths` in `frame`, as uint8 (n, height, width, channels). Those up to 1 GiB are kept."""

    def __init__(self, paths: Sequence[str], frame: Frame) -> None:
        self._paths, self._frame = paths, frame
        shape = (len(paths), frame.height, frame.width, frame.channels)
        self._kept = np.empty(shape, np.uint8) if np.prod(shape, dtype=np.int64) <= MOST_KEPT else None
        self._read = np.zeros(len(paths), bool)

    def some(self, rows: Array) -> Array:
        """Return the pictures of some rows; those that cannot be read are all named in one `DataError`."""
        if self._kept is None:
            return np.stack(self._pixels(rows))
        self._keep(rows)
        return self._kept[rows]

    def all(self) -> Array | None:
        """Return all pictures, or None if they are too many to be kept."""
        if self._kept is not None:
            self._keep(np.arange(len(self._paths)))
        return self._kept

    def _keep(self, rows: Array) -> None:
        new = rows[~self._read[rows]]
        if self._kept is not None and len(new):
            for row, pixels in zip(new, self._pixels(new), strict=True):
                self._kept[row] = pixels
            self._read[new] = True

    def _pixels(self, rows: Array) -> list[Array]:
        paths = [self._paths[int(row)] for row in rows]
        found, faults = each(lambda path: read_framed(path, self._frame), paths)
        refuse_any(faults, f"{len(faults):,} of {len(paths):,} pictures cannot be used:", "Take them out.")
        return found
