"""The losses, one row each: what their targets and predictions look like, and which options are proven.

`function_cases` proves the functions, values per sample; `class_cases` the classes, weights and reduction included.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from backlit import activations, losses, ops
from backlit.arrays import Array, Shape
from backlit.graph import Node, input_node
from backlit.tensor import Tensor

from .draw import Domain, distribution, inner, integers, nonzero, positive, real, wide, zero_one
from .proof import Case, Recorded, floats, second_order

CLASSES = 3
SHAPES: tuple[Shape, ...] = ((4, CLASSES), (1, CLASSES), (0, CLASSES), (2, 2, CLASSES), (CLASSES,))


class Row(NamedTuple):
    """Domains of targets and predictions; `moving` says that the gradient with respect to the targets is proven too."""

    targets: Domain
    predictions: Domain
    options: tuple[dict[str, Any], ...] = ({},)
    moving: bool = True


def one_hot(rng: np.random.Generator, shape: Shape) -> Array:
    return np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])]


def signs(rng: np.random.Generator, shape: Shape) -> Array:
    return rng.choice([-1.0, 1.0], shape)


def labels(rng: np.random.Generator, shape: Shape) -> Array:
    return integers(CLASSES)(rng, shape[:-1])


_SMOOTH = {"label_smoothing": 0.1}
_CLIP = {"probabilities": "clip"}
ROWS: dict[str, Row] = {
    "mean_squared_error": Row(real, real),
    "mean_absolute_error": Row(real, real),
    "mean_absolute_percentage_error": Row(nonzero, real),
    "mean_squared_logarithmic_error": Row(positive, positive),
    "huber": Row(real, wide, ({}, {"delta": 0.4})),
    "log_cosh": Row(real, wide),
    "poisson": Row(positive, positive),
    "cosine_similarity": Row(nonzero, nonzero, ({}, {"axis": 0})),
    "categorical_crossentropy": Row(distribution, distribution, ({}, _SMOOTH, _CLIP)),
    "sparse_categorical_crossentropy": Row(labels, distribution, ({}, {"ignore_class": 1}, _CLIP)),
    "binary_crossentropy": Row(inner, inner, ({}, _SMOOTH, _CLIP)),
    "kl_divergence": Row(distribution, distribution),
    "binary_focal_crossentropy": Row(
        inner, inner, ({}, {"gamma": 1.5}, {"apply_class_balancing": True, "alpha": 0.3}, _SMOOTH, _CLIP)
    ),
    "categorical_focal_crossentropy": Row(one_hot, distribution, ({}, {"gamma": 1.5, "alpha": 0.4}, _SMOOTH, _CLIP)),
    "hinge": Row(signs, real, moving=False),
    "squared_hinge": Row(zero_one, real, moving=False),
    "categorical_hinge": Row(one_hot, real),
    "dice": Row(inner, inner, ({}, {"axis": -1})),
    "tversky": Row(inner, inner, ({}, {"axis": -1, "alpha": 0.3, "beta": 0.8})),
}
SQUASHED = {
    "categorical_crossentropy": activations.softmax,
    "sparse_categorical_crossentropy": activations.softmax,
    "categorical_focal_crossentropy": activations.softmax,
    "binary_crossentropy": activations.sigmoid,
    "binary_focal_crossentropy": activations.sigmoid,
}


def cases() -> Iterator[Case]:
    """Yield the cases of every loss."""
    for name, row in ROWS.items():
        for options in row.options:
            text = " ".join(f"{k}={v}" for k, v in options.items())
            for shape in SHAPES:
                if options.get("axis") == 0 and shape[0] == 0:
                    continue  # nothing to take a length of
                yield from _both(name, row, options, shape, "", f"{shape} {text}")
                if name in SQUASHED and len(shape) > 1:
                    yield from _both(name, row, options, shape, "logits", f"{shape} {text} logits")
                    yield from _both(name, row, options, shape, "fused", f"{shape} {text} squashed")
    for name, cls in losses.names.CLASSES.items():
        for reduction in ("sum_over_batch_size", "sum", "none", "mean_with_sample_weight"):
            for weighted in (False, True):
                yield _class_case(name, cls, reduction, weighted)


def _both(name: str, row: Row, options: dict[str, Any], shape: Shape, way: str, label: str) -> Iterator[Case]:
    build = lambda rng: _recorded(name, row, options, shape, way, rng)  # noqa: E731
    yield Case(name, label, build)
    yield Case(name, f"{label} second order", build, then=second_order)


def _recorded(
    name: str, row: Row, options: dict[str, Any], shape: Shape, way: str, rng: np.random.Generator
) -> Recorded:
    arrays = [row.targets(rng, shape), (wide if way else row.predictions)(rng, shape)]
    target, prediction = nodes = [input_node("y", a.shape, a.dtype) for a in arrays]
    y_pred = Tensor(node=prediction)
    if way == "fused":
        y_pred = SQUASHED[name](y_pred)
    extra = {"from_logits": True} if way == "logits" else {}
    value = losses.names.FUNCTIONS[name](Tensor(node=target), y_pred, **options, **extra)
    return Recorded([_node(value)], _sources(row, nodes), dict(zip(nodes, arrays, strict=True)))


def _class_case(name: str, cls: Any, reduction: str, weighted: bool) -> Case:
    row = ROWS[cls.rule.__name__]

    def build(rng: np.random.Generator) -> Recorded:
        arrays = [row.targets(rng, (5, CLASSES)), row.predictions(rng, (5, CLASSES))]
        loss = cls(reduction=reduction)
        whole_batch = cls.rule in (losses.dice, losses.tversky)
        weight = rng.uniform(0.5, 2.0, () if whole_batch else (5,)) if weighted else None
        nodes = [input_node("y", a.shape, a.dtype) for a in arrays]
        value = loss(*(Tensor(node=node) for node in nodes), weight)
        return Recorded([_node(value)], _sources(row, nodes), dict(zip(nodes, arrays, strict=True)))

    return Case(name, f"{reduction}{' weighted' * weighted}", build)


def _sources(row: Row, nodes: list[Node]) -> list[Node]:
    return floats(nodes) if row.moving else nodes[1:]


def _node(value: Any) -> Node:
    return ops.multiply(value, 1.0).node if value.node is None else value.node
