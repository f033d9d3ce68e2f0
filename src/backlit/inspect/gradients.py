"""Is this gradient right? Backpropagation against differences, for a function of yours or for a whole model.

The differences are taken in float64 whatever the model works in; the numerical part is `graph.check`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import Array, Shape, is_float
from ..errors import ConfigError, NumericalError
from ..graph import Node, evaluate
from ..graph.check import FLOOR, numerical_derivative, numerical_gradient
from ..tensor import GradientTape, Tensor, Variable, as_array

STEP = 1e-6  # small, so that few kinks lie within reach; rounding then leaves about 1e-9 of the gradient
COORDINATES = 12  # an input with more numbers than this is checked at that many of them, drawn at random
DIRECTIONS = 3

__all__ = ["GradientCheck", "InputCheck", "check_gradients", "numerical_gradient"]


@dataclass(frozen=True)
class InputCheck:
    """What was found for one input: the largest relative error, and where (None: along a random direction)."""

    name: str
    shape: Shape
    error: float
    index: tuple[int, ...] | None
    backpropagated: float
    numerical: float
    checks: int


@dataclass(frozen=True)
class GradientCheck:
    """The result of `check_gradients`; `ok` says whether all errors are within the tolerance. Prints as a table."""

    inputs: tuple[InputCheck, ...]
    tolerance: float

    @property
    def error(self) -> float:
        """The largest relative error of all inputs; NaN if one is NaN."""
        return float(np.max([one.error for one in self.inputs], initial=0.0))

    @property
    def ok(self) -> bool:
        """Whether backpropagation and the differences agree everywhere (NaN never agrees)."""
        return all(one.error <= self.tolerance for one in self.inputs)

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        head = ("input", "shape", "checks", "relative error", "worst at", "backpropagated", "numerical", "")
        rows = [head, *(self._row(one) for one in self.inputs)]
        widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
        lines = ["  ".join(f"{cell:<{w}}" for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]
        verdict = "the gradients are right" if self.ok else "a gradient is WRONG, or a kink lies within the step"
        return "\n".join([*lines, f"{verdict}: relative error {self.error:.1e}, tolerance {self.tolerance:.0e}"])

    def _row(self, one: InputCheck) -> tuple[str, ...]:
        place = "a direction" if one.index is None else str(list(one.index))
        return (
            one.name, str(one.shape), str(one.checks), f"{one.error:.1e}", place, f"{one.backpropagated:.8g}",
            f"{one.numerical:.8g}", "ok" if one.error <= self.tolerance else "WRONG",
        )  # fmt: skip


@dataclass(frozen=True)
class _Subject:
    """One input under test: its value, its gradient, and the function of it that was differentiated."""

    name: str
    x: Array
    gradient: Array
    f: Callable[[Array], Any]


def check_gradients(
    function: Any, *inputs: Any, tolerance: float = 1e-6, step: float = STEP, seed: int = 0,
    raise_on_failure: bool = False,
) -> GradientCheck:  # fmt: skip
    """Compare backpropagation with differences for `function(*inputs)`, or for the loss of a compiled model on (x, y).

    Inputs are arrays, Tensors or numbers; the floating ones are differentiated by, in float64, and a result that is not
    one number is weighed with random numbers first. For a model it is the weights, in the very graph `fit` runs. Inputs
    of more than 12 numbers are checked at 12 of them and along 3 random directions. Nothing is raised unless
    `raise_on_failure`: then a wrong gradient raises `NumericalError`. Where a kink (relu at 0) lies within `step` of
    the point the differences are wrong, not the gradient: try other numbers.

    >>> import numpy as np
    >>> from backlit import ops
    >>> check_gradients(lambda x, y: ops.sum(x * ops.exp(y)), np.ones((2, 3)), np.zeros(3)).ok
    True
    """
    rng = np.random.default_rng(seed)
    if hasattr(function, "trainable_variables") and hasattr(function, "compiled"):
        subjects = [*_of_model(function, inputs)]
    elif callable(function):
        subjects = [*_of_function(function, inputs, rng)]
    else:
        raise ConfigError(f"check_gradients needs a function or a model, got {type(function).__name__}.")
    report = GradientCheck(tuple(_checked(one, step, rng) for one in subjects), tolerance)
    if raise_on_failure and not report.ok:
        raise NumericalError(f"The gradients do not agree with differences.\n{report}")
    return report


def _of_function(function: Callable[..., Any], inputs: tuple[Any, ...], rng: np.random.Generator) -> Iterator[_Subject]:
    arrays = [_exact(value) for value in inputs]
    places = [i for i, array in enumerate(arrays) if is_float(array.dtype)]
    with GradientTape() as tape:
        tensors = [Tensor(array) for array in arrays]
        tape.watch([tensors[i] for i in places])
        result = function(*tensors)
    weight = rng.standard_normal(result.shape) if result.shape else np.ones(())
    found = tape.gradient(result, [tensors[i] for i in places], weight, unconnected_gradients="zero")
    for i, gradient in zip(places, found, strict=True):

        def f(x: Array, i: int = i) -> Any:
            given = [*tensors[:i], Tensor(x), *tensors[i + 1 :]]
            return np.sum(np.asarray(function(*given).value, np.float64) * weight)

        yield _Subject(f"input {i}", arrays[i], gradient.numpy(), f)


def _of_model(model: Any, data: tuple[Any, ...]) -> Iterator[_Subject]:
    """Run the recorded step on float64 arrays: the same graph, more digits."""
    from ..training.step import feed_of
    from .graphs import example_batch, training_step

    batch = example_batch(model, *data)
    recorded = training_step(model, batch)
    graph = recorded.graph
    arrays = feed_of(batch) | {name: variable.value for name, variable in recorded.variables.items()}
    known = {node: _exact(arrays[name]) for name, node in graph.inputs.items()}
    loss = graph.marks["loss"]
    for name, variable in recorded.variables.items():
        source = graph.inputs.get(name)
        if source is not None and variable.trainable and source in graph.adjoints:
            gradient = evaluate([graph.adjoints[source]], known)[0]
            yield _Subject(variable.path, known[source], gradient, _loss_of(loss, source, known))


def _loss_of(loss: Node, source: Node, known: Mapping[Node, Array]) -> Callable[[Array], Any]:
    return lambda x: evaluate([loss], {**known, source: x})[0]


def _exact(value: Any) -> Array:
    array = as_array(value.value if isinstance(value, (Tensor, Variable)) else value)
    return array.astype(np.float64) if is_float(array.dtype) else array


def _checked(one: _Subject, step: float, rng: np.random.Generator) -> InputCheck:
    """Compare at single numbers and along directions; errors are relative to the largest number of the gradient."""
    scale = max(float(np.abs(one.gradient).max(initial=0.0)), FLOOR)
    found: list[tuple[float, tuple[int, ...] | None, float, float]] = []
    for index, direction in _directions(one.x.shape, rng):
        exact = float(np.sum(one.gradient * direction))
        numeric = float(numerical_derivative(one.f, one.x, direction, step * max(1.0, float(np.abs(one.x).max()))))
        difference = abs(exact - numeric) / max(scale, abs(exact), abs(numeric))
        found.append((difference if difference == difference else np.inf, index, exact, numeric))
    if not found:
        return InputCheck(one.name, one.x.shape, 0.0, None, 0.0, 0.0, 0)
    return InputCheck(one.name, one.x.shape, *max(found, key=lambda row: row[0]), len(found))


def _directions(shape: Shape, rng: np.random.Generator) -> Iterator[tuple[tuple[int, ...] | None, Array]]:
    """Yield unit vectors: single numbers (each, or some at random), then random directions."""
    size = int(np.prod(shape))
    places = np.arange(size) if size <= COORDINATES else rng.choice(size, COORDINATES, replace=False)
    for place in places:
        index = tuple(int(i) for i in np.unravel_index(place, shape))
        along = np.zeros(shape)
        along[index] = 1.0
        yield index, along
    for _ in range(DIRECTIONS if size > COORDINATES else 0):
        direction = rng.standard_normal(shape)
        yield None, direction / np.linalg.norm(direction)
