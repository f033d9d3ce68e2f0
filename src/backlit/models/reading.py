"""From JSON-able data to models: layers by the names in a closed table, connected by replaying their calls.

Nothing is imported or run because the data says so; classes and functions of one's own come in `custom_objects`.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from .. import layers as ours
from .. import registered
from ..arrays import as_dtype
from ..errors import ConfigError, unknown_name
from ..layers import Layer, nest
from ..layers import config as layer_config
from .functional import Functional
from .operations import deserialize_operation, is_operation
from .sequential import Sequential

Custom = Mapping[str, Any]
Outputs = dict[tuple[str, int], Any]  # (layer name, which use of it) -> the tensors it gave
LAYERS: dict[str, type] = {
    name: kind for name in ours.__all__ if inspect.isclass(kind := getattr(ours, name)) and kind is not Layer
}
MODELS = {"Sequential": Sequential, "Functional": Functional, "Model": Functional}
WITHOUT_EFFECT = {  # settings of Keras that we have no argument for and that change no number
    "renorm_clipping", "renorm_momentum", "input_axes", "output_axes", "autocast", "build_input_shape",
}  # fmt: skip
NOT_ARGUMENTS = {"input_shape", "input_dim", "batch_input_shape", "batch_shape", "batch_size"}


def sequential_from_config(config: Any, custom_objects: Custom | None = None) -> Sequential:
    """Make a row of layers of what `Sequential.get_config` returned; anything else raises `ConfigError`."""
    if isinstance(config, list):  # the layout of early Kerases: only the layers
        config = {"layers": config}
    entries = _require(config, "layers", list, "a Sequential model")
    row = [read_entry(entry, custom_objects) for entry in entries]
    model = Sequential(row, name=config.get("name"), trainable=bool(config.get("trainable", True)))
    shape = config.get("build_input_shape")
    if isinstance(shape, (list, tuple)) and row and not model.built:
        model.build(tuple(shape))
    return model


def functional_from_config(config: Any, custom_objects: Custom | None = None) -> Functional:
    """Make a drawing of what `Functional.get_config` returned; anything else raises `ConfigError`."""
    made: dict[str, Layer] = {}
    for entry in _require(config, "layers", list, "a functional model"):
        nodes = _require(entry, "inbound_nodes", list, "a layer")
        arity = len(_arguments_of(nodes[0])[0]) if nodes else 0
        made[str(entry.get("name"))] = read_entry(entry, custom_objects, arity)
    return connect(config, made)


def read_entry(entry: Any, custom_objects: Custom | None = None, arity: int = 1) -> Any:
    """Make the layer or model that an entry {class_name, config} describes (or its JSON text).

    A class that is neither ours nor in `custom_objects`, or a setting it does not have, raises `ConfigError`.
    """
    if isinstance(entry, str):
        try:
            entry = json.loads(entry)
        except ValueError as error:
            raise ConfigError(f"The text is not JSON ({error}). Expected what to_json returned.") from None
    custom = registered.known(custom_objects)
    name = _require(entry, "class_name", str, "a layer")
    config = dict(_require(entry, "config", (dict, list), name))
    for known in (custom.get(str(entry.get("registered_name"))), custom.get(name), custom.get(name.rpartition(">")[2])):
        if known is not None:
            return known.from_config(config)
    if is_operation(entry):
        return deserialize_operation(entry, arity)
    if name in MODELS:
        return MODELS[name].from_config(entry["config"], custom_objects)
    if name not in LAYERS:
        raise unknown_name("layer class", name, [*LAYERS, *MODELS, *custom])
    return LAYERS[name](**_settings(LAYERS[name], config, custom))


def _settings(kind: type, config: dict[str, Any], custom: Custom) -> dict[str, Any]:
    """Return the settings our class takes; one it does not have passes only if it changes nothing."""
    known = {*layer_config.arguments(kind), *NOT_ARGUMENTS}
    for key, value in config.items():
        if key not in known and key not in WITHOUT_EFFECT and value not in (None, False):
            raise ConfigError(
                f"The configuration of {kind.__name__} has {key}={value!r}, a setting that Backlit's {kind.__name__} "
                "does not have. Take it out if the model may do without it."
            )
    return {key: _revived(key, value, custom) for key, value in config.items() if key in known}


def _revived(key: str, value: Any, custom: Custom) -> Any:
    """Return a setting; names and entries of things of one's own become those things."""
    if isinstance(value, str):
        return custom[value] if value in custom and key.endswith(("activation", "er", "constraint")) else value
    if not isinstance(value, dict):
        return value
    name = value.get("config") if value.get("class_name") == "function" else value.get("class_name")
    for known in (custom.get(str(value.get("registered_name"))), custom.get(str(name))):
        if known is not None:
            make: Any = known
            return make.from_config(dict(value["config"])) if inspect.isclass(known) else known
    if value.get("class_name") == "function":
        return name
    if key == "seed":
        return value.get("config", {}).get("seed")
    return read_entry(value, custom) if value.get("class_name") in LAYERS else value


