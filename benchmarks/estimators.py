"""How long `fit` and `predict` of the scikit-learn estimators take on MNIST, beside scikit-learn's own network.

    python -m benchmarks.estimators
    python -m benchmarks.estimators --rows 10000 --rounds 3

Both get the same settings, take turns in one run, and are scored on the same test images. BACKLIT_DATA names the folder
of MNIST.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from backlit import config
from backlit.datasets import mnist
from backlit.estimators import NeuralNetClassifier

from .timing import against, machine, median_ratio, take_turns

ASKED = 3.0
SETTINGS: dict[str, tuple[Any, ...]] = {  # name: dtype of the pixels, hidden layers, batch, optimizer, learning rate
    "100, batch 200, Adam": ("float32", (100,), 200, "adam", 0.001),
    "100, batch 200, Adam, float64": ("float64", (100,), 200, "adam", 0.001),
    "100, batch 32, Adam": ("float32", (100,), 32, "adam", 0.001),
    "512, 256, batch 128, Adam": ("float32", (512, 256), 128, "adam", 0.001),
    "128, batch 128, SGD": ("float32", (128,), 128, "sgd", 0.1),
}


def ours(epochs: int, hidden: tuple[int, ...], batch: int, optimizer: str, rate: float) -> Any:
    """Return our estimator with these settings; nothing ends it early."""
    return NeuralNetClassifier(
        hidden, "relu", optimizer=optimizer, learning_rate=rate, batch_size=batch, epochs=epochs,
        n_iter_no_change=None, random_state=0,
    )  # fmt: skip


def theirs(epochs: int, hidden: tuple[int, ...], batch: int, optimizer: str, rate: float) -> Any:
    """Return scikit-learn's with the same: no penalty, no momentum, the step size as it is."""
    peer: Any = MLPClassifier
    return peer(
        hidden, activation="relu", solver=optimizer, learning_rate_init=rate, batch_size=batch, max_iter=epochs,
        n_iter_no_change=epochs + 1, alpha=0.0, momentum=0.0, nesterovs_momentum=False, random_state=0,
    )  # fmt: skip


def main() -> None:
    """Print seconds, their ratio and the test accuracies for each row of settings."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.estimators", description="Estimators on MNIST.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=60_000)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    config.set_threads(given.threads)
    warnings.simplefilter("ignore", ConvergenceWarning)
    (x, y), (x_test, y_test) = mnist.load_data()
    print(f"{machine()}, {given.threads} threads; MNIST, {given.rows} rows, {given.epochs} epochs, median of rounds")
    for name, (dtype, *settings) in SETTINGS.items():
        train, test = _pixels(x[: given.rows], dtype), _pixels(x_test, dtype)
        nets: dict[str, Any] = {
            "Backlit": ours(given.epochs, *settings),
            "scikit-learn": theirs(given.epochs, *settings),
        }
        print(f"\n{name}")
        _report("fit", {who: _fit(net, train, y[: given.rows]) for who, net in nets.items()}, given.rounds, ASKED)
        _report("predict", {who: _predict(net, test) for who, net in nets.items()}, given.rounds)
        print(
            "  accuracy " + ", ".join(f"{who} {net.score(test, y_test):.4f}" for who, net in nets.items()), flush=True
        )


def _pixels(images: Any, dtype: str) -> Any:
    return (images.reshape(len(images), -1) / np.float64(255)).astype(dtype)


def _fit(net: Any, x: Any, y: Any) -> Callable[[], object]:
    return lambda: net.fit(x, y)


def _predict(net: Any, x: Any) -> Callable[[], object]:
    return lambda: net.predict(x)


def _report(what: str, runs: dict[str, Callable[[], object]], rounds: int, asked: float | None = None) -> None:
    times = take_turns(runs, rounds)
    ratio = median_ratio(times["scikit-learn"], times["Backlit"])
    seconds = ", ".join(f"{who} {timing.median:.3g} s ({timing.spread()})" for who, timing in times.items())
    verdict = against(ratio, asked, "x", at_least=True) if asked else f"{ratio:9.4g} x"
    print(f"  {what:8} {seconds}: {verdict}", flush=True)


if __name__ == "__main__":
    main()
