"""The book's `common.multi_layer_net` and `common.multi_layer_net_extend`: any number of hidden layers.

The extended one has batch normalization before each activation and dropout after it, if asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ...arrays import Array
from ...errors import ConfigError
from .layers import BatchNormalization, Dropout, Relu, Sigmoid
from .network import Network, activation_named

__all__ = ["MultiLayerNet", "MultiLayerNetExtend"]
GAIN = {"relu": 2.0, "he": 2.0, "sigmoid": 1.0, "xavier": 1.0}  # variance of the weights times the inputs of a unit


class MultiLayerNet(Network):
    """Affine1, Activation_function1, Affine2, ... and softmax with loss.

    `weight_init_std` is a number, or "relu"/"he" (variance 2 / inputs), or "sigmoid"/"xavier" (1 / inputs). The loss
    has `weight_decay_lambda` / 2 times the sum of all squared weights on top. Wrong names raise `ConfigError`.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size_list: Sequence[int],
        output_size: int,
        activation: str = "relu",
        weight_init_std: Any = "relu",
        weight_decay_lambda: float = 0,
    ) -> None:
        super().__init__()
        self.input_size, self.hidden_size_list, self.output_size = input_size, list(hidden_size_list), output_size
        self.hidden_layer_num = len(self.hidden_size_list)
        self.weight_decay_lambda = weight_decay_lambda
        make = activation_named(activation, {"relu": Relu, "sigmoid": Sigmoid})
        sizes = [input_size, *self.hidden_size_list]
        for number, (size_in, size_out) in enumerate(pairwise(sizes), 1):
            self.add_affine(number, size_in, size_out, _spread(weight_init_std, size_in))
            self._before_activation(number, size_out)
            self.layers[f"Activation_function{number}"] = make()
            self._after_activation(number)
        self.add_affine(len(sizes), sizes[-1], output_size, _spread(weight_init_std, sizes[-1]))

    def _before_activation(self, number: int, units: int) -> None:
        """Add what stands between a hidden layer and its activation: nothing."""

    def _after_activation(self, number: int) -> None:
        """Add what stands behind an activation: nothing."""

    def loss(self, x: Any, t: Any, train_flg: bool = False) -> Any:
        """Return the loss of a batch, weight decay included."""
        loss = super().loss(x, t, train_flg)
        if not self.weight_decay_lambda:
            return loss
        squares = sum(float(np.sum(w**2)) for key, w in self.params.items() if key[0] == "W")
        return loss + 0.5 * self.weight_decay_lambda * squares

    def gradient_of(self, key: str) -> Array:
        """Return the gradient of a parameter, weight decay included."""
        decay = self.weight_decay_lambda * self.params[key] if key[0] == "W" and self.weight_decay_lambda else 0
        return super().gradient_of(key) + decay


class MultiLayerNetExtend(MultiLayerNet):
    """A `MultiLayerNet` with `use_batchnorm` (parameters `gamma1`, `beta1`, ...) and `use_dropout`, as asked for."""

    def __init__(
        self,
        input_size: int,
        hidden_size_list: Sequence[int],
        output_size: int,
        activation: str = "relu",
        weight_init_std: Any = "relu",
        weight_decay_lambda: float = 0,
        use_dropout: bool = False,
        dropout_ration: float = 0.5,
        use_batchnorm: bool = False,
    ) -> None:
        self.use_dropout, self.dropout_ration, self.use_batchnorm = use_dropout, dropout_ration, use_batchnorm
        super().__init__(input_size, hidden_size_list, output_size, activation, weight_init_std, weight_decay_lambda)

    def _before_activation(self, number: int, units: int) -> None:
        if self.use_batchnorm:
            gamma, beta = np.ones(units), np.zeros(units)
            self.params[f"gamma{number}"], self.params[f"beta{number}"] = gamma, beta
            self.layers[f"BatchNorm{number}"] = BatchNormalization(gamma, beta)

    def _after_activation(self, number: int) -> None:
        if self.use_dropout:
            self.layers[f"Dropout{number}"] = Dropout(self.dropout_ration)


def _spread(given: Any, size_in: int) -> float:
    """Return the deviation of the weights of a unit with `size_in` inputs."""
    if not isinstance(given, str):
        return float(given)
    if given.lower() not in GAIN:
        raise ConfigError(f"weight_init_std is {given!r}. Expected a number or {', '.join(map(repr, GAIN))}.")
    return float(np.sqrt(GAIN[given.lower()] / size_in))
