"""Models put together wrongly, layers called on what they cannot take, weights that do not fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import backlit as bl
from backlit import layers
from backlit.errors import ConfigError, DataError, NotRecordable, ShapeError

from .row import CLASSES, LABELS, Row, X, network, right, wrong

Dense, Input, Model, Sequential = layers.Dense, layers.Input, bl.Model, bl.Sequential
A, B = np.ones((4, 3), "float32"), np.ones((4, 2), "float32")


def using(name: str, error: Any, says: str, act: Callable[[Any], Any], model: Any = CLASSES) -> Row:
    """`act(model)` raises `error`."""
    return Row(name, act, model, error, (says,))


class NoInit(layers.Layer):
    """Forgets to call the parent's `__init__`."""

    def __init__(self) -> None:
        self.units = 3


class NoCall(layers.Layer):
    """Does not say what it computes."""


class NoCallModel(bl.Model):
    """A model without `call`."""


def own_layer(x: Any) -> Any:
    """Use NumPy on a symbol."""
    return np.exp(x)


SEQUENTIAL = [
    wrong("a layer that is no list", ConfigError, r"list of layers, got Dense", lambda: Sequential(Dense(3))),
    wrong("a number for a layer", ConfigError, "takes layers, got 3", lambda: Sequential([3])),
    wrong("a class for a layer", ConfigError, r"Dense for Dense\(10\)", lambda: Sequential([Dense])),
    wrong("a name for a layer", ConfigError, "takes layers, got 'relu'", lambda: Sequential([Dense(3), "relu"])),
    wrong("None for a layer", ConfigError, "takes layers, got None", lambda: Sequential().add(None)),
    wrong(
        "a name twice",
        ConfigError,
        "named 'a'. Names must be unique",
        lambda: Sequential([Dense(3, name="a"), Dense(3, name="a")]),
    ),
    wrong("an input in the middle", ConfigError, "first thing", lambda: Sequential([Dense(3), Input((4,))])),
    wrong("popping an empty model", ConfigError, "no layer to pop", lambda: Sequential().pop()),
    wrong("an unknown option of a model", ConfigError, "no argument 'nam'", lambda: Sequential([Dense(3)], nam="x")),
    wrong(
        "the inputs of an unbuilt model",
        ConfigError,
        "does not know its input shape",
        lambda: Sequential([Dense(3)]).inputs,
    ),
    wrong("counting an unbuilt model", ConfigError, "no weights yet", lambda: Sequential([Dense(3)]).count_params()),
    wrong("predicting without layers", ConfigError, "no layers|is empty", lambda: Sequential().predict(X)),
    wrong("pictures into Dense of rank 1", ShapeError, "needs inputs", lambda: Sequential([Input(()), Dense(3)])),
    wrong("a wrong build", ShapeError, "needs inputs", lambda: Sequential([Dense(3)]).build((None,))),
    using("a first batch of another width", ShapeError, r"^x has shape \(10, 2\)", lambda m: m.predict(X[:, :2])),
    using("calling with another width", ShapeError, r"\(10, 2\)", lambda m: m(X[:, :2])),
    using("calling with a flat array", ShapeError, r"\(10,\)", lambda m: m(X[:, 0])),
    right("predicting before building", (10, 3), lambda: Sequential([Dense(3)]).predict(X, verbose=0).shape),
    right("a layer with NumPy's float64", "float32", lambda: Dense(3)(X.astype("float64")).dtype.name),
]

FUNCTIONAL = [
    wrong("no inputs, no outputs", ConfigError, "needs inputs= and outputs=", lambda: Model()),
    wrong("arrays for inputs", ConfigError, "^inputs must be symbolic", lambda: Model(X, Dense(3)(Input((4,))))),
    wrong("a layer for outputs", ConfigError, "^outputs must be symbolic", lambda: Model(Input((4,)), Dense(3))),
    wrong(
        "an eager tensor for outputs", ConfigError, "^outputs must be symbolic", lambda: Model(Input((4,)), Dense(3)(X))
    ),
    wrong(
        "outputs of another input",
        ConfigError,
        "depend on 'other', which is not among the inputs",
        lambda: Model(Input((4,)), Dense(3)(Input((4,), name="other"))),
    ),
    wrong("no outputs", ConfigError, "^outputs", lambda: Model(Input((4,)), [])),
    wrong("an input twice", ConfigError, "twice", lambda: (lambda i: Model([i, i], Dense(3)(i)))(Input((4,)))),
    wrong(
        "two layers of one name",
        ConfigError,
        "named 'a'",
        lambda: (lambda i: Model(i, Dense(3, name="a")(Dense(3, name="a")(i))))(Input((4,))),
    ),
    wrong("NumPy on a symbol", NotRecordable, "Use layers or backlit.ops", lambda: own_layer(Input((4,)))),
    wrong("a symbol as a condition", NotRecordable, "no truth value", lambda: bool(Input((4,)))),
    wrong("iterating over a symbol", NotRecordable, "cannot be iterated", lambda: list(Input((4,)))),
    wrong(
        "a layer that is not there",
        ConfigError,
        "no layer 'dens'.*Did you mean \"dense\"",
        lambda: Sequential([Input((4,)), Dense(3, name="dense")]).get_layer("dens"),
    ),
    wrong("a layer beyond the end", ConfigError, "no layer 7", lambda: Sequential([Dense(3)]).get_layer(index=7)),
    using(
        "a functional model, another width",
        ShapeError,
        r"^x has shape \(10, 2\)",
        lambda m: m.predict(X[:, :2]),
        network(functional=True),
    ),
    using("a summary too narrow", ConfigError, "Widen", lambda m: m.summary(line_length=5)),
]

