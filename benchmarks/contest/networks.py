"""What every contestant trains: the table of networks, the data in memory, the weights all of them start from.

A contestant reads everything from here, so that none trains anything else than its neighbors.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import digits

Array = npt.NDArray[Any]
ROWS = 60_000
DATA = ("mnist", "inverted", "gaussian")


@dataclass(frozen=True)
class Network:
    """A stack of dense layers, softmax at its end, and how it is trained."""

    name: str
    hidden: tuple[int, ...]
    batch: int
    optimizer: str  # "adam", "sgd" or "rmsprop", as Keras defines them
    learning_rate: float
    deep: bool = False  # each hidden layer is Dense, LeakyReLU(0.1), BatchNormalization, Dropout(0.5); else Dense, ReLU
    inputs: int = 784
    classes: int = 10
    goal: float = 1.0  # how many times as long as ours the strongest peer's step shall take, on the digits

    @property
    def sizes(self) -> list[tuple[int, int]]:
        """Return (inputs, units) of each dense layer."""
        return list(itertools.pairwise((self.inputs, *self.hidden, self.classes)))


NETWORKS = {
    network.name: network
    for network in (
        Network("784-10, 32, Adam", (), 32, "adam", 0.001, goal=2.5),
        Network("784-100-10, 32, Adam", (100,), 32, "adam", 0.001, goal=2.0),
        Network("784-128-10, 128, SGD", (128,), 128, "sgd", 0.2, goal=1.7),
        Network("784-512-10, 128, RMSprop", (512,), 128, "rmsprop", 0.001, goal=1.5),
        Network("784-50-10, 100, SGD", (50,), 100, "sgd", 0.1, goal=2.5),
        Network("deep, 64, Adam", (1024, 1024, 512, 256, 128, 64, 32), 64, "adam", 0.001, deep=True, goal=1.7),
    )
}


def dense_flops(network: Network) -> int:
    """Return the FLOPs of one step's matrix products, zeros counted like other numbers.

    A layer of (inputs, units) takes 2 * batch * inputs * units for y = x W, as many for dW = x' dy, and as many for
    dx = dy W', which the first layer does not need.
    """
    products = [network.batch * inputs * units for inputs, units in network.sizes]
    return 2 * (3 * sum(products) - products[0])


def weights(network: Network) -> list[tuple[Array, Array]]:
    """Return kernel (inputs, units), Glorot uniform, and bias (units,), zero, for each dense layer."""
    random = np.random.default_rng(42)
    made: list[tuple[Array, Array]] = []
    for inputs, units in network.sizes:
        limit = np.sqrt(6 / (inputs + units))
        kernel = random.uniform(-limit, limit, (inputs, units)).astype(np.float32)
        made.append((kernel, np.zeros(units, np.float32)))
    return made


def data(mode: str) -> tuple[Array, Array, str]:
    """Return x (60000, 784) float32, labels (60000,) int64, and a line on what they are.

    `inverted` is 1 - x, almost without zeros; `gaussian` is standard normal numbers under the same labels.
    """
    x, y, source = digits.load(ROWS, "float32")
    if mode == "inverted":
        x, source = np.subtract(1, x, dtype=np.float32), f"{source}, inverted"
    if mode == "gaussian":
        x, source = np.random.default_rng(7).standard_normal(x.shape, np.float32), "standard normal numbers"
    return x, y.argmax(axis=1), source
