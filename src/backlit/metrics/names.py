"""The names of the metrics: strings, functions, classes and configurations, each turned into the other.

"accuracy" and "crossentropy" mean another metric for another shape of targets: `for_output` resolves them.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from .. import losses
from ..arrays import Shape
from ..errors import ConfigError, unknown_name
from ..losses.loss import snake_case
from ..losses.names import BY_SHAPE, FUNCTIONS, cross_entropy_kind
from ..losses.names import CLASSES as LOSS_CLASSES
from ..vocabulary import Vocabulary
from . import accuracies, confusion, curve, f_score, iou, losses_as_metrics, mean, r2_score
from .mean import MeanMetricWrapper, RuleMetric
from .metric import Metric

CLASSES: dict[str, type[Metric]] = {
    name: cls
    for module in (accuracies, losses_as_metrics, confusion, curve, f_score, iou, r2_score, mean)
    for name, cls in vars(module).items()
    if inspect.isclass(cls)
    and issubclass(cls, Metric)
    and cls.__module__ == module.__name__
    and name[0] != "_"
    and cls not in (MeanMetricWrapper, RuleMetric)
}
ALIASES = {
    "acc": "Accuracy",
    "bce": "BinaryCrossentropy",
    "mse": "MeanSquaredError",
    "mae": "MeanAbsoluteError",
    "mape": "MeanAbsolutePercentageError",
    "msle": "MeanSquaredLogarithmicError",
    "rmse": "RootMeanSquaredError",
    "kld": "KLDivergence",
    "logcosh": "LogCoshError",
    "fbeta_score": "FBetaScore",
    "kl_divergence": "KLDivergence",
}
METRICS = Vocabulary(
    "metric",
    "keras.metrics",
    Metric,
    CLASSES
    | {snake_case(name): cls for name, cls in CLASSES.items()}
    | {written: CLASSES[name] for alias, name in ALIASES.items() for written in (alias, alias.upper())},
)
WRAPPER = "MeanMetricWrapper"
_CLASS_OF = {cls.rule: cls for cls in CLASSES.values() if issubclass(cls, RuleMetric)}
ACCURACY_BY_SHAPE = ("accuracy", "acc")
ACCURACIES = {snake_case(name) for name in CLASSES if name.endswith("Accuracy")}


def get(identifier: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the metric of a name, a configuration or a class; metrics, functions and None are returned as they are.

    A name no metric has may be that of a loss function. An unknown name raises `ConfigError` with the closest one.

    >>> get("mse").name, get("auc").name
    ('mean_squared_error', 'auc')
    """
    if isinstance(identifier, str) and identifier not in METRICS.members and identifier not in (custom_objects or {}):
        return _loss_function(identifier)
    if isinstance(identifier, (str, Mapping)):
        return deserialize(identifier, custom_objects)
    return METRICS.get(identifier)


def _made(written: str, **options: Any) -> Metric:
    """Return the metric of a known name; one that needs arguments raises `ConfigError`."""
    cls = METRICS.find(written)
    parameters = inspect.signature(cls).parameters.values()
    needed = [p.name for p in parameters if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD]
    if needed:
        wanted = f"metrics.{cls.__name__}({', '.join(needed)})"
        raise ConfigError(f"The metric {written!r} needs {' and '.join(needed)}. Pass {wanted} instead of its name.")
    return cls(**options)


def for_output(identifier: Any, y_true_shape: Shape, y_pred_shape: Shape) -> Metric:
    """Return the metric for an output, shapes with the batch axis; a string becomes the metric's name.

    "accuracy" ("acc") and "crossentropy" ("ce") are binary for an output of width 1, sparse for class numbers, else
    categorical. Functions and losses are averaged.
    """
    if isinstance(identifier, str):
        return _by_name(identifier, y_true_shape, y_pred_shape)
    metric = get(identifier)
    if metric is None:
        raise ConfigError('A metric is None. Expected a name such as "accuracy", a Metric or a function.')
    return metric if isinstance(metric, Metric) else _averaged(metric)


def serialize(metric: Any) -> Any:
    """Return a metric as plain data: a name for a function, `{"class_name", "config", ...}` for a `Metric`."""
    if metric is None or isinstance(metric, str):
        return metric
    if type(metric) is MeanMetricWrapper:
        return _wrapped(metric)
    if not isinstance(metric, Metric) and hasattr(metric, "__name__"):
        return metric.__name__
    return METRICS.serialize(metric)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the metric that `serialize` described; your own come by name in `custom_objects`."""
    if isinstance(config, Mapping) and config.get("class_name") == "function":
        return get(config["config"], custom_objects)
    if isinstance(config, str) and custom_objects and config in custom_objects:
        found = custom_objects[config]
        return found() if inspect.isclass(found) else found
    if isinstance(config, str):
        return _made(config)
    if isinstance(config, Mapping) and config.get("class_name") == WRAPPER:
        settings = dict(config.get("config") or {})
        if str(settings.get("fn")) in ACCURACIES:  # the name of a metric, as Keras 2 writes "accuracy"
            return METRICS.find(settings.pop("fn"))(**settings)
        return MeanMetricWrapper(losses.deserialize(settings.pop("fn", None), custom_objects), **settings)
    return METRICS.deserialize(config, custom_objects)


def _wrapped(metric: MeanMetricWrapper) -> Any:
    """Return a wrapped function by its name; with settings, as the class it has in Keras, else with the wrapper."""
    config, name, cls = metric.get_config(), losses.serialize(metric.fn), _CLASS_OF.get(metric.fn)
    if config == MeanMetricWrapper(metric.fn).get_config():
        return name
    if cls is not None:
        return METRICS.serialize(cls.from_config({key: value for key, value in config.items() if key != "fn"}))
    entry = {"module": METRICS.module, "class_name": WRAPPER, "config": config | {"fn": name}}
    return entry | {"registered_name": None}


def _by_name(name: str, y_true_shape: Shape, y_pred_shape: Shape) -> Metric:
    if name in ACCURACY_BY_SHAPE or name in BY_SHAPE:
        what = "accuracy" if name in ACCURACY_BY_SHAPE else "crossentropy"
        return METRICS.find(cross_entropy_kind(y_true_shape, y_pred_shape) + what)(name=name)
    if name in METRICS.members:
        return _made(name, name=name)
    return _averaged(_loss_function(name), name)


def _averaged(function: Any, name: str | None = None) -> Metric:
    """Wrap a function, or the values per sample of a loss, in a mean."""
    if isinstance(function, losses.Loss):
        return MeanMetricWrapper(function.call, name or function.name, direction="down")
    ours = function in FUNCTIONS.values()
    return MeanMetricWrapper(function, name, direction="down" if ours else None)


def _loss_function(name: str) -> Any:
    """Return the loss function of a name no metric has."""
    try:
        loss = losses.get(name)
    except ConfigError:
        known = [*METRICS.members, *FUNCTIONS, *BY_SHAPE]
        same_case = [choice for choice in known if choice.islower() or not name.islower()]
        raise unknown_name("metric", name, same_case) from None
    return loss.call if name in LOSS_CLASSES else loss
