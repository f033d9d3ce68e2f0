"""Where Backlit keeps what it fetched or drew, and how a file gets there without ever being half written.

A folder that cannot be written is no error: the caller simply does the work again next time.
"""

from __future__ import annotations

import os
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ..arrays import Array
from ..files import replacing


def folder() -> Path:
    """Return the cache folder (it need not exist): `BACKLIT_HOME`, else the platform's place for caches."""
    chosen = os.environ.get("BACKLIT_HOME")
    if chosen:
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return (Path(local) if local else _home() / "AppData" / "Local") / "backlit" / "Cache"
    if sys.platform == "darwin":
        return _home() / "Library" / "Caches" / "backlit"
    shared = os.environ.get("XDG_CACHE_HOME")
    return (Path(shared) if shared else _home() / ".cache") / "backlit"


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:  # no home at all: a place of our own that others do not share
        return Path(tempfile.gettempdir()) / f"backlit-{os.getuid() if hasattr(os, 'getuid') else 'home'}"


def write_npz(path: Path, arrays: dict[str, Array]) -> bool:
    """Write an uncompressed npz atomically; return False where the folder cannot be written."""
    return _write(path, lambda out: np.savez(out, **arrays))  # pyright: ignore[reportArgumentType]


def write_text(path: Path, text: str) -> bool:
    """Write ASCII text atomically; return False where the folder cannot be written."""
    return _write(path, lambda out: out.write(text.encode("ascii")))


def _write(path: Path, fill: Callable[[BinaryIO], object]) -> bool:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as out:
            fill(out)
    except OSError:
        return False
    return True


def read_npz(path: Path) -> dict[str, Array] | None:
    """Return the arrays of one of our own npz files, None where it is missing or damaged."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error):
        return None
