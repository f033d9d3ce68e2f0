"""Backlit: the recorded step by itself (the engine), and `model.fit` from end to end.

Both train the same model; the first makes only the call that `fit` makes for a slice of an epoch.
"""

from __future__ import annotations

from typing import Any

import backlit
from backlit import layers
from backlit.training.running import recorded
from backlit.training.step import Batch, Step, feed_of

from .networks import Array, Network, weights

VERSION = f"Backlit {backlit.__version__}"


def use(threads: int) -> None:
    """Choose machine code and the number of threads, as any user can."""
    backlit.config.set_executor("native")
    set_threads = getattr(backlit.config, "set_threads", None)
    if set_threads is not None:
        set_threads(threads)


def built(network: Network, x: Array, y: Array) -> Any:
    """Return the compiled model with the weights everybody starts from; nothing is trained yet."""
    optimizer = {"adam": "Adam", "sgd": "SGD", "rmsprop": "RMSprop"}[network.optimizer]
    model = backlit.Sequential([layers.Input((network.inputs,)), *_hidden(network), _output(network)])
    chosen = getattr(backlit.optimizers, optimizer)(network.learning_rate)
    model.compile(chosen, "sparse_categorical_crossentropy", metrics=["accuracy"])
    dense = [layer for layer in model.layers if isinstance(layer, layers.Dense)]
    for layer, (kernel, bias) in zip(dense, weights(network), strict=True):
        layer.set_weights([kernel, bias])
    model.evaluate(x[: network.batch], y[: network.batch], batch_size=network.batch, verbose=0)  # builds the metrics
    return model


def _hidden(network: Network) -> list[Any]:
    made: list[Any] = []
    for units in network.hidden:
        made += _deep(units) if network.deep else [layers.Dense(units, "relu")]
    return made


def _deep(units: int) -> list[Any]:
    return [layers.Dense(units), layers.LeakyReLU(0.1), layers.BatchNormalization(), layers.Dropout(0.5)]


def _output(network: Network) -> Any:
    return layers.Dense(network.classes, "softmax")


def recorded_step(model: Any, network: Network, x: Array, y: Array, kind: str = "train") -> Step:
    """Return the step that `fit` (or `evaluate`, "test") records for whole batches."""
    step = recorded(model, kind, Batch(x[: network.batch], y[: network.batch]))
    assert step is not None
    return step


class Engine:
    """The recorded step, many steps in one call; `kind` "test" is the step of `evaluate`."""

    def __init__(self, network: Network, x: Array, y: Array, threads: int, kind: str = "train") -> None:
        use(threads)
        self.model = built(network, x, y)
        self.step = recorded_step(self.model, network, x, y, kind)
        self.columns = feed_of(Batch(x, y))

    def train(self, order: Array, epochs: int) -> float:
        """Train the steps of `order` (steps, batch) over and over; return the mean loss of the last epoch."""
        for _ in range(epochs):
            self.model.reset_metrics()
            if self.step.runs_many:
                self.step.run_many(self.columns, order.reshape(-1), len(order))
            else:
                self._one_by_one(order)
        return float(self.model.metrics[0].result())

    def _one_by_one(self, order: Array) -> None:
        for rows in order:
            self.step.run({name: column[rows] for name, column in self.columns.items()})


class Fit:
    """`model.fit`, shuffling and all."""

    def __init__(self, network: Network, x: Array, y: Array, threads: int) -> None:
        use(threads)
        self.network, self.x, self.y = network, x, y
        self.model = built(network, x, y)

    def train(self, order: Array, epochs: int) -> float:
        """Train `epochs` epochs on the rows that `order` covers; return the mean loss of the last."""
        rows = slice(order.min(), order.max() + 1)
        x, y = self.x[rows], self.y[rows]
        history = self.model.fit(x, y, batch_size=self.network.batch, epochs=epochs, verbose=0)
        return history.history["loss"][-1]
