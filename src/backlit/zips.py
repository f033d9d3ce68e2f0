"""Zip archives read with suspicion: how many members, how much a member may grow, and every way they can be damaged.

Nothing is ever extracted to disk, and no name of a member is used as a path.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from typing import IO

MOST_EXPANSION = 100  # a member that claims to grow more than this is a bomb, unless it is small
DAMAGE = (
    OSError, ValueError, EOFError, LookupError, NotImplementedError, RuntimeError, OverflowError, zipfile.BadZipFile,
    zlib.error, struct.error,
)  # fmt: skip


def opened(file: IO[bytes], most_members: int) -> zipfile.ZipFile:
    """Return an archive of so many members at most, none twice; else `ValueError`. See `DAMAGE` for what else."""
    archive = zipfile.ZipFile(file)
    names = archive.namelist()
    if len(names) > most_members or len(set(names)) < len(names):
        raise ValueError(f"it has {len(names)} members, some twice or too many")
    return archive


def member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, small: int = 0) -> IO[bytes]:
    """Open a member; one of more than `small` bytes that claims to grow a hundredfold raises `ValueError`.

    So does one that claims more bytes than lie in front of the directory: `zipfile` would make room for them.
    """
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{info.filename} is packed by method {info.compress_type}, expected stored or deflated")
    if info.header_offset + info.compress_size > archive.start_dir:
        raise ValueError(f"{info.filename} claims {info.compress_size} bytes, more than there are")
    if info.file_size > max(small, MOST_EXPANSION * info.compress_size):
        raise ValueError(f"{info.filename} claims to unpack {info.compress_size} into {info.file_size} bytes")
    return archive.open(info)


def read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, small: int = 0) -> bytes:
    """Return a whole member, compared with its size and checksum; else as `member`."""
    with member(archive, info, small) as file:
        data = file.read(info.file_size + 1)  # reading past the end is what makes zipfile compare the checksum
    if len(data) != info.file_size:
        raise ValueError(f"{info.filename} has {len(data)} bytes, the archive says {info.file_size}")
    return data
