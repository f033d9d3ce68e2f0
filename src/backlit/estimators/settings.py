"""What the constructor of an estimator kept, read and checked when `fit` begins: one `Hidden` for each hidden layer.

scikit-learn asks that constructors check nothing, so it is done here, before any data is looked at.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import optimizers
from ..arrays import is_integer, is_list, is_number, is_truth
from ..errors import ConfigError
from .network import Hidden

LARGEST_BATCH = 200  # of batch_size="auto", as in scikit-learn


def hidden_layers(estimator: Any) -> tuple[Hidden, ...]:
    """Return the hidden layers that `hidden_layer_sizes`, `activation`, `dropout` and `batch_norm` describe."""
    sizes = estimator.hidden_layer_sizes
    sizes = [sizes] if is_integer(sizes) else list(np.atleast_1d(np.asarray(sizes, object))) if _is_row(sizes) else None
    if sizes is None or not all(is_integer(units) and units > 0 for units in sizes):
        raise _wrong("hidden_layer_sizes", estimator.hidden_layer_sizes, "positive integers, such as (100,) or ()")
    columns = {name: _of_each(name, getattr(estimator, name), len(sizes)) for name in ("activation", "dropout")}
    columns["batch_norm"] = _of_each("batch_norm", estimator.batch_norm, len(sizes))
    for rate in columns["dropout"]:
        if not is_number(rate) or not 0 <= rate < 1:
            raise _wrong("dropout", estimator.dropout, "rates from 0 to below 1")
    if not all(map(is_truth, columns["batch_norm"])):
        raise _wrong("batch_norm", estimator.batch_norm, "True or False")
    return tuple(
        Hidden(int(units), activation, float(rate), bool(norm))
        for units, activation, rate, norm in zip(sizes, *columns.values(), strict=True)
    )


def _is_row(value: Any) -> bool:
    return is_list(value) or (isinstance(value, np.ndarray) and value.ndim == 1)


def _of_each(name: str, given: Any, count: int) -> list[Any]:
    """Return one value for each hidden layer: a single one stands for all."""
    if not _is_row(given):
        return [given] * count
    if len(given) != count:
        raise _wrong(name, given, f"one value, or one for each of the {count} hidden layers")
    return list(given)


def optimizer(estimator: Any) -> Any:
    """Return a new optimizer of the kind and with the settings asked for; the one given is never built or changed."""
    found = optimizers.get(estimator.optimizer)
    config, rate = found.get_config(), estimator.learning_rate
    if rate is not None:
        if not isinstance(rate, optimizers.schedules.LearningRateSchedule) and not (is_number(rate) and rate > 0):
            raise _wrong("learning_rate", rate, "a number above 0, a schedule, or None for the optimizer's own")
        config["learning_rate"] = rate
    return type(found).from_config(config)


def batch_size(estimator: Any, rows: int) -> int:
    """Return how many rows a step takes: "auto" is 200, or all there are if these are fewer."""
    given = estimator.batch_size
    if isinstance(given, str) and given == "auto":
        return min(LARGEST_BATCH, rows)
    if not is_integer(given) or given < 1:
        raise _wrong("batch_size", given, '"auto" or a positive integer')
    return min(int(given), rows)


def dtype(estimator: Any, x: Any) -> str:
    """Return the arithmetic of a network: that asked for, or with "auto" float64 for float64 data, else float32."""
    given = estimator.dtype
    if not isinstance(given, str) or given not in ("auto", "float32", "float64"):
        raise _wrong("dtype", given, '"auto", "float32" or "float64"')
    return given if given != "auto" else "float64" if x.dtype == np.float64 else "float32"


def check(estimator: Any) -> None:
    """Raise `ConfigError` naming the first argument of the constructor that cannot be used."""
    hidden_layers(estimator)
    optimizer(estimator)
    batch_size(estimator, 1)
    for name, least in (("epochs", 1), ("n_iter_no_change", 1)):
        value = getattr(estimator, name)
        if not (value is None and name == "n_iter_no_change") and not (is_integer(value) and value >= least):
            raise _wrong(name, value, f"an integer from {least} on")
    for name in ("early_stopping", "warm_start", "shuffle"):
        if not is_truth(getattr(estimator, name)):
            raise _wrong(name, getattr(estimator, name), "True or False")
    if not is_number(estimator.tol) or not estimator.tol >= 0:
        raise _wrong("tol", estimator.tol, "a number from 0 on")
    fraction = estimator.validation_fraction
    if not is_number(fraction) or not 0 < fraction < 1:
        raise _wrong("validation_fraction", fraction, "a number between 0 and 1")


def _wrong(name: str, value: Any, expected: str) -> ConfigError:
    return ConfigError(f"{name} is {value!r}. Expected {expected}.")
