"""The `.keras` file of Keras 3: read from it and written for it, so that models travel both ways.

Three members: metadata.json, config.json (what the model is: `models.drawing` writes it, `models.reading` reads it) and
model.weights.h5 (see `state`). The layout is that of the files Keras 3.0 to 3.15 write. Ours carry a digest of all
three in metadata.json, under a name Keras skips: with it, what was changed on a disk or by hand is refused.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .._version import __version__
from ..errors import ConfigError, ModelFileError
from ..files import StrPath
from . import archive, state
from .revive import built_optimizer, config_text, parsed, require_built, revive

DIALECT = "3.0.0"  # only keys that this version of Keras knows are written
NOTES, DIGEST = "backlit_notes", "backlit_sha256"  # keys of metadata.json


def save(model: Any, path: StrPath, notes: Mapping[str, Any] | None = None) -> None:
    """Write a built model with its weights and, if it is compiled, its optimizer; atomically.

    A model that is not built or cannot be described raises `ConfigError`, a disk that refuses `ModelFileError`.
    """
    require_built(model)
    metadata = {
        "keras_version": DIALECT,
        "date_saved": datetime.now().strftime("%Y-%m-%d@%H:%M:%S"),
        "backlit_version": __version__,
        **({NOTES: dict(notes)} if notes else {}),
    }
    config, weights = config_text(model).encode(), state.weights_bytes(model, built_optimizer(model))
    metadata[DIGEST] = _digest(metadata, config, weights)
    members = {archive.METADATA: json.dumps(metadata).encode(), archive.CONFIG: config, archive.WEIGHTS: weights}
    archive.write_archive(path, members)


def notes(path: StrPath) -> dict[str, Any]:
    """Return the notes kept in a file, an empty dict if there are none."""
    found = _read(path)[1].get(NOTES, {})
    return dict(found) if isinstance(found, dict) else {}


def load(path: StrPath, custom_objects: Mapping[str, Any] | None = None, compile: bool = True) -> Any:
    """Return the model in a `.keras` file, compiled as it was if `compile`.

    Files that are damaged, hostile, or name classes that are neither ours nor in `custom_objects` raise
    `ModelFileError`; nothing of a file is ever run, imported or unpacked to disk.
    """
    source, (members, _) = str(path), _read(path)
    weights = members[archive.WEIGHTS]

    def fill(model: Any, optimizer: Any) -> None:
        state.load_weights(weights, source, model, optimizer)

    return revive(source, members[archive.CONFIG], len(weights), custom_objects, compile, fill)


def load_weights(model: Any, path: StrPath) -> None:
    """Give a built model the weights in a `.keras` file."""
    require_built(model)
    state.load_weights(_read(path)[0][archive.WEIGHTS], str(path), model)


def _read(path: StrPath) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Return the members of a file and its metadata; members that do not agree with the digest are refused."""
    members = archive.read_archive(path)
    try:
        metadata = parsed(members[archive.METADATA])
        told = metadata.pop(DIGEST, None)  # files of Keras have none
        agree = told is None or told == _digest(metadata, members[archive.CONFIG], members[archive.WEIGHTS])
    except (ConfigError, ValueError, RecursionError) as error:
        if isinstance(error, ModelFileError):
            raise
        raise ModelFileError(f"{path}: its metadata.json cannot be read ({error}). Use an intact copy.") from None
    if not agree:
        raise ModelFileError(
            f"{path} is not as it was saved: its digest does not agree. Use an intact copy; if you changed it "
            f"yourself, remove {DIGEST!r} from its metadata.json."
        )
    return members, metadata


def _digest(metadata: Mapping[str, Any], config: bytes, weights: bytes) -> str:
    whole = hashlib.sha256()
    for part in (json.dumps(metadata, allow_nan=False).encode(), config, weights):
        whole.update(hashlib.sha256(part).digest())
    return whole.hexdigest()
