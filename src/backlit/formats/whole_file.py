"""Reading and writing a file in one piece, with the system's refusals as `ModelFileError`.

The writing itself is done by `files`.
"""

from __future__ import annotations

import os

from ..errors import ModelFileError
from ..files import StrPath, write_file


def write_bytes(path: StrPath, data: bytes | str) -> None:
    """Write a file, all of it or none of it; a disk that refuses raises `ModelFileError`."""
    try:
        write_file(path, data)
    except OSError as error:
        raise ModelFileError(f"{os.fspath(path)} could not be written: {error.strerror or error}.") from error


def read_bytes(path: StrPath) -> bytes:
    """Return what a file holds; one that is not there, or is no file, raises `ModelFileError`."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        raise ModelFileError(f"{os.fspath(path)} does not exist. Name a model file.") from None
    except OSError as error:
        raise ModelFileError(f"{os.fspath(path)} could not be read ({error.strerror or error}).") from None
