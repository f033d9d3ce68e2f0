"""The outer shell of a `.keras` file: a zip with three stored members, read without trusting a single number in it.

Nothing is ever extracted to disk and no member name is used as a path.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Mapping
from typing import IO

from ..errors import ModelFileError
from ..files import StrPath, replacing

METADATA, CONFIG, WEIGHTS = "metadata.json", "config.json", "model.weights.h5"
_MAX_MEMBERS = 64
_MAX_TEXT = 64 * 2**20
_MAX_EXPANSION = 100  # a member that claims to grow more than this is a bomb; ours are stored as they are
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,255}")
_DATE = (1980, 1, 1, 0, 0, 0)  # the same network gives the same bytes, but for `date_saved`


def write_archive(path: StrPath, members: Mapping[str, bytes]) -> None:
    """Write the members, stored, in their order, atomically; a disk that refuses raises `ModelFileError`."""
    try:
        with replacing(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for name, data in members.items():
                archive.writestr(zipfile.ZipInfo(name, _DATE), data)
    except OSError as error:
        raise ModelFileError(f"{path} could not be written ({error.strerror or error}).") from error


def read_archive(path: StrPath) -> dict[str, bytes]:
    """Return the three members; a file that is no such archive, damaged or boastful raises `ModelFileError`."""
    try:
        with open(path, "rb") as file, zipfile.ZipFile(file) as archive:
            return _members(str(path), archive)
    except FileNotFoundError:
        raise ModelFileError(f"{path} does not exist. Name a model file, e.g. one that `model.save` wrote.") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, UnicodeDecodeError) as error:
        raise ModelFileError(f"{path} is no intact .keras archive ({error}). Use an intact copy.") from None
    except OSError as error:
        if isinstance(error, ModelFileError):
            raise
        raise ModelFileError(f"{path} could not be read ({error.strerror or error}).") from None


def _members(source: str, archive: zipfile.ZipFile) -> dict[str, bytes]:
    found = archive.infolist()
    names = [info.filename for info in found]
    if len(names) > _MAX_MEMBERS or len(set(names)) < len(names):
        raise ModelFileError(f"{source} has {len(names)} members, some twice or too many. Expected a .keras archive.")
    for name in names:
        if not _NAME.fullmatch(name):
            raise ModelFileError(f"{source} has a member named {name!r}. Expected plain names without folders.")
    missing = [name for name in (METADATA, CONFIG, WEIGHTS) if name not in names]
    if missing:
        raise ModelFileError(f"{source} has no member {missing[0]}. Expected a .keras archive of Keras 3 or Backlit.")
    return {name: _read(source, archive, archive.getinfo(name)) for name in (METADATA, CONFIG, WEIGHTS)}


def _read(source: str, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    if info.file_size > _MAX_EXPANSION * max(1, info.compress_size):
        raise ModelFileError(
            f"{source}: {info.filename} claims to unpack {info.compress_size} into {info.file_size} bytes."
        )
    if info.filename != WEIGHTS and info.file_size > _MAX_TEXT:
        raise ModelFileError(f"{source}: {info.filename} has {info.file_size} bytes. Expected at most {_MAX_TEXT}.")
    with archive.open(info) as member:
        return _read_exactly(source, member, info)


def _read_exactly(source: str, member: IO[bytes], info: zipfile.ZipInfo) -> bytes:
    data = member.read(info.file_size + 1)  # reading past the end is what makes zipfile compare the checksum
    if len(data) != info.file_size:
        raise ModelFileError(f"{source}: {info.filename} has {len(data)} bytes, the archive says {info.file_size}.")
    return data
