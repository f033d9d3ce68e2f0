"""Unpacking what `get_file` fetched: tar archives, compressed or not, and zip archives, into a folder of their own.

Only files and folders come out, and only inside that folder: all of them, or nothing.
"""

from __future__ import annotations

import lzma
import os
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, Any

from ..errors import ConfigError, DataError

FORMATS = ("tar", "zip")
BROKEN = (
    tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError, ValueError,
    FileExistsError, IsADirectoryError, NotADirectoryError,
)  # fmt: skip


def unpack(archive: Path, folder: Path, formats: Any = "auto") -> None:
    """Unpack an archive into `folder`, which takes the place of one that is there.

    `formats` is "auto", "tar", "zip", or several of these. What is no such archive, is damaged, or holds anything but
    files and folders below `folder` raises `DataError`.
    """
    asked = FORMATS if formats == "auto" else (formats,) if isinstance(formats, str) else tuple(formats or ())
    if not asked or any(one not in FORMATS for one in asked):
        raise ConfigError(f"get_file was given archive_format={formats!r}. Expected 'auto', 'tar' or 'zip'.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="unpack-") as name:
        fresh = Path(name) / "new"
        try:
            for member, source in _members(archive, asked):
                _write(archive, member, source, fresh)
        except DataError:
            raise
        except BROKEN as error:
            raise DataError(f"{archive} is damaged: {error}. Delete it, and it is fetched again.") from None
        fresh.mkdir(exist_ok=True)
        if folder.exists():
            os.replace(folder, Path(name) / "old")
        os.replace(fresh, folder)


def _members(archive: Path, formats: Sequence[str]) -> Iterator[tuple[str, IO[bytes] | None]]:
    """Yield the name of each member with its bytes, or with None where it is a folder."""
    if "tar" in formats and tarfile.is_tarfile(archive):
        with tarfile.open(archive) as tar:
            for info in tar:
                if not (info.isfile() or info.isdir()):
                    raise DataError(f"{archive} holds {info.name!r}, which is neither a file nor a folder: refused.")
                yield info.name, tar.extractfile(info) if info.isfile() else None
    elif "zip" in formats and zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as packed:
            for entry in packed.infolist():
                yield entry.filename, None if entry.is_dir() else packed.open(entry)
    else:
        raise DataError(f"{archive} is no archive of the kind asked for ({' or '.join(formats)}).")


def _write(archive: Path, member: str, source: IO[bytes] | None, folder: Path) -> None:
    path, elsewhere = PurePosixPath(member), PureWindowsPath(member)
    if path.is_absolute() or elsewhere.drive or ".." in (*path.parts, *elsewhere.parts) or "\0" in member:
        raise DataError(f"{archive} holds {member!r}, which lies outside the folder it is unpacked into: refused.")
    target = folder / path
    if source is None:
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with source, open(target, "wb") as file:
        shutil.copyfileobj(source, file)
