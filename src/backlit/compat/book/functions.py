"""The book's `common.functions`: activations with their derivatives, softmax, and the two losses of one batch.

The rules are the library's; only the two losses, which the book defines in its own way, are formulas of their own.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import ops
from ...activations import relu as relu_rule
from ...activations import sigmoid as sigmoid_rule
from ...activations.rectifiers import relu_derivative
from ...activations.smooth import sigmoid_derivative
from ...arrays import Array
from ...errors import LabelError, ShapeError
from .numbers_in import as_numbers

__all__ = [
    "cross_entropy_error", "identity_function", "mean_squared_error", "relu", "relu_grad", "sigmoid", "sigmoid_grad",
    "softmax", "softmax_loss", "step_function",
]  # fmt: skip
NEVER_ZERO = 1e-7  # the book adds it to a probability before the logarithm


def identity_function(x: Any) -> Any:
    """Return `x` as it is."""
    return x


def step_function(x: Any) -> Any:
    """Return 1 where x > 0, else 0: int32, in the shape of x."""
    return np.asarray(as_numbers(x) > 0, np.int32)


def sigmoid(x: Any) -> Any:
    """Return 1 / (1 + e**-x), in the shape of x; no x overflows.

    >>> print(sigmoid(0.0), sigmoid([-1000, 1000]))
    0.5 [0. 1.]
    """
    return sigmoid_rule(as_numbers(x))[()]


def sigmoid_grad(x: Any) -> Any:
    """Return the derivative of `sigmoid` at x."""
    return sigmoid_derivative(sigmoid_rule(as_numbers(x)))[()]


def relu(x: Any) -> Any:
    """Return x where x > 0, else 0."""
    return relu_rule(as_numbers(x))[()]


def relu_grad(x: Any) -> Any:
    """Return 1 where x > 0, else 0: the derivative of `relu`, and what the node `Relu` lets pass.

    At exactly 0 the book's function of this name says 1, although its node lets nothing pass there.
    """
    return relu_derivative(relu_rule(as_numbers(x)))[()]


def softmax(x: Any) -> Array:
    """Return e**x / sum(e**x) along the last axis: rows of probabilities for (batch, classes)."""
    scores = as_numbers(x)
    if scores.ndim == 0:
        raise ShapeError("softmax was given one number. Expected scores of shape (classes,) or (batch, classes).")
    return ops.softmax(scores, -1)


def mean_squared_error(y: Any, t: Any) -> Any:
    """Return half the sum of (y - t)², one number for all of y. Different shapes raise `ShapeError`."""
    y, t = as_numbers(y, "y"), as_numbers(t, "t")
    if y.shape != t.shape:
        raise ShapeError(
            f"mean_squared_error was given y of shape {y.shape} and t of shape {t.shape}. Expected one shape: "
            "NumPy would repeat the smaller one. Give one-hot targets, load_mnist(one_hot_label=True)."
        )
    return 0.5 * np.sum(ops.square(y - t))


def cross_entropy_error(y: Any, t: Any) -> Any:
    """Return the mean over the batch of -ln(y of the right class + 1e-7).

    y: probabilities (batch, classes) or (classes,). t: one-hot rows in the shape of y, or class numbers (batch,).
    Other shapes raise `ShapeError`, class numbers that do not exist `LabelError`.

    >>> y = [0.1, 0.6, 0.3]
    >>> print(f"{cross_entropy_error(y, [0, 1, 0]):.4f} {cross_entropy_error([y], [1]):.4f}")
    0.5108 0.5108
    """
    y = np.atleast_2d(as_numbers(y, "y"))
    labels = _class_numbers(y, np.asarray(t))
    chosen = y[np.arange(len(y)), labels]
    return -np.sum(ops.log(chosen + NEVER_ZERO)) / len(y)


def softmax_loss(X: Any, t: Any) -> Any:
    """Return the cross-entropy error of scores: `cross_entropy_error(softmax(X), t)`."""
    return cross_entropy_error(softmax(X), t)


def one_hot_rows(t: Any, y: Array) -> Array:
    """Return targets as rows of 0 and 1 in the shape and dtype of `y`, whichever way they came."""
    t = np.asarray(t)
    return as_numbers(t, "t") if t.shape == y.shape else np.eye(y.shape[-1], dtype=y.dtype)[_class_numbers(y, t)]


def _class_numbers(y: Array, t: Array) -> Array:
    """Return the right class of each row of y (batch, classes)."""
    if t.size == y.size and (t.shape == y.shape or t.ndim == 1):
        return t.reshape(y.shape).argmax(axis=1)
    if t.size != len(y) or t.ndim > 2:
        raise ShapeError(
            f"The predictions have shape {y.shape}, the targets {t.shape}. Expected one-hot rows of shape {y.shape} or "
            f"{len(y)} class numbers of shape ({len(y)},). Take the same rows of both."
        )
    labels = t.reshape(-1)
    bad = np.flatnonzero((labels != labels.astype(np.int64)) | (labels < 0) | (labels >= y.shape[1]))
    if bad.size:
        raise LabelError(
            f"t has {labels[bad[0]]} in row {bad[0]}. Expected class numbers 0 to {y.shape[1] - 1}, because y has "
            f"{y.shape[1]} columns."
        )
    return labels.astype(np.int64)
