"""Keras: `model.fit` on the back end that KERAS_BACKEND names, which the worker sets before this is imported.

Compiled with jit_compile and several steps an execution; the loss and the accuracy are what every Keras user sees.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from .networks import Array, Network, weights

VERSION = f"Keras {keras.__version__} on {keras.backend.backend()}"
STEPS_PER_EXECUTION = 125


class Fit:
    """`model.fit` on arrays in memory, shuffling and all."""

    def __init__(self, network: Network, x: Array, y: Array, threads: int) -> None:
        if keras.backend.backend() == "tensorflow":
            _limit_tensorflow(threads)
        self.network, self.x, self.y = network, x, y
        keras.utils.set_random_seed(0)
        self.model = keras.Sequential([layers.Input((network.inputs,)), *_hidden(network)])
        self.model.add(layers.Dense(network.classes, "softmax"))
        dense = [layer for layer in self.model.layers if isinstance(layer, layers.Dense)]
        for layer, pair in zip(dense, weights(network), strict=True):
            layer.set_weights(list(pair))
        optimizer = {"adam": "Adam", "sgd": "SGD", "rmsprop": "RMSprop"}[network.optimizer]
        self.model.compile(
            getattr(keras.optimizers, optimizer)(network.learning_rate), "sparse_categorical_crossentropy",
            metrics=["accuracy"], jit_compile=True, steps_per_execution=STEPS_PER_EXECUTION,
        )  # fmt: skip

    def train(self, order: Array, epochs: int) -> float:
        """Train `epochs` epochs on the rows that `order` covers; return the mean loss of the last."""
        rows = slice(order.min(), order.max() + 1)
        x, y = self.x[rows], self.y[rows]
        history = self.model.fit(x, y, batch_size=self.network.batch, epochs=epochs, verbose=0)
        return history.history["loss"][-1]


def _hidden(network: Network) -> list[Any]:
    made: list[Any] = []
    for units in network.hidden:
        if network.deep:
            made += [layers.Dense(units), layers.LeakyReLU(0.1), layers.BatchNormalization(), layers.Dropout(0.5)]
        else:
            made.append(layers.Dense(units, "relu"))
    return made


def _limit_tensorflow(threads: int) -> None:
    import tensorflow as tf

    if tf.config.threading.get_intra_op_parallelism_threads() != threads:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
