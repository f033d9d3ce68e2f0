"""The network that the command line trains: a stack of dense layers for one data set.

Raw bytes go in: the model file carries its own scaling, so that whoever loads it need not know about it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import Array
from ..errors import LabelError, ShapeError
from .settings import Settings

if TYPE_CHECKING:
    from ..models import Sequential


def build(settings: Settings, x: Array, classes: int | None) -> Sequential:
    """Return a compiled classifier for examples like `x` (n, ...) and integer labels 0..classes-1.

    Without `classes`, one for a number: a single unit as it is, trained on the squared error.
    """
    from .. import layers, optimizers
    from ..models import Sequential

    stack: list[Any] = [layers.Input(x.shape[1:])]
    if x.dtype == np.uint8:
        stack.append(layers.Rescaling(1 / 255))
    if x.ndim > 2:
        stack.append(layers.Flatten())
    for units in settings.hidden:
        stack += _hidden(settings, units)
    stack.append(layers.Dense(1) if classes is None else layers.Dense(classes, activation="softmax"))
    model = Sequential(stack)
    optimizer = optimizers.get(settings.optimizer)
    if settings.learning_rate is not None:
        optimizer.learning_rate = settings.learning_rate
    loss, metric = (
        ("mse", "mean_absolute_error") if classes is None else ("sparse_categorical_crossentropy", "accuracy")
    )
    model.compile(optimizer, loss, metrics=[metric], run_eagerly=settings.run_eagerly)
    return model


def _hidden(settings: Settings, units: int) -> list[Any]:
    from .. import layers

    if settings.batch_norm:  # the bias would be subtracted again with the mean
        stack = [
            layers.Dense(units, use_bias=False),
            layers.BatchNormalization(),
            layers.Activation(settings.activation),
        ]
    else:
        stack = [layers.Dense(units, activation=settings.activation)]
    return [*stack, layers.Dropout(settings.dropout)] if settings.dropout else stack


def shape_name(x: Array, hidden: tuple[int, ...], classes: int | None) -> str:
    """Return `784-100-10`."""
    return "-".join(str(n) for n in (int(np.prod(x.shape[1:])), *hidden, classes or 1))


def class_count(*labels: Array | None) -> int:
    """Return the number of classes in integer label arrays; fractions, negatives and one-hot raise `LabelError`."""
    highest = 0
    for y in labels:
        if y is None or not len(y):
            continue
        y = np.asarray(y)
        if y.ndim == 1 and y.dtype.kind == "i" and y.min() < 0:
            raise LabelError(f"The labels hold {y.min()}. Expected classes numbered from 0 on: number them anew.")
        if y.ndim != 1 or y.dtype.kind not in "iu":
            raise LabelError(
                f"The labels have shape {y.shape} and dtype {y.dtype}. Expected one whole number from 0 on for each "
                "example. For one-hot labels, store y.argmax(axis=1); for amounts, say --task regression."
            )
        highest = max(highest, int(y.max()))
    return highest + 1


def probabilities(model: Any, x: Array) -> Array:
    """Return the (n, classes) probabilities of `model` for `x`; scores that are no probabilities go through softmax."""
    scores = np.asarray(model.predict(x, batch_size=256, verbose=0), np.float64)
    if scores.ndim != 2 or scores.shape[1] < 2:
        raise LabelError(f"The model's output has shape {scores.shape}. Expected (examples, classes): a classifier.")
    if (scores >= 0).all() and np.allclose(scores.sum(axis=1), 1, atol=1e-3):
        return scores
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def as_input(model: Any, x: Array) -> Array:
    """Return examples as `model` expects them: its input shape, and 0..1 if it has no scaling of its own for bytes."""
    if x.dtype == np.uint8 and not any(type(layer).__name__ == "Rescaling" for layer in model.layers):
        x = x.astype(np.float32) / 255
    shape = tuple(model.input_shape[1:])
    if x.shape[1:] == shape:
        return x
    if None not in shape and np.prod(shape) == np.prod(x.shape[1:]):
        return x.reshape(len(x), *shape)
    raise ShapeError(
        f"The model takes examples of shape {shape}, the data has {x.shape[1:]}. "
        "Use the data it was trained on (--dataset)."
    )


def check_labels(y: Array, classes: int, name: str) -> None:
    """Raise `LabelError` where a label of the data set `name` is none of the model's classes."""
    bad = np.flatnonzero(np.asarray(y) >= classes)
    if len(bad):
        raise LabelError(
            f"{name} has label {y[bad[0]]} in row {bad[0]}, the model knows {classes} classes (0..{classes - 1}). "
            "Use the data it was trained on (--dataset)."
        )


def cross_entropy(chances: Array, y: Array) -> float:
    """Return the mean of -log p(right class), with p at least 1e-7 as in Keras."""
    return float(-np.log(np.maximum(chances[np.arange(len(y)), y], 1e-7)).mean())


def amounts(model: Any, x: Array) -> Array:
    """Return the (n,) outputs of a network for a number."""
    found = np.asarray(model.predict(x, batch_size=256, verbose=0), np.float64)
    if found.size != len(x):
        raise LabelError(f"The model's output has shape {found.shape}. Expected one number for each example.")
    return found.reshape(len(x))
