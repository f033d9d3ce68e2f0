"""The network behind an estimator: a design that says what it is made of, and the compiled model made of it.

A design is data, so that a fitted estimator can be copied to another process as a design and arrays (`frozen`).
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import initializers, layers, losses, metrics, seeds
from ..arrays import using_floatx
from ..models import Model, Sequential

REDUCTION = "mean_with_sample_weight"  # sum(w * loss) / sum(w): only the proportions of weights matter
OUT_ACTIVATIONS = {"softmax": "softmax", "sigmoid": "logistic", "linear": "identity"}  # in scikit-learn's words


@dataclass(frozen=True)
class Hidden:
    """One hidden layer: Dense, batch normalization if asked for, activation, dropout."""

    units: int
    activation: Any
    dropout: float
    batch_norm: bool


@dataclass(frozen=True)
class Design:
    """All that a network is made of: `heads` are the widths of its outputs, `dtype` its arithmetic.

    `out_activation` is "softmax" (one class of several), "sigmoid" (yes or no, for each unit) or "linear".
    """

    features: int
    hidden: tuple[Hidden, ...]
    heads: tuple[int, ...]
    out_activation: str
    loss: Any
    optimizer: Any
    kernel_initializer: Any
    kernel_regularizer: Any
    scored: bool  # whether accuracy or R² is computed beside the loss
    dtype: str
    seed: int


def built(design: Design) -> Any:
    """Return the compiled model of `design`, with first weights that depend on its seed alone."""
    with using_floatx(design.dtype):
        inputs = layers.Input((design.features,), name="features")
        row = [layer for number, hidden in enumerate(design.hidden, 1) for layer in _hidden(design, hidden, number)]
        outputs = [_dense(design, len(design.hidden) + 1 + i, name, units, design.out_activation)
                   for i, (name, units) in enumerate(zip(head_names(design), design.heads))]  # fmt: skip
        model = _connected(inputs, row, outputs)
        several = len(outputs) > 1
        loss = [_loss(design) for _ in outputs] if several else _loss(design)
        scores = [[_metric(design)] for _ in outputs] if several else [_metric(design)]
        optimizer = type(design.optimizer).from_config(design.optimizer.get_config())
        model.compile(optimizer, loss, weighted_metrics=scores if design.scored else None)
        model.seed.store(np.asarray(design.seed, np.uint64))
    return model


def head_names(design: Design) -> list[str]:
    """Return the names of the output layers."""
    return ["output"] if len(design.heads) == 1 else [f"output_{i + 1}" for i in range(len(design.heads))]


def dense_layers(model: Any) -> list[Any]:
    """Return the layers with a kernel and a bias, in order."""
    return [layer for layer in model.layers if isinstance(layer, layers.Dense)]


def _connected(inputs: Any, row: list[Any], outputs: list[Any]) -> Any:
    if len(outputs) == 1:
        return Sequential([inputs, *row, *outputs], name="network")
    x = inputs
    for layer in row:
        x = layer(x)
    return Model(inputs, [layer(x) for layer in outputs], name="network")


def _hidden(design: Design, hidden: Hidden, number: int) -> list[Any]:
    name = f"hidden_{number}"
    if hidden.batch_norm:
        made = [
            _dense(design, number, name, hidden.units, None),
            layers.BatchNormalization(name=f"{name}_normalization"),
            layers.Activation(hidden.activation, name=f"{name}_activation"),
        ]
    else:
        made = [_dense(design, number, name, hidden.units, hidden.activation)]
    return made + ([layers.Dropout(hidden.dropout, name=f"{name}_dropout")] if hidden.dropout else [])


def _dense(design: Design, number: int, name: str, units: int, activation: Any) -> Any:
    first = initializers.get(design.kernel_initializer)
    if isinstance(first, initializers.RandomInitializer) and first.seed is None:
        drawn = int(seeds.bits(design.seed, seeds.INITIAL, number, 1)[0])
        first = type(first).from_config(first.get_config() | {"seed": drawn})
    regularizer = design.kernel_regularizer
    return layers.Dense(units, activation, name=name, kernel_initializer=first, kernel_regularizer=regularizer)


def _loss(design: Design) -> Any:
    if design.out_activation == "softmax":
        return losses.SparseCategoricalCrossentropy(reduction=REDUCTION)
    if design.out_activation == "sigmoid":
        return losses.BinaryCrossentropy(reduction=REDUCTION)
    shape = (None, design.heads[0])
    found = copy.copy(losses.for_output(design.loss, shape, shape))  # type: ignore[arg-type]
    found.reduction = REDUCTION
    return found


def _metric(design: Design) -> Any:
    if design.out_activation == "softmax":
        return metrics.SparseCategoricalAccuracy(name="accuracy")
    return metrics.BinaryAccuracy(name="accuracy") if design.out_activation == "sigmoid" else metrics.R2Score()
