"""Compiled machine code kept on disk, in a folder private to the user, so that the next process need not compile it.

A file that is not exactly what was stored under its key is never given back, and a disk that fails is no error.

`BACKLIT_CACHE` names the folder; empty or 0, nothing is kept. Code from a folder or file that somebody else could have
written would run as this user, so it is not read: then everything is as if nothing were kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
import struct
import sys
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from ..._version import __version__

MOST_BYTES = 256 << 20
MOST_FILES = 2000
HOUR = 3600.0  # seconds: how old an unfinished file must be to be a leftover, and how exact the time of last use is

_KEY = re.compile("[0-9a-f]{64}")
_OBJECT = re.compile(_KEY.pattern + r"\.o")
_PART = re.compile(_KEY.pattern + r"\.[0-9a-f]{16}\.part")
_HEADER = struct.Struct("<8sI64sQ32s")  # magic, format version, key, length and sha256 of what follows
_FORMAT = 1
_FLAGS = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))  # a FIFO must not hold us up


def load(key: str) -> bytes | None:
    """Return the code stored under `key`, None where there is none; a damaged file is removed."""
    path = _path(key)
    if path is None:
        return None
    code = None
    with contextlib.suppress(OSError):
        code = _read(path, key)
        if code is None:
            _remove(path)
    return code


def store(key: str, code: bytes) -> None:
    """Keep `code` under `key` where the disk allows it, and drop what was not used for longest beyond the limits."""
    path = _path(key)
    if path is None or len(code) + _HEADER.size > MOST_BYTES:
        return
    with contextlib.suppress(OSError):
        os.makedirs(path.parent, 0o700, exist_ok=True)
        if _path(key) == path:  # still ours, if another process was quicker to make it
            _replace(path, _header(key, code) + code)
            _sweep(path.parent)


def clear() -> None:
    """Remove all that is kept; the folder itself stays."""
    folder = directory()
    if folder is None:
        return
    with contextlib.suppress(OSError):
        for path, _ in [*_files(folder, _OBJECT), *_files(folder, _PART)]:
            _remove(path)


def directory() -> Path | None:
    """Return the folder objects are kept in, made at the first store; None where nothing is kept.

    A folder that is a link, belongs to another user or can be written by others is not used.
    """
    folder = _chosen()
    try:
        return folder if folder and _is_private(os.lstat(folder), stat.S_IFDIR) else None
    except FileNotFoundError:
        return folder
    except OSError:
        return None


def key_of(description: str, target: tuple[str, ...]) -> str:
    """Return the key of what `description` compiles to for `target` (triple, processor, features): 64 hex digits.

    It changes with the versions of Backlit, llvmlite and LLVM, and with the source of this package, which emits the
    code. Whatever else the code depends on must be in `description`.
    """
    return _digest(*_compiler(), *target, description)


# --- the key -----------------------------------------------------------------------------------------------------


@cache
def _compiler() -> tuple[str, ...]:
    import llvmlite
    from llvmlite import binding

    llvm = ".".join(map(str, binding.llvm_version_info))
    return str(_FORMAT), __version__, llvmlite.__version__, llvm, _sources(Path(__file__).parent)


def _sources(folder: Path) -> str:
    """Return a digest of the Python files in `folder`; where there are none to read, one that no other process has."""
    try:
        parts = [part for path in sorted(folder.glob("*.py")) for part in (path.name, path.read_bytes())]
    except OSError:
        parts = []
    return _digest(*parts or [os.urandom(32)])


def _digest(*parts: str | bytes) -> str:
    whole = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        whole.update(struct.pack("<Q", len(data)))  # so that no two lists of parts read alike
        whole.update(data)
    return whole.hexdigest()


# --- the place ---------------------------------------------------------------------------------------------------


def _chosen() -> Path | None:
    given = os.environ.get("BACKLIT_CACHE")
    if given in ("", "0"):
        return None
    try:
        place = Path(given).expanduser() if given else _platform_folder()
    except RuntimeError:  # no home
        return None
    return place / "native" if given or place.is_absolute() else None


def _platform_folder() -> Path:
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return (Path(local) if local else Path.home() / "AppData" / "Local") / "backlit"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "backlit"
    shared = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(shared) if os.path.isabs(shared) else Path.home() / ".cache") / "backlit"


def _path(key: str) -> Path | None:
    if not _KEY.fullmatch(key):
        raise ValueError(f"A key is 64 lowercase hexadecimal digits, as key_of returns them; {key!r} is not.")
    folder = directory()
    return folder / f"{key}.o" if folder else None


def _is_private(status: os.stat_result, kind: int) -> bool:
    if stat.S_IFMT(status.st_mode) != kind:
        return False
    if not hasattr(os, "geteuid"):  # Windows: the user's folder hands its own rights down
        return True
    return status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


# --- one file ----------------------------------------------------------------------------------------------------


def _header(key: str, code: bytes) -> bytes:
    return _HEADER.pack(b"BACKLITO", _FORMAT, key.encode(), len(code), hashlib.sha256(code).digest())


def _open(path: str, flags: int) -> int:
    return os.open(path, flags | _FLAGS, 0o600)


def _read(path: Path, key: str) -> bytes | None:
    """Return the code in the file, None where a single bit is not as `store` wrote it."""
    with open(path, "rb", buffering=0, opener=_open) as file:
        status = os.fstat(file.fileno())
        if not _is_private(status, stat.S_IFREG):
            return None
        header, code = file.read(_HEADER.size), file.read()
    if header != _header(key, code):
        return None
    if abs(time.time() - status.st_mtime) > HOUR:
        with contextlib.suppress(OSError):  # a disk that is only read
            os.utime(path)
    return code


def _replace(path: Path, data: bytes) -> None:
    part = path.with_suffix(f".{os.urandom(8).hex()}.part")
    try:
        with open(part, "xb", opener=_open) as file:
            file.write(data)
        os.replace(part, path)
    except BaseException:  # an interrupt leaves no half file either
        _remove(part)
        raise


def _remove(path: Path | str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)


# --- all files ---------------------------------------------------------------------------------------------------


def _sweep(folder: Path) -> None:
    """Remove what interrupted stores left behind, and the objects that were not used for longest."""
    now = time.time()
    for path, status in _files(folder, _PART):
        if abs(now - status.st_mtime) > HOUR:
            _remove(path)
    size = 0
    newest_first = sorted(_files(folder, _OBJECT), key=lambda file: file[1].st_mtime_ns, reverse=True)
    for place, (path, status) in enumerate(newest_first):
        size += status.st_size
        if place >= MOST_FILES or size > MOST_BYTES:
            _remove(path)


def _files(folder: Path, names: re.Pattern[str]) -> Iterator[tuple[str, os.stat_result]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if names.fullmatch(entry.name):
                try:
                    status = entry.stat(follow_symlinks=False)
                except OSError:  # another process removed it
                    continue
                yield entry.path, status
