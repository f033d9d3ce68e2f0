"""The `.h5` file of Keras 2, which Keras 3 still reads and writes: a whole model, or weights alone.

The configurations are JSON in attributes of the root; each layer is a group with its arrays, in the order of the
attribute `weight_names`: what is trained first, then the rest. What is written is for both (`legacy_words`).
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from ..arrays import Array
from ..errors import ModelFileError
from ..files import StrPath
from . import hdf5, keras_2, state
from .legacy_words import network_words, training_words
from .listing import listing
from .revive import NoNetwork, built_optimizer, json_text, parsed, refusing, require_built, revive
from .whole_file import read_bytes, write_bytes

WEIGHTS, OPTIMIZER, TOP = "model_weights", "optimizer_weights", "top_level_model_weights"
OUR_OPTIMIZER = "backlit_optimizer_weights"  # Keras 3 cannot train on with an optimizer that it filled from its own
DIALECT, BACKEND, NOTES = "3.0.0", "backlit", "backlit_notes"  # numbers mean what they mean in this version of Keras
Pairs = list[tuple[Any, Array]]


def save(model: Any, path: StrPath, notes: Mapping[str, Any] | None = None) -> None:
    """Write a built model with its weights and, if it is compiled, its optimizer; atomically.

    A model that is not built or cannot be described raises `ConfigError`, a disk that refuses `ModelFileError`.
    """
    require_built(model)
    texts = {"keras_version": DIALECT, "backend": BACKEND, "model_config": json_text(model, network_words(model))}
    training, optimizer = training_words(model), built_optimizer(model)
    if training is not None:
        texts["training_config"] = json_text(model, training)
    if notes:
        texts[NOTES] = json.dumps(dict(notes))
    groups = _groups(model, WEIGHTS)
    if optimizer is not None:
        groups[OUR_OPTIMIZER] = _named(optimizer.variables)
    _write(path, texts, groups)


def save_weights(model: Any, path: StrPath) -> None:
    """Write the weights of a built model alone, atomically, as `model.save_weights` of Keras 2 does."""
    require_built(model)
    _write(path, {"keras_version": DIALECT, "backend": BACKEND}, _groups(model, ""))


def notes(path: StrPath) -> dict[str, Any]:
    """Return the notes kept in a file, an empty dict if there are none."""
    text = hdf5.Reader(read_bytes(path), str(path)).text("", NOTES)
    with refusing(str(path)):
        return {} if text is None else parsed(text)


def load(path: StrPath, custom_objects: Mapping[str, Any] | None = None, compile: bool = True) -> Any:
    """Return the model in a file, compiled as it was if `compile`, its optimizer where it was.

    A file of weights alone, or one that is damaged or hostile, raises `ModelFileError`.
    """
    data, source = read_bytes(path), str(path)
    reader = hdf5.Reader(data, source)
    text = reader.text("", "model_config")
    if text is None:
        raise NoNetwork(f"{source} holds no network. Make the model, and call model.load_weights.")
    training = reader.text("", "training_config") if compile else None
    with refusing(source):
        config = parsed(text)
        if (reader.text("", "keras_version") or "").startswith("2"):
            config = keras_2.network(config, source)
        else:
            config = keras_2.renamed(config)
        if training is not None:
            config["compile_config"] = _compile_config(parsed(training))

    def fill(model: Any, optimizer: Any) -> None:
        found = list(_weights(reader, WEIGHTS, model))
        memory = next((group for group in (OUR_OPTIMIZER, OPTIMIZER) if reader.has(group)), None)
        if optimizer is not None and memory is not None:
            names, variables = keras_2.memory(reader.texts(memory, "weight_names"), list(optimizer.variables))
            found += _named_pairs(reader, memory, "the optimizer", names, variables)
        _assign(found)

    return revive(source, json.dumps(config), len(data), custom_objects, compile, fill)


def load_weights(model: Any, path: StrPath) -> None:
    """Give a built model the weights in a file: all of them, or none and `ModelFileError`."""
    require_built(model)
    reader = hdf5.Reader(read_bytes(path), str(path))
    _assign(list(_weights(reader, WEIGHTS if reader.has(WEIGHTS) else "", model)))


def summary(path: StrPath) -> str:
    """Return the arrays in a file, one a line."""
    return listing(hdf5.Reader(read_bytes(path), str(path)).arrays())


def _write(path: StrPath, texts: Mapping[str, str], groups: Mapping[str, hdf5.Named]) -> None:
    file = io.BytesIO()
    hdf5.write_named(file, texts, groups)
    write_bytes(path, file.getvalue())


def _groups(model: Any, top: str) -> dict[str, hdf5.Named]:
    """Return the groups of a model's layers, and the list of their names, as `_weights` reads them."""
    place = f"{top}/" if top else ""
    groups: dict[str, hdf5.Named] = {top: ({"layer_names": [layer.name for layer in model.layers]}, {})}
    for layer in model.layers:
        groups[f"{place}{layer.name}"] = _named(_in_order(layer))
    inside = {id(variable) for layer in model.layers for variable in layer.weights}
    groups[f"{place}{TOP}"] = _named([v for v in model.weights if id(v) not in inside])
    return groups


