"""Scores into probabilities, and the cross-entropy of both in one rule.

Softmax and cross-entropy belong together: fused on the scores (the logits) their gradient is simply p - t, exact
and alive even where the probability itself rounds to 0 or 1.
"""

from __future__ import annotations

from ..arrays import positive_axis
from . import reduce
from .elementwise import exp, log, maximum
from .op import Spec, Value, backward_of, composite, elementwise_spec
from .shape import expand_dims, sum_to


def _along(x: Spec, axis: int, **_: float) -> Spec:
    positive_axis(axis, len(x.shape))
    return elementwise_spec(x)


@composite("softmax", _along)
def softmax(x: Value, axis: int = -1) -> Value:
    """y = e**x / sum(e**x) along an axis; the greatest x is subtracted first, which changes nothing but overflow"""
    e = exp(x - reduce.max(x, axis, keepdims=True))
    return e / reduce.sum(e, axis, keepdims=True)


@backward_of(softmax)
def softmax_backward(dy: Value, y: Value, x: Value, axis: int) -> tuple[Value]:
    """dy_i/dx_j = y_i (1[i=j] - y_j), hence dx = y * (dy - sum(dy * y))."""
    return (y * (dy - reduce.sum(dy * y, axis, keepdims=True)),)


@composite("softmax", _along)
def log_softmax(x: Value, axis: int = -1) -> Value:
    """y = x - ln(sum(e**x)) along an axis"""
    shifted = x - reduce.max(x, axis, keepdims=True)
    return shifted - log(reduce.sum(exp(shifted), axis, keepdims=True))


@backward_of(log_softmax)
def log_softmax_backward(dy: Value, y: Value, x: Value, axis: int) -> tuple[Value]:
    """dx = dy - softmax(x) * sum(dy)."""
    return (dy - softmax(x, axis) * reduce.sum(dy, axis, keepdims=True),)


def _cross_entropy_spec(logits: Spec, target: Spec) -> Spec:
    both = elementwise_spec(logits, target)
    return Spec(both.shape[:-1], logits.dtype)


@composite("softmax", _cross_entropy_spec)
def softmax_cross_entropy(logits: Value, target: Value) -> Value:
    """loss = -sum(t * ln softmax(z)) over the last axis: one number a row"""
    return -reduce.sum(target * log_softmax(logits, -1), -1)


@backward_of(softmax_cross_entropy)
def softmax_cross_entropy_backward(dy: Value, y: Value, logits: Value, target: Value) -> tuple[Value, Value]:
    """With p = softmax(z): dz = dy * (p * sum(t) - t), which is p - t where the targets of a row sum to one."""
    dy = expand_dims(dy, -1)
    p = softmax(logits, -1)
    dz = dy * (p * reduce.sum(target, -1, keepdims=True) - target)
    return sum_to(dz, logits.shape), sum_to(-dy * log_softmax(logits, -1), target.shape)


@composite("softmax")
def logsumexp(x: Value, axis: int = -1, keepdims: bool = False) -> Value:
    """y = ln(sum(e**x)) along an axis, without overflow"""
    top = reduce.max(x, axis, keepdims=True)
    total = log(reduce.sum(exp(x - top), axis, keepdims=True)) + top
    return total if keepdims else reduce.sum(total, axis)


@backward_of(logsumexp)
def logsumexp_backward(dy: Value, y: Value, x: Value, axis: int, keepdims: bool) -> tuple[Value]:
    """dx = dy * softmax(x)."""
    return ((dy if keepdims else expand_dims(dy, axis)) * softmax(x, axis),)


@composite("softmax", _along)
def unit_normalize(x: Value, axis: int = -1, epsilon: float = 1e-12) -> Value:
    """y = x / |x| along an axis, |x|**2 held above epsilon"""
    return x / maximum(reduce.sum(x * x, axis, keepdims=True), epsilon) ** 0.5
