"""Golden values and derivatives of Keras' activation functions and activation layers.

Values are taken on a grid with kinks and extremes; derivatives on a grid that no kink falls on, where every
back end must agree. Keras computes in float64 here: its float32 loses digits (squareplus) that ours keeps.
"""

from __future__ import annotations

from typing import Any

import jax
import keras
import numpy as np
from store import Writer, build

OVER_AN_AXIS = ("softmax", "log_softmax", "sparsemax", "glu")

VARIANTS: dict[str, list[dict[str, Any]]] = {
    "relu": [
        {"negative_slope": 0.1},
        {"max_value": 6.0},
        {"threshold": 1.0},
        {"negative_slope": 0.2, "max_value": 4.0, "threshold": 0.5},
        {"max_value": 4.0, "threshold": 0.5},
    ],
    "leaky_relu": [{"negative_slope": 0.01}, {"negative_slope": 0.0}],
    "elu": [{"alpha": 0.5}],
    "celu": [{"alpha": 0.5}, {"alpha": 2.0}],
    "gelu": [{"approximate": True}],
    "squareplus": [{"b": 1.0}],
    "soft_shrink": [{"threshold": 1.5}],
    "hard_shrink": [{"threshold": 1.5}],
    "threshold": [{"threshold": 0.0, "default_value": -2.0}, {"threshold": 1.0, "default_value": 0.25}],
    "softmax": [{"axis": 0}],
    "log_softmax": [{"axis": 0}],
    "sparsemax": [{"axis": 0}],
    "glu": [{"axis": 0}],
}

LAYERS: list[tuple[str, dict[str, Any]]] = [
    ("ReLU", {}),
    ("ReLU", {"max_value": 6.0}),
    ("ReLU", {"negative_slope": 0.2, "max_value": 4.0, "threshold": 0.5}),
    ("ReLU", {"threshold": 1.0}),
    ("LeakyReLU", {}),
    ("LeakyReLU", {"negative_slope": 0.1}),
    ("ELU", {}),
    ("ELU", {"alpha": 0.5}),
    ("Softmax", {}),
    ("Softmax", {"axis": 1}),
    ("PReLU", {"alpha_initializer": {"class": "Constant", "module": "initializers", "config": {"value": 0.25}}}),
    (
        "PReLU",
        {
            "alpha_initializer": {"class": "Constant", "module": "initializers", "config": {"value": 0.25}},
            "shared_axes": [1],
        },
    ),
    ("Activation", {"activation": "gelu"}),
    ("Activation", {"activation": "softmax"}),
]


def names() -> list[str]:
    """List Keras' activation names, aliases included."""
    table = {"swish", "hard_swish", *(n for n in dir(keras.activations) if n[0] != "_")}
    return sorted(table - {"get", "serialize", "deserialize"})


def grids() -> dict[str, np.ndarray]:
    """Return the inputs: `values` (n,), `smooth` (n,) off every kink, `matrix` (6, 8), `wide` (4, 6)."""
    kinks = [0, 0.5, 1, 1.5, 2, 2.5, 3, 4, 6]
    extremes = [1e-30, 1e-8, 1e-3, 10, 15, 20, 30, 50, 88, 90, 100, 1000, 1e4]
    half = [*kinks, *extremes, *np.linspace(0.1, 8, 24)]
    smooth = np.concatenate([np.linspace(0.0317, 8.0317, 33), [12.3, 25.1, 60.7, 95.3, 1234.5]])
    rng = np.random.default_rng(7)
    matrix = rng.normal(size=(6, 8)) * 2.0
    matrix[1] *= 20.0
    extreme = np.array(
        [[1e4, -1e4, 0, 1, 2, 3], [-1e4, -1e4, -1e4, -1e4, -1e4, -1e4], [50, 50, 0, 0, -50, -50], [1e-8, 0, 0, 0, 0, 0]]
    )
    return {
        "values": np.unique(np.array([*half, *(-np.array(half))], "float32")),
        "smooth": np.concatenate([-smooth[::-1], smooth]).astype("float32"),
        "matrix": matrix.astype("float32"),
        "extreme": extreme.astype("float32"),
        "cotangent": rng.normal(size=(6, 8)).astype("float32"),
        "rank3": rng.normal(size=(2, 3, 4)).astype("float32") * 2,
        "cotangent3": rng.normal(size=(2, 3, 4)).astype("float32"),
    }


