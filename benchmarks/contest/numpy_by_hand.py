"""NumPy by hand: dense layers, ReLU, softmax with cross-entropy and the three optimizers, as one would write them down.

It is what a careful reader of a textbook has before any framework; the deep network is left out.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .networks import Array, Network, weights

VERSION = f"NumPy {np.__version__}"


class ByHand:
    """Arrays in place, one Python line a formula."""

    def __init__(self, network: Network, x: Array, y: Array, threads: int) -> None:
        if network.deep:
            raise NotImplementedError("by hand there is no batch normalization and no dropout")
        self.x, self.y = x, np.eye(network.classes, dtype=np.float32)[y]
        self.params = [part.copy() for pair in weights(network) for part in pair]
        self.update: Any = {"adam": Adam, "sgd": SGD, "rmsprop": RMSprop}[network.optimizer](network, self.params)

    def train(self, order: Array, epochs: int) -> float:
        """Train the steps of `order` (steps, batch) over and over; return the mean loss of the last epoch."""
        total = 0.0
        for _ in range(epochs):
            total = sum(self.step(self.x[rows], self.y[rows]) for rows in order)
        return total / len(order)

    def step(self, x: Array, y: Array) -> float:
        """Train on one batch and return its mean loss."""
        kernels, biases = self.params[::2], self.params[1::2]
        inputs = [x]
        for W, b in zip(kernels[:-1], biases[:-1]):
            z = inputs[-1] @ W
            z += b
            inputs.append(np.maximum(z, 0, out=z))  # (batch, units)
        z = inputs[-1] @ kernels[-1]
        z += biases[-1]
        z -= z.max(axis=1, keepdims=True)
        exponentials = np.exp(z)
        sums = exponentials.sum(axis=1, keepdims=True)
        loss = float((np.log(sums[:, 0]) - (y * z).sum(axis=1)).mean())
        dz = exponentials / sums
        dz -= y
        dz /= len(x)
        gradients: list[Array] = []
        for layer in reversed(range(len(kernels))):
            gradients[:0] = [inputs[layer].T @ dz, dz.sum(axis=0)]
            if layer:
                dz = (dz @ kernels[layer].T) * (inputs[layer] > 0)
        self.update(gradients)
        return loss


class SGD:
    """w -= rate * g"""

    def __init__(self, network: Network, params: list[Array]) -> None:
        self.params, self.rate = params, np.float32(network.learning_rate)

    def __call__(self, gradients: list[Array]) -> None:
        for w, g in zip(self.params, gradients):
            g *= self.rate
            w -= g


class Adam:
    """m and v are running means of g and g²; w -= rate * m / (sqrt(v) + epsilon), both means unbiased."""

    def __init__(self, network: Network, params: list[Array]) -> None:
        self.params, self.rate, self.steps = params, network.learning_rate, 0
        self.m = [np.zeros_like(w) for w in params]
        self.v = [np.zeros_like(w) for w in params]

    def __call__(self, gradients: list[Array]) -> None:
        self.steps += 1
        rate = np.float32(self.rate * np.sqrt(1 - 0.999**self.steps) / (1 - 0.9**self.steps))
        for w, g, m, v in zip(self.params, gradients, self.m, self.v):
            m += np.float32(0.1) * (g - m)
            np.square(g, out=g)
            g -= v
            g *= np.float32(0.001)
            v += g
            np.sqrt(v, out=g)
            g += np.float32(1e-7)
            np.divide(m, g, out=g)
            g *= rate
            w -= g


class RMSprop:
    """v is a running mean of g²; w -= rate * g / sqrt(v + epsilon)"""

    def __init__(self, network: Network, params: list[Array]) -> None:
        self.params, self.rate = params, np.float32(network.learning_rate)
        self.v = [np.zeros_like(w) for w in params]

    def __call__(self, gradients: list[Array]) -> None:
        for w, g, v in zip(self.params, gradients, self.v):
            v *= np.float32(0.9)
            v += np.float32(0.1) * np.square(g)
            g *= self.rate
            g /= np.sqrt(v + np.float32(1e-7))
            w -= g
