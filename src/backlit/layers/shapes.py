"""Shapes before there is data: what a layer's output will look like, and the ways a first layer is told its input.

No layer writes a shape rule: its own `call` is recorded for two batch sizes, and what differs is the batch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays import DType
from ..errors import ConfigError, NotRecordable, did_you_mean
from ..tensor import Tensor, Trace, active
from . import forward_pass, nest
from .config import arguments
from .settings import sizes
from .symbolic import KerasTensor

Shape = tuple[int | None, ...]
BATCHES = (13, 17)  # two sizes no layer is likely to have by itself
INPUT_ARGUMENTS = ("input_shape", "input_dim", "batch_input_shape", "batch_shape", "batch_size")


class OutputSpec:
    """Shape and dtype of one output; not a tuple, so that it is a leaf of structures."""

    def __init__(self, shape: Shape, dtype: DType) -> None:
        self.shape = shape
        self.dtype = dtype


def output_spec(layer: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Return the `OutputSpec` of each output of a call on symbolic inputs, in the outputs' structure."""
    try:
        first, second = (_recorded(layer, size, args, kwargs) for size in BATCHES)
    except NotRecordable:  # `call` looks at numbers: show it zeros
        first, second = (_computed(layer, size, args, kwargs) for size in BATCHES)
    pairs = zip(nest.flatten(first), nest.flatten(second), strict=True)
    return nest.pack_like(first, (_merged(a, b) for a, b in pairs))


def _recorded(layer: Callable[..., Any], batch: int, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    with Trace() as trace:
        count = iter(range(1_000_000))

        def symbol(value: KerasTensor) -> Tensor:
            return trace.input(f"x{next(count)}", _sized(value, batch), value.dtype)

        return _specs_of(layer, symbol, args, kwargs)


def _computed(layer: Callable[..., Any], batch: int, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    trace, active.trace = active.trace, None
    try:
        return _specs_of(layer, lambda value: Tensor(np.zeros(_sized(value, batch), value.dtype)), args, kwargs)
    finally:
        active.trace = trace


def _specs_of(
    layer: Callable[..., Any], stand_in: Callable[[KerasTensor], Tensor], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Call `layer` with a stand-in for each symbolic tensor and return what comes out, as specs."""

    def replaced(value: Any) -> Any:
        return stand_in(value) if isinstance(value, KerasTensor) else value

    with forward_pass.surrounding(forward_pass.ForwardPass(training=False)):
        outputs = layer(*nest.map_structure(replaced, args), **nest.map_structure(replaced, kwargs))
    return nest.map_structure(lambda t: OutputSpec(tuple(t.shape), t.dtype), outputs)


def _sized(value: KerasTensor, batch: int) -> tuple[int, ...]:
    return tuple(batch if n is None else n for n in value.shape)


def _merged(a: OutputSpec, b: OutputSpec) -> OutputSpec:
    """An axis that differs between two batch sizes is the batch."""
    return OutputSpec(tuple(n if n == m else None for n, m in zip(a.shape, b.shape, strict=True)), a.dtype)


def without_batch(shape: Any) -> Any:
    """The batch size a layer is built with says nothing: it becomes None."""
    if isinstance(shape, tuple):
        return (None, *shape[1:]) if shape else shape
    if isinstance(shape, list):
        return [without_batch(s) for s in shape]
    return {k: without_batch(s) for k, s in shape.items()} if isinstance(shape, dict) else shape


def given_input_shape(layer: type, given: dict[str, Any]) -> Shape | None:
    """Read the old ways of giving a first layer its input shape; any other argument is unknown."""
    unknown = [name for name in given if name not in INPUT_ARGUMENTS]
    if unknown:
        choices = [*arguments(layer), *INPUT_ARGUMENTS]
        raise ConfigError(f"{layer.__name__} has no argument {unknown[0]!r}.{did_you_mean(unknown[0], choices)}")
    full = given.get("batch_input_shape", given.get("batch_shape"))
    if full is not None:
        return sizes("batch_input_shape", full)
    shape = given.get("input_shape")
    if shape is None:
        shape = given.get("input_dim")
    return None if shape is None else (given.get("batch_size"), *sizes("input_shape", shape))
