"""Golden facts about Keras' initializers: fans, moments and bounds of the random ones, values of the others.

Random numbers cannot agree between libraries; what must agree is the law they follow.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from store import Writer, build

SHAPES = ((784, 100), (10, 400), (300,), (3, 20, 30), (3, 3, 16, 32))
DRAWS = 40_000
RANDOM: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in ("GlorotUniform", "GlorotNormal", "HeUniform", "HeNormal", "LecunUniform", "LecunNormal")),
    *((name, {}) for name in ("RandomNormal", "RandomUniform", "TruncatedNormal")),
    ("RandomNormal", {"mean": 1.0, "stddev": 0.2}),
    ("RandomUniform", {"minval": -0.5, "maxval": 2.0}),
    ("TruncatedNormal", {"mean": -1.0, "stddev": 0.3}),
    ("VarianceScaling", {}),
    ("VarianceScaling", {"scale": 3.0, "mode": "fan_out", "distribution": "uniform"}),
    ("VarianceScaling", {"scale": 0.5, "mode": "fan_avg", "distribution": "untruncated_normal"}),
    ("VarianceScaling", {"scale": 2.0, "mode": "fan_in", "distribution": "truncated_normal"}),
]
FIXED: list[tuple[str, dict[str, Any], tuple[int, ...]]] = [
    ("Zeros", {}, (3, 2)),
    ("Ones", {}, (3, 2)),
    ("Constant", {}, (3, 2)),
    ("Constant", {"value": -0.3}, (4,)),
    ("Identity", {}, (3, 3)),
    ("Identity", {"gain": 0.5}, (3, 5)),
    ("Identity", {"gain": 2.0}, (5, 3)),
]
ORTHOGONAL: list[tuple[dict[str, Any], tuple[int, ...]]] = [
    ({}, (6, 6)),
    ({}, (7, 4)),
    ({"gain": 1.7}, (4, 7)),
    ({"gain": 0.5}, (2, 3, 5)),
]


def pool(name: str, config: dict[str, Any], shape: tuple[int, ...]) -> np.ndarray:
    """Draw with as many seeds as it takes to have enough numbers."""
    draws = max(1, DRAWS // int(np.prod(shape)) + 1)
    made = [build(keras.initializers, {"class": name, "config": {**config, "seed": 100 + i}}) for i in range(draws)]
    return np.concatenate([np.asarray(initializer(shape)).ravel() for initializer in made]).astype("float64")


def names() -> dict[str, str]:
    """Say for every string Keras takes as an initializer which class it means."""
    from keras.src.initializers import ALL_OBJECTS_DICT

    return {key: value.__name__ for key, value in sorted(ALL_OBJECTS_DICT.items()) if "stft" not in key.lower()}


def make() -> None:
    """Write initializers.json and initializers.npz."""
    writer = Writer(keras=keras.__version__, names=names())
    for name, config in RANDOM:
        for shape in SHAPES:
            x = pool(name, config, shape)
            moments = {"mean": x.mean(), "std": x.std(), "low": x.min(), "high": x.max(), "count": x.size}
            case_id = "-".join([name, *(f"{k}={v}" for k, v in config.items()), "x".join(map(str, shape))])
            defaults = getattr(keras.initializers, name)().get_config()
            defaults = {k: v for k, v in defaults.items() if k not in ("input_axes", "output_axes")}  # newer than 3.0
            spec = {"kind": "random", "class": name, "config": config, "shape": shape}
            writer.add(case_id, {**spec, **moments, "defaults": defaults})
    for name, config, shape in FIXED:
        value = np.asarray(build(keras.initializers, {"class": name, "config": config})(shape))
        spec = {"kind": "fixed", "class": name, "config": config, "shape": shape}
        writer.add("-".join([name, *(f"{k}={v}" for k, v in config.items()), str(shape)]), spec, values=value)
    for config, shape in ORTHOGONAL:
        value = np.asarray(keras.initializers.Orthogonal(**config, seed=3)(shape)).reshape(-1, shape[-1])
        small = value.T @ value if value.shape[0] >= value.shape[1] else value @ value.T
        spec = {"kind": "orthogonal", "class": "Orthogonal", "config": config, "shape": shape}
        writer.add(f"Orthogonal-{shape}", spec, gram=small)
    writer.save("initializers")
