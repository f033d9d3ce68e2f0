"""Random networks: every layer, loss, optimizer and option, chains and graphs with several ends, as plain data.

A description is what hypothesis draws and prints; `built` makes the model, `example` data that suit its losses.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle, pairwise
from typing import Any

import numpy as np
from hypothesis import strategies as st

import backlit as bl
from backlit import activations, constraints, layers, losses, regularizers
from backlit.training.prepare import training_data
from backlit.training.step import Batch

NOT_COMPILED = ("sparsemax", "threshold")  # the first sorts, the second needs settings
ACTIVATIONS = [*sorted(set(activations.ACTIVATIONS) - {*NOT_COMPILED, "glu"})]
LAYERS: dict[str, Callable[[], Any]] = {
    "nothing": layers.Identity, "relu": layers.ReLU, "capped": lambda: layers.ReLU(1.5, 0.1, 0.2),
    "leaky": lambda: layers.LeakyReLU(0.1), "elu": lambda: layers.ELU(0.7), "softmax": layers.Softmax,
    "prelu": lambda: layers.PReLU(alpha_initializer=bl.initializers.Constant(0.2)),
    "norm": layers.BatchNormalization, "plain norm": lambda: layers.BatchNormalization(center=False, scale=False),
    "layer norm": layers.LayerNormalization, "dropout": lambda: layers.Dropout(0.4),
    "noise": lambda: layers.GaussianNoise(0.1), "scaled": lambda: layers.Rescaling(0.5, 0.1),
    "standardized": layers.Normalization, "function": lambda: layers.Lambda(lambda x: x * x - 0.5 * x),
    "squared cost": lambda: layers.Activation("tanh", activity_regularizer="l2"),
}  # fmt: skip
MERGES = ["Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract"]

Targets = Callable[[np.random.Generator, int, int], np.ndarray]


def _one_hot(generator: np.random.Generator, rows: int, width: int) -> np.ndarray:
    return np.eye(width)[generator.integers(0, width, rows)]


def _numbers(generator: np.random.Generator, rows: int, width: int) -> np.ndarray:
    return generator.normal(size=(rows, width))


def _positive(generator: np.random.Generator, rows: int, width: int) -> np.ndarray:
    return generator.uniform(0.5, 2.0, (rows, width))


def _bits(generator: np.random.Generator, rows: int, width: int) -> np.ndarray:
    return generator.integers(0, 2, (rows, width)).astype(float)


def _shares(generator: np.random.Generator, rows: int, width: int) -> np.ndarray:
    return generator.dirichlet(np.ones(width), rows)


def _classes(generator: np.random.Generator, rows: int, width: int) -> np.ndarray:
    return generator.integers(0, width, rows)


LOSSES: dict[str, tuple[Callable[[], Any], str, Targets]] = {  # name: the loss, the last activation, the targets
    "mse": (losses.MeanSquaredError, "linear", _numbers),
    "mae": (losses.MeanAbsoluteError, "linear", _numbers),
    "mape": (losses.MeanAbsolutePercentageError, "linear", _positive),
    "msle": (losses.MeanSquaredLogarithmicError, "softplus", _positive),
    "huber": (lambda: losses.Huber(0.7), "linear", _numbers),
    "log_cosh": (losses.LogCosh, "linear", _numbers),
    "poisson": (losses.Poisson, "exponential", _positive),
    "cosine": (losses.CosineSimilarity, "linear", _numbers),
    "categorical": (lambda: losses.CategoricalCrossentropy(label_smoothing=0.1), "softmax", _one_hot),
    "categorical logits": (lambda: losses.CategoricalCrossentropy(from_logits=True), "linear", _one_hot),
    "sparse": (losses.SparseCategoricalCrossentropy, "softmax", _classes),
    "sparse logits": (lambda: losses.SparseCategoricalCrossentropy(True, ignore_class=1), "linear", _classes),
    "binary": (losses.BinaryCrossentropy, "sigmoid", _bits),
    "binary logits": (lambda: losses.BinaryCrossentropy(True, 0.1), "linear", _bits),
    "binary focal": (lambda: losses.BinaryFocalCrossentropy(True), "sigmoid", _bits),
    "categorical focal": (losses.CategoricalFocalCrossentropy, "softmax", _one_hot),
    "kl": (losses.KLDivergence, "softmax", _shares),
    "hinge": (losses.Hinge, "tanh", _bits),
    "squared hinge": (losses.SquaredHinge, "tanh", _bits),
    "categorical hinge": (losses.CategoricalHinge, "linear", _one_hot),
    "dice": (losses.Dice, "sigmoid", _bits),
    "tversky": (lambda: losses.Tversky(0.3, 0.7), "sigmoid", _bits),
    "sum": (lambda: losses.MeanSquaredError(reduction="sum"), "linear", _numbers),
}  # fmt: skip
OPTIMIZERS: dict[str, Callable[..., Any]] = {
    "sgd": lambda **o: bl.optimizers.SGD(0.05, **o), "momentum": lambda **o: bl.optimizers.SGD(0.05, 0.9, **o),
    "nesterov": lambda **o: bl.optimizers.SGD(0.05, 0.9, True, **o), "rmsprop": bl.optimizers.RMSprop,
    "centered": lambda **o: bl.optimizers.RMSprop(momentum=0.5, centered=True, **o), "adam": bl.optimizers.Adam,
    "amsgrad": lambda **o: bl.optimizers.Adam(amsgrad=True, **o), "adamw": bl.optimizers.AdamW,
    "adamax": bl.optimizers.Adamax, "nadam": bl.optimizers.Nadam, "adagrad": bl.optimizers.Adagrad,
    "adadelta": bl.optimizers.Adadelta, "ftrl": bl.optimizers.Ftrl, "lion": bl.optimizers.Lion,
    "scheduled": lambda **o: bl.optimizers.SGD(bl.optimizers.schedules.CosineDecay(0.1, 100), 0.5, **o),
}  # fmt: skip
OPTIONS: list[dict[str, Any]] = [
    {}, {"clipnorm": 0.1}, {"clipvalue": 0.01}, {"global_clipnorm": 0.1}, {"weight_decay": 0.01}, {"use_ema": True},
    {"gradient_accumulation_steps": 2}, {"use_ema": True, "ema_overwrite_frequency": 3},
]  # fmt: skip
REGULARIZERS: dict[str, Callable[[], Any]] = {
    "none": lambda: None, "l1": regularizers.L1, "l2": regularizers.L2, "l1l2": lambda: regularizers.L1L2(0.01, 0.01),
    "orthogonal": regularizers.OrthogonalRegularizer,
}  # fmt: skip
CONSTRAINTS: dict[str, Callable[[], Any]] = {
    "none": lambda: None, "nonneg": constraints.NonNeg, "max": lambda: constraints.MaxNorm(0.5),
    "unit": constraints.UnitNorm, "between": lambda: constraints.MinMaxNorm(0.2, 0.6, 0.5),
}  # fmt: skip
PLAIN: dict[str, Any] = {
    "form": "chain", "features": (9,), "widths": [13, 6], "between": ["nothing"], "activations": ["tanh"],
    "loss": "mse", "classes": 3, "optimizer": "sgd", "options": {}, "regularizer": "none", "constraint": "none",
    "merge": "Add", "batch": 7, "weights": "none", "bias": True,
}  # fmt: skip

widths = st.one_of(st.integers(1, 40), st.integers(1, 130), st.sampled_from([256, 511, 784, 1100]))
described = st.fixed_dictionaries(
    {
        "form": st.sampled_from(["chain", "branches", "two inputs", "two outputs"]),
        "features": st.one_of(st.tuples(st.integers(1, 60)), st.tuples(st.integers(1, 5), st.integers(1, 20))),
        "widths": st.lists(widths, min_size=1, max_size=9).filter(
            lambda w: sum(a * b for a, b in pairwise(w)) < 4 * 10**5
        ),
        "between": st.lists(st.sampled_from(sorted(LAYERS)), min_size=1, max_size=4),
        "activations": st.lists(st.sampled_from(ACTIVATIONS), min_size=1, max_size=2),
        "loss": st.sampled_from(sorted(LOSSES)),
        "classes": st.integers(2, 12),
        "optimizer": st.sampled_from(sorted(OPTIMIZERS)),
        "options": st.sampled_from(OPTIONS),
        "regularizer": st.sampled_from(sorted(REGULARIZERS)),
        "constraint": st.sampled_from(sorted(CONSTRAINTS)),
        "merge": st.sampled_from(MERGES),
        "batch": st.integers(1, 40),
        "weights": st.sampled_from(["none", "sample", "class"]),
        "bias": st.booleans(),
    }
)


def built(made: dict[str, Any]) -> Any:
    """Return the compiled model of a description, its weights drawn from seed 1."""
    bl.set_random_seed(1)
    model = _model(made)
    loss, metrics = LOSSES[made["loss"]][0](), ["mae"] if not made["loss"].startswith("sparse") else ["accuracy"]
    optimizer = OPTIMIZERS[made["optimizer"]](**made["options"])
    if made["form"] == "two outputs":
        model.compile(optimizer, [loss, "mse"], loss_weights=[1.0, 0.3], metrics=[metrics, ["mae"]])
    else:
        model.compile(optimizer, loss, metrics=metrics)
    return model


def _model(made: dict[str, Any]) -> Any:
    head = layers.Dense(made["classes"], LOSSES[made["loss"]][1], name="head")
    if made["form"] == "chain":
        return bl.Sequential([layers.Input(made["features"]), *_stack(made, "a"), layers.Flatten(), head])
    x = layers.Input(made["features"], name="one")
    inputs = [x, layers.Input((11,), name="two")] if made["form"] == "two inputs" else [x]
    left = _joined([*_stack(made, "a"), layers.Flatten(), layers.Dense(6, name="left")], x)
    right = layers.Dense(6, "tanh", name="right")(layers.Flatten()(inputs[-1]))
    both = getattr(layers, made["merge"])(name="both")([left, right])
    outputs = [head(both), layers.Dense(2, name="side")(left)] if made["form"] == "two outputs" else head(both)
    return bl.Model(inputs if len(inputs) > 1 else x, outputs)


def _stack(made: dict[str, Any], name: str) -> list[Any]:
    found = []
    for i, (width, between, activation) in enumerate(
        zip(made["widths"], cycle(made["between"]), cycle(made["activations"]))
    ):
        dense = layers.Dense(
            width, activation, use_bias=made["bias"], kernel_regularizer=REGULARIZERS[made["regularizer"]](),
            kernel_constraint=CONSTRAINTS[made["constraint"]](), bias_initializer="glorot_uniform", name=f"{name}{i}",
        )  # fmt: skip
        found += [dense, LAYERS[between]()]
    return found


def _joined(stack: list[Any], x: Any) -> Any:
    for layer in stack:
        x = layer(x)
    return x


def arrays(made: dict[str, Any], rows: int) -> tuple[Any, Any]:
    """Return inputs and targets for so many rows; half of the first input is 0."""
    generator = np.random.default_rng(rows)
    x = generator.normal(size=(rows, *made["features"])) * (generator.random((rows, *made["features"])) < 0.5)
    y = LOSSES[made["loss"]][2](generator, rows, made["classes"])
    if made["form"] == "two inputs":
        x = [x, generator.normal(size=(rows, 11))]
    return x, [y, generator.normal(size=(rows, 2))] if made["form"] == "two outputs" else y


def batch_for(model: Any, made: dict[str, Any]) -> Batch:
    """Return one checked batch, weighted as the description says."""
    rows = made["batch"]
    x, y = arrays(made, rows)
    single = made["form"] != "two outputs" and made["loss"] not in ("dice", "tversky")  # these give one value in all
    sample = np.random.default_rng(3).random(rows) if made["weights"] == "sample" and single else None
    by_class = made["weights"] == "class" and single and made["loss"].startswith(("sparse", "categorical"))
    weight = {c: 0.5 + c for c in range(made["classes"])} if by_class else None
    batches, _ = training_data(model, x, y, sample, weight, rows, False, None, 0.0)
    return next(batches.epoch(0))
