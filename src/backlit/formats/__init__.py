"""Model files: one module for each format, and one table that finds it by the name of the file.

`save_model` and `load_model` are the two verbs; what a file may contain is decided here, never by the file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ..errors import ConfigError
from ..files import StrPath

__all__ = ["load_model", "read_notes", "save_model"]


def save_model(model: Any, path: StrPath, overwrite: bool = True, notes: Mapping[str, Any] | None = None) -> None:
    """Write `model` to `path`, a name that ends in `.keras`; the file is complete or not there.

    `notes`, plain JSON, is kept in the file beside the network, for `read_notes`; Keras passes over it.

    Other endings, and with `overwrite=False` an existing file, raise `ConfigError`; a disk that refuses raises
    `ModelFileError`.
    """
    from . import keras_archive

    _require_format(path)
    if not overwrite and os.path.exists(path):
        raise ConfigError(f"{os.fspath(path)} exists. Choose another name, or pass overwrite=True.")
    keras_archive.save(model, path, notes)


def load_model(path: StrPath, custom_objects: Mapping[str, Any] | None = None, compile: bool = True, **_: Any) -> Any:
    """Return the model in the file `path`, compiled as it was if `compile`.

    Classes and functions of your own are named in `custom_objects`; nothing else of a file is ever run. Damaged,
    hostile and foreign files raise `ModelFileError`.
    """
    from . import keras_archive

    _require_format(path)
    return keras_archive.load(path, custom_objects, compile)


def read_notes(path: StrPath) -> dict[str, Any]:
    """Return the notes in a model file, an empty dict if it has none; damaged files raise `ModelFileError`."""
    from . import keras_archive

    _require_format(path)
    return keras_archive.notes(path)


def _require_format(path: StrPath) -> None:
    if not os.fspath(path).lower().endswith(".keras"):
        raise ConfigError(f"{os.fspath(path)} has no ending we know. Expected a name that ends in .keras.")
