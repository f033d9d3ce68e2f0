"""Golden outputs, gradients and moving statistics of Keras' layers.

A layer gets stored weights, stored inputs and a stored cotangent; Keras answers with the output, the gradient of
sum(output * cotangent) for every input and trainable weight, and the state after the call.
"""

from __future__ import annotations

from typing import Any

import jax
import keras
import numpy as np
from store import Writer, build

CASES: list[tuple[str, dict[str, Any], list[tuple[int, ...]], dict[str, Any]]] = [
    # class, config, input shapes, call options
    ("Dense", {"units": 3}, [(4, 5)], {}),
    ("Dense", {"units": 3}, [(2, 4, 5)], {}),
    ("Dense", {"units": 3, "use_bias": False, "activation": "tanh"}, [(2, 2, 3, 5)], {}),
    ("Dense", {"units": 4, "activation": "softmax"}, [(6, 5)], {}),
    ("Dense", {"units": 2, "activation": "gelu"}, [(3, 5)], {}),
    ("Flatten", {}, [(4,)], {}),
    ("Flatten", {}, [(4, 1)], {}),
    ("Flatten", {}, [(4, 2, 3)], {}),
    ("Reshape", {"target_shape": [3, 2]}, [(4, 6)], {}),
    ("Reshape", {"target_shape": [-1, 2]}, [(4, 2, 3)], {}),
    ("Rescaling", {"scale": 1 / 255, "offset": -0.5}, [(3, 4)], {}),
    ("Rescaling", {"scale": [1.0, 2.0, 3.0, 4.0], "offset": [0.0, 1.0, 0.0, 1.0]}, [(3, 4)], {}),
    ("Identity", {}, [(3, 4)], {}),
    ("Add", {}, [(3, 4), (3, 4), (3, 4)], {}),
    ("Add", {}, [(3, 4), (3, 1)], {}),
    ("Subtract", {}, [(3, 4), (3, 4)], {}),
    ("Multiply", {}, [(3, 4), (3, 4), (3, 4)], {}),
    ("Multiply", {}, [(3, 2, 4), (3, 1, 4)], {}),
    ("Average", {}, [(3, 4), (3, 4), (3, 4)], {}),
    ("Maximum", {}, [(3, 4), (3, 4), (3, 4)], {}),
    ("Minimum", {}, [(3, 4), (3, 4)], {}),
    ("Concatenate", {}, [(3, 4), (3, 2)], {}),
    ("Concatenate", {"axis": 1}, [(3, 4, 2), (3, 1, 2)], {}),
    ("BatchNormalization", {}, [(6, 3)], {"training": True}),
    ("BatchNormalization", {}, [(6, 3)], {"training": False}),
    ("BatchNormalization", {}, [(6, 3)], {}),
    ("BatchNormalization", {"momentum": 0.5, "epsilon": 1e-5}, [(6, 3)], {"training": True}),
    ("BatchNormalization", {"center": False}, [(6, 3)], {"training": True}),
    ("BatchNormalization", {"scale": False}, [(6, 3)], {"training": True}),
    ("BatchNormalization", {"center": False, "scale": False}, [(6, 3)], {"training": True}),
    ("BatchNormalization", {"axis": 1}, [(4, 3, 2)], {"training": True}),
    ("BatchNormalization", {"axis": 1}, [(4, 3, 2)], {"training": False}),
    ("BatchNormalization", {}, [(4, 3, 2)], {"training": True}),
    ("BatchNormalization", {}, [(1, 3)], {"training": True}),
    ("BatchNormalization", {"trainable": False}, [(6, 3)], {"training": True}),
    ("LayerNormalization", {}, [(6, 4)], {}),
    ("LayerNormalization", {"epsilon": 0.1}, [(6, 4)], {}),
    ("LayerNormalization", {"center": False}, [(6, 4)], {}),
    ("LayerNormalization", {"scale": False}, [(6, 4)], {}),
    ("LayerNormalization", {"axis": [1, 2]}, [(3, 4, 2)], {}),
    ("LayerNormalization", {"axis": 1}, [(3, 4, 2)], {}),
    ("LayerNormalization", {}, [(3, 1)], {}),
    ("Dropout", {"rate": 0.5}, [(3, 4)], {"training": False}),
    ("Dropout", {"rate": 0.0}, [(3, 4)], {"training": True}),
    ("Dropout", {"rate": 1.0}, [(3, 4)], {"training": True}),
    ("GaussianNoise", {"stddev": 0.5}, [(3, 4)], {"training": False}),
]
NOISE: list[tuple[str, dict[str, Any]]] = [
    ("Dropout", {"rate": 0.3}),
    ("Dropout", {"rate": 0.9}),
    ("Dropout", {"rate": 0.5, "noise_shape": [200, 1]}),
    ("GaussianNoise", {"stddev": 0.1}),
    ("GaussianNoise", {"stddev": 0.9}),
]


