"""Model files: one module for each format, and one table (`by_extension`) that finds it by the name of the file.

What a file may contain is decided here, never by the file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from ..errors import ConfigError
from ..files import StrPath
from ..registered import custom_object_scope, get_custom_objects, register_keras_serializable

__all__ = [
    "convert", "custom_object_scope", "get_custom_objects", "load_model", "load_weights", "read_notes",
    "register_keras_serializable", "save_model", "save_weights", "summary",
]  # fmt: skip


def save_model(model: Any, path: StrPath, overwrite: bool = True, notes: Mapping[str, Any] | None = None) -> None:
    """Write `model` to `path`, in the format its ending names; the file is complete or not there.

    `notes`, plain JSON, are kept in the file beside the network, for `read_notes`, and in `model.notes`; without
    them the notes of the model are kept. Keras passes over them.

    Other endings, notes that are no JSON, and with `overwrite=False` an existing file, raise `ConfigError`; a disk that
    refuses raises `ModelFileError`.
    """
    from .by_extension import find

    save = find(path, "save").verb("save")
    _require_free(path, overwrite)
    model.notes = _plain(model.notes if notes is None else notes)
    save(model, path, model.notes)


def load_model(path: StrPath, custom_objects: Mapping[str, Any] | None = None, compile: bool = True, **_: Any) -> Any:
    """Return the model in the file `path`, compiled as it was if `compile`, with its notes in `model.notes`.

    Classes and functions of your own are named in `custom_objects` or registered (`register_keras_serializable`);
    nothing else of a file is ever run. Damaged, hostile and foreign files raise `ModelFileError`.
    """
    from .by_extension import find

    row = find(path, "load")
    model = row.verb("load")(path, custom_objects, compile)
    model.notes = row.verb("notes")(path) if "notes" in row.verbs else {}
    return model


def read_notes(path: StrPath) -> dict[str, Any]:
    """Return the notes in a model file, an empty dict if it has none; damaged files raise `ModelFileError`."""
    from .by_extension import find

    row = find(path)
    return row.verb("notes")(path) if "notes" in row.verbs else {}


def save_weights(model: Any, path: StrPath, overwrite: bool = True) -> None:
    """Write the weights of a built model to `path`, e.g. a `.weights.h5`; errors are those of `save_model`."""
    from .by_extension import find

    save = find(path, "save_weights").verb("save_weights")
    _require_free(path, overwrite)
    save(model, path)


def load_weights(model: Any, path: StrPath) -> None:
    """Give a built model the weights in a file: all of them, or none and `ModelFileError`."""
    from .by_extension import find

    find(path, "load_weights").verb("load_weights")(model, path)


def convert(
    source: StrPath, target: StrPath, overwrite: bool = True, custom_objects: Mapping[str, Any] | None = None
) -> None:
    """Read the model in one file and write it to another, each in the format its ending names.

    What the target has no place for is left out: the optimizer, or all but the weights.
    """
    from .by_extension import find

    row = find(target)
    whole = "save_weights" not in row.verbs or "save" in row.verbs
    row.verb("save" if whole else "save_weights")
    _require_free(target, overwrite)
    model = load_model(source, custom_objects)
    if whole:
        save_model(model, target)
    else:
        save_weights(model, target)


def summary(path: StrPath, **options: Any) -> str:
    """Return the layers of the model in a file as `Model.summary` prints them, or the arrays of a file of weights."""
    from .by_extension import find
    from .revive import NoNetwork

    row = find(path)
    if "load" not in row.verbs:
        return row.verb("summary")(path)
    lines: list[str] = []
    try:
        model = load_model(path)
    except NoNetwork:
        return row.verb("summary")(path)
    model.summary(print_fn=lines.append, **options)
    return "\n".join(lines)


def _plain(notes: Mapping[str, Any]) -> dict[str, Any]:
    """Return notes as a file gives them back: with lists for tuples, and texts for keys."""
    try:
        return json.loads(json.dumps(dict(notes), allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigError(
            f"The notes hold something that is no JSON ({error}). Give numbers, texts and lists."
        ) from None


def _require_free(path: StrPath, overwrite: bool) -> None:
    if not overwrite and os.path.exists(path):
        raise ConfigError(f"{os.fspath(path)} exists. Choose another name, or pass overwrite=True.")
