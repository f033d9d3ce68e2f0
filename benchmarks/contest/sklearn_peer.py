"""scikit-learn: one pass of `MLPClassifier.partial_fit` over the rows, for the optimizers and networks it has.

It keeps the loss only; before each pass it looks through the data, as it does for its users.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sklearn
from sklearn.neural_network import MLPClassifier

from .networks import Array, Network, weights

VERSION = f"scikit-learn {sklearn.__version__}"


class Perceptron:
    """`MLPClassifier` with plain cross-entropy: no penalty, no momentum."""

    def __init__(self, network: Network, x: Array, y: Array, threads: int) -> None:
        if network.deep or network.optimizer == "rmsprop":
            raise NotImplementedError(f"MLPClassifier has no {network.optimizer} on such a network")
        self.x, self.y = x, y
        sizes: Any = {"hidden_layer_sizes": network.hidden, "batch_size": network.batch}
        self.model = MLPClassifier(
            **sizes, solver=network.optimizer, alpha=0.0, learning_rate_init=network.learning_rate, momentum=0.0,
            nesterovs_momentum=False, epsilon=1e-7, random_state=0,
        )  # fmt: skip
        self.model.partial_fit(x[: network.batch], y[: network.batch], classes=np.arange(network.classes))
        pairs = zip(self.model.coefs_, self.model.intercepts_, weights(network), strict=True)
        for kernel, bias, (W, b) in pairs:
            kernel[:], bias[:] = W, b

    def train(self, order: Array, epochs: int) -> float:
        """Train `epochs` epochs on the rows that `order` covers; return the mean loss of the last."""
        rows = slice(order.min(), order.max() + 1)
        for _ in range(epochs):
            self.model.partial_fit(self.x[rows], self.y[rows])
        return float(self.model.loss_)
