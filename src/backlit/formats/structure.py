"""The `.json` file: what `Model.to_json` returns, the network without its weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import registered
from ..errors import ModelFileError
from ..files import StrPath
from ..models.reading import read_entry
from .budget import Budget
from .keras_compile import compile_as
from .revive import config_text, parsed, refusing
from .whole_file import read_bytes, write_bytes

MOST = 2**28  # bytes of weights, 67 million numbers: a text of one line may describe any number of them


def save(model: Any, path: StrPath, notes: Mapping[str, Any] | None = None) -> None:
    """Write the structure and what `compile` was given, atomically; notes have no place here."""
    write_bytes(path, config_text(model))


def load(path: StrPath, custom_objects: Mapping[str, Any] | None = None, compile: bool = True) -> Any:
    """Return a model with fresh weights; a text that describes none, or a giant, raises `ModelFileError`."""
    source, text = str(path), read_bytes(path)
    custom = registered.known(custom_objects)
    with refusing(source):
        config = parsed(text)
        _require_room(source, config, custom)
        model = read_entry(config, custom)
        if compile:
            compile_as(model, config.get("compile_config"), custom)
    return model


def _require_room(source: str, config: Any, custom: Mapping[str, Any]) -> None:
    """Make the model once with arrays of zeros that are only counted."""
    budget = Budget(MOST, source)
    try:
        read_entry(budget.counted(config, custom), budget.custom_objects(custom))
    except ModelFileError:
        if budget.left >= 0:
            raise
        raise ModelFileError(
            f"{source} describes a network of more than {MOST:,} bytes. Keep it in a file with its weights, or call "
            "model_from_json."
        ) from None
