"""The `compile_config` of a `.keras` file: optimizer, losses and metrics, to and from JSON."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from .. import losses, metrics, optimizers, registered
from ..errors import ConfigError
from ..layers import nest

Custom = Mapping[str, Any]
SIZES = {"num_thresholds": 1, "num_labels": 1, "num_classes": 2}  # settings of metrics, and the power they count with
MOST_NUMBERS = 2**20  # that one metric of a file may keep


def compile_config(model: Any) -> dict[str, Any] | None:
    """Return what `compile` was given, None for a model that is not compiled."""
    given = model.compiled
    if given is None:
        return None
    return {
        "optimizer": optimizers.serialize(given.optimizer),
        "loss": _written(given.loss, losses.serialize),
        "loss_weights": given.loss_weights,
        "metrics": _written(given.metrics, metrics.serialize),
        "weighted_metrics": _written(given.weighted_metrics, metrics.serialize),
        "run_eagerly": given.run_eagerly,
        "steps_per_execution": 1,
        "jit_compile": "auto",
    }


def compile_as(model: Any, config: Any, custom: Custom) -> Any:
    """Compile `model` as `config` says and return its optimizer with its memory built, None without a config."""
    if not isinstance(config, dict) or config.get("optimizer") is None:
        return None
    entry = config["optimizer"]
    model.compile(
        entry if isinstance(entry, str) else optimizers.deserialize(entry, dict(custom)),
        loss=_read(config.get("loss"), losses.deserialize, custom),
        loss_weights=config.get("loss_weights"),
        metrics=_read(config.get("metrics"), metrics.deserialize, custom),
        weighted_metrics=_read(config.get("weighted_metrics"), metrics.deserialize, custom),
        run_eagerly=bool(config.get("run_eagerly")),
    )
    model.optimizer.build(model.trainable_variables)
    return model.optimizer


def _written(value: Any, serialize: Callable[[Any], Any]) -> Any:
    return nest.map_structure(lambda leaf: _leaf(leaf, serialize), value)


def _leaf(leaf: Any, serialize: Callable[[Any], Any]) -> Any:
    if leaf is None or isinstance(leaf, str):
        return leaf
    if hasattr(leaf, "get_config"):
        return serialize(leaf)
    name = leaf.__name__  # a function: loaded again only where the caller passes it in custom_objects
    known_as = registered.get_registered_name(leaf)
    return {"module": leaf.__module__, "class_name": "function", "config": name, "registered_name": known_as}


def _read(value: Any, deserialize: Callable[[Any, dict[str, Any]], Any], custom: Custom) -> Any:
    """Return names and entries in the structure in which they were given to `compile`."""
    if isinstance(value, list):
        return [_read(one, deserialize, custom) for one in value]
    if isinstance(value, str):
        return custom.get(value, value)
    if not isinstance(value, dict):
        return value
    if "class_name" not in value:
        return {key: _read(one, deserialize, custom) for key, one in value.items()}
    _require_room(value)
    return _function(value, custom) if value["class_name"] == "function" else deserialize(value, dict(custom))


def _require_room(entry: Mapping[str, Any]) -> None:
    """Refuse a metric whose few words ask for much memory: thresholds times labels, or a confusion matrix."""
    config = entry.get("config")
    given = config if isinstance(config, dict) else {}
    asked = {name: given[name] for name in SIZES if isinstance(given.get(name), (int, float))}
    count = math.prod(max(1.0, float(size)) ** SIZES[name] for name, size in asked.items())
    if not count <= MOST_NUMBERS:
        raise ConfigError(f"Its metric {entry.get('class_name')!r} has {asked}: {count:.0f} numbers to keep.")


def _function(entry: Mapping[str, Any], custom: Custom) -> Any:
    for key in (str(entry.get("registered_name")), str(entry.get("config"))):
        if key in custom:
            return custom[key]
    name = str(entry.get("config"))
    raise ConfigError(f"It names a function {name!r} of your own: pass custom_objects={{{name!r}: {name}}}.")