def pull(function: Any, x: np.ndarray, cotangent: np.ndarray) -> np.ndarray:
    """Return the gradient of sum(function(x) * cotangent)."""
    return np.asarray(jax.grad(lambda v: (function(v) * cotangent).sum())(x))


def elementwise(writer: Writer, name: str, config: dict[str, Any], x: dict[str, np.ndarray]) -> None:
    """Add one element-wise activation: its values and its derivative."""
    function = getattr(keras.activations, name)
    writer.add(
        case_id(name, config),
        {"kind": "elementwise", "name": name, "config": config},
        values=np.asarray(function(x["values"], **config)),
        slopes=pull(lambda v: function(v, **config), x["smooth"], np.ones_like(x["smooth"])),
    )


def over_axis(writer: Writer, name: str, config: dict[str, Any], x: dict[str, np.ndarray]) -> None:
    """Add one activation that mixes an axis: values, gradient, values at extremes."""
    function = getattr(keras.activations, name)
    out = np.asarray(function(x["matrix"], **config))
    cotangent = x["cotangent"][: out.shape[0], : out.shape[1]]
    writer.add(
        case_id(name, config),
        {"kind": "axis", "name": name, "config": config},
        values=out,
        extremes=np.asarray(function(x["extreme"], **config)),
        gradient=pull(lambda v: function(v, **config), x["matrix"], cotangent),
    )


def case_id(name: str, config: dict[str, Any]) -> str:
    """Name a case after its options."""
    return "-".join([name, *(f"{k}={v}" if not isinstance(v, dict) else k for k, v in config.items())])


def layer(writer: Writer, name: str, config: dict[str, Any], x: dict[str, np.ndarray]) -> None:
    """Add one activation layer on a rank-3 input."""
    made = build(keras, {"class": name, "module": "layers", "config": config_of(config)})
    made.build(x["rank3"].shape)
    weights = [np.asarray(w.value) for w in made.trainable_variables]

    def forward(value: Any, params: list[Any]) -> Any:
        return made.stateless_call(params, [], value)[0]

    total = jax.grad(lambda v, p: (forward(v, p) * x["cotangent3"]).sum(), argnums=(0, 1))(x["rank3"], weights)
    writer.add(
        f"layer-{case_id(name, config)}",
        {"kind": "layer", "name": name, "config": config},
        values=np.asarray(forward(x["rank3"], weights)),
        gradient=np.asarray(total[0]),
        **{f"weight_gradient_{i}": np.asarray(g) for i, g in enumerate(total[1])},
    )


def config_of(config: dict[str, Any]) -> dict[str, Any]:
    """Build nested objects (an initializer) from the `keras` package."""
    return {key: build(keras, value) for key, value in config.items()}


def make() -> None:
    """Write activations.json and activations.npz."""
    keras.config.set_floatx("float64")
    jax.config.update("jax_enable_x64", True)
    make_all()
    jax.config.update("jax_enable_x64", False)
    keras.config.set_floatx("float32")


def make_all() -> None:
    """Make every case in the precision of the moment; the inputs are float32 numbers."""
    writer = Writer(keras=keras.__version__, names=names())
    x = {name: value.astype("float64") for name, value in grids().items()}
    writer.share(**x)
    for name in names():
        required = name == "threshold"  # the one activation without defaults
        for config in [*([] if required else [{}]), *VARIANTS.get(name, [])]:
            (over_axis if name in OVER_AN_AXIS else elementwise)(writer, name, config, x)
    for name, config in LAYERS:
        layer(writer, name, config, x)
    writer.save("activations")
