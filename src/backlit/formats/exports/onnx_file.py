"""The `.onnx` file: the graph of `predict`, its weights as initializers, and the network's description as metadata.

ONNX Runtime and others run the graph. Backlit itself reads the description, and the weights from the initializers;
a digest says whether graph and description are still those that were written together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ...arrays import Array, DType, Shape
from ...errors import ConfigError, ModelFileError
from ...files import StrPath
from .. import flat
from ..whole_file import read_bytes, write_bytes
from . import onnx_message, onnx_words
from .onnx_graph import CONSTANTS, graph_of
from .prediction import prediction

TEXT, DIGEST = "backlit", "backlit.sha256"  # keys of the metadata


def save(model: Any, path: StrPath, notes: Mapping[str, Any] | None = None) -> None:
    """Write a built model, atomically; what ONNX has no op for raises `ConfigError`.

    Layers of your own are written as the ops they are made of; where their configuration cannot be saved, the file has
    no description, and only others can read it.
    """
    found = prediction(model, onnx_words.WORDS, onnx_words.is_exact)
    graph = graph_of(found, flat.named(model))
    try:
        text = flat.description(model, notes)
    except ConfigError:
        metadata = {}
    else:
        metadata = {TEXT: text, DIGEST: _digest(graph, text)}
    write_bytes(path, onnx_message.model(graph, metadata))


def _digest(graph: bytes | memoryview, text: str) -> str:
    return hashlib.sha256(hashlib.sha256(graph).digest() + text.encode()).hexdigest()


class _File:
    """An `.onnx` file in memory."""

    def __init__(self, path: StrPath) -> None:
        data = read_bytes(path)
        self.name, self.size = str(path), len(data)
        try:
            self._found = onnx_message.read(data)
        except (ValueError, UnicodeDecodeError) as error:
            raise ModelFileError(f"{path} is no intact .onnx file ({error}). Use an intact copy.") from None
        if TEXT not in self._found.metadata:
            raise ModelFileError(
                f"{path} holds no description of layers: Backlit did not write it, or it has layers that could not be "
                "described. Make the model with backlit.layers, and give it the weights with set_weights."
            )
        self._require_unchanged()

    def _require_unchanged(self) -> None:
        metadata = self._found.metadata
        wanted = metadata.get(DIGEST)
        if wanted is not None and wanted != _digest(self._found.graph, metadata[TEXT]):
            raise ModelFileError(
                f"{self.name} was damaged or changed since Backlit wrote it: its digest differs. Use an intact copy, "
                f"or delete the entry {DIGEST!r} of its metadata_props if its numbers were changed on purpose."
            )

    def names(self) -> Iterable[str]:
        """Return the names of the weights in the order in which they lie in the file."""
        return [name for name in self._found.arrays if not name.startswith(CONSTANTS)]

    def text(self) -> str | None:
        """Return the description."""
        return self._found.metadata.get(TEXT)

    def array(self, name: str, shape: Shape, dtype: DType) -> Array:
        """Return an array of that shape; another one raises `ModelFileError`."""
        if name not in self._found.arrays:
            raise ModelFileError(f"{self.name} lacks {name!r}. The weights belong to another network.")
        array = self._found.arrays[name]
        return flat.fitting(self.name, name, np.asarray(array, array.dtype.newbyteorder("=")), shape, dtype)


load, load_weights, notes = flat.reading(_File)
