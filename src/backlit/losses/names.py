"""The names of the losses: strings, functions, classes and configurations, each turned into the other.

`get` speaks as Keras does (a snake-case name is the function), `for_output` gives what training needs: a `Loss`.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..arrays import Shape
from ..errors import ConfigError, unknown_name
from ..vocabulary import Vocabulary
from . import cross_entropy, focal, margin, overlap, probabilistic, regression
from .loss import FunctionLoss, Loss, LossFunction, RuleLoss

CLASSES: dict[str, type[Loss]] = {
    cls.__name__: cls
    for cls in (
        regression.MeanSquaredError, regression.MeanAbsoluteError, regression.MeanAbsolutePercentageError,
        regression.MeanSquaredLogarithmicError, regression.Huber, regression.LogCosh, regression.Poisson,
        regression.CosineSimilarity, probabilistic.CategoricalCrossentropy,
        probabilistic.SparseCategoricalCrossentropy, probabilistic.BinaryCrossentropy,
        probabilistic.BinaryFocalCrossentropy, probabilistic.CategoricalFocalCrossentropy, probabilistic.KLDivergence,
        margin.Hinge, margin.SquaredHinge, margin.CategoricalHinge, overlap.Dice, overlap.Tversky,
    )
}  # fmt: skip
FUNCTIONS: dict[str, LossFunction] = {
    function.__name__: function
    for function in (
        regression.mean_squared_error, regression.mean_absolute_error, regression.mean_absolute_percentage_error,
        regression.mean_squared_logarithmic_error, regression.huber, regression.log_cosh, regression.poisson,
        regression.cosine_similarity, cross_entropy.categorical_crossentropy,
        cross_entropy.sparse_categorical_crossentropy, cross_entropy.binary_crossentropy, cross_entropy.kl_divergence,
        focal.binary_focal_crossentropy, focal.categorical_focal_crossentropy, margin.hinge, margin.squared_hinge,
        margin.categorical_hinge, overlap.dice, overlap.tversky,
    )
}  # fmt: skip
ALIASES = {
    "bce": "binary_crossentropy",
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error",
    "kld": "kl_divergence",
    "logcosh": "log_cosh",
    "huber_loss": "huber",
}
LOSSES = Vocabulary("loss", "keras.losses", Loss, CLASSES)
WRAPPERS = ("LossFunctionWrapper", "FunctionLoss")
BY_SHAPE = ("crossentropy", "ce")
_CLASS_OF: dict[LossFunction, type[RuleLoss]] = {cls.rule: cls for cls in CLASSES.values() if issubclass(cls, RuleLoss)}


def get(identifier: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the loss of a name, a configuration, a class or a callable; None gives None.

    A snake-case name or an alias (upper case too) gives the function, the name of a class an instance. An unknown
    name raises `ConfigError` with the closest one.

    >>> get("mse").__name__, get("MeanSquaredError").name
    ('mean_squared_error', 'mean_squared_error')
    """
    if identifier is None:
        return None
    if isinstance(identifier, Mapping):
        return deserialize(identifier, custom_objects)
    if isinstance(identifier, str):
        return _named(identifier, custom_objects or {})
    if inspect.isclass(identifier) and issubclass(identifier, Loss):
        return identifier()
    if callable(identifier):
        return identifier
    raise ConfigError(
        f"loss is {identifier!r}, a {type(identifier).__name__}. Expected a name such as 'mse', a Loss, or a "
        "function of (y_true, y_pred)."
    )


def crossentropy(y_true: Any, y_pred: Any) -> Any:
    """Return the cross-entropy that fits the shapes: binary for width 1, sparse for class numbers, else dense.

    >>> crossentropy([1, 2], [[0.05, 0.95, 0.0], [0.1, 0.8, 0.1]]).numpy().round(4)
    array([0.0513, 2.3026], dtype=float32)
    """
    return FUNCTIONS[f"{cross_entropy_kind(np.shape(y_true), np.shape(y_pred))}crossentropy"](y_true, y_pred)


def for_output(identifier: Any, y_true_shape: Shape, y_pred_shape: Shape) -> Loss:
    """Return a `Loss` for an output, shapes with the batch axis: functions are wrapped, "crossentropy" is resolved.

    "crossentropy" (or "ce") is binary for an output of width 1, sparse for class numbers, else categorical.
    """
    loss = get(identifier)
    if loss is crossentropy:
        loss = FUNCTIONS[f"{cross_entropy_kind(y_true_shape, y_pred_shape)}crossentropy"]
    if isinstance(loss, Loss):
        return loss
    if loss is None:
        raise ConfigError("loss is None. Expected a loss for this output: compile(loss='mse').")
    cls = _CLASS_OF.get(loss)
    return FunctionLoss(loss) if cls is None else cls(name=loss.__name__)


def cross_entropy_kind(y_true_shape: Shape, y_pred_shape: Shape) -> str:
    """Return "binary_", "sparse_categorical_" or "categorical_" for the shapes of targets and outputs."""
    if len(y_pred_shape) > 0 and y_pred_shape[-1] == 1:
        return "binary_"
    if len(y_true_shape) < len(y_pred_shape) or (len(y_true_shape) > 0 and y_true_shape[-1] == 1):
        return "sparse_categorical_"
    return "categorical_"


def serialize(loss: Any) -> Any:
    """Return a loss as plain data: a name for a function, `{"class_name", "config", ...}` for a `Loss`."""
    if loss is None or isinstance(loss, str):
        return loss
    if type(loss) is FunctionLoss:
        return _wrapped(loss)
    if isinstance(loss, Loss):
        return LOSSES.serialize(loss)
    if callable(loss) and hasattr(loss, "__name__"):
        return loss.__name__
    raise ConfigError(f"Cannot describe {loss!r} as a loss. Expected a Loss, a function or a name.")


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the loss that `serialize` described; your own classes and functions come by name in `custom_objects`."""
    if not isinstance(config, Mapping):
        return get(config, custom_objects)
    if config.get("class_name") == "function":
        return get(config["config"], custom_objects)
    if config.get("class_name") in WRAPPERS:
        settings = dict(config.get("config") or {})
        return FunctionLoss(deserialize(settings.pop("fn", None), custom_objects), **settings)
    return LOSSES.deserialize(config, custom_objects)


def _wrapped(loss: FunctionLoss) -> Any:
    """Return a wrapped function by its name; with settings, as the class it has in Keras, else with the wrapper."""
    config, name, cls = loss.get_config(), serialize(loss.fn), _CLASS_OF.get(loss.fn)
    if config == FunctionLoss(loss.fn).get_config():
        return name
    if cls is not None:
        return LOSSES.serialize(cls.from_config(config))
    entry = {"module": LOSSES.module, "class_name": WRAPPERS[0], "config": config | {"fn": name}}
    return entry | {"registered_name": None}


def _named(name: str, custom_objects: Mapping[str, Any]) -> Any:
    if name in custom_objects:
        return custom_objects[name]
    if name in CLASSES:
        return CLASSES[name]()
    plain = ALIASES.get(name.lower(), name)
    if plain in FUNCTIONS or plain in BY_SHAPE:
        return FUNCTIONS.get(plain, crossentropy)
    raise unknown_name("loss", name, [*FUNCTIONS, *CLASSES, *ALIASES, *BY_SHAPE])
