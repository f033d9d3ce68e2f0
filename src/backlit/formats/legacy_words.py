"""The configuration of a model in the words that an `.h5` file uses: Keras 3 reads them all, Keras 2 those it has.

The way back is in `keras_2`. Whatever both versions understand is written as Keras 2 wrote it; where only Keras 3 has a
word (operations between layers, models inside a drawing), that word stays, and Keras 2 refuses the file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .. import losses, metrics
from ..models import Sequential
from ..models.drawing import serialize
from ..models.functional import Functional
from ..models.operations import is_operation
from .keras_compile import compile_config

OURS = ("keras", "keras.layers", "keras.src.models.functional")  # the modules of classes that Keras has
VALUES = ("keras.initializers", "keras.regularizers", "keras.constraints")  # known by the name of their class
OPTIONS = {  # of optimizers, left out where they are as they would be without being written: Keras 2 knows few of them
    "weight_decay": None, "clipnorm": None, "global_clipnorm": None, "clipvalue": None, "use_ema": False,
    "ema_momentum": 0.99, "ema_overwrite_frequency": None, "loss_scale_factor": None,
    "gradient_accumulation_steps": None,
}  # fmt: skip
BY_TARGETS = ("accuracy", "acc", "crossentropy", "ce")
TENSOR = "__keras_tensor__"


def network_words(model: Any) -> dict[str, Any]:
    """Return `model` as {class_name, config}; one that is neither Sequential nor drawn may be a class of your own."""
    return _entry(serialize(model), model)


def training_words(model: Any) -> dict[str, Any] | None:
    """Return what `compile` was given, None for a model that is not compiled."""
    given = compile_config(model)
    if given is None:
        return None
    optimizer = _plain(given["optimizer"])
    config = {k: v for k, v in optimizer["config"].items() if k not in OPTIONS or v != OPTIONS[k]}
    return {
        "loss": _each(given["loss"], _full_name),
        "metrics": _each(given["metrics"], _metric),
        "weighted_metrics": _each(given["weighted_metrics"], _metric),
        "loss_weights": given["loss_weights"],
        "optimizer_config": {"class_name": optimizer["class_name"], "config": config},
    }


def _entry(entry: Mapping[str, Any], layer: Any) -> dict[str, Any]:
    """Return the entry of a layer or model without what names its module."""
    axis = entry["config"].get("axis")
    if is_operation(dict(entry)) or (isinstance(axis, list) and len(axis) != 1):
        return dict(entry)  # in the words of Keras 3, which forgets several axes of an entry without a module
    if entry["module"] not in OURS:
        return {"class_name": entry["registered_name"], "config": entry["config"]}
    config = _plain(entry["config"])
    if isinstance(layer, Sequential):
        config["layers"] = [_entry(one, _layer(layer, one)) for one in entry["config"]["layers"]]
    elif isinstance(layer, Functional):
        config["layers"] = [_drawn(one, layer) for one in entry["config"]["layers"]]
    elif entry["class_name"] == "InputLayer":
        config["batch_input_shape"] = config.pop("batch_shape")
    elif entry["class_name"] == "LeakyReLU":
        config["alpha"] = config.pop("negative_slope")
    return {"class_name": entry["class_name"], "config": config}


def _layer(model: Any, entry: Mapping[str, Any]) -> Any:
    """Return the layer that an entry describes; input layers are none of a model's `layers`."""
    name = entry["config"].get("name") if isinstance(entry["config"], dict) else None
    known = model.operations if isinstance(model, Functional) else model.layers
    return next((layer for layer in known if layer.name == name), None)


def _drawn(entry: Mapping[str, Any], model: Functional) -> dict[str, Any]:
    """Return one layer of a drawing, with its connections."""
    inner = {layer.name for layer in model.operations if isinstance(layer, (Functional, Sequential))}
    nodes = [_node(node, inner) for node in entry["inbound_nodes"]]
    return {**_entry(entry, _layer(model, entry)), "name": entry["name"], "inbound_nodes": nodes}


def _node(node: Mapping[str, Any], inner: set[str]) -> Any:
    """Return a call as [[layer, use, output, settings], ...] where that says it, else as Keras 3 writes it.

    The two versions count the uses of a model inside a model differently, so what such a model gives is never written
    in the common form.
    """
    args, kwargs = node["args"], node["kwargs"]
    given = args[0] if len(args) == 1 and isinstance(args[0], list) else args
    is_plain = len(args) == 1 and all(_is_tensor(one) for one in given) and not _holds_tensor(kwargs)
    places = [one["config"]["keras_history"] for one in given] if is_plain else []
    if not is_plain or any(place[0] in inner for place in places):
        return {"args": args, "kwargs": kwargs}
    return [[*place, dict(kwargs)] for place in places]


def _is_tensor(value: Any) -> bool:
    return isinstance(value, dict) and value.get("class_name") == TENSOR


def _holds_tensor(value: Any) -> bool:
    if isinstance(value, dict):
        return _is_tensor(value) or any(_holds_tensor(one) for one in value.values())
    return isinstance(value, (list, tuple)) and any(_holds_tensor(one) for one in value)


def _plain(value: Any) -> Any:
    """Return settings with initializers, regularizers and constraints named by their class alone."""
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if not isinstance(value, dict):
        return value
    if value.get("module") in VALUES:
        return {"class_name": value["class_name"], "config": _plain(value["config"])}
    return {key: _plain(one) for key, one in value.items()}


def _each(value: Any, word: Callable[[str], Any]) -> Any:
    """Return losses or metrics as both versions read them; a function of one's own stands there by its name."""
    if isinstance(value, (list, tuple)):
        return [_each(one, word) for one in value]
    if isinstance(value, str):
        return word(value)
    if not isinstance(value, dict):
        return value
    if "class_name" not in value:
        return {key: _each(one, word) for key, one in value.items()}
    if value["class_name"] == "function":
        return value["config"]
    return {"class_name": value.get("registered_name") or value["class_name"], "config": _plain(value["config"])}


def _full_name(loss: str) -> str:
    """Return the name of a loss; Keras 3 does not find short ones such as "mse" in an `.h5` file."""
    return losses.names.ALIASES.get(loss.lower(), loss)


def _metric(name: str) -> Any:
    """Return the metric of a name with the name it was asked for under; "accuracy" waits for the targets."""
    if name in BY_TARGETS or name not in metrics.names.METRICS.members:
        return _full_name(name)
    metric = metrics.get(name)
    return {"class_name": type(metric).__name__, "config": _plain(metric.get_config() | {"name": name})}
