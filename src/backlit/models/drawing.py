"""Models as JSON-able data and back, in the layout of Keras 3: what a `.keras` file holds in its config.json.

Writing is here; `reading` is the way back. Only structure is written, weights have files of their own.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import layers as ours
from .. import registered
from ..layers import InputLayer, Lambda, Layer, nest
from ..layers.operation import Operation
from ..layers.symbolic import Call, KerasTensor
from .functional import Functional
from .operations import serialize_operation
from .reading import connect, functional_from_config, read_entry, sequential_from_config
from .sequential import Sequential

__all__ = [
    "clone_model", "functional_config", "functional_from_config", "model_from_json", "sequential_config",
    "sequential_from_config", "serialize", "to_json",
]  # fmt: skip

Place = list[Any]  # [layer name, which use of it, which output]


def serialize(layer: Layer) -> dict[str, Any]:
    """Return a layer or a model as {module, class_name, config, registered_name}, and build_config once built."""
    if isinstance(layer, Operation):
        return serialize_operation(layer)
    kind = type(layer)
    module = _module_of(kind)
    entry = {
        "module": module or kind.__module__,
        "class_name": kind.__name__,
        "config": layer.get_config(),
        "registered_name": None if module and kind is not Functional else registered.get_registered_name(kind),
    }
    shape = _build_shape(layer)
    if shape is None and kind is not Functional:
        return entry
    return entry | {"build_config": {"input_shape": shape}}


def _module_of(kind: type) -> str:
    """Return where Keras keeps the class, or "" if it is not one of ours."""
    if kind is Sequential:
        return "keras"
    if kind is Functional:
        return "keras.src.models.functional"
    return "keras.layers" if getattr(ours, kind.__name__, None) is kind else ""


def _build_shape(layer: Layer) -> Any:
    if isinstance(layer, Sequential):
        return layer.input_shape if layer.built else None
    return None if isinstance(layer, Functional) else layer._build_shape  # a drawing is built when it is drawn


def sequential_config(model: Sequential, row: list[Layer]) -> dict[str, Any]:
    """Return the configuration of a row of layers; one that was built by a shape or by data begins with its input."""
    inputs = [] if model.input_shapes is None else [tensor.call.layer for tensor in model.inputs if tensor.call]
    config: dict[str, Any] = {"name": model.name, "trainable": model.trainable, "dtype": model.dtype.name}
    config["layers"] = [serialize(layer) for layer in dict.fromkeys([*inputs, *row])]
    if inputs:
        config["build_input_shape"] = model.input_shape
    return config


def functional_config(model: Functional) -> dict[str, Any]:
    """Return the configuration of a drawing: its layers, each with the calls that connect it, inputs and outputs."""
    places = _places(model)
    entries = [
        serialize(layer) | {"name": layer.name, "inbound_nodes": [_node(call, places) for call in _calls(layer, model)]}
        for layer in model.operations
    ]
    inner = [tensor for tensor in model.inputs if not _is_input(tensor)]
    return {
        "name": model.name,
        "trainable": model.trainable,
        "layers": [*(_stand_in(tensor) for tensor in inner), *entries],
        "input_layers": nest.map_structure(lambda tensor: _end(tensor, places), model.input),
        "output_layers": nest.map_structure(lambda tensor: _end(tensor, places), model.output),
    }


def _calls(layer: Layer, model: Functional) -> list[Call]:
    """Return the uses of a layer that are part of `model`; an input layer has none."""
    return [] if isinstance(layer, InputLayer) else [call for call in layer._calls if call in model.depths]


def _places(model: Functional) -> dict[int, Place]:
    """Return the place of each tensor of the model by its id."""
    places: dict[int, Place] = {}
    for layer in model.operations:
        for index, call in enumerate(_calls(layer, model) or layer._calls[:1]):
            for tensor in nest.flatten(call.outputs):
                places[id(tensor)] = [layer.name, index, tensor.index]
    return places | {id(tensor): [tensor.name, 0, 0] for tensor in model.inputs if not _is_input(tensor)}


def _end(tensor: KerasTensor, places: dict[int, Place]) -> Place:
    """Return the place of an input or output; there Keras counts the drawing of an inner model as its first use."""
    name, use, index = places[id(tensor)]
    return [name, use + isinstance(tensor.call and tensor.call.layer, Functional), index]


def _is_input(tensor: KerasTensor) -> bool:
    return tensor.call is not None and isinstance(tensor.call.layer, InputLayer)


def _stand_in(tensor: KerasTensor) -> dict[str, Any]:
    """Write an inner tensor that a model starts from as an input layer of its own."""
    config = {"batch_shape": list(tensor.shape), "dtype": tensor.dtype.name, "name": tensor.name}
    entry = {"module": "keras.layers", "class_name": "InputLayer", "config": config, "registered_name": None}
    return entry | {"name": tensor.name, "inbound_nodes": []}


def _node(call: Call, places: dict[int, Place]) -> dict[str, Any]:
    def written(value: Any) -> Any:
        if isinstance(value, (np.ndarray, np.generic)):
            return {"class_name": "__numpy__", "config": {"value": value.tolist(), "dtype": value.dtype.name}}
        if not isinstance(value, KerasTensor):
            return value
        config = {"shape": value.shape, "dtype": value.dtype.name, "keras_history": places[id(value)]}
        return {"class_name": "__keras_tensor__", "config": config}

    return {"args": nest.map_structure(written, call.args), "kwargs": nest.map_structure(written, call.kwargs)}


def to_json(model: Layer, **options: Any) -> str:
    """Return the structure of `model` as JSON text; `options` go to `json.dumps`."""
    return json.dumps(serialize(model), **options)


def model_from_json(text: str, custom_objects: dict[str, Any] | None = None) -> Any:
    """Make a model with fresh weights of what `to_json` (or Keras') returned; bad text raises `ConfigError`."""
    return read_entry(text, custom_objects)


def clone_model(
    model: Any, clone_function: Callable[[Layer], Layer] | None = None, custom_objects: dict[str, Any] | None = None
) -> Any:
    """Return a model of the same structure with weights of its own, freshly initialized.

    `clone_function(layer)` may return another layer to stand in its place. Classes of one's own need no mention;
    functions of one's own, such as an activation, come in `custom_objects`.
    """
    known = {type(layer).__name__: type(layer) for layer in _all_layers(model)} | (custom_objects or {})

    def copied(layer: Layer) -> Layer:
        if clone_function is not None and not isinstance(layer, (InputLayer, Operation)):
            return clone_function(layer)
        if isinstance(layer, Lambda):
            return layer.twin()
        arity = layer.arity if isinstance(layer, Operation) else 0
        return read_entry(serialize(layer), known, arity)

    if isinstance(model, Functional):
        return connect(functional_config(model), {layer.name: copied(layer) for layer in model.operations})
    if not isinstance(model, Sequential):
        return read_entry(serialize(model), known)
    inputs = [] if model.input_shapes is None else [tensor.call.layer for tensor in model.inputs if tensor.call]
    return Sequential([copied(layer) for layer in [*inputs, *model.layers]], name=model.name, trainable=model.trainable)


def _all_layers(model: Layer) -> list[Layer]:
    found = [layer for layer in getattr(model, "layers", ()) if not isinstance(layer, Operation)]
    own = [layer for layer in [model, *found] if not _module_of(type(layer))]
    return own + [inner for layer in found for inner in _all_layers(layer) if inner is not layer]
