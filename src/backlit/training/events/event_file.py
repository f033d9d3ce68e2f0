"""One event file: records of TensorFlow's framing (TFRecord), each an Event with its time and step.

A record is: length (8 bytes), masked checksum of these bytes (4), the Event, masked checksum of it (4). The checksum is
CRC-32C (Castagnoli, RFC 3720 appendix B.4); the mask turns it by 15 bits and adds a constant, so that the checksum of
data that holds checksums is sound.
"""

from __future__ import annotations

import itertools
import os
import struct
import time
from collections.abc import Iterable

from ...files import append_file
from ...protobuf import content, double, whole

POLYNOMIAL = 0x82F63B78  # of CRC-32C, lowest bit first
MASK = 0xA282EAD8
VERSION = "brain.Event:2"
_number = itertools.count()


def _table() -> tuple[int, ...]:
    rows: list[int] = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (POLYNOMIAL if byte & 1 else 0)
        rows.append(byte)
    return tuple(rows)


_TABLE = _table()


def crc32c(data: bytes) -> int:
    """Return the CRC-32C of `data`.

    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    crc, table = 0xFFFFFFFF, _TABLE
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def masked(crc: int) -> int:
    """Return the checksum as records hold it."""
    return ((crc >> 15 | crc << 17) + MASK) & 0xFFFFFFFF


def record(data: bytes) -> bytes:
    """Return `data` with its length and both checksums."""
    length = struct.pack("<Q", len(data))
    checks = (struct.pack("<I", masked(crc32c(part))) for part in (length, data))
    return length + next(checks) + data + next(checks)


def event(
    wall_time: float, step: int = 0, summary: Iterable[bytes] = (), graph: bytes = b"", version: str = ""
) -> bytes:
    """Return an Event: wall_time = 1 (seconds since 1970), step = 2, file_version = 3, graph_def = 4, summary = 5.

    `summary` are the values (fields 1 of a Summary) that `summaries` makes.
    """
    values = b"".join(content(1, value) for value in summary)
    return (
        double(1, wall_time)
        + whole(2, step)
        + (content(3, version) if version else b"")
        + (content(4, graph) if graph else b"")
        + (content(5, values) if values else b"")
    )


class EventFile:
    """A file `events.out.tfevents.*` in `folder`, made for the first event; each call of `write` adds whole records."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.path = ""

    def write(self, step: int, summary: Iterable[bytes] = (), graph: bytes = b"") -> None:
        """Add one event of this step, at the time of now; a folder that cannot be written raises `OSError`."""
        now = time.time()
        data = record(event(now, step, summary, graph))
        if not self.path:
            os.makedirs(self.folder, exist_ok=True)
            import socket  # most programs write no event file

            name = f"events.out.tfevents.{int(now):010d}.{socket.gethostname()}.{os.getpid()}.{next(_number)}.v2"
            path = os.path.join(self.folder, name)
            append_file(path, record(event(now, version=VERSION)) + data)
            self.path = path
        else:
            append_file(self.path, data)