LAYERS = [
    wrong("adding one", ShapeError, "at least 2", lambda: layers.Add()(A)),
    wrong("adding other shapes", ShapeError, r"\(3,\) and \(2,\)", lambda: layers.Add()([A, B])),
    wrong("subtracting three", ShapeError, "exactly two inputs, got 3", lambda: layers.Subtract()([A, A, A])),
    wrong("joining other shapes", ShapeError, "cannot join", lambda: layers.Concatenate(axis=1)([A[:, :, None], A])),
    wrong("joining along axis 5", ShapeError, "axis 5", lambda: layers.Concatenate(axis=5)([A, A])),
    wrong(
        "an impossible reshape", ShapeError, r"sample of shape \(3,\) the shape \(2,\)", lambda: layers.Reshape((2,))(A)
    ),
    wrong("a flat input", ShapeError, "needs inputs", lambda: Dense(3)(A[:, 0])),
    wrong("another width later", ShapeError, "built for 3 features", lambda: (lambda d: (d(A), d(B)))(Dense(3))),
    wrong("normalizing axis 5", ShapeError, "axis 5", lambda: layers.BatchNormalization(axis=5)(A)),
    wrong("normalizing the batch", ShapeError, "cannot normalize axis 0", lambda: layers.BatchNormalization(axis=0)(A)),
    wrong("softmax over axis 5", ShapeError, "axis 5", lambda: layers.Softmax(axis=5)(A)),
    wrong("a layer on text", DataError, "text", lambda: Dense(3)(np.array([["a", "b"]]))),
    wrong("a layer on objects", DataError, "object", lambda: Dense(3)(A.astype(object))),
    wrong("a layer on complex numbers", DataError, "complex", lambda: Dense(3)(A.astype(complex))),
    wrong("a layer on None", DataError, "None", lambda: Dense(3)(None)),
    wrong("a layer on a list of numbers", DataError, "list", lambda: Dense(3)([[1.0, 2.0, 3.0]])),
    wrong("no super().__init__()", ConfigError, r"super\(\).__init__\(\)", lambda: NoInit()(A)),
    wrong("no call", ConfigError, "no `call` method", lambda: NoCall()(A)),
    wrong("a model without call", ConfigError, "no `call` method", lambda: NoCallModel().predict(X)),
    wrong(
        "a weight of another shape",
        ShapeError,
        r"shape \(3, 2\) gave \(2, 3\)",
        lambda: layers.Layer().add_weight((3, 2), initializer=lambda shape, dtype=None: np.zeros((2, 3))),
    ),
    wrong(
        "a layer's noise_shape of another rank",
        ShapeError,
        "noise_shape",
        lambda: layers.Dropout(0.5, noise_shape=(1,))(A, training=True),
    ),
]

ONES = [np.ones((4, 3)), np.ones(3)]
WEIGHTS = [
    using("setting too few weights", ShapeError, "has 2 weights, 1 array", lambda m: m.set_weights(ONES[:1])),
    using(
        "weights of another shape",
        ShapeError,
        r"kernel has shape \(4, 3\), an array of \(3, 4\)",
        lambda m: m.set_weights([ONES[0].T, ONES[1]]),
    ),
    using(
        "the last weight of another shape",
        ShapeError,
        r"bias has shape \(3,\), an array of \(4,\)",
        lambda m: m.set_weights([ONES[0], np.ones(4)]),
    ),
    using("setting text", DataError, "kernel.*<U", lambda m: m.set_weights([ONES[0].astype(str), ONES[1]])),
    using("setting objects", DataError, "bias.*object", lambda m: m.set_weights([ONES[0], ONES[1].astype(object)])),
    using("weights as complex numbers", DataError, "bias.*complex", lambda m: m.set_weights([ONES[0], ONES[1] * 1j])),
    using("no weights", ConfigError, "got None", lambda m: m.set_weights(None)),
    using("weights by name", ConfigError, "got dict", lambda m: m.set_weights({"kernel": ONES[0]})),
    Row(
        "weights as lists",
        lambda m: m.set_weights([w.tolist() for w in ONES]) or m.get_weights(),
        CLASSES,
        clean=lambda m: [w.astype("float32") for w in ONES],
    ),
    Row(
        "weights of another model",
        lambda m: m.set_weights(network()().get_weights()) or m.predict(X, verbose=0),
        CLASSES,
        clean=lambda m: m.predict(X, verbose=0),
    ),
]

STEPS = [
    using(
        "predict_on_batch of another width",
        ShapeError,
        r"^x has shape \(10, 2\)",
        lambda m: m.predict_on_batch(X[:, :2]),
    ),
    using("test_on_batch without targets", DataError, "^y is missing", lambda m: m.test_on_batch(X)),
    using("train_on_batch of no rows", DataError, "^x is empty", lambda m: m.train_on_batch(X[:0], LABELS[:0])),
    using("train_on_batch of nothing", DataError, "^x is None", lambda m: m.train_on_batch(None)),
    using(
        "train_on_batch, both weights",
        ConfigError,
        "not both",
        lambda m: m.train_on_batch(X, LABELS, np.ones(10), {0: 1.0}),
    ),
    using(
        "train_on_batch, not compiled",
        ConfigError,
        r"call model\.compile",
        lambda m: Sequential([Dense(3)]).train_on_batch(X, LABELS),
    ),
    using("saving to another ending", ConfigError, r"ends in \.keras", lambda m: m.save("model.h6")),
]

ROWS = [*SEQUENTIAL, *FUNCTIONAL, *LAYERS, *WEIGHTS, *STEPS]
