"""Models and training runs that are done twice: once with Keras for the golden file, once with Backlit in the test.

`k` is the library: `keras` or `backlit`. Nothing here knows which.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

ROWS, FEATURES, HIDDEN, CLASSES = 10, 6, 5, 3
Run = dict[str, Any]


def data() -> dict[str, np.ndarray]:
    """Return ten training rows, four validation rows, labels in both forms and sample weights."""
    rng = np.random.default_rng(42)
    labels = np.array([0, 1, 2, 0, 1, 2, 2, 1, 0, 0])
    val_labels = np.array([2, 0, 1, 1])
    return {
        "x": rng.normal(size=(ROWS, FEATURES)).astype("float32"),
        "y": labels,
        "y_onehot": np.eye(CLASSES, dtype="float32")[labels],
        "y_number": rng.normal(size=(ROWS, 1)).astype("float32"),
        "y_bit": (labels[:, None] > 0).astype("float32"),
        "x_val": rng.normal(size=(4, FEATURES)).astype("float32"),
        "y_val": val_labels,
        "weight": np.array([1, 0.5, 2, 0, 1, 3, 1, 0.25, 1, 1], "float32"),
        "weight_val": np.array([1, 0, 2, 0.5], "float32"),
    }


def start(model: Any) -> None:
    """Give the model its fixed weights: small normals, positive moving variances."""
    rng = np.random.default_rng(9)
    values = []
    for weight in model.weights:
        value = rng.normal(size=tuple(weight.shape)) * 0.5
        if weight.name == "gamma":
            value = value + 1
        values.append((np.abs(value) + 0.5 if weight.name == "moving_variance" else value).astype("float32"))
    model.set_weights(values)


def functional(k: Any, out: str | None = "softmax", units: int = CLASSES, norm: bool = False, l2: float = 0.0) -> Any:
    """6-5-3, with optional normalization after the hidden layer and L2 on both kernels."""
    penalty = {"kernel_regularizer": k.regularizers.L2(l2)} if l2 else {}
    inputs = k.layers.Input(shape=(FEATURES,))
    hidden = k.layers.Dense(HIDDEN, activation="tanh", **penalty)(inputs)
    if norm:
        hidden = k.layers.BatchNormalization(momentum=0.8)(hidden)
    return k.models.Model(inputs=inputs, outputs=k.layers.Dense(units, activation=out, **penalty)(hidden))


def branches(k: Any) -> Any:
    """Two branches joined, a shared layer, a skip connection."""
    inputs = k.layers.Input(shape=(FEATURES,))
    shared = k.layers.Dense(HIDDEN, activation="relu")
    left = shared(inputs)
    right = shared(k.layers.Rescaling(0.5)(inputs))
    joined = k.layers.Concatenate()([k.layers.Add()([left, right]), inputs])
    return k.models.Model(inputs, k.layers.Dense(CLASSES, activation="softmax")(joined))


def two_outputs(k: Any) -> Any:
    """One hidden layer, a class output and a number output."""
    inputs = k.layers.Input(shape=(FEATURES,))
    hidden = k.layers.Dense(HIDDEN, activation="tanh")(inputs)
    kind = k.layers.Dense(CLASSES, activation="softmax", name="kind")(hidden)
    size = k.layers.Dense(1, name="size")(hidden)
    return k.models.Model(inputs=inputs, outputs=[kind, size])


def regularized(k: Any) -> Any:
    """L1, L2, both, on kernels, biases and activities; two constraints on norms."""
    r, c = k.regularizers, k.constraints
    return k.models.Sequential(
        [
            k.layers.Input(shape=(FEATURES,)),
            k.layers.Dense(
                HIDDEN,
                activation="relu",
                kernel_regularizer=r.L1(0.01),
                bias_regularizer=r.L2(0.02),
                activity_regularizer=r.L2(0.03),
                kernel_constraint=c.MaxNorm(1.0),
            ),
            k.layers.Dense(
                CLASSES,
                activation="softmax",
                kernel_regularizer=r.L1L2(l1=0.01, l2=0.02),
                bias_constraint=c.UnitNorm(axis=0),
            ),
        ]
    )


def non_negative(k: Any) -> Any:
    """A sign constraint; without L1, whose slope at the zeros it makes is 1 on JAX and 0 elsewhere."""
    layer = k.layers.Dense(CLASSES, kernel_regularizer=k.regularizers.L2(0.1), kernel_constraint=k.constraints.NonNeg())
    return k.models.Sequential([k.layers.Input(shape=(FEATURES,)), layer, k.layers.Softmax()])


def frozen(k: Any) -> Any:
    """The model with normalization, first layer and normalization frozen."""
    model = functional(k, norm=True)
    for layer in model.layers[1:3]:
        layer.trainable = False
    return model


SPARSE = {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"], "weighted_metrics": ["accuracy"]}
COMPILES: dict[str, tuple[Callable[[Any], Any], dict[str, Any], dict[str, Any]]] = {
    # name: (model, compile arguments, fit arguments: strings name arrays of data())
    "plain": (functional, {**SPARSE, "optimizer": "adam"}, {}),
    "faster": (functional, SPARSE, {}),
    "onehot": (functional, {"loss": "categorical_crossentropy", "metrics": ["acc", "mse"]}, {"y": "y_onehot"}),
    "sgd": (functional, {**SPARSE, "optimizer": "sgd"}, {}),
    "rmsprop": (functional, {**SPARSE, "optimizer": "rmsprop"}, {}),
    "validation": (functional, SPARSE, {"validation_data": ("x_val", "y_val"), "validation_freq": 2}),
    "validation-weighted": (functional, SPARSE, {"validation_data": ("x_val", "y_val", "weight_val")}),
    "validation-split": (functional, SPARSE, {"validation_split": 0.25}),
    "class-weight": (functional, SPARSE, {"class_weight": {0: 1.0, 1: 3.0, 2: 0.5}}),
    "class-weight-partial": (functional, SPARSE, {"class_weight": {1: 3.0}}),
    "class-weight-onehot": (
        functional,
        {"loss": "categorical_crossentropy", "weighted_metrics": ["accuracy"]},
        {"y": "y_onehot", "class_weight": {0: 1.0, 1: 3.0, 2: 0.5}},
    ),
    "sample-weight": (functional, SPARSE, {"sample_weight": "weight"}),
    "initial-epoch": (functional, SPARSE, {"epochs": 4, "initial_epoch": 2}),
    "steps": (functional, SPARSE, {"steps_per_epoch": 2, "batch_size": 5}),
    "clipped": (functional, {**SPARSE, "optimizer": ("Adam", {"learning_rate": 0.05, "global_clipnorm": 0.1})}, {}),
    "ema": (
        functional,
        {**SPARSE, "optimizer": ("Adam", {"learning_rate": 0.05, "use_ema": True, "ema_momentum": 0.8})},
        {},
    ),
    "norm": (lambda k: functional(k, norm=True), SPARSE, {}),
    "norm-weighted": (lambda k: functional(k, norm=True), SPARSE, {"sample_weight": "weight"}),
    "l2": (lambda k: functional(k, l2=0.01), SPARSE, {}),
    "l2-weighted": (lambda k: functional(k, l2=0.01), SPARSE, {"sample_weight": "weight"}),
    "regularized": (regularized, SPARSE, {"validation_data": ("x_val", "y_val")}),
    "non-negative": (non_negative, SPARSE, {}),
    "frozen": (frozen, SPARSE, {}),
    "branches": (branches, SPARSE, {}),
    "binary": (
        lambda k: functional(k, out="sigmoid", units=1),
        {"loss": "binary_crossentropy", "metrics": ["accuracy", "AUC", "Precision"], "weighted_metrics": ["mae"]},
        {"y": "y_bit", "sample_weight": "weight"},
    ),
    "regression": (
        lambda k: functional(k, out=None, units=1),
        {"loss": "mse", "metrics": ["mae", "mse"], "weighted_metrics": ["mse"]},
        {"y": "y_number", "sample_weight": "weight"},
    ),
    "two-outputs": (
        two_outputs,
        {
            "loss": ["sparse_categorical_crossentropy", "mse"],
            "loss_weights": [1.0, 0.3],
            "metrics": [["accuracy"], ["mae"]],
        },
        {"y": ("y", "y_number")},
    ),
    "two-outputs-one-loss": (
        two_outputs,
        {"loss": [None, "mse"], "metrics": [["accuracy"], ["mae"]]},
        {"y": ("y", "y_number")},
    ),
}


def look_up(arrays: dict[str, np.ndarray], value: Any) -> Any:
    """Replace names of arrays by the arrays, inside tuples too."""
    if isinstance(value, str):
        return arrays[value]
    return type(value)(look_up(arrays, part) for part in value) if isinstance(value, tuple) else value


def optimizer(k: Any, wanted: Any) -> Any:
    """Return a compile argument: a name, or a class with options."""
    if isinstance(wanted, tuple):
        return getattr(k.optimizers, wanted[0])(**wanted[1])
    return wanted


def train(k: Any, name: str) -> Run:
    """Build, compile, fit three epochs in batches of four, evaluate, predict; return all numbers."""
    build, compile_arguments, fit_arguments = COMPILES[name]
    arrays = data()
    model = build(k)
    start(model)
    arguments = {"optimizer": ("Adam", {"learning_rate": 0.05}), **compile_arguments}
    model.compile(**{**arguments, "optimizer": optimizer(k, arguments["optimizer"])})
    given = {key: look_up(arrays, value) for key, value in fit_arguments.items()}
    y = given.pop("y", arrays["y"])
    y = list(y) if isinstance(y, tuple) else y
    before = evaluate(model, arrays["x"], y, given.get("sample_weight"))
    fit = {"epochs": 3, "batch_size": 4, "shuffle": False, "verbose": 0, **given}
    history = model.fit(arrays["x"], y, **fit)
    predicted = model.predict(arrays["x_val"], verbose=0)
    return {
        "history": {key: [float(v) for v in values] for key, values in history.history.items()},
        "epoch": list(history.epoch),
        "params": dict(history.params),
        "before": before,
        "after": evaluate(model, arrays["x"], y, given.get("sample_weight")),
        "metrics_names": list(model.metrics_names),
        "weights": [np.asarray(w) for w in model.get_weights()],
        "predicted": [np.asarray(p) for p in (predicted if isinstance(predicted, list) else [predicted])],
    }


def evaluate(model: Any, x: np.ndarray, y: Any, sample_weight: Any) -> dict[str, Any]:
    """Return what evaluate says as a dict and as a list (batches of three)."""
    options = {"sample_weight": sample_weight, "batch_size": 3, "verbose": 0}
    named = model.evaluate(x, y, return_dict=True, **options)
    listed = model.evaluate(x, y, **options)
    return {"dict": {key: float(v) for key, v in named.items()}, "list": np.ravel(listed).astype(float).tolist()}


def by_batch(k: Any) -> Run:
    """Drive the same model by hand: train_on_batch, test_on_batch, predict_on_batch, reset_metrics."""
    arrays = data()
    model = functional(k)
    start(model)
    model.compile("adam", **SPARSE)
    x, y, weight = arrays["x"], arrays["y"], arrays["weight"]
    says = [model.train_on_batch(x[:4], y[:4]), model.train_on_batch(x[4:8], y[4:8], sample_weight=weight[4:8])]
    model.reset_metrics()
    says.append(model.train_on_batch(x[:4], y[:4], class_weight={0: 2.0}))
    named = model.train_on_batch(x[4:], y[4:], return_dict=True)
    model.reset_metrics()
    says += [model.test_on_batch(x[:4], y[:4]), model.test_on_batch(x[4:], y[4:], sample_weight=weight[4:])]
    return {
        "says": [np.ravel(s).astype(float).tolist() for s in says],
        "named": {key: float(v) for key, v in named.items()},
        "predicted": [np.asarray(model.predict_on_batch(x[:3]))],
        "weights": [np.asarray(w) for w in model.get_weights()],
    }