def connect(config: Mapping[str, Any], made: Mapping[str, Layer]) -> Functional:
    """Replay the calls that `config` lists on the layers `made`, by the names they have in `config`."""
    outputs: Outputs = {}
    calls: list[tuple[str, int, tuple[Any, Any]]] = []
    for entry in config["layers"]:
        name, nodes = str(entry.get("name")), entry["inbound_nodes"]
        calls.extend((name, use, _arguments_of(node)) for use, node in enumerate(nodes))
        if not nodes:
            outputs[name, 0] = [made[name].output]
    for name, use, arguments in _in_order(calls, set(outputs)):
        args, kwargs = _filled(arguments, outputs)
        outputs[name, use] = nest.flatten(made[name](*args, **kwargs))
    for (name, use), tensors in list(outputs.items()):
        if isinstance(made[name], Functional):  # at the ends its drawing counts as its first use
            outputs[name, use + 1] = tensors
    ends = [_ends(config.get(key), key, outputs) for key in ("input_layers", "output_layers")]
    return Functional(*ends, name=config.get("name"), trainable=bool(config.get("trainable", True)))


def _in_order(calls: list[Any], made: set[tuple[str, int]]) -> Iterator[Any]:
    """Yield calls (name, use, arguments) so that each comes after those whose tensors it takes."""
    waiting: dict[tuple[str, int], list[int]] = {}
    lacking: list[int] = []
    ready: list[int] = []
    for i, (name, use, arguments) in enumerate(calls):
        needed = {place[:2] for place in _places(arguments)} | ({(name, use - 1)} if use else set())
        needed -= made
        lacking.append(len(needed))
        for key in needed:
            waiting.setdefault(key, []).append(i)
        if not needed:
            ready.append(i)
    ready.reverse()
    done = 0
    while ready:
        call = calls[ready.pop()]
        yield call
        done += 1
        for i in reversed(waiting.pop(call[:2], [])):
            lacking[i] -= 1
            if not lacking[i]:
                ready.append(i)
    if done < len(calls):
        left = next(name for i, (name, _, _) in enumerate(calls) if lacking[i])
        raise ConfigError(f"The inputs of layer {left!r} come from no layer of the configuration.")


def _arguments_of(node: Any) -> tuple[Any, Any]:
    """Return (args, kwargs) of a call as Keras 3 writes it, or as Keras 2 did: [[layer, use, output, kwargs], ...]."""
    if isinstance(node, dict):
        return node.get("args", []), {k: v for k, v in (node.get("kwargs") or {}).items() if k != "mask"}
    if isinstance(node, list) and node and all(isinstance(one, list) and len(one) in (3, 4) for one in node):
        tensors = [{"class_name": "__keras_tensor__", "config": {"keras_history": one[:3]}} for one in node]
        return [tensors[0] if len(tensors) == 1 else tensors], dict(node[0][3]) if len(node[0]) == 4 else {}
    raise ConfigError(f"A connection of the model is {node!r}. Expected {{args, kwargs}} as Keras writes it.")


def _places(value: Any) -> Iterator[tuple[str, int, int]]:
    """Yield where the tensors among a call's arguments come from."""
    if isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
        yield _place(value.get("config", {}).get("keras_history"))
    elif isinstance(value, (dict, list, tuple)):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _places(one)


def _filled(value: Any, outputs: Outputs) -> Any:
    """Return a call's arguments with tensors in the places of their names."""
    if isinstance(value, dict):
        if value.get("class_name") == "__keras_tensor__":
            return _tensor(value["config"]["keras_history"], outputs)
        if value.get("class_name") == "__numpy__":
            return np.asarray(value["config"]["value"], as_dtype(value["config"]["dtype"]))
        return {key: _filled(one, outputs) for key, one in value.items()}
    return type(value)(_filled(one, outputs) for one in value) if isinstance(value, (list, tuple)) else value


def _tensor(written: Any, outputs: Outputs) -> Any:
    name, use, index = _place(written)
    found = outputs.get((name, use), ())
    if not 0 <= index < len(found):
        raise ConfigError(f"The configuration names output {index} of use {use} of layer {name!r}, and there is none.")
    return found[index]


def _place(written: Any) -> tuple[str, int, int]:
    if isinstance(written, (list, tuple)) and [type(part) for part in written] == [str, int, int]:
        return written[0], written[1], written[2]
    raise ConfigError(f"A tensor of the model is named {written!r}. Expected [layer, which use, which output].")


def _ends(written: Any, key: str, outputs: Outputs) -> Any:
    """Return the inputs or outputs in the structure they were written in."""
    if isinstance(written, dict):
        return {name: _ends(one, key, outputs) for name, one in written.items()}
    if isinstance(written, (list, tuple)) and written:
        if isinstance(written[0], str):
            return _tensor(written, outputs)
        return type(written)(_ends(one, key, outputs) for one in written)
    raise ConfigError(f"The {key} of the model are {written!r}. Expected [layer, which use, which output], or several.")


def _require(entry: Any, key: str, kind: Any, what: str) -> Any:
    value = entry.get(key) if isinstance(entry, Mapping) else None
    if not isinstance(value, kind):
        raise ConfigError(
            f"The configuration of {what} has {key}={value!r}. Expected what get_config or to_json returned."
        )
    return value
