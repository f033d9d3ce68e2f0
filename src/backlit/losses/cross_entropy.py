"""Cross-entropy: how surprised the predicted probabilities are by what happened, in nats.

Where the probabilities came out of a softmax or sigmoid, the loss is computed on the scores before it (the logits): one
fused rule that is exact and keeps its gradient p - t even where a probability rounds to 0 or 1.
"""

from __future__ import annotations

from typing import Any

from .. import ops
from ..activations import sigmoid
from ..arrays import epsilon, is_float, positive_axis
from ..errors import ConfigError, ShapeError, did_you_mean
from ..lints.rules import softmax_twice
from ..ops import absolute, clip, exp, log, log1p, maximum
from ..ops.op import Spec, Value, backward_of, composite, elementwise, elementwise_spec
from ..tensor import Tensor, as_tensor
from .loss import as_float, matched
from .targets import check_class_range

PROBABILITIES = ("exact", "clip")


@elementwise
def sigmoid_cross_entropy(logits: Value, target: Value) -> Value:
    """loss = max(z, 0) - z t + ln(1 + e**-|z|), which is -t ln s(z) - (1 - t) ln(1 - s(z)) without overflow"""
    return maximum(logits, 0.0) - logits * target + log1p(exp(-absolute(logits)))


@backward_of(sigmoid_cross_entropy)
def sigmoid_cross_entropy_backward(dy: Value, y: Value, logits: Value, target: Value) -> tuple[Value, Value]:
    """dloss/dz = s(z) - t, dloss/dt = -z."""
    return dy * (sigmoid(logits) - target), -dy * logits


@elementwise
def clipped_binary_cross_entropy(p: Value, target: Value, epsilon: float = 1e-7) -> Value:
    """loss = -t ln p - (1 - t) ln(1 - p), with p held within [epsilon, 1 - epsilon]"""
    p = clip(p, epsilon, 1.0 - epsilon)
    return -(target * log(p) + (1.0 - target) * log(1.0 - p))


def _row_spec(p: Spec, target: Spec, epsilon: float) -> Spec:
    both = elementwise_spec(p, target)
    return Spec(both.shape[:-1], both.dtype)


@composite("softmax", _row_spec)
def clipped_cross_entropy(p: Value, target: Value, epsilon: float = 1e-7) -> Value:
    """loss = -sum(t ln q) over the last axis, with q = p / sum(p) held within [epsilon, 1 - epsilon]"""
    q = clip(p / ops.sum(p, -1, keepdims=True), epsilon, 1.0 - epsilon)
    return -ops.sum(target * log(q), -1)


def categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
    probabilities: str = "exact",
) -> Tensor:
    """Return -sum(y_true ln y_pred) over the classes on `axis`; targets are one-hot rows or probabilities.

    `label_smoothing` moves that share of each target to all classes alike. `probabilities="clip"` computes on the
    probabilities as Keras does, scaled to sum 1 and held within [`epsilon()`, 1 - `epsilon()`], even where their logits
    are known. Targets and predictions of different shapes raise `ShapeError`.

    >>> categorical_crossentropy([[0, 1, 0], [0, 0, 1]], [[0.05, 0.95, 0.0], [0.1, 0.8, 0.1]]).numpy().round(4)
    array([0.0513, 2.3026], dtype=float32)
    """
    p = as_float(y_pred)
    t = one_hot_targets(y_true, p)
    place = positive_axis(axis, len(p.shape))
    t = smoothed(last(t, place), label_smoothing)
    return _cross_entropy(p, t, place, from_logits, probabilities)


def sparse_categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    ignore_class: int | None = None,
    axis: int = -1,
    probabilities: str = "exact",
) -> Tensor:
    """Return the cross-entropy of class numbers: the dense rule on their one-hot rows.

    y_true has the shape of y_pred without `axis` (or with size 1 there). Rows of `ignore_class` give 0. Other shapes
    raise `ShapeError`; numbers outside 0..classes-1 raise `LabelError`, if they are known (not while recording).

    >>> sparse_categorical_crossentropy([1, 2], [[0.05, 0.95, 0.0], [0.1, 0.8, 0.1]]).numpy().round(4)
    array([0.0513, 2.3026], dtype=float32)
    """
    p = as_float(y_pred)
    place = positive_axis(axis, len(p.shape))
    labels = class_numbers(y_true, p, place)
    classes = p.shape[place]
    if not labels.symbolic:
        check_class_range(labels.value, classes, "sparse_categorical_crossentropy", "y_true", ignore_class)
    target = ops.one_hot(labels, classes, p.dtype.name)
    if ignore_class is not None:
        target = target * ops.expand_dims(ops.cast(ops.not_equal(labels, ignore_class), dtype=p.dtype.name), -1)
    return _cross_entropy(p, target, place, from_logits, probabilities)


