"""The book's `ch04.two_layer_net`: one hidden layer of sigmoid, whose `predict` gives probabilities.

Chapter 5 has a relu there and leaves out the softmax.
"""

from __future__ import annotations

from typing import Any

from ...arrays import Array
from .functions import softmax
from .layers import Sigmoid
from .network import Network

__all__ = ["TwoLayerNet"]


class TwoLayerNet(Network):
    """Affine1, Sigmoid1, Affine2, softmax; weights are normal numbers times `weight_init_std`."""

    def __init__(self, input_size: int, hidden_size: int, output_size: int, weight_init_std: float = 0.01) -> None:
        super().__init__()
        self.add_affine(1, input_size, hidden_size, weight_init_std)
        self.layers["Sigmoid1"] = Sigmoid()
        self.add_affine(2, hidden_size, output_size, weight_init_std)

    def predict(self, x: Any, train_flg: bool = False) -> Array:
        """Return the probabilities (batch, classes)."""
        return softmax(super().predict(x))

    def loss(self, x: Any, t: Any, train_flg: bool = False) -> Any:
        """Return the loss of a batch."""
        return self.last_layer.forward(super().predict(x), t)