def weights_for(layer: Any, rng: np.random.Generator) -> list[np.ndarray]:
    """Return weights of the right shapes; moving variances stay positive."""
    made = []
    for weight in layer.weights:
        value = rng.normal(size=weight.shape)
        made.append((np.abs(value) + 0.3 if "variance" in weight.name else value).astype("float32"))
    return made


def measure(layer: Any, inputs: list[np.ndarray], cotangent: np.ndarray, options: dict[str, Any]) -> dict[str, Any]:
    """Return the output, the gradients and the state after the call."""
    state = [v.value for v in layer.non_trainable_variables]

    def forward(params: list[Any], values: list[Any]) -> Any:
        argument = values if len(values) > 1 else values[0]
        out, after = layer.stateless_call(params, state, argument, **options)
        return (out * cotangent).sum(), (out, after)

    params = [v.value for v in layer.trainable_variables]
    (_, (out, after)), gradients = jax.value_and_grad(forward, argnums=(0, 1), has_aux=True)(params, inputs)
    named = {f"weight_gradient_{i}": np.asarray(g) for i, g in enumerate(gradients[0])}
    named |= {f"input_gradient_{i}": np.asarray(g) for i, g in enumerate(gradients[1])}
    states = [np.asarray(v) for v, held in zip(after, layer.non_trainable_variables) if "seed" not in held.path]
    return {"out": np.asarray(out), **named, **{f"state_{i}": value for i, value in enumerate(states)}}


def one(writer: Writer, index: int, case: tuple[Any, ...], rng: np.random.Generator) -> None:
    """Add one layer case."""
    name, config, shapes, options = case
    layer = build(keras.layers, {"class": name, "config": config})
    inputs = [(rng.normal(size=shape) * 2 + 0.5).astype("float32") for shape in shapes]
    layer.build(shapes if len(shapes) > 1 else shapes[0])
    weights = weights_for(layer, rng)
    layer.set_weights(weights)
    out_shape = layer(inputs if len(inputs) > 1 else inputs[0]).shape
    layer.set_weights(weights)
    cotangent = rng.normal(size=out_shape).astype("float32")
    given = {f"input_{i}": x for i, x in enumerate(inputs)} | {f"weight_{i}": w for i, w in enumerate(weights)}
    labels = [f"{k}={v}" for k, v in {**config, **options}.items()]
    writer.add(
        "-".join([name, *labels, str(shapes[0]), str(index)]),
        {
            "kind": "layer",
            "class": name,
            "config": config,
            "shapes": shapes,
            "options": options,
            "weights": [w.name for w in layer.weights],
            "keras": plain_config(layer.get_config()),
        },
        cotangent=cotangent,
        **given,
        **measure(layer, inputs, cotangent, options),
    )


def plain_config(config: dict[str, Any]) -> dict[str, Any]:
    """Shorten serialized objects of a config to their class name."""
    return {k: v.get("class_name") if isinstance(v, dict) else v for k, v in config.items()}


def noise(writer: Writer, name: str, config: dict[str, Any]) -> None:
    """Add the moments of a random layer on ones, and the share of exact zeros."""
    layer = build(keras.layers, {"class": name, "config": {**config, "seed": 4}})
    out = np.asarray(layer(np.ones((200, 300), "float32"), training=True)).astype("float64")
    facts = {"mean": out.mean(), "std": out.std(), "zeros": (out == 0).mean(), "high": out.max()}
    label = "-".join([name, "random", *(f"{k}={v}" for k, v in config.items())])
    writer.add(label, {"kind": "noise", "class": name, "config": config, **facts})


def make() -> None:
    """Write layers.json and layers.npz."""
    rng = np.random.default_rng(31)
    writer = Writer(keras=keras.__version__, names=sorted(n for n in dir(keras.layers) if n[0].isupper()))
    for index, case in enumerate(CASES):
        one(writer, index, case, rng)
    for name, config in NOISE:
        noise(writer, name, config)
    writer.save("layers")
