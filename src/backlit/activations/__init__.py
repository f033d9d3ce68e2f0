"""Activation functions: the curve a layer bends its sums with, by name or as functions of any array or tensor.

`rectifiers` are made of straight lines, `smooth` ones have no kinks, `probability` ones look at a whole axis.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import ConfigError, unknown_name
from ..ops import tanh
from .probability import glu, log_softmax, softmax, sparsemax
from .rectifiers import (
    hard_shrink,
    hard_sigmoid,
    hard_silu,
    hard_tanh,
    leaky_relu,
    relu,
    relu6,
    soft_shrink,
    sparse_plus,
    sparse_sigmoid,
    threshold,
)
from .smooth import (
    celu,
    elu,
    exponential,
    gelu,
    log_sigmoid,
    mish,
    selu,
    sigmoid,
    silu,
    softplus,
    softsign,
    squareplus,
    tanh_shrink,
)

swish = silu
hard_swish = hard_silu


def linear(x: Any) -> Any:
    """Return x as it is."""
    return x


ACTIVATIONS: dict[str, Callable[..., Any]] = {
    "relu": relu, "leaky_relu": leaky_relu, "relu6": relu6, "softmax": softmax, "celu": celu, "elu": elu, "selu": selu,
    "softplus": softplus, "softsign": softsign, "squareplus": squareplus, "soft_shrink": soft_shrink,
    "hard_shrink": hard_shrink, "tanh_shrink": tanh_shrink, "threshold": threshold, "sparse_plus": sparse_plus,
    "silu": silu, "swish": silu, "gelu": gelu, "glu": glu, "tanh": tanh, "sigmoid": sigmoid,
    "sparse_sigmoid": sparse_sigmoid, "exponential": exponential, "hard_sigmoid": hard_sigmoid, "hard_silu": hard_silu,
    "hard_swish": hard_silu, "hard_tanh": hard_tanh, "linear": linear, "mish": mish, "log_softmax": log_softmax,
    "log_sigmoid": log_sigmoid, "sparsemax": sparsemax,
}  # fmt: skip
LAYER_NAMES = {"ReLU": "relu", "LeakyReLU": "leaky_relu", "ELU": "elu", "Softmax": "softmax"}


def get(identifier: Any) -> Callable[..., Any]:
    """Return an activation for its name, None (`linear`), a serialized form, or a function (returned as it is).

    An unknown name raises `ConfigError`; so do the names of layers, which are not functions: `"LeakyReLU"`.
    """
    if identifier is None:
        return linear
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if callable(identifier):
        return identifier
    if isinstance(identifier, str) and identifier in LAYER_NAMES:
        raise ConfigError(
            f"{identifier!r} is a layer, not an activation function. Use the name {LAYER_NAMES[identifier]!r}, "
            f"or add the layer {identifier}() after this one."
        )
    if not isinstance(identifier, str) or identifier not in ACTIVATIONS:
        raise unknown_name("activation", identifier, ACTIVATIONS)
    return ACTIVATIONS[identifier]


def serialize(activation: Callable[..., Any]) -> str:
    """Return the name of an activation; a function of the user's gives its own name."""
    for name, known in ACTIVATIONS.items():
        if known is activation:
            return name
    name = getattr(activation, "__name__", "")
    if not name or name == "<lambda>":
        raise ConfigError(f"An activation without a name cannot be saved: {activation!r}. Define it with `def`.")
    return name


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Callable[..., Any]:
    """Return the activation `serialize` gave: a name, or Keras' dictionary of one."""
    name = config.get("config") if isinstance(config, dict) else config
    if isinstance(name, dict):
        name = name.get("name", config.get("class_name"))
    if custom_objects and name in custom_objects:
        return custom_objects[name]
    return get(name)


__all__ = [
    "celu", "deserialize", "elu", "exponential", "gelu", "get", "glu", "hard_shrink", "hard_sigmoid", "hard_silu",
    "hard_swish", "hard_tanh", "leaky_relu", "linear", "log_sigmoid", "log_softmax", "mish", "relu", "relu6", "selu",
    "serialize", "sigmoid", "silu", "soft_shrink", "softmax", "softplus", "softsign", "sparse_plus", "sparse_sigmoid",
    "sparsemax", "squareplus", "swish", "tanh", "tanh_shrink", "threshold",
]  # fmt: skip
