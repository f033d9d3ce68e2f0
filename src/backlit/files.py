"""The one way Backlit writes a file: all of it or none of it.

The bytes go to a temporary neighbor which is renamed over the target when it is complete and on disk; whatever happens
before that, the old file stands. Logs grow by whole lines and records: what could not be added wholly is taken back.
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

from .errors import BacklitError

try:
    import fcntl
except ImportError:  # Windows: a file that somebody has open cannot be removed there, which is lock enough
    fcntl = None

StrPath = str | os.PathLike[str]

_ADVICE = {
    errno.ENOSPC: "make room, or choose another folder",
    errno.EDQUOT: "make room, or choose another folder",
    errno.EACCES: "choose a folder that can be written to",
    errno.EPERM: "choose a folder that can be written to",
    errno.EROFS: "choose a folder that can be written to",
    errno.ENOENT: "make the folder first",
    errno.ENOTDIR: "make the folder first",
}


def write_file(path: StrPath, data: bytes | str, keep: StrPath | None = None) -> None:
    """Write `data` (text as UTF-8) to `path`, atomically; see `replacing`."""
    with replacing(path, keep) as file:
        file.write(data.encode("utf-8") if isinstance(data, str) else data)


@contextlib.contextmanager
def replacing(path: StrPath, keep: StrPath | None = None) -> Generator[BinaryIO]:
    """Give a new binary file (readable, seekable) that takes the place of `path` if the block ends without an error.

    With `keep`, the file that was there stays under that name. A disk that refuses raises the `OSError` it is, with
    the path and what to do; then the old file is as it was.
    """
    target = Path(os.path.realpath(path))  # through a link, so that the link stays and its target is replaced
    _sweep(target)
    try:
        part, file = _create(target)
    except OSError as error:
        raise _explained(error, target) from error
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if keep is not None and target.exists():
            _keep(target, Path(keep))
        os.replace(part, target)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(part)
        if isinstance(error, OSError) and _is_ours(error, part):
            raise _explained(error, target) from error
        raise
    _sync_folder(target.parent)


def append_file(path: StrPath, data: bytes) -> int:
    """Add `data` to the end of a file, made if it is not there: all of it or none. Return the file's size in bytes.

    A disk that refuses raises the `OSError` it is, with the path and what to do.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
        try:
            before, rest = os.fstat(descriptor).st_size, memoryview(data)
            try:
                while rest:
                    rest = rest[os.write(descriptor, rest) :]
            except BaseException:
                with contextlib.suppress(OSError):
                    os.ftruncate(descriptor, before)
                raise
        finally:
            os.close(descriptor)
    except OSError as error:
        raise _explained(error, Path(path)) from error
    return before + len(data)


def scratch(target: StrPath) -> tuple[Path, BinaryIO]:
    """Give a new file beside `target` for as long as this process needs it, and its path; the caller removes it.

    What a killed process left of it is removed when the next one asks for a file of the same name.
    """
    place = Path(target)
    _sweep(place)
    return _create(place)


def _is_ours(error: OSError, part: Path) -> bool:
    """Say whether an error is the disk's answer to this writer, not one about some other file."""
    about = error.filename is None or str(error.filename) == str(part)
    return error.errno is not None and about and not isinstance(error, BacklitError)


def _explained(error: OSError, target: Path) -> OSError:
    advice = _ADVICE.get(error.errno or 0, "the disk may be failing: choose another one")
    why = error.strerror or str(error)
    return OSError(error.errno, f"{why}; a file that was there before is unharmed: {advice}", str(target))


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


def _keep(target: Path, kept: Path) -> None:
    """Give the old file a second name; at every instant it stands under one of the two."""
    if kept.exists() and kept.samefile(target):  # renaming one name of a file to another would do nothing
        return
    link = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        os.link(target, link)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK):
            raise _explained(error, target) from error
        os.replace(target, kept)  # a file system without hard links
        return
    try:
        os.replace(link, kept)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(link)
        raise _explained(error, target) from error


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
                os.unlink(left)
            finally:
                os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    """Put the new name on disk too; the file itself is in place, so a folder that refuses is no error of the save."""
    if os.name == "nt":
        return  # a folder cannot be opened there; NTFS journals the rename
    with contextlib.suppress(OSError):  # some network file systems refuse it
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
