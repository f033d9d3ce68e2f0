"""The layers, one row each: how they are made, the shapes they take, and whether they are training.

All weights are drawn at random, so that none is 0 or 1; gradients with respect to inputs and weights are proven.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from backlit import layers
from backlit.activations import ACTIVATIONS
from backlit.arrays import Array, Shape, is_float
from backlit.tensor import Tensor, Trace, Variable

from .draw import laid_out
from .proof import Case, Recorded, second_order, used_twice

NOT_IN_DENSE = {"glu", "threshold"}  # one halves the units, the other needs arguments: proven on their own
BASES = {"Layer", "Input", "InputLayer"}  # they compute nothing


class Row(NamedTuple):
    """`make(**options)` on inputs of `shapes` (several for merging layers)."""

    options: dict[str, Any]
    shapes: tuple[Shape, ...]
    training: bool = False


def _each(options: tuple[dict[str, Any], ...], shapes: tuple[Shape, ...], training: bool = False) -> list[Row]:
    return [Row(option, (shape,), training) for option in options for shape in shapes]


_WIDTHS = ((4, 3), (1, 5), (0, 3))
_DEEP = (*_WIDTHS, (2, 3, 2))
_PAIR = ((3, 4), (3, 4))
_TRIPLE = ((2, 3), (2, 3), (2, 3))
_BROADCAST = ((2, 3, 4), (2, 1, 4))
RANDOM: tuple[tuple[str, dict[str, Any], Shape], ...] = (
    ("RandomRotation", {"factor": 0.2}, (2, 4, 3, 2)),
    ("RandomTranslation", {"height_factor": 0.3, "width_factor": 0.2, "fill_mode": "constant"}, (2, 4, 3, 1)),
    ("RandomZoom", {"height_factor": 0.4, "fill_mode": "nearest"}, (2, 3, 3, 1)),
    ("RandomShear", {"x_factor": 0.4, "y_factor": 0.2, "fill_mode": "wrap"}, (2, 3, 4, 1)),
    ("RandomAffine", {"rotation": 0.1, "width_shift": 0.2, "height_zoom": 0.3, "width_zoom": 0.1}, (2, 4, 3, 2)),
    ("RandomElastic", {"alpha": 3.0, "sigma": 1.0}, (2, 4, 3, 1)),
    ("RandomFlip", {}, (4, 2, 3, 1)),
    ("RandomErasing", {"fill_value": 0.5}, (3, 4, 4, 1)),
    ("RandomNoise", {"rate": 0.4}, (3, 4)),
)
_MERGED = [Row({}, shapes) for shapes in (_PAIR, _TRIPLE, _BROADCAST, ((0, 2), (0, 2)))]
ROWS: dict[str, list[Row]] = {
    "Dense": [
        *_each(({"units": 2}, {"units": 3, "use_bias": False}, {"units": 1, "activation": "tanh"}), _DEEP),
        *(Row({"units": 3, "activation": name}, ((3, 4),)) for name in ACTIVATIONS if name not in NOT_IN_DENSE),
    ],
    "Flatten": _each(({},), (*_DEEP, (3,))),
    "Reshape": [Row({"target_shape": (3, 2)}, ((2, 6),)), Row({"target_shape": (-1,)}, ((2, 3, 2),))],
    "Activation": [*_each(({"activation": "relu"}, {"activation": "softmax"}), _DEEP)],
    "ReLU": _each(({}, {"negative_slope": 0.1}, {"max_value": 0.8, "threshold": 0.2, "negative_slope": 0.05}), _DEEP),
    "LeakyReLU": _each(({}, {"negative_slope": 0.1}), _DEEP),
    "PReLU": [*_each(({},), _DEEP), Row({"shared_axes": 1}, ((2, 3, 2),))],
    "ELU": _each(({}, {"alpha": 0.5}), _DEEP),
    "Softmax": [*_each(({},), _DEEP), Row({"axis": 1}, ((2, 3, 2),))],
    "Dropout": [
        *_each(({"rate": 0.5, "seed": 3},), _DEEP), *_each(({"rate": 0.3, "seed": 4},), _DEEP, True),
        Row({"rate": 0.5, "seed": 5, "noise_shape": (None, 1)}, ((4, 3),), True), Row({"rate": 1.0}, ((2, 3),), True),
    ],
    "GaussianNoise": _each(({"stddev": 0.4, "seed": 3},), _DEEP, True),
    "BatchNormalization": [
        *_each(({}, {"center": False, "scale": False}), ((4, 3), (6, 1), (2, 3, 2)), True),
        *_each(({}, {"epsilon": 0.1}), _DEEP), Row({"axis": 1}, ((4, 3, 2),), True), Row({"axis": 1}, ((4, 3, 2),)),
        Row({"trainable": False}, ((4, 3),), True),
    ],
    "LayerNormalization": [
        *_each(({}, {"scale": False}), ((4, 3), (1, 5), (0, 3), (2, 3, 2))), Row({"axis": [1, 2]}, ((2, 3, 2),)),
    ],
    **{name: [Row({"seed": 6, **options}, (shape,), True)] for name, options, shape in RANDOM},
    "Normalization": [
        *_each(({}, {"invert": True}, {"axis": None, "mean": 0.5, "variance": 2.0}), _WIDTHS),
        Row({"axis": [1, 2]}, ((2, 3, 2),)),
        Row({"mean": [1.0, 2.0, 3.0], "variance": [1.0, 0.25, 4.0]}, ((2, 3),)),
    ],
    "Lambda": _each(({"function": lambda x: x * x + 0.5},), _DEEP),
    "Dot": [
        *(Row({"axes": 1, "normalize": norm}, ((3, 4), (3, 4))) for norm in (False, True)),
        Row({"axes": 2}, ((2, 3, 4), (2, 2, 4))), Row({"axes": [2, 1]}, ((2, 3, 2), (2, 2))),
        Row({"axes": (1, -1), "normalize": True}, ((2, 3, 2), (2, 2, 3))),
    ],
    "Rescaling": _each(({"scale": 1.5, "offset": -0.25},), _DEEP),
    "Identity": _each(({},), _DEEP),
    "Add": _MERGED,
    "Subtract": [row for row in _MERGED if len(row.shapes) == 2],
    "Multiply": _MERGED,
    "Average": _MERGED,
    "Maximum": _MERGED,
    "Minimum": _MERGED,
    "Concatenate": [Row({}, ((2, 3), (2, 1))), Row({"axis": 1}, ((2, 1, 3), (2, 2, 3))), Row({}, _TRIPLE)],
}  # fmt: skip


def cases() -> Iterator[Case]:
    """Yield the cases of every layer."""
    for name, rows in ROWS.items():
        for row in rows:
            text = " ".join(f"{k}={getattr(v, '__name__', v)}" for k, v in row.options.items())
            label = f"{' '.join(map(str, row.shapes))} {text}{' training' * row.training}"
            build = lambda rng, name=name, row=row: recorded(name, row, rng)  # noqa: E731
            yield Case(name, label, build)
            yield Case(name, f"{label} second order", build, then=second_order)
            yield Case(name, f"{label} used twice", build, then=used_twice)
            reversed_rows = lambda rng, name=name, row=row: recorded(name, row, rng, "reversed")  # noqa: E731
            yield Case(name, f"{label} reversed", reversed_rows)


def recorded(name: str, row: Row, rng: np.random.Generator, layout: str = "") -> Recorded:
    """Record one call of a layer whose weights are random."""
    layer = getattr(layers, name)(dtype="float64", **row.options)
    arrays = [laid_out(rng.standard_normal(shape), layout) for shape in row.shapes]
    layer(arrays if len(arrays) > 1 else arrays[0])  # makes the weights
    for weight in layer.weights:
        weight.store(random_weight(weight, rng))
    return traced(lambda xs: layer(xs if len(xs) > 1 else xs[0], training=row.training), arrays)


def random_weight(weight: Variable, rng: np.random.Generator) -> Array:
    positive = weight.name in ("moving_variance", "variance", "gamma", "alpha")
    return rng.uniform(0.3, 2.0, weight.shape) if positive else rng.standard_normal(weight.shape)


def traced(f: Callable[[list[Tensor]], Any], arrays: list[Array]) -> Recorded:
    """Record `f` on inputs and whatever Variables it reads; all trainable ones are sources."""
    with Trace() as trace:
        inputs = [trace.input(f"x{i}", a.shape, a.dtype) for i, a in enumerate(arrays)]
        y = f(inputs)
    known = {t.node: a for t, a in zip(inputs, arrays, strict=True)}
    known.update({trace.inputs[name]: v.value for name, v in trace.variables.items() if name in trace.inputs})
    trained = [trace.inputs[name] for name, v in trace.variables.items() if v.trainable and name in trace.inputs]
    sources = [node for node in (*(t.node for t in inputs), *trained) if node is not None and is_float(node.dtype)]
    return Recorded([y.node], sources, known)  # type: ignore[arg-type]
