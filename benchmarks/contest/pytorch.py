"""PyTorch: the loop its tutorials teach, and the same with everything that makes it faster on a CPU.

The data is one tensor in memory, batches are taken by index, and no number is fetched before an epoch ends.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from .networks import Array, Network, weights

VERSION = f"PyTorch {torch.__version__}"


class Eager:
    """The eager loop with the optimizer as it comes."""

    fused = False

    def __init__(self, network: Network, x: Array, y: Array, threads: int) -> None:
        torch.set_num_threads(threads)
        torch.set_flush_denormal(True)
        torch.manual_seed(0)
        self.x, self.y = torch.from_numpy(x), torch.from_numpy(y)
        self.model = nn.Sequential(*_modules(network))
        self.loss = nn.CrossEntropyLoss()
        self.optimizer = _optimizer(network, self.model.parameters(), self.fused)

    def train(self, order: Array, epochs: int) -> float:
        """Train the steps of `order` (steps, batch) over and over; return the mean loss of the last epoch."""
        batches = torch.from_numpy(order)
        total = torch.zeros(())
        for _ in range(epochs):
            total = torch.zeros(())
            for rows in batches.unbind():
                total += self._step(self.x.index_select(0, rows), self.y.index_select(0, rows))
        return total.item() / len(order)

    def _step(self, x: Any, y: Any) -> Any:
        self.optimizer.zero_grad()
        loss = self.loss(self.model(x), y)
        loss.backward()
        self.optimizer.step()
        return loss.detach()


class Fused(Eager):
    """The same loop with fused updates; RMSprop has none and updates all weights in one call (foreach)."""

    fused = True


def _modules(network: Network) -> list[Any]:
    made: list[Any] = []
    for (inputs, units), (kernel, bias) in zip(network.sizes, weights(network)):
        linear = nn.Linear(inputs, units)
        linear.weight.data = torch.from_numpy(kernel.T.copy())
        linear.bias.data = torch.from_numpy(bias)
        made += [linear, *_activation(network, units)]
    return made[: -len(_activation(network, 1))]


def _activation(network: Network, units: int) -> list[Any]:
    if not network.deep:
        return [nn.ReLU()]
    return [nn.LeakyReLU(0.1), nn.BatchNorm1d(units, eps=1e-3, momentum=0.01), nn.Dropout(0.5)]


def _optimizer(network: Network, params: Any, fused: bool) -> Any:
    options: dict[str, Any] = {"fused": True} if fused else {}
    if network.optimizer == "adam":
        return torch.optim.Adam(params, network.learning_rate, eps=1e-7, **options)
    if network.optimizer == "sgd":
        return torch.optim.SGD(params, network.learning_rate, **options)
    options = {"foreach": True} if fused else {}
    return torch.optim.RMSprop(params, network.learning_rate, alpha=0.9, eps=1e-7, **options)
