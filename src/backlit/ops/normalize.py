"""Zero mean and unit variance: the rule behind batch and layer normalization.

The statistics are part of the rule, so the gradient that flows through the mean and the variance is in it too
(Ioffe and Szegedy 2015, section 3).
"""

from __future__ import annotations

from ..arrays import positive_axes
from .elementwise import sqrt
from .op import Spec, Value, backward_of, composite, elementwise_spec
from .reduce import mean, variance


def _over(x: Spec, axes: tuple[int, ...], epsilon: float) -> Spec:
    positive_axes(axes, len(x.shape))
    return elementwise_spec(x)


@composite("normalize", _over)
def normalize(x: Value, axes: tuple[int, ...] = (0,), epsilon: float = 1e-3) -> Value:
    """y = (x - mean) / sqrt(variance + epsilon), mean and biased variance taken over axes"""
    return (x - mean(x, axes, keepdims=True)) / sqrt(variance(x, axes, keepdims=True) + epsilon)


@backward_of(normalize)
def normalize_backward(dy: Value, y: Value, x: Value, axes: tuple[int, ...], epsilon: float) -> tuple[Value]:
    """dx = (dy - mean(dy) - y * mean(dy * y)) / sqrt(variance + epsilon).

    The first mean is the way through the mean of x, the second the way through its variance.
    """
    through_mean = mean(dy, axes, keepdims=True)
    through_variance = y * mean(dy * y, axes, keepdims=True)
    return ((dy - through_mean - through_variance) / sqrt(variance(x, axes, keepdims=True) + epsilon),)
