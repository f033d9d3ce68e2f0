"""The one way Backlit writes a file: all of it or none of it.

The bytes go to a temporary neighbor which is renamed over the target when it is complete and on disk; whatever happens
before that, the old file stands.
"""

from __future__ import annotations

import contextlib
import errno
import glob
import os
import secrets
from collections.abc import Generator
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # Windows: a file that somebody has open cannot be removed there, which is lock enough
    fcntl = None

StrPath = str | os.PathLike[str]


def write_file(path: StrPath, data: bytes | str) -> None:
    """Write `data` (text as UTF-8) to `path`, atomically; raises `OSError` and then leaves the old file as it was."""
    with replacing(path) as file:
        file.write(data.encode("utf-8") if isinstance(data, str) else data)


@contextlib.contextmanager
def replacing(path: StrPath) -> Generator[BinaryIO]:
    """Give a new binary file (readable, seekable) that takes the place of `path` if the block ends without an error."""
    target = Path(os.path.realpath(path))  # through a link, so that the link stays and its target is replaced
    _sweep(target)
    part, file = _create(target)
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, target)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
    _sync_folder(target.parent)


def _create(target: Path) -> tuple[Path, BinaryIO]:
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
    while True:
        part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
        descriptor = os.open(part, flags, 0o666)
        if _lock(descriptor) and part.exists():  # else a sweep came between the two lines above: once more
            break
        os.close(descriptor)
    with contextlib.suppress(OSError):
        os.chmod(part, target.stat().st_mode & 0o7777)
    return part, os.fdopen(descriptor, "w+b")


def _lock(descriptor: int) -> bool:
    """Say "alive" to `_sweep` in other processes; the lock ends with the process."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EACCES, errno.EAGAIN)  # a file system without locks has no sweep either
    return True


def _sweep(target: Path) -> None:
    """Remove what killed writers of the same target left: their locks died with them."""
    for left in target.parent.glob(f".{glob.escape(target.name)}.*.part"):
        with contextlib.suppress(OSError):
            if fcntl is None:
                left.unlink()
                continue
            descriptor = os.open(left, os.O_RDWR | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                left.unlink()
            finally:
                os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return  # a folder cannot be opened there; NTFS journals the rename
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError:
        pass  # some network file systems refuse to sync a folder; the file itself is safe
    finally:
        os.close(descriptor)
