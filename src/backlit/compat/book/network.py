"""What the book's networks share: parameters in a dict, layers in a row, a last layer that gives the loss.

Subclasses make the parameters and the layers; `gradient` walks back through the same row.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

from ...arrays import Array
from ...errors import ConfigError
from .gradient import numerical_gradient
from .layers import Affine, BatchNormalization, Dropout, SoftmaxWithLoss

__all__ = ["Network"]


class Network:
    """`params` (name -> array), `layers` (name -> node, in order), `last_layer`, also called `lastLayer`."""

    def __init__(self) -> None:
        self.params: dict[str, Array] = {}
        self.layers: OrderedDict[str, Any] = OrderedDict()
        self.last_layer: Any = SoftmaxWithLoss()

    @property
    def lastLayer(self) -> Any:
        """The last layer, as chapter 5 spells it."""
        return self.last_layer

    def add_affine(self, number: int, size_in: int, size_out: int, spread: float) -> None:
        """Add the layer `Affine1`, ... with `W1`, ...: normal numbers times `spread`, and `b1`, ...: zeros."""
        self.params[f"W{number}"] = spread * np.random.randn(size_in, size_out)
        self.params[f"b{number}"] = np.zeros(size_out)
        self.layers[f"Affine{number}"] = Affine(self.params[f"W{number}"], self.params[f"b{number}"])

    def predict(self, x: Any, train_flg: bool = False) -> Array:
        """Return the scores (batch, classes), not yet probabilities."""
        for layer in self.layers.values():
            x = layer.forward(x, train_flg) if isinstance(layer, (Dropout, BatchNormalization)) else layer.forward(x)
        return x

    def loss(self, x: Any, t: Any, train_flg: bool = False) -> Any:
        """Return the loss of a batch; t is one-hot rows or class numbers."""
        return self.last_layer.forward(self.predict(x, train_flg), t)

    def accuracy(self, x: Any, t: Any) -> float:
        """Return the share of examples whose greatest score is that of the right class."""
        t = np.asarray(t)
        right = t.argmax(axis=1) if t.ndim != 1 else t
        return float(np.mean(self.predict(x).argmax(axis=1) == right))

    def numerical_gradient(self, x: Any, t: Any) -> dict[str, Array]:
        """Return the gradient of every parameter by central differences: two losses for each number."""
        return {key: numerical_gradient(lambda _: self.loss(x, t, True), w) for key, w in self.params.items()}

    def gradient(self, x: Any, t: Any) -> dict[str, Array]:
        """Return the gradient of every parameter by backpropagation."""
        self.loss(x, t, True)
        dout: Any = self.last_layer.backward(1)
        for layer in reversed(self.layers.values()):
            dout = layer.backward(dout)
        return {key: self.gradient_of(key) for key in self.params}

    def gradient_of(self, key: str) -> Array:
        """Return the gradient that the layer of a parameter keeps: `W2` is `Affine2.dW`."""
        name, number = key.rstrip("0123456789"), key.lstrip("abegmtW")
        kind = "BatchNorm" if name in ("gamma", "beta") else "Affine"
        return getattr(self.layers[f"{kind}{number}"], f"d{name}")


def activation_named(kind: Any, choices: dict[str, Callable[[], Any]]) -> Callable[[], Any]:
    """Return the class of an activation by its name in the book."""
    try:
        return choices[str(kind).lower()]
    except KeyError:
        raise ConfigError(f"activation is {kind!r}. Expected {' or '.join(map(repr, choices))}.") from None
