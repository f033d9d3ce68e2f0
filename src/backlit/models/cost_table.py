"""The second table of `model.summary(cost=True)`: what each layer computes and moves, forward and backward.

The numbers are those of `cost`, divided by the batch they were recorded with.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ..layers import Layer
from .cost import Cost, input_specs, layer_costs
from .table import available_width, column_widths, draw

BATCH_SIZE = 32
HEADER = ("Layer", "FLOPs forward", "FLOPs backward", "Bytes forward", "Bytes backward", "Weight bytes")
EDGES = (0.22, 0.38, 0.54, 0.7, 0.86, 1.0)
WIDTH = 108
NOTE = (
    " FLOPs: one for each addition, product, comparison, exp, tanh. Bytes: what each op reads and writes;",
    " weights are read once per batch. Backward: the gradients of all weights, without loss and optimizer.",
)


def cost_lines(model: Any, layers: Iterable[Layer], line_length: int | None, expand_nested: bool) -> list[str]:
    """Return the lines of the table for the rows of `layers`; without an input shape, one line that says so."""
    if not input_specs(model):
        return ["Cost: not known before the model knows its input shape. Call build(input_shape) or show it data."]
    costs = layer_costs(model, BATCH_SIZE)
    rows = [
        [label, *_numbers(costs, path), _weight_bytes(layer)]
        for layer, label, path in _paths(layers, "", expand_nested, 0)
    ]
    rows.append(["Total", *_numbers(costs, ""), _weight_bytes(model)])
    widths = column_widths(EDGES, available_width(line_length, WIDTH))
    table = draw(HEADER, rows, widths, ("left", *["right"] * 5))
    return [f"Cost of one sample in batches of {BATCH_SIZE}", table, *NOTE]


def _numbers(costs: dict[tuple[str, str], Cost], path: str) -> list[str]:
    """Return FLOPs and bytes per sample of everything at or below `path`, forward and backward."""
    sums = {"forward": Cost(), "backward": Cost()}
    for (scope, phase), cost in costs.items():
        if not path or f"{scope}/".startswith(f"{path}/"):
            sums[phase] += cost
    forward, backward = sums.values()
    counts = (forward.flops, backward.flops, forward.bytes, backward.bytes)
    return [f"{count / BATCH_SIZE:,.0f}" for count in counts]


def _weight_bytes(layer: Layer) -> str:
    return f"{sum(weight.value.nbytes for weight in layer.weights):,}"


def _paths(layers: Iterable[Layer], scope: str, expand: bool, level: int) -> Iterator[tuple[Layer, str, str]]:
    for layer in layers:
        path = f"{scope}/{layer.name}" if scope else layer.name
        yield layer, ("   " * level + "└ " if level else "") + layer.name, path
        if expand:
            yield from _paths(getattr(layer, "layers", ()), path, expand, level + 1)
