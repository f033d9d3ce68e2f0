"""The figures the five learners' notebooks printed, reached by the library itself.

Each test trains the network of one notebook on the real MNIST; the bands are those within which a run with other
random numbers must fall, the exact digits are exact.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import backlit as bl
from backlit import layers, ops
from backlit.losses import sparse_categorical_crossentropy

pytestmark = [pytest.mark.mnist, pytest.mark.slow]
Data = tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


@pytest.fixture(scope="module")
def digits(mnist_dir: Path) -> Data:
    """Pixels as rows of float64 between 0 and 1, labels as they are."""
    (x, y), (x_test, y_test) = bl.datasets.mnist.load_data(data_dir=mnist_dir)
    return (x.reshape(-1, 784) / 255.0, y), (x_test.reshape(-1, 784) / 255.0, y_test)


# Notebook 001: a functional model, Adam, batch 32, one-hot targets, validation on the test set.

LOGISTIC = [(0.9144, 0.3078), (0.9231, 0.2798), (0.9240, 0.2713), (0.9246, 0.2707), (0.9263, 0.2688), (0.9273, 0.2634)]
HIDDEN = [(0.9619, 0.1323), (0.9719, 0.0939), (0.9680, 0.0995), (0.9763, 0.0769), (0.9774, 0.0754), (0.9765, 0.0823)]


@pytest.mark.parametrize(
    ("hidden", "printed", "band"),
    [((), LOGISTIC, (0.003, 0.006)), ((100,), HIDDEN, (0.004, 0.012))],
    ids=["logistic", "hidden"],
)
def test_001_validation_figures(
    digits: Data, hidden: tuple[int, ...], printed: list, band: tuple[float, float]
) -> None:
    """The mean over the epochs and the last epoch lie in the band, every single epoch in twice the band.

    Single epochs scatter more than the band: with Keras 3.15.1 itself three seeds gave .9548 to .9574 and .1451 to
    .1543 for the first epoch of the hidden network, where the notebook printed .9619 and .1323.
    """
    (x, y), (x_test, y_test) = ((a.astype("float32"), np.eye(10)[b]) for a, b in digits)
    bl.set_random_seed(2)
    inputs = h = layers.Input(shape=(784,))
    for units in hidden:
        h = layers.Dense(units, activation="relu")(h)
    model = bl.Model(inputs=inputs, outputs=layers.Dense(10, activation="softmax")(h))
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(x, y, epochs=6, batch_size=32, validation_data=(x_test, y_test), verbose=0).history
    reached = np.array([history["val_accuracy"], history["val_loss"]]).T
    apart, allowed = np.abs(reached - printed), np.array(band)
    assert (np.abs((reached - printed).mean(axis=0)) <= allowed).all(), reached
    assert (apart[-1] <= allowed).all(), reached
    assert (apart <= 2 * allowed).all(), reached


# Notebook 002: NumPy by hand in float64, with NumPy's own random numbers.

LOSSES_002 = [
    ".3238", ".2219", ".2007", ".0897", ".1276", ".0807", ".0540", ".0392", ".0189", ".0523",
    ".0148", ".0100", ".0606", ".0419", ".0110", ".1207", ".1000", ".0052", ".0163", ".0418",
]  # fmt: skip


class LastLoss(bl.callbacks.Callback):
    """Keeps the loss of the last batch of each epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.losses: list[float] = []

    def on_train_batch_begin(self, batch: int, logs: object = None) -> None:
        self.model.reset_metrics()

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        self.losses.append(self.model.metrics[0].result().item())


def test_002_every_printed_digit(digits: Data) -> None:
    bl.config.set_floatx("float64")
    (x, y), (x_test, y_test) = digits
    x, y = np.concatenate([x, x_test]), np.concatenate([y, y_test])  # the order of OpenML
    order = np.random.RandomState(42).permutation(70_000)
    held_out, train = order[:14_000], order[14_000:]
    generator = np.random.RandomState(42)
    hidden = [generator.randn(784, 128) * np.sqrt(2 / 784), np.zeros(128)]
    weights = [*hidden, generator.randn(128, 10) * np.sqrt(2 / 128), np.zeros(10)]

    def batches() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for _ in range(20):
            shuffled = train[generator.permutation(len(train))]
            for start in range(0, len(train), 128):
                rows = shuffled[start : start + 128]
                yield x[rows], np.eye(10)[y[rows]]

    model = bl.Sequential([layers.Input((784,)), layers.Dense(128, "relu"), layers.Dense(10, "softmax")])
    model.set_weights(weights)
    model.compile(bl.optimizers.SGD(0.2), "categorical_crossentropy")
    last = LastLoss()
    model.fit(batches(), steps_per_epoch=438, epochs=20, verbose=0, callbacks=[last])
    assert [f"{loss:.4f}".lstrip("0") for loss in last.losses] == LOSSES_002
    accuracy = (model.predict(x[held_out], batch_size=2000, verbose=0).argmax(axis=1) == y[held_out]).mean()
    assert f"{accuracy:.4f}" == "0.9739"


# Notebook 003: weights, products and a gradient tape, no layers.


class Affine:
    """y = activation(x W + b) with plain Variables, W uniform in [0, 0.1)."""

    def __init__(self, size_in: int, size_out: int, activation: object) -> None:
        self.activation = activation
        self.W = bl.Variable(bl.random.uniform((size_in, size_out), minval=0.0, maxval=0.1))
        self.b = bl.Variable(np.zeros(size_out, "float32"))

    def __call__(self, x: object) -> bl.Tensor:
        return self.activation(bl.matmul(x, self.W) + self.b)


