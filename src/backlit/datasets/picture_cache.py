"""Picture files of one frame that are read once, when they are first asked for: a source of batches never reads twice.

What was read lies in the rows of `picture_rows`: in memory, or where the pictures are too many for it, in a file.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..arrays import Array
from .faults import refuse_any
from .picture_frames import Frame, each, read_framed
from .picture_rows import Rows, parts


class KeptPictures:
    """The pictures of `paths` in `frame`, as uint8 (n, height, width, channels). Over 1 GiB they are kept in a file."""

    def __init__(self, paths: Sequence[str], frame: Frame) -> None:
        self._paths, self._frame = paths, frame
        self._rows = Rows(len(paths), (frame.height, frame.width, frame.channels))
        self._read = np.zeros(len(paths), bool)

    def some(self, rows: Array) -> Array:
        """Return the pictures of some rows; those that cannot be read are all named in one `DataError`."""
        self._keep(rows)
        return np.asarray(self._rows.array)[rows]

    def all(self) -> Array:
        """Return all pictures, where they lie."""
        for some in parts(len(self._paths), self._rows.row_bytes):
            self._keep(np.arange(some.start, some.stop))
        return np.asarray(self._rows.array)

    def _keep(self, rows: Array) -> None:
        new = rows[~self._read[rows]]
        if not len(new):
            return
        paths = [self._paths[int(row)] for row in new]
        found, faults = each(lambda path: read_framed(path, self._frame), paths)
        refuse_any(faults, f"{len(faults):,} of {len(new):,} pictures cannot be used:", "Take them out.")
        for row, pixels in zip(new.tolist(), found, strict=True):
            self._rows.put(row, pixels[None])
        self._read[new] = True
