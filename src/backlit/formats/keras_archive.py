"""The `.keras` file of Keras 3: read from it and written for it, so that models travel both ways.

Three members: metadata.json, config.json (what the model is: `models.drawing` writes it, `models.reading` reads it) and
model.weights.h5 (see `state`). The layout is that of the files Keras 3.0 to 3.15 write.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .._version import __version__
from ..errors import BacklitError, ConfigError, ModelFileError
from ..files import StrPath
from ..models.drawing import serialize
from ..models.reading import read_entry
from . import archive, state
from .budget import Budget
from .keras_compile import compile_as, compile_config

DIALECT = "3.0.0"  # only keys that this version of Keras knows are written
NOTES = "backlit_notes"  # a key of metadata.json


def save(model: Any, path: StrPath, notes: Mapping[str, Any] | None = None) -> None:
    """Write a built model with its weights and, if it is compiled, its optimizer; atomically.

    A model that is not built or cannot be described raises `ConfigError`, a disk that refuses `ModelFileError`.
    """
    if not model.built:
        raise ConfigError(f"Model {model.name!r} has no weights to save yet. Build it first, or show it data.")
    metadata = {
        "keras_version": DIALECT,
        "date_saved": datetime.now().strftime("%Y-%m-%d@%H:%M:%S"),
        "backlit_version": __version__,
        **({NOTES: dict(notes)} if notes else {}),
    }
    optimizer = model.optimizer if model.optimizer is not None and model.optimizer.built else None
    members = {
        archive.METADATA: json.dumps(metadata).encode(),
        archive.CONFIG: _config_text(model),
        archive.WEIGHTS: state.weights_bytes(model, optimizer),
    }
    archive.write_archive(path, members)


def notes(path: StrPath) -> dict[str, Any]:
    """Return the notes kept in a file, an empty dict if there are none."""
    try:
        found = _parsed(archive.read_archive(path)[archive.METADATA]).get(NOTES, {})
    except (ConfigError, ValueError) as error:
        raise ModelFileError(f"{path}: its metadata.json cannot be read ({error}). Use an intact copy.") from None
    return dict(found) if isinstance(found, dict) else {}


def load(path: StrPath, custom_objects: Mapping[str, Any] | None = None, compile: bool = True) -> Any:
    """Return the model in a `.keras` file, compiled as it was if `compile`.

    Files that are damaged, hostile, or name classes that are neither ours nor in `custom_objects` raise
    `ModelFileError`; nothing of a file is ever run, imported or unpacked to disk.
    """
    source, custom = str(path), dict(custom_objects or {})
    members = archive.read_archive(path)
    budget = Budget(len(members[archive.WEIGHTS]), source)
    try:
        config = _parsed(members[archive.CONFIG])
        model = read_entry(budget.counted(config, custom), budget.custom_objects(custom))
        if not getattr(model, "outputs", True):
            raise ConfigError("its model has no outputs. Use an intact copy.")
        optimizer = compile_as(model, config.get("compile_config"), custom) if compile else None
        state.load_weights(members[archive.WEIGHTS], source, model, optimizer)
    except ModelFileError:
        raise
    except (BacklitError, RecursionError) as error:
        raise ModelFileError(f"{source} cannot be loaded: {error}") from error
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError) as error:
        raise ModelFileError(
            f"{source} describes a model that cannot be made ({error!r}). Use an intact copy."
        ) from error
    budget.release(model)
    return model


def _parsed(text: bytes) -> dict[str, Any]:
    found = json.loads(text.decode("utf-8"), parse_constant=_no_constant)
    if not isinstance(found, dict):
        raise ConfigError("its JSON holds no object. Use an intact copy.")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _config_text(model: Any) -> bytes:
    config = serialize(model)
    compiled = compile_config(model)
    if compiled is not None:
        config["compile_config"] = compiled
    try:
        return json.dumps(config, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"The configuration of model {model.name!r} holds something that is no JSON ({error}). A layer of your own "
            "needs a get_config of plain numbers, texts and lists."
        ) from None