def test_003_tape_from_scratch(digits: Data) -> None:
    bl.set_random_seed(0)
    (x, y), (x_test, y_test) = ((a.astype("float32"), b) for a, b in digits)
    row = [Affine(784, 512, bl.activations.relu), Affine(512, 10, ops.softmax)]
    weights = [w for layer in row for w in (layer.W, layer.b)]
    printed: list[list[float]] = []
    for _ in range(10):
        printed.append([])
        for batch, start in enumerate(range(0, 60_000, 128)):
            with bl.GradientTape() as tape:
                scores = row[1](row[0](x[start : start + 128]))
                loss = ops.mean(sparse_categorical_crossentropy(y[start : start + 128], scores))
            for g, w in zip(tape.gradient(loss, weights), weights, strict=True):
                w.assign_sub(g * 1e-3)
            if batch % 100 == 0:
                printed[-1].append(float(loss))
    theirs = [[4.10, 2.25, 2.21, 2.10, 2.24], [1.93, 1.90, 1.84, 1.72, 1.85]]
    for ours, wanted in zip(printed, theirs, strict=False):
        assert ours[1:] == pytest.approx(wanted[1:], abs=0.1)
    assert [p[0] for p in printed[4:8]] == pytest.approx([1.14, 0.99, 0.88, 0.80], abs=0.1)
    accuracy = (row[1](row[0](x_test)).numpy().argmax(axis=1) == y_test).mean()
    assert accuracy == pytest.approx(0.81, abs=0.02)


# Notebook 004: nodes of a graph, the numerical gradient, training with replacement.


def test_004_apples_and_oranges() -> None:
    prices = [bl.Tensor(np.float64(v)) for v in (100, 2, 150, 3, 1.1)]
    apple, apples, orange, oranges, tax = prices
    with bl.GradientTape() as tape:
        tape.watch(prices)
        price = (apple * apples + orange * oranges) * tax
    gradients = [float(g) for g in tape.gradient(price, prices)]
    assert float(price) == 715.0000000000001
    assert gradients == [2.2, 110.00000000000001, 3.3000000000000003, 165.0, 650.0]


def test_004_gradient_check(digits: Data) -> None:
    """Backpropagation against central differences on three images: every mean difference far below 1e-6."""
    bl.config.set_floatx("float64")
    bl.set_random_seed(0)
    (x, y), _ = digits
    small = bl.initializers.RandomNormal(stddev=0.01)
    hidden = layers.Dense(50, "relu", kernel_initializer=small)
    output = layers.Dense(10, "softmax", kernel_initializer=small)
    model = bl.Sequential([layers.Input((784,)), hidden, output])
    x, y = x[:3], np.eye(10)[y[:3]]

    def loss() -> bl.Tensor:
        return ops.mean(bl.losses.categorical_crossentropy(y, model(x)))

    with bl.GradientTape() as tape:
        value = loss()
    for weight, gradient in zip(model.weights, tape.gradient(value, model.weights), strict=True):
        places = np.random.RandomState(1).choice(weight.value.size, min(weight.value.size, 300), replace=False)
        differences = [abs(_slope(loss, weight, place) - gradient.numpy().flat[place]) for place in places]
        assert np.mean(differences) < 1e-6, weight.path


def _slope(loss: object, weight: bl.Variable, place: int, h: float = 1e-4) -> float:
    kept, ends = weight.numpy(), []
    for step in (h, -h):
        moved = kept.copy()
        moved.flat[place] += step
        weight.assign(moved)
        ends.append(float(loss()))
    weight.assign(kept)
    return (ends[0] - ends[1]) / (2 * h)


def test_004_training(digits: Data) -> None:
    theirs = [
        (0.0913, 0.0897), (0.9043, 0.9072), (0.9200, 0.9211), (0.9339, 0.9317), (0.9409, 0.9394), (0.9488, 0.9469),
        (0.9536, 0.9506), (0.9575, 0.9567), (0.9605, 0.9579),
    ]  # fmt: skip
    (x, y), (x_test, y_test) = ((a.astype("float32"), np.eye(10)[b]) for a, b in digits)
    bl.set_random_seed(1)
    generator = np.random.RandomState(0)
    small = bl.initializers.RandomNormal(stddev=0.01)
    hidden = layers.Dense(50, "relu", kernel_initializer=small)
    output = layers.Dense(10, "softmax", kernel_initializer=small)
    model = bl.Sequential([layers.Input((784,)), hidden, output])
    model.compile(bl.optimizers.SGD(0.1), "categorical_crossentropy", metrics=["accuracy"])

    def batches() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        while True:
            rows = generator.choice(60_000, 100)
            yield x[rows], y[rows]

    source, reached = batches(), []
    for steps in [1, *[600] * 16]:
        model.fit(source, steps_per_epoch=steps, verbose=0)
        both = ((x, y), (x_test, y_test))
        reached.append(tuple(model.evaluate(*data, batch_size=1000, verbose=0)[1] for data in both))
    assert len(reached) == 17
    for ours, wanted in zip(reached[1:], theirs[1:], strict=False):
        assert ours == pytest.approx(wanted, abs=0.01)
