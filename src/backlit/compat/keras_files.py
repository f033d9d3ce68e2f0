"""`keras.utils.get_file`: a file by its address, kept on this machine; the digits of MNIST come from our own copy.

The network is asked only for a file that is not here yet.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np

from ..datasets import cache, fetch, idx, mnist
from ..datasets.catalog import FILES
from ..errors import ConfigError, DataError, DownloadError
from ..files import replacing
from .keras_archives import unpack

__all__ = ["get_file"]
OF_MNIST = re.compile(r"(?<![a-z_-])mnist(?![a-z])")  # and not of Fashion-MNIST, KMNIST and others
PARTS = {f"{file}.gz": divmod(i, 2) for i, file in enumerate(FILES)}  # (train or test, images or labels)


def get_file(
    fname: str | None = None, origin: str | None = None, untar: bool = False, md5_hash: str | None = None,
    file_hash: str | None = None, cache_subdir: str = "datasets", hash_algorithm: str = "auto", extract: bool = False,
    archive_format: Any = "auto", cache_dir: Any = None, force_download: bool = False,
) -> str:  # fmt: skip
    """Return the path of a file: one that is in Keras' folder or in ours, else fetched from `origin` (https) into ours.

    A file whose hash (`file_hash`, or `md5_hash`) is not the one given is fetched again, and refused, `DataError`, if
    it still differs. Without a network `DownloadError` says where to put the file.

    With `extract` it is unpacked, if it was fetched just now or was not yet, and the path of the folder is returned.
    Archive and folder are named as Keras names them: `name.tgz` and `name_extracted`, or `name_archive` and `name`.
    `archive_format` is "auto", "tar", "zip" or several of these. Links, and what would lie outside the folder, are
    refused: `DataError`.
    """
    if not fname and not origin:
        raise ConfigError("get_file was given neither fname nor origin. Give the address of a file.")
    name = str(fname or unquote(os.path.basename(urlsplit(str(origin)).path)))
    wanted = file_hash or md5_hash
    digest = _digest_function("md5" if wanted and wanted == md5_hash else hash_algorithm, wanted)
    unpacks, folder_name = extract or untar, ""
    if unpacks:
        name, folder_name = _names_of_archive(name, given=bool(fname))
    target = _place(name, cache_subdir, cache_dir)
    is_ours = _own_copy(str(origin), os.path.basename(name)) if origin else None
    is_here = not force_download and _is_right(target, digest, None if is_ours else wanted)
    if not is_here and (is_ours is None or not _written(is_ours, target)):
        _fetched(str(origin) if origin else None, target, digest, wanted)
    if not unpacks:
        return str(target)
    folder = target.parent / folder_name
    if not (is_here and folder.is_dir()):
        unpack(target, folder, "tar" if untar else archive_format)
    return str(folder)


def _names_of_archive(name: str, given: bool) -> tuple[str, str]:
    """Return the names of an archive and of the folder it is unpacked into."""
    if given and "." in name:
        return name, f"{name.partition('.')[0]}_extracted"
    return f"{name}_archive", name


def _place(name: str, folder: str, cache_dir: Any) -> Path:
    """Return where the file is, or shall be: a file that Keras left on this machine is used where it lies."""
    if cache_dir is not None:
        return Path(cache_dir).expanduser() / folder / name
    of_keras = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / folder / name
    return of_keras if of_keras.is_file() else cache.folder() / folder / name


def _digest_function(algorithm: str, wanted: str | None) -> Callable[[bytes], Any]:
    known = {"auto": hashlib.sha256 if wanted and len(wanted) == 64 else hashlib.md5}
    known |= {"sha256": hashlib.sha256, "md5": hashlib.md5}
    if algorithm not in known:
        raise ConfigError(f"get_file was given hash_algorithm={algorithm!r}. Expected 'auto', 'sha256' or 'md5'.")
    return known[algorithm]


def _is_right(target: Path, digest: Callable[[bytes], Any], wanted: str | None) -> bool:
    if not target.is_file():
        return False
    return wanted is None or hmac.compare_digest(digest(target.read_bytes()).hexdigest(), wanted.lower())


def _fetched(origin: str | None, target: Path, digest: Callable[[bytes], Any], wanted: str | None) -> None:
    if origin is None:
        raise DownloadError(f"{target} is not there, or not the file whose hash was given. Give its origin.")
    fetch.fetch_file(origin, target)
    if not _is_right(target, digest, wanted):
        target.unlink()
        raise DataError(f"{origin} gave a file whose hash is not {wanted}. It was not kept.")


def _own_copy(origin: str, name: str) -> Callable[[Any], None] | None:
    """Return what writes a file of MNIST from our copy, None for other files."""
    if not OF_MNIST.search(origin.lower()):
        return None
    if name == "mnist.npz":
        return _write_npz
    if name not in PARTS:
        return None
    split, part = PARTS[name]
    return lambda target: idx.write(target, mnist.load_data(download=False)[split][part], level=1)


def _written(write: Callable[[Path], None], target: Path) -> bool:
    """Write our copy; without one on this machine return False."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write(target)
    except DownloadError:
        return False
    return True


def _write_npz(target: Path) -> None:
    (x_train, y_train), (x_test, y_test) = mnist.load_data(download=False)
    with replacing(target) as file:
        np.savez(file, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
