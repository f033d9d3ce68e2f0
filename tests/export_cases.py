"""Models to export: one for every activation and layer, and one for every op that has a word of its own.

A case makes its model and says what to feed it; the tests of every export go through all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import backlit as bl
from backlit import activations, layers, ops

ROWS = 9
DRAWN = np.random.default_rng(7)
WIDE = DRAWN.normal(0.0, 2.0, (ROWS, 6)).astype("float32")
SHORT = DRAWN.normal(size=(ROWS, 4)).astype("float32")
CUBE = DRAWN.normal(size=(ROWS, 4, 6)).astype("float32")
NEEDS_SETTINGS = {"threshold": lambda x: activations.threshold(x, 0.5, -1.0)}


def drawing(call: Callable[..., Any], *arrays: Any) -> tuple[Any, Any]:
    inputs = [layers.Input(a.shape[1:], name=f"x{i}") for i, a in enumerate(arrays)]
    return bl.Model(inputs, call(*inputs)), list(arrays) if len(arrays) > 1 else arrays[0]


def row(*stack: Any, x: Any = WIDE) -> tuple[Any, Any]:
    return bl.Sequential([layers.Input(x.shape[1:]), *stack]), x


def shaken(model: Any) -> Any:
    """Weights as after training: none is 0 or 1, variances are positive."""
    drawn = np.random.default_rng(3)
    for v in model.weights:
        values = drawn.normal(0.0, 0.5, v.shape)
        v.assign(np.abs(values) + 0.3 if "variance" in v.name else values)
    return model


def _subclass() -> tuple[Any, Any]:
    class Twice(bl.Model):
        def __init__(self) -> None:
            super().__init__()
            self.inner = layers.Dense(6, "tanh")

        def call(self, inputs: Any) -> Any:
            return self.inner(self.inner(inputs)) * ops.mean(inputs, 1, keepdims=True)

    model = Twice()
    model.build((None, 6))
    return model, WIDE


def _dicts() -> tuple[Any, Any]:
    a, b = layers.Input((6,), name="a"), layers.Input((4,), name="b")
    model = bl.Model({"a": a, "b": b}, {"s": layers.Dense(2)(a), "t": layers.Dense(1)(b)})
    return model, {"a": WIDE, "b": SHORT}


LAYERS: dict[str, Callable[[], tuple[Any, Any]]] = {
    "mlp": lambda: row(layers.Dense(5, "relu"), layers.Dropout(0.5), layers.Dense(3, "softmax")),
    "dense without bias": lambda: row(layers.Dense(5, use_bias=False)),
    "dense of rank 3": lambda: row(layers.Dense(5, "tanh"), layers.Flatten(), layers.Dense(2), x=CUBE),
    "batch normalization": lambda: row(layers.BatchNormalization(), layers.Dense(3)),
    "batch normalization, bare": lambda: row(layers.BatchNormalization(center=False, scale=False)),
    "batch normalization, gamma": lambda: row(layers.BatchNormalization(center=False)),
    "batch normalization, beta": lambda: row(layers.BatchNormalization(scale=False)),
    "batch normalization of rank 3": lambda: row(layers.BatchNormalization(), x=CUBE),
    "batch normalization, axis 1": lambda: row(layers.BatchNormalization(axis=1), x=CUBE),
    "layer normalization": lambda: row(layers.LayerNormalization()),
    "layer normalization, bare": lambda: row(layers.LayerNormalization(center=False, scale=False)),
    "layer normalization, beta": lambda: row(layers.LayerNormalization(scale=False), x=CUBE),
    "layer normalization, axis 1": lambda: row(layers.LayerNormalization(axis=1), x=CUBE),
    "layer normalization, axes": lambda: row(layers.LayerNormalization(axis=[1, 2]), x=CUBE),
    "rescaling": lambda: row(layers.Rescaling(1 / 255.0, -0.5), layers.Dense(3)),
    "rescaling by feature": lambda: row(layers.Rescaling([1.0, 2, 3, 4, 5, 6], [0.1] * 6), layers.Dense(3)),
    "normalization": lambda: row(layers.Normalization(), layers.Dense(3)),
    "normalization, given": lambda: row(layers.Normalization(mean=[0.0, 1, 2, 3, 4, 5], variance=2 * [1.0, 4, 9]),
                                        layers.Dense(3)),
    "normalization, inverted": lambda: row(layers.Normalization(axis=None, mean=0.5, variance=2.0, invert=True)),
    "dot": lambda: drawing(lambda a, b: layers.Dot(1, normalize=True)([a, b]), WIDE, WIDE + 1),
    "dot of rank 3": lambda: drawing(lambda a, b: layers.Dot((2, 2))([a, b]), CUBE, CUBE[:, :2] * 2),
    "identity": lambda: row(layers.Identity()),
    "nothing in training": lambda: row(layers.GaussianNoise(0.3), layers.Dropout(0.3), layers.Dense(2)),
    "images": lambda: row(layers.RandomFlip(), layers.RandomRotation(0.1), layers.Flatten(), layers.Dense(2),
                          x=CUBE[..., None]),
    "flatten": lambda: row(layers.Flatten(), x=CUBE),
    "reshape": lambda: row(layers.Reshape((3, -1)), layers.Dense(2)),
    "prelu": lambda: row(layers.PReLU()),
    "prelu, shared": lambda: row(layers.PReLU(shared_axes=[1]), x=CUBE),
    "relu layer": lambda: row(layers.ReLU(max_value=1.5, negative_slope=0.1, threshold=0.2)),
    "leaky relu layer": lambda: row(layers.LeakyReLU(0.05)),
    "elu layer": lambda: row(layers.ELU(0.7)),
    "softmax layer": lambda: row(layers.Softmax(axis=1), x=CUBE),
    "activation layer": lambda: row(layers.Activation("softmax")),
    "regularized": lambda: row(layers.Dense(3, "relu", kernel_regularizer="l2", activity_regularizer="l2")),
    "two softmaxes": lambda: row(layers.Softmax(), layers.Softmax()),
    "shared layer": lambda: drawing(_shared, WIDE, WIDE[::-1].copy()),
    "add": lambda: drawing(lambda a, b: layers.Add()([a, b]), WIDE, WIDE + 1),
    "subtract": lambda: drawing(lambda a, b: layers.Subtract()([a, b]), WIDE, WIDE + 1),
    "multiply": lambda: drawing(lambda a, b: layers.Multiply()([a, b]), WIDE, WIDE[:, :1]),
    "average": lambda: drawing(lambda a, b, c: layers.Average()([a, b, c]), WIDE, WIDE + 1, WIDE * 3),
    "maximum": lambda: drawing(lambda a, b: layers.Maximum()([a, b]), WIDE, -WIDE),
    "minimum": lambda: drawing(lambda a, b: layers.Minimum()([a, b]), WIDE, -WIDE),
    "concatenate": lambda: drawing(lambda a, b: layers.Concatenate()([a, layers.Dense(3)(b)]), WIDE, SHORT),
    "concatenate, axis 1": lambda: drawing(lambda a, b: layers.Concatenate(axis=1)([a, b]), CUBE, CUBE[:, :2] * 2),
    "several outputs": lambda: drawing(_branches, WIDE, SHORT),
    "an input as output": lambda: drawing(lambda a: [a, layers.Dense(2)(a)], WIDE),
    "one output twice": lambda: drawing(_twice, WIDE),
    "model in model": lambda: drawing(lambda a: row(layers.Dense(4, "relu"), layers.Dense(2))[0](a) * 2.0, WIDE),
    "subclass": _subclass,
    "dicts": _dicts,
    "fixed batch": lambda: (bl.Sequential([layers.Input((6,), batch_size=ROWS), layers.Dense(2, "tanh")]), WIDE),
}  # fmt: skip


def _shared(a: Any, b: Any) -> Any:
    dense = layers.Dense(3, "sigmoid")
    return dense(a) - dense(b)


def _branches(a: Any, b: Any) -> Any:
    joined = layers.Concatenate()([layers.Dense(3, "tanh")(a), layers.Dense(2)(b)])
    return [layers.Dense(1, name="one")(joined), layers.Dense(2, "softmax", name="two")(joined)]


def _twice(a: Any) -> Any:
    y = layers.Dense(2, name="same")(a)
    return [y, y]


INDICES = np.array([4, 0, 2])
OPS: dict[str, Callable[..., Any]] = {
    "square": ops.square, "sqrt": lambda x: ops.sqrt(ops.absolute(x)), "exp": ops.exp, "expm1": ops.expm1,
    "log": lambda x: ops.log(ops.absolute(x) + 0.1), "log1p": lambda x: ops.log1p(ops.absolute(x)), "sin": ops.sin,
    "cos": ops.cos, "arctan": ops.arctan, "sign": ops.sign, "floor": ops.floor, "ceil": ops.ceil, "round": ops.round,
    "erf": ops.erf, "erfc": ops.erfc, "power": lambda x: ops.absolute(x) ** 1.7, "clip": lambda x: ops.clip(x, -1, 2),
    "power of two": lambda x: 2.0**x, "negative": lambda x: -x * 2, "mod": lambda x: x % 0.75,
    "mod of a negative": lambda x: x % -0.75, "floor divide": lambda x: x // 0.75,
    "minus of a sum": lambda x: 1.0 - (x - (x + 0.5)) / (x * x / (x * x + 1.0) + 1.0),
    "greater": lambda x: ops.where(x > 0.5, x, 0.0), "greater equal": lambda x: ops.where(x >= 0.5, x, -x),
    "less": lambda x: ops.where(x < 0.5, 1.0, 0.1), "less equal": lambda x: ops.where(x <= 0.5, x, 2.0),
    "equal": lambda x: ops.where(ops.equal(ops.sign(x), 1.0), x, 2.0),
    "not equal": lambda x: ops.where(ops.not_equal(ops.sign(x), 1.0), x, 2.0),
    "logic": lambda x: ops.where(ops.logical_or(ops.logical_and(x > 0, x < 1), ops.logical_not(x < 2)), x, 0.0),
    "truth times number": lambda x: (x > 0) * x, "truth": lambda x: x > 0.5,
    "isnan": lambda x: ops.where(ops.isnan(x), 0.0, x), "isfinite": lambda x: ops.where(ops.isfinite(x), x, 0.0),
    "cast": lambda x: ops.cast(ops.cast(x * 10, "int32"), "float32"), "stop gradient": lambda x: ops.stop_gradient(x),
    "integers": lambda x: ops.cast(ops.cast(x * 10, "int64") // 3 * 2 - ops.cast(x * 10, "int64") % 4, "float32"),
    "sum": lambda x: ops.sum(x, -1), "mean": lambda x: ops.mean(x, 1, keepdims=True), "max": lambda x: ops.max(x, -1),
    "min": lambda x: ops.min(x, -1), "prod": lambda x: ops.prod(x, -1), "std": lambda x: ops.std(x, -1),
    "any": lambda x: ops.any(x > 3, -1), "all": lambda x: ops.all(x > -2, -1),
    "argmax": lambda x: ops.argmax(x, -1), "argmin": lambda x: ops.argmin(x, -1),
    "one hot": lambda x: ops.one_hot(ops.argmax(x, -1), 7), "cumsum": lambda x: ops.cumsum(x, -1),
    "cumsum, reverse": lambda x: ops.cumsum(x, -1, reverse=True), "sort": lambda x: ops.sort(x, -1),
    "logsumexp": lambda x: ops.logsumexp(x), "log softmax": lambda x: ops.log_softmax(x),
    "unit normalize": lambda x: x / ops.maximum(ops.sum(x * x, -1, keepdims=True), 1e-12) ** 0.5,
    "normalize": lambda x: ops.normalize(x, (1,)),
    "slice": lambda x: x[:, 1:5:2], "slice backward": lambda x: x[:, ::-1], "item": lambda x: x[:, -2],
    "new axis": lambda x: x[:, None, 2:], "ellipsis": lambda x: x[..., :2],
    "stack": lambda x: layers.Activation(lambda v: ops.stack([v, -v], 1))(x),
    "gather": lambda x: ops.gather(x, INDICES, 1), "concatenate": lambda x: ops.concatenate([x, x * 2], 1),
    "broadcast": lambda x: x + np.arange(6, dtype="float32"), "product with a constant": lambda x: x @ np.eye(6, 3),
}  # fmt: skip
OPS_OF_CUBE: dict[str, Callable[..., Any]] = {
    "transpose": lambda x: ops.transpose(x, (0, 2, 1)), "batched product": lambda x: x @ ops.transpose(x, (0, 2, 1)),
    "transposed product": lambda x: ops.matmul(x, x, transpose_b=True), "sum over two": lambda x: ops.sum(x, (1, 2)),
    "mean over the middle": lambda x: ops.mean(x, 1), "max over the middle": lambda x: ops.max(x, 1, keepdims=True),
    "softmax over the middle": lambda x: ops.softmax(x, 1), "sort over the middle": lambda x: ops.sort(x, 1),
    "cumsum over the middle": lambda x: ops.cumsum(x, 1), "argmax over the middle": lambda x: ops.argmax(x, 1),
    "gather over the middle": lambda x: ops.gather(x, np.array([[2, 1], [0, 3]]), 1),
    "slices": lambda x: x[:, 1:3, ::-2], "middle item": lambda x: x[:, 2], "sparsemax": activations.sparsemax,
    "gated": lambda x: activations.glu(x, 1), "spread": lambda x: x - ops.mean(x, 1, keepdims=True),
    "spread over the last": lambda x: x * ops.max(x, 2, keepdims=True),
}  # fmt: skip


def activation(name: str) -> tuple[Any, Any]:
    return row(layers.Dense(6), layers.Activation(NEEDS_SETTINGS.get(name, name)), layers.Dense(3))


CASES: dict[str, Callable[[], tuple[Any, Any]]] = {
    **LAYERS,
    **{f"activation {name}": lambda name=name: activation(name) for name in activations.ACTIVATIONS},
    "activation gelu, approximate": lambda: row(layers.Activation(lambda x: activations.gelu(x, True))),
    **{f"op {name}": lambda call=call: drawing(call, WIDE) for name, call in OPS.items()},
    **{f"op {name}": lambda call=call: drawing(call, CUBE) for name, call in OPS_OF_CUBE.items()},
}


def made(name: str) -> tuple[Any, list[Any], list[Any]]:
    """Return the model of a case, its inputs, and what it predicts, both as lists of arrays."""
    bl.set_random_seed(1)
    model, x = CASES[name]()
    shaken(model)
    return model, listed(x), listed(model.predict(x, verbose=0))


def listed(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else [value]
