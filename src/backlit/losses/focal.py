"""Focal losses: cross-entropy that turns away from what is already right (Lin et al. 2017, "Focal Loss").

The factor (1 - p)**gamma fades a sample out as the probability p of its true class grows.
"""

from __future__ import annotations

from typing import Any

from .. import ops
from ..activations import sigmoid
from ..arrays import epsilon, positive_axis
from ..ops import clip, log, log_softmax, softmax
from ..tensor import Tensor
from .cross_entropy import (
    clipped_binary_cross_entropy,
    last,
    one_hot_targets,
    scores,
    sigmoid_cross_entropy,
    smoothed,
    smoothed_bits,
)
from .loss import as_float, matched


def binary_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
    probabilities: str = "exact",
) -> Tensor:
    """Return the mean over `axis` of (1 - q)**gamma times the binary cross-entropy, q = t p + (1 - t)(1 - p).

    With `apply_class_balancing` the class 1 weighs `alpha`, the class 0 weighs 1 - `alpha`. With
    `probabilities="clip"` logits too are turned into clipped probabilities, as in Keras.
    """
    t, p = matched(y_true, y_pred)
    t = smoothed_bits(t, label_smoothing)
    logits = scores(p, from_logits, probabilities, "sigmoid")
    p = sigmoid(p) if from_logits else p
    exact = logits is not None and probabilities == "exact"
    loss = sigmoid_cross_entropy(logits, t) if exact else clipped_binary_cross_entropy(p, t, epsilon())
    q = t * p + (1.0 - t) * (1.0 - p)
    loss = (1.0 - q) ** gamma * loss
    if apply_class_balancing:
        loss = (t * alpha + (1.0 - t) * (1.0 - alpha)) * loss
    return ops.mean(loss, axis)


def categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
    probabilities: str = "exact",
) -> Tensor:
    """Return -sum(alpha (1 - p)**gamma t ln p) over the classes on `axis`; targets are one-hot rows.

    With `probabilities="clip"` logits too are turned into clipped probabilities, as in Keras.
    """
    p = as_float(y_pred)
    t = one_hot_targets(y_true, p)
    place = positive_axis(axis, len(p.shape))
    t = smoothed(last(t, place), label_smoothing)
    logits = scores(p, from_logits, probabilities, "softmax", place)
    p = last(p, place)
    if logits is not None and probabilities == "exact":
        z = last(logits, place)
        p, log_p = softmax(z, -1), log_softmax(z, -1)
    else:
        p = softmax(p, -1) if from_logits else p
        p = clip(p / ops.sum(p, -1, keepdims=True), epsilon(), 1.0 - epsilon())
        log_p = log(p)
    return -ops.sum(alpha * (1.0 - p) ** gamma * (t * log_p), -1)
