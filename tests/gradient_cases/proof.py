"""The proof of one derivative: backpropagation in float64 against a numerical Jacobian in long double.

A case is a function that records something; the proof walks it back with random cotangents, moves each input number
a little, and compares. Points that lie near a kink are drawn again, and counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from backlit.arrays import Array, is_float
from backlit.errors import ConfigError
from backlit.graph import Node, constant_node, evaluate, gradients, topological
from backlit.graph.check import STEP, kink_distance, numerical_derivative, numerical_gradient, relative_error
from backlit.graph.node import constant

MARGIN = 1e-3  # how near a kink may be; the numerical derivative reaches 4e-4 far
TOLERANCE = 1e-8
COORDINATES = 24  # with more numbers than this, three random directions instead of each number on its own
REDRAWS = 200


class Recorded(NamedTuple):
    """Nodes to differentiate, the nodes to differentiate them by, and the arrays of the graph's inputs."""

    outputs: Sequence[Node]
    sources: Sequence[Node]
    known: Mapping[Node, Array]


class Case(NamedTuple):
    """`build(rng)` records something, `then` makes of it what is proven; `row` is its row in a table of names."""

    row: str
    label: str
    build: Callable[[np.random.Generator], Recorded]
    then: Callable[[Recorded, np.random.Generator], Recorded] | None = None

    def __str__(self) -> str:
        return f"{self.row}-{self.label}"


def drawn(case: Case) -> tuple[Recorded, int]:
    """Record a case on random inputs that are not near a kink, and say how many draws were thrown away."""
    for attempt in range(REDRAWS):
        rng = np.random.default_rng([attempt, *str(case).encode()])
        recorded = case.build(rng)
        if not any(recorded.known[source].size for source in recorded.sources):
            return recorded, attempt
        if kink_distance(recorded.outputs, dict(recorded.known), recorded.sources) > MARGIN:
            return recorded, attempt
    raise AssertionError(f"{case}: each of {REDRAWS} draws lies near a kink; give the row another domain")


def prove(case: Case) -> None:
    """Assert that the gradients of a case are right; NaN is never right."""
    recorded, _ = drawn(case)
    rng = np.random.default_rng(1)
    if case.then is not None:
        recorded = case.then(recorded, rng)
    cotangents = [rng.standard_normal(node.shape) for node in recorded.outputs]
    found = gradients(recorded.outputs, recorded.sources, [constant_node(v) for v in cotangents])
    arrays = iter(evaluate([dx for dx in found if dx is not None], recorded.known))
    for source, dx in zip(recorded.sources, found, strict=True):
        analytic = np.zeros(source.shape) if dx is None else next(arrays)
        assert analytic.shape == source.shape
        assert analytic.dtype == np.float64
        error = error_of(analytic, weighed(recorded, source, cotangents), recorded.known[source], rng)
        assert error <= TOLERANCE, f"relative error {error:.3g} for the input of shape {source.shape}"


def error_of(analytic: Array, f: Callable[[Array], Any], x: Array, rng: np.random.Generator) -> float:
    """Return the relative error of a gradient: number by number, or along random directions where there are many."""
    exact = x.astype(np.longdouble)
    try:
        f(exact)
    except ConfigError:  # a rule that casts to the dtype of its input, which is none of the library's
        exact = x.astype(np.float64)
    if x.size <= COORDINATES:
        return relative_error(analytic, numerical_gradient(f, exact, STEP))
    directions = rng.standard_normal((3, *x.shape))
    numeric = [numerical_derivative(f, exact, d) for d in directions]
    return relative_error([np.sum(analytic * d) for d in directions], np.asarray(numeric).reshape(3))


def weighed(recorded: Recorded, source: Node, cotangents: Sequence[Array]) -> Callable[[Array], Any]:
    """Return sum(cotangent * output) as a function of one input's array."""
    order = [n for n in topological(recorded.outputs, stop=recorded.known) if n not in recorded.known]

    def f(x: Array) -> Any:
        values: dict[Node, Any] = {**recorded.known, source: x}
        with np.errstate(all="ignore"):
            for node in order:
                below = [values[one] for one in node.inputs]
                values[node] = node.value if node.op is constant else node.op.forward(*below, **node.attrs)
        return sum((values[n] * v).sum() for n, v in zip(recorded.outputs, cotangents, strict=True))

    return f


def second_order(recorded: Recorded, rng: np.random.Generator) -> Recorded:
    """Return the gradients of `recorded` as something to differentiate once more."""
    cotangents = [constant_node(rng.standard_normal(node.shape)) for node in recorded.outputs]
    found = gradients(recorded.outputs, recorded.sources, cotangents)
    return Recorded([dx for dx in found if dx is not None], recorded.sources, recorded.known)


def used_twice(recorded: Recorded, _: np.random.Generator) -> Recorded:
    """Use each output twice: y * y + y."""
    return Recorded([y * y + y for y in recorded.outputs], recorded.sources, recorded.known)


def floats(nodes: Sequence[Node]) -> list[Node]:
    """Return the nodes that can have a gradient."""
    return [node for node in nodes if is_float(node.dtype)]
