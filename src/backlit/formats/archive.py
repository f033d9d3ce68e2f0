"""The outer shell of a `.keras` file: a zip with three stored members, read without trusting a single number in it.

Nothing is ever extracted to disk and no member name is used as a path.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping

from .. import zips
from ..errors import ModelFileError
from ..files import StrPath, replacing

METADATA, CONFIG, WEIGHTS = "metadata.json", "config.json", "model.weights.h5"
_MAX_MEMBERS = 64
_MAX_TEXT = 64 * 2**20
_NAME = re.compile(r"(?!\.+$)[A-Za-z0-9_.-]{1,255}")
_DATE = (1980, 1, 1, 0, 0, 0)  # the same network gives the same bytes, but for `date_saved`


def write_archive(path: StrPath, members: Mapping[str, bytes]) -> None:
    """Write the members, stored, in their order, atomically; a disk that refuses raises `ModelFileError`."""
    try:
        with replacing(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for name, data in members.items():
                archive.writestr(zipfile.ZipInfo(name, _DATE), data)
    except OSError as error:
        raise ModelFileError(f"{path} could not be written: {error.strerror or error}.") from error


def read_archive(path: StrPath) -> dict[str, bytes]:
    """Return the three members; a file that is no such archive, damaged or boastful raises `ModelFileError`."""
    try:
        with open(path, "rb") as file, zips.opened(file, _MAX_MEMBERS) as archive:
            return _members(str(path), archive)
    except FileNotFoundError:
        raise ModelFileError(f"{path} does not exist. Name a model file, e.g. one that `model.save` wrote.") from None
    except ModelFileError:
        raise
    except OSError as error:
        raise ModelFileError(f"{path} could not be read ({error.strerror or error}).") from None
    except zips.DAMAGE as error:
        raise ModelFileError(f"{path} is no intact .keras archive ({error}). Use an intact copy.") from None


def _members(source: str, archive: zipfile.ZipFile) -> dict[str, bytes]:
    names = archive.namelist()
    for name in names:
        if not _NAME.fullmatch(name):
            raise ModelFileError(f"{source} has a member named {name!r}. Expected plain names without folders.")
    missing = [name for name in (METADATA, CONFIG, WEIGHTS) if name not in names]
    if missing:
        raise ModelFileError(f"{source} has no member {missing[0]}. Expected a .keras archive of Keras 3 or Backlit.")
    for name in (METADATA, CONFIG):
        size = archive.getinfo(name).file_size
        if size > _MAX_TEXT:
            raise ModelFileError(f"{source}: {name} has {size} bytes. Expected at most {_MAX_TEXT}.")
    return {name: zips.read(archive, archive.getinfo(name)) for name in (METADATA, CONFIG, WEIGHTS)}