def _cross_entropy(p: Tensor, target: Any, place: int, from_logits: bool, probabilities: str) -> Tensor:
    """On the scores where they are known, else on clipped probabilities; the classes are the last axis of `target`."""
    logits = scores(p, from_logits, probabilities, "softmax", place)
    if logits is not None:
        return ops.softmax_cross_entropy(last(logits, place), target)
    return clipped_cross_entropy(last(p, place), target, epsilon())


def binary_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
    probabilities: str = "exact",
) -> Tensor:
    """Return the mean of -t ln p - (1 - t) ln(1 - p) over `axis`; targets are 0 or 1, or probabilities.

    Options as in `categorical_crossentropy`; `label_smoothing` draws the targets towards 1/2.
    """
    t, p = matched(y_true, y_pred)
    t = smoothed_bits(t, label_smoothing)
    logits = scores(p, from_logits, probabilities, "sigmoid")
    each = clipped_binary_cross_entropy(p, t, epsilon()) if logits is None else sigmoid_cross_entropy(logits, t)
    return ops.mean(each, axis)


def kl_divergence(y_true: Any, y_pred: Any) -> Tensor:
    """Return sum(y_true ln(y_true / y_pred)) over the last axis, both held within [`epsilon()`, 1]."""
    t, p = matched(y_true, y_pred)
    t, p = clip(t, epsilon(), 1.0), clip(p, epsilon(), 1.0)
    return ops.sum(t * log(t / p), -1)


def scores(p: Tensor, from_logits: bool, probabilities: str, squash: str, axis: int | None = None) -> Tensor | None:
    """Return the logits to compute on: `p` itself if it holds them, or what `squash` made `p` of; else None."""
    if probabilities not in PROBABILITIES:
        raise ConfigError(f"Unknown probabilities {probabilities!r}.{did_you_mean(probabilities, PROBABILITIES)}")
    if from_logits:
        if p.squash:
            softmax_twice.told(p.squash)
        return p
    known = probabilities == "exact" and p.squash == squash and p.logits is not None
    if not known or (axis is not None and axis != len(p.shape) - 1):
        return None
    return p.logits if is_float(p.logits.dtype) else None  # type: ignore[union-attr]


def one_hot_targets(y_true: Any, p: Tensor) -> Tensor:
    """Return dense targets in y_pred's shape and dtype, or raise `ShapeError`."""
    t = as_tensor(y_true, p.dtype.name)
    if t.shape != p.shape:
        hint = " For class numbers use sparse_categorical_crossentropy." if len(t.shape) < len(p.shape) else ""
        raise ShapeError(
            f"y_true has shape {t.shape} and y_pred has shape {p.shape}. Expected one-hot rows: one number for each "
            f"class in equal shapes. Give the last layer as many units as there are classes.{hint}"
        )
    return t


def class_numbers(y_true: Any, p: Tensor, axis: int) -> Tensor:
    """Return class numbers in y_pred's shape without `axis`, or raise `ShapeError`."""
    labels = as_tensor(y_true)
    rest = p.shape[:axis] + p.shape[axis + 1 :]
    if len(labels.shape) == len(p.shape) and labels.shape[axis] == 1:
        labels = ops.squeeze(labels, axis)
    if labels.shape != rest:
        hint = " For one-hot rows use categorical_crossentropy." if labels.shape == p.shape else ""
        raise ShapeError(
            f"y_true has shape {labels.shape} and y_pred has shape {p.shape}. Expected one class number for each row: "
            f"shape {rest}.{hint}"
        )
    return labels


def smoothed(t: Tensor, label_smoothing: float) -> Tensor:
    """Return t (1 - s) + s / classes for classes on the last axis."""
    if not label_smoothing:
        return t
    return t * (1.0 - label_smoothing) + label_smoothing / t.shape[-1]


def smoothed_bits(t: Tensor, label_smoothing: float) -> Tensor:
    """Return t (1 - s) + s / 2."""
    return t * (1.0 - label_smoothing) + 0.5 * label_smoothing if label_smoothing else t


def last(x: Tensor, axis: int) -> Tensor:
    """Return `x` with `axis` moved to the end."""
    rank = len(x.shape)
    return x if axis == rank - 1 else ops.transpose(x, (*(i for i in range(rank) if i != axis), axis))
