"""The book's `common.trainer`: batches drawn with replacement, a step, and the accuracies after every epoch."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import DataError, unknown_name
from .optimizer import SGD, AdaGrad, Adam, Momentum, Nesterov, RMSprop

__all__ = ["Trainer"]
OPTIMIZERS = {
    "sgd": SGD, "momentum": Momentum, "nesterov": Nesterov, "adagrad": AdaGrad, "rmsprop": RMSprop,
    "rmsprpo": RMSprop, "adam": Adam,
}  # fmt: skip  # one of them is a misprint of the book


class Trainer:
    """Trains a network of the book; `train_loss_list`, `train_acc_list`, `test_acc_list` hold what came out."""

    def __init__(
        self,
        network: Any,
        x_train: Any,
        t_train: Any,
        x_test: Any,
        t_test: Any,
        epochs: int = 20,
        mini_batch_size: int = 100,
        optimizer: str = "SGD",
        optimizer_param: dict[str, Any] | None = None,
        evaluate_sample_num_per_epoch: int | None = None,
        verbose: bool = True,
    ) -> None:
        if len(x_train) != len(t_train) or not len(x_train):
            raise DataError(f"There are {len(x_train)} examples and {len(t_train)} targets. Expected one each.")
        if str(optimizer).lower() not in OPTIMIZERS:
            raise unknown_name("optimizer", optimizer, [kind.__name__ for kind in OPTIMIZERS.values()])
        settings = {"lr": 0.01} if optimizer_param is None else optimizer_param
        self.network, self.verbose = network, verbose
        self.x_train, self.t_train, self.x_test, self.t_test = x_train, t_train, x_test, t_test
        self.epochs, self.batch_size = epochs, mini_batch_size
        self.evaluate_sample_num_per_epoch = evaluate_sample_num_per_epoch
        self.optimizer = OPTIMIZERS[str(optimizer).lower()](**settings)
        self.train_size = len(x_train)
        self.iter_per_epoch = max(self.train_size / mini_batch_size, 1)
        self.max_iter = int(epochs * self.iter_per_epoch)
        self.current_iter = self.current_epoch = 0
        self.train_loss_list: list[float] = []
        self.train_acc_list: list[float] = []
        self.test_acc_list: list[float] = []

    def train_step(self) -> None:
        """Make one step on a batch drawn with replacement; print its loss, and the accuracies once an epoch."""
        rows = np.random.choice(self.train_size, self.batch_size)
        x, t = self.x_train[rows], self.t_train[rows]
        self.optimizer.update(self.network.params, self.network.gradient(x, t))
        loss = self.network.loss(x, t)
        self.train_loss_list.append(loss)
        self._say(f"train loss:{loss}")
        if self.current_iter % self.iter_per_epoch == 0:
            self._measure()
        self.current_iter += 1

    def _measure(self) -> None:
        self.current_epoch += 1
        some = slice(self.evaluate_sample_num_per_epoch)
        train = self.network.accuracy(self.x_train[some], self.t_train[some])
        test = self.network.accuracy(self.x_test[some], self.t_test[some])
        self.train_acc_list.append(train)
        self.test_acc_list.append(test)
        self._say(f"=== epoch:{self.current_epoch}, train acc:{train}, test acc:{test} ===")

    def train(self) -> None:
        """Train for all epochs, then print the accuracy on the test set."""
        for _ in range(self.max_iter):
            self.train_step()
        accuracy = self.network.accuracy(self.x_test, self.t_test)
        self._say(f"=== final test accuracy:{accuracy} ===")

    def _say(self, line: str) -> None:
        if self.verbose:
            print(line)
