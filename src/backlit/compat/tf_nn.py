"""`tensorflow.nn`: activations, and losses of logits, one value per sample."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import activations, losses, ops, seeds
from ..errors import ConfigError
from ..tensor import Tensor
from .handles import as_tensor, lifted
from .tf_arrays import sigmoid, tanh
from .tf_math import in_top_k, l2_normalize, log_sigmoid, log_softmax, softmax, softplus, softsign, top_k

__all__ = [
    "batch_normalization", "bias_add", "crelu", "dropout", "elu", "embedding_lookup", "gelu", "in_top_k", "l2_loss",
    "l2_normalize", "leaky_relu", "log_sigmoid", "log_softmax", "moments", "relu", "relu6", "selu", "sigmoid",
    "sigmoid_cross_entropy_with_logits", "silu", "softmax", "softmax_cross_entropy_with_logits", "softplus",
    "softsign", "sparse_softmax_cross_entropy_with_logits", "swish", "tanh", "top_k", "zero_fraction",
]  # fmt: skip
elu, relu, relu6, selu, silu = (
    lifted(f) for f in (activations.elu, activations.relu, activations.relu6, activations.selu, activations.silu)
)
swish = silu


def leaky_relu(features: Any, alpha: float = 0.2, name: str | None = None) -> Any:
    """Return x where x > 0, else alpha x."""
    return activations.leaky_relu(as_tensor(features), negative_slope=alpha)


def gelu(features: Any, approximate: bool = False, name: str | None = None) -> Any:
    """Return x times the share of normal numbers below x."""
    return activations.gelu(as_tensor(features), approximate=approximate)


def softmax_cross_entropy_with_logits(labels: Any, logits: Any, axis: int = -1, name: str | None = None) -> Any:
    """Return the cross-entropy of each sample, for labels that are distributions."""
    return losses.categorical_crossentropy(labels, as_tensor(logits), from_logits=True, axis=axis)


def sparse_softmax_cross_entropy_with_logits(labels: Any, logits: Any, name: str | None = None) -> Any:
    """Return the cross-entropy of each sample, for labels that are class numbers."""
    return losses.sparse_categorical_crossentropy(labels, as_tensor(logits), from_logits=True)


def sigmoid_cross_entropy_with_logits(labels: Any = None, logits: Any = None, name: str | None = None) -> Any:
    """Return max(x, 0) - x z + log(1 + exp(-|x|)) for each logit x and its label z."""
    x, z = as_tensor(logits), as_tensor(labels)
    return ops.maximum(x, 0.0) - x * z + ops.log1p(ops.exp(-ops.abs(x)))


def bias_add(value: Any, bias: Any, data_format: Any = None, name: str | None = None) -> Any:
    """Return value + bias, along the last axis."""
    return as_tensor(value) + bias


def l2_loss(t: Any, name: str | None = None) -> Any:
    """Return sum(t²) / 2."""
    return ops.sum(ops.square(as_tensor(t))) / 2.0


def dropout(x: Any, rate: float, noise_shape: Any = None, seed: int | None = None, name: str | None = None) -> Any:
    """Return x with a share `rate` of its numbers 0 and the others divided by 1 - rate."""
    if not 0.0 <= rate < 1.0:
        raise ConfigError(f"dropout was given rate={rate!r}. Expected a number from 0 to below 1.")
    x = as_tensor(x)
    shape = x.shape if noise_shape is None else tuple(a if b is None else b for a, b in zip(x.shape, noise_shape))
    key = seeds.fresh_seed() if seed is None else int(seed)
    kept = seeds.uniform(key, seeds.INITIAL, 0, shape, "float32") >= rate
    return x * Tensor(kept.astype(x.dtype) / np.asarray(1.0 - rate, x.dtype))


def moments(x: Any, axes: Any, shift: Any = None, keepdims: bool = False, name: str | None = None) -> tuple[Any, Any]:
    """Return mean and variance over some axes."""
    along = axes if isinstance(axes, int) else tuple(axes)
    return ops.mean(as_tensor(x), axis=along, keepdims=keepdims), ops.variance(
        as_tensor(x), axis=along, keepdims=keepdims
    )


def batch_normalization(
    x: Any, mean: Any, variance: Any, offset: Any, scale: Any, variance_epsilon: float, name: str | None = None
) -> Any:
    """Return scale (x - mean) / sqrt(variance + epsilon) + offset; None leaves scale or offset out."""
    factor = 1.0 / ops.sqrt(as_tensor(variance) + variance_epsilon)
    factor = factor if scale is None else factor * scale
    y = (as_tensor(x) - mean) * factor
    return y if offset is None else y + offset


def embedding_lookup(params: Any, ids: Any, max_norm: Any = None, name: str | None = None) -> Any:
    """Return the rows of `params` that `ids` name."""
    if max_norm is not None:
        raise ConfigError(f"embedding_lookup was given max_norm={max_norm!r}. Use clip_by_norm on what it returns.")
    return ops.gather(as_tensor(params), as_tensor(ids), axis=0)


def crelu(features: Any, axis: int = -1, name: str | None = None) -> Any:
    """Return relu of x and of -x, side by side."""
    x = as_tensor(features)
    return ops.concatenate([relu(x), relu(-x)], axis=axis)


def zero_fraction(value: Any, name: str | None = None) -> Any:
    """Return the share of numbers that are 0."""
    return ops.mean(ops.cast(ops.equal(as_tensor(value), 0), dtype="float32"))