def _named(variables: Iterable[Any]) -> hdf5.Named:
    """Return arrays with names: the paths of the variables, numbered where two have the same."""
    arrays: dict[str, Array] = {}
    for variable in variables:
        name, count = str(variable.path), 0
        while (f"{name}_{count}" if count else name) in arrays:
            count += 1
        arrays[f"{name}_{count}" if count else name] = state.as_keras(variable)
    return {"weight_names": list(arrays)}, arrays


def _weights(reader: hdf5.Reader, top: str, model: Any) -> Iterator[tuple[Any, Array]]:
    """Yield each variable with its array: layers by name where all names are known, else in order, as Keras does."""
    layers = [layer for layer in model.layers if layer.weights]
    stored = [name for name in reader.texts(top, "layer_names") if reader.texts(f"{top}/{name}", "weight_names")]
    if len(stored) != len(layers):
        raise ModelFileError(
            f"{reader.source} holds {len(stored)} layers with weights, the network has {len(layers)}. The weights "
            "belong to another network."
        )
    by_name = set(stored) == {layer.name for layer in layers}
    for layer, name in zip(layers, stored, strict=True):
        yield from _pairs(reader, f"{top}/{layer.name if by_name else name}", layer.name, _in_order(layer))
    inside = {id(variable) for layer in layers for variable in layer.weights}
    own = [v for v in model.weights if id(v) not in inside]
    if own:
        yield from _pairs(reader, f"{top}/{TOP}", model.name, own)


def _in_order(layer: Any) -> list[Any]:
    return [*layer.trainable_weights, *layer.non_trainable_weights]


def _pairs(reader: hdf5.Reader, group: str, owner: str, variables: list[Any]) -> Pairs:
    return _named_pairs(reader, group, owner, reader.texts(group, "weight_names"), variables)


def _named_pairs(reader: hdf5.Reader, group: str, owner: str, names: list[str], variables: list[Any]) -> Pairs:
    if len(names) != len(variables):
        raise ModelFileError(
            f"{reader.source}: {owner} has {len(names)} arrays in the file, the network needs {len(variables)}. "
            "Use another network, or compile=False if it is the optimizer."
        )
    return [
        (v, reader.at(f"{group}/{name}", tuple(v.shape), np.dtype(v.dtype)))
        for v, name in zip(variables, names, strict=True)
    ]


def _assign(pairs: Pairs) -> None:
    for variable, array in pairs:
        variable.assign(array)


def _compile_config(training: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `compile` was given in the layout of Keras 3."""
    found = {key: training.get(key) for key in ("loss", "loss_weights", "metrics", "weighted_metrics")}
    found["loss"] = keras_2.loss(found["loss"])
    entry = training.get("optimizer_config")
    if isinstance(entry, dict) and isinstance(entry.get("config"), dict):
        found["optimizer"] = keras_2.optimizer(entry)
    return found
