"""What `model.summary()` prints: layers, output shapes and parameters, to the character as Keras prints them.

With `cost=True` a second table tells what each layer computes and moves.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ..errors import BacklitError, ConfigError
from ..layers import (
    ELU,
    Activation,
    Dropout,
    GaussianNoise,
    Identity,
    Layer,
    LeakyReLU,
    ReLU,
    Reshape,
    Softmax,
    nest,
)
from ..layers.operation import Operation
from ..tensor import Variable
from .cost_table import cost_lines
from .functional import Functional
from .operations import class_name_of
from .table import available_width, column_widths, draw

BUILT_FROM_START = (ReLU, LeakyReLU, ELU, Softmax, Activation, Reshape, Dropout, GaussianNoise, Identity)


def summary(
    model: Any, line_length: int | None = None, expand_nested: bool = False, show_trainable: bool = False,
    cost: bool = False, positions: Sequence[float] | None = None, layer_range: Sequence[str] | None = None,
) -> str:  # fmt: skip
    """Return the summary of `model` as text.

    `line_length` is the table's width (by default 88, with branches 108, at most the terminal's less 4), `positions`
    the right edges of its columns as shares of it, `layer_range` two patterns of names: the first and the last layer.
    A width without room for the columns, or a range that names no layer, raises `ConfigError`.
    """
    chain = is_chain(model)
    header, alignment = ["Layer (type)", "Output Shape", "Param #"], ["left", "left", "right"]
    edges, width = list(positions or ([0.45, 0.8, 1.0] if chain else [0.3, 0.56, 0.74, 1.0])), 88 if chain else 108
    if not chain:
        header, alignment = [*header, "Connected to"], [*alignment, "left"]
    if show_trainable:
        header, alignment, width = [*header, "Trainable"], [*alignment, "center"], width + 12
        edges = [*(edge * 0.9 for edge in edges), 1.0]
    if len(edges) != len(header):
        count = len(header) - show_trainable
        raise ConfigError(f"positions needs {count} right edges, one for each column, got {positions!r}.")
    shown = _chosen(_shown(model), layer_range)
    rows = [
        [*fields, *([_mark_of(layer)] if show_trainable else [])]
        for top in shown
        for layer, fields in _rows(top, None if chain else model, expand_nested, 0)
    ]
    widths = column_widths(edges, available_width(line_length, width))
    lines = [f'Model: "{model.name}"', draw(header, rows, widths, alignment), *_footer(model)]
    return "\n".join([*lines, *(cost_lines(model, shown, line_length, expand_nested) if cost else [])])


def is_chain(model: Any) -> bool:
    """Say whether every layer of `model` has one input and one user, so that the order of the rows tells it all."""
    if not isinstance(model, Functional):
        return True
    depths, calls = list(model.depths.values()), list(model.depths)
    straight = len(set(depths)) == len(depths) and all(len(call.inputs) <= 1 for call in calls)
    return straight and len({call.layer for call in calls}) == len(calls)


def readable_size(size: float) -> str:
    """Return a number of bytes as `9.79 MB` (1 KB is 1024 bytes)."""
    for unit in ("B", "KB", "MB", "GB", "TB"):
        if size < 1024:
            return f"{size:.2f} {unit}"
        size /= 1024
    return f"{size:.2f} PB"


def _shown(model: Any) -> list[Layer]:
    return model.operations if isinstance(model, Functional) else model.layers


def _chosen(layers: list[Layer], layer_range: Sequence[str] | None) -> list[Layer]:
    """Return the layers from the first that matches one pattern to the last that matches the other."""
    if layer_range is None:
        return layers
    if len(layer_range) != 2 or not all(isinstance(name, str) for name in layer_range):
        raise ConfigError(f"layer_range needs two layer names, the first and the last, got {layer_range!r}.")
    first, last = ([i for i, layer in enumerate(layers) if re.match(name, layer.name)] for name in layer_range)
    if not first or not last:
        names = ", ".join(layer.name for layer in layers)
        raise ConfigError(f"layer_range {layer_range!r} matches no layer. The layers are: {names}.")
    if first[0] > last[-1]:
        return layers[last[0] : first[-1] + 1]
    return layers[first[0] : last[-1] + 1]


def _rows(layer: Layer, model: Functional | None, expand: bool, level: int) -> Iterator[tuple[Layer, list[str]]]:
    """Yield the row of a layer and, where asked, of the layers inside it."""
    indent = "   " * level + "└ " if level else ""
    fields = [f"{indent}{layer.name} ({_kind(layer)})", _shape_text(layer), _params_text(layer)]
    yield layer, fields if model is None else [*fields, _connections(layer, model)]
    if expand:
        for inner in getattr(layer, "layers", ()):
            yield from _rows(inner, model, expand, level + 1)


def _kind(layer: Layer) -> str:
    return class_name_of(layer) if isinstance(layer, Operation) else type(layer).__name__


def _shape_text(layer: Layer) -> str:
    """Return the shape of the layer's output: of its last use in a model, else of what it was built for."""
    shapes = [leaf.shape for leaf in nest.flatten(layer._calls[-1].outputs)] if layer._calls else _built_shapes(layer)
    texts = [f"({', '.join(map(str, shape))})" for shape in shapes]
    return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]" if texts else "?"


def _built_shapes(layer: Layer) -> list[Any]:
    if layer._build_shape is None:
        return []
    try:
        shapes = layer.compute_output_shape(layer._build_shape)
    except BacklitError:  # a layer that needs more than its shape to be called
        return []
    return [shapes] if isinstance(shapes, tuple) else nest.flatten(shapes)


def _params_text(layer: Layer) -> str:
    if layer.built:
        return f"{layer.count_params():,}"
    return "0" if type(layer) in BUILT_FROM_START else "0 (unbuilt)"


def _connections(layer: Layer, model: Functional) -> str:
    """Return where the layer's inputs come from in `model`: `dense[1][0]` is the first output of dense's second use."""
    sources = [tensor for call in layer._calls if call in model.depths for tensor in call.inputs]
    texts = [f"{t.call.layer.name}[{t.call.layer._calls.index(t.call)}][{t.index}]" for t in sources if t.call]
    return ", ".join(texts) or "-"


def _mark_of(layer: Layer) -> str:
    return ("Y" if layer.trainable else "N") if layer.weights else "-"


def _footer(model: Any) -> list[str]:
    """Return the sums; the numbers an optimizer keeps count once it has seen the weights."""
    trained, fixed = model.trainable_weights, model.non_trainable_weights
    optimizer = model.optimizer
    kept = list(optimizer.variables) if optimizer is not None and optimizer.built else []
    lines = [
        f" Total params: {_amount([*trained, *fixed, *kept])}",
        f" Trainable params: {_amount(trained)}",
        f" Non-trainable params: {_amount(fixed)}",
    ]
    return [*lines, f" Optimizer params: {_amount(kept)}"] if kept else lines


def _amount(variables: Iterable[Variable]) -> str:
    arrays = [variable.value for variable in variables]
    size = sum(4 if a.dtype == "int64" and not a.ndim else a.nbytes for a in arrays)  # counters are saved as int32
    return f"{sum(a.size for a in arrays):,} ({readable_size(size)})"
