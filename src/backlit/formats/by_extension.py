"""The table of formats: which module reads and writes a file, found by the ending of its name.

A row is data; its module is imported when one of its verbs is used. A new format is a module with those functions, and
a row here.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from ..errors import ConfigError
from ..files import StrPath


@dataclass(frozen=True)
class Format:
    """One row: the ending, what it is, the module in `backlit.formats`, and which of these functions it has.

    - `save(model, path, notes=None)`: writes the whole model, atomically; `notes` is plain JSON or None.
    - `load(path, custom_objects=None, compile=True)`: returns the model.
    - `notes(path)`: returns the notes in a file, a dict.
    - `save_weights(model, path)`, `load_weights(model, path)`: the weights alone.
    - `summary(path)`: returns what `backlit summary` prints, for files that `load` cannot make a model of.

    Files that cannot be read or written raise `ModelFileError`, models that a format has no words for `ConfigError`.
    """

    extension: str
    describe: str
    module: str
    verbs: tuple[str, ...]

    def verb(self, name: str) -> Any:
        """Return one of the functions; a verb that the format does not have raises `ConfigError`."""
        if name not in self.verbs:
            raise ConfigError(f"{self.extension} ({self.describe}) cannot {_IN_WORDS[name]}. {_choices(name)}")
        return getattr(import_module(f".{self.module}", __package__), name)


WHOLE = ("save", "load", "notes", "save_weights", "load_weights", "summary")
FORMATS = (
    Format(
        ".keras",
        "Keras 3: network, weights, optimizer",
        "keras_archive",
        ("save", "load", "notes", "load_weights"),
    ),
    Format(".weights.h5", "Keras 3: weights alone", "weights_h5", ("save_weights", "load_weights", "summary")),
    Format(
        ".h5",
        "Keras 2 and 3: network, weights, optimizer",
        "legacy_h5",
        WHOLE,
    ),
    Format(
        ".hdf5",
        "the same as .h5",
        "legacy_h5",
        WHOLE,
    ),
    Format(
        ".safetensors",
        "network, weights, optimizer, for other libraries to read",
        "safetensors_file",
        WHOLE,
    ),
    Format(
        ".npz",
        "network, weights, optimizer, as plain NumPy arrays",
        "npz",
        WHOLE,
    ),
    Format(
        ".onnx",
        "the graph of predict and its weights, for ONNX Runtime and others",
        "exports.onnx_file",
        ("save", "load", "notes", "load_weights"),
    ),
    Format(".py", "predict as one Python file that needs only NumPy", "exports.python_file", ("save",)),
    Format(".c", "predict as one C99 file that needs only <math.h>", "exports.c_file", ("save",)),
    Format(".json", "the network without its weights", "structure", ("save", "load")),
)
_IN_WORDS = {
    "save": "be written", "load": "be read as a model", "notes": "hold notes",
    "save_weights": "take weights alone", "load_weights": "give weights", "summary": "be listed",
}  # fmt: skip


def find(path: StrPath, verb: str | None = None) -> Format:
    """Return the row of a file by its ending, the longest that fits, whatever its case.

    No row, or one without `verb`, raises `ConfigError`, which lists the endings that would do.
    """
    name = os.fspath(path).lower()
    rows = sorted((row for row in FORMATS if name.endswith(row.extension)), key=lambda row: len(row.extension))
    if not rows:
        raise ConfigError(f"{os.fspath(path)} has no ending we know. {_choices(verb)}")
    if verb is not None:
        rows[-1].verb(verb)
    return rows[-1]


def _choices(verb: str | None) -> str:
    enough = {verb, "load"} if verb == "summary" else {verb}  # a model that is read can be listed
    endings = [row.extension for row in FORMATS if verb is None or not enough.isdisjoint(row.verbs)]
    return f"Expected a name that ends in {', '.join(endings)}."
