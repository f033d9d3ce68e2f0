"""Reading the files of a published data set and comparing them with the catalog before anyone sees them.

A file that is not what was published is named with both digests and refused. Payload digests of sets whose publisher
pins only the gzip file are noted in our cache once such a file has passed, so that unpacked copies can be checked too.
"""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ..arrays import Array
from ..errors import DataError
from . import cache, idx, npz
from .catalog import Part, Published

_NOTES = "payload.sha256"


def read_parts(published: Published, paths: dict[str, Path]) -> dict[str, Array]:
    """Return the arrays of IDX files given by role, each checked against the catalog; `DataError` if any differs."""
    notes = _noted(published)
    with ThreadPoolExecutor(max_workers=2) as pool:  # zlib and hashlib let other threads run
        parts = [part for part in published.parts if part.role in paths]
        read = list(pool.map(lambda part: _read_part(part, paths[part.role], notes.get(part.file)), parts))
    return {part.role: array for part, array in zip(parts, read, strict=True)}


def read_archive(published: Published, path: Path) -> dict[str, Array]:
    """Return the four arrays of an `.npz` file, checked as if written as IDX: the container does not matter."""
    arrays = npz.read(path)
    missing = [part.role for part in published.parts if part.role not in arrays]
    if missing:
        raise DataError(f"{path} lacks {', '.join(missing)}. Expected the four arrays of {published.title}.")
    check_arrays(published, arrays, path)
    return arrays


def check_arrays(published: Published, arrays: dict[str, Array], where: str | os.PathLike[str]) -> None:
    """Raise `DataError` unless every array is the published one, bit for bit."""
    notes = _noted(published)
    for part in published.parts:
        array, name = arrays[part.role], f"{part.role} of {where}"
        if array.shape != part.shape or array.dtype.name != "uint8":
            raise DataError(
                f"{name} has shape {array.shape} and dtype {array.dtype}, expected {part.shape} of uint8. "
                f"It is not {published.title}: delete it, or load it by its path as data of your own."
            )
        _compare(idx.digest(array), _expected(part, notes.get(part.file), name), name)


def _read_part(part: Part, path: Path, noted: str | None) -> Array:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from None
    if part.packed is not None and idx.is_gzip(data):
        _compare(hashlib.sha256(data).hexdigest(), part.packed, path)
        return _shaped(idx.unpack(data, path, part.payload_bytes), part, path)
    plain = idx.unpack(data, path, part.payload_bytes)
    found = hashlib.sha256(plain).hexdigest()
    _compare(found, _expected(part, noted, path), path, _diagnosis(plain, part, path))
    return _shaped(plain, part, path)


def _expected(part: Part, noted: str | None, where: str | os.PathLike[str]) -> str:
    expected = part.payload or noted
    if expected is None:
        raise DataError(
            f"{where} cannot be checked: the publisher pins only the gzip file {part.file}.gz. "
            "Put that file in the same place, or let it be downloaded once."
        )
    return expected


def _compare(found: str, expected: str, where: str | os.PathLike[str], diagnosis: str = "") -> None:
    if found != expected:
        raise DataError(
            f"{where} is not the published file: its SHA-256 is {found}, expected {expected}.{diagnosis} "
            "Nothing of it was used. Delete it or fetch it again."
        )


def _shaped(plain: bytes, part: Part, path: Path) -> Array:
    array = idx.parse(plain, path)
    if array.shape != part.shape or array.dtype.name != "uint8":
        raise DataError(f"{path} has shape {array.shape} of {array.dtype}, expected {part.shape} of uint8.")
    return array.copy()  # writable, as Keras users expect


def _diagnosis(plain: bytes, part: Part, path: Path) -> str:
    """Say in a sentence what is wrong with the bytes, beyond their digest, if anything is."""
    try:
        _shaped(plain, part, path)
    except DataError as error:
        return f" ({str(error).rstrip('.')}.)"
    return ""


def note(published: Published, arrays: dict[str, Array]) -> None:
    """Write down the payload digests of arrays that came from a checked gzip file; a read-only cache is left alone."""
    lines = [f"{idx.digest(arrays[part.role])}  {part.file}\n" for part in published.parts if part.packed]
    if lines:
        cache.write_text(cache.folder() / published.name / _NOTES, "".join(lines))


def _noted(published: Published) -> dict[str, str]:
    if all(part.payload for part in published.parts):
        return {}
    try:
        text = (cache.folder() / published.name / _NOTES).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return {}
    pairs = (line.split() for line in text.splitlines())
    return {pair[1]: pair[0] for pair in pairs if len(pair) == 2}
