"""What a picture of a model shows: a box for each use of a layer, and a link for each tensor between two.

A model that is used as a layer is one box, or, where asked, a box with a chart of its own inside.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from ...layers import InputLayer, Layer, nest
from ...layers.operation import Operation
from ...layers.symbolic import Call, KerasTensor
from ...models import Model, Sequential
from ...models.functional import Functional
from ...models.operations import class_name_of

Key: TypeAlias = Hashable


class Shows(NamedTuple):
    """What is written into the boxes, and whether models inside the model are opened."""

    names: bool
    shapes: bool
    dtypes: bool
    activations: bool
    trainable: bool
    nested: bool


@dataclass
class Box:
    """A use of a layer: its name, facts below it, and the chart inside if it is an opened model."""

    title: str
    facts: list[str]
    is_input: bool = False
    inner: Chart | None = None


class Link(NamedTuple):
    """A tensor: output number `leaves` of one box is input number `enters` of another."""

    source: Key
    target: Key
    leaves: int
    enters: int


@dataclass
class Chart:
    """The boxes in the order they run, and the links; which boxes the inputs are, and which give the outputs."""

    title: str
    boxes: dict[Key, Box] = field(default_factory=dict[Key, Box])
    links: list[Link] = field(default_factory=list[Link])
    inputs: list[Key] = field(default_factory=list[Key])
    outputs: list[tuple[Key, int]] = field(default_factory=list[tuple[Key, int]])


def chart_of(model: Any, shows: Shows) -> Chart:
    """Return the chart of a built model."""
    drawing = _drawing(model)
    chart = Chart(_title(model, shows))
    if drawing is None:
        for layer in model.layers:
            chart.boxes[layer] = _box(layer, [], [], shows)
        return chart
    depths, uses = drawing.depths, Counter(call.layer for call in drawing.depths)

    def origin(tensor: KerasTensor) -> tuple[Key, int]:
        return (tensor.call, tensor.index) if tensor.call in depths else (id(tensor), 0)

    for tensor in drawing.inputs:
        chart.inputs.append(origin(tensor)[0])
        if tensor.call not in depths:  # an inner tensor of another model
            chart.boxes[id(tensor)] = Box("Input", _tensor_facts([], [tensor], shows), is_input=True)
    met: Counter[Layer] = Counter()
    for call in depths:
        met[call.layer] += 1
        box = _box(call.layer, call.inputs, nest.flatten(call.outputs), shows)
        if uses[call.layer] > 1:
            box.facts.append(f"use {met[call.layer]} of {uses[call.layer]}")
        chart.boxes[call] = box
        chart.links += [Link(origin(t)[0], call, origin(t)[1], number) for number, t in enumerate(_fed(call))]
    chart.outputs = [origin(tensor) for tensor in drawing.outputs]
    return chart


def _drawing(model: Any) -> Functional | None:
    """The functional model that a model is; None for a subclassed one."""
    if isinstance(model, Sequential):
        return model._require_drawing()
    return model if isinstance(model, Functional) else None


def _fed(call: Call) -> Sequence[KerasTensor]:
    """The tensors a call takes, in the order of its layer's inputs: a model may be given a dict by names."""
    drawing = _drawing(call.layer)
    if drawing is None or not call.args:
        return call.inputs
    return drawing._fed(call.args[0])


def _box(layer: Layer, takes: Sequence[KerasTensor], gives: Sequence[KerasTensor], shows: Shows) -> Box:
    is_input = isinstance(layer, InputLayer)
    facts = list(_layer_facts(layer, shows))
    facts += _tensor_facts([] if is_input else takes, gives, shows)
    inner = chart_of(layer, shows) if shows.nested and isinstance(layer, Model) and layer.layers else None
    return Box(_title(layer, shows), facts, is_input, inner)


def _title(layer: Any, shows: Shows) -> str:
    kind = class_name_of(layer) if isinstance(layer, Operation) else type(layer).__name__
    return f"{layer.name} ({kind})" if shows.names else kind


def _layer_facts(layer: Layer, shows: Shows) -> Iterator[str]:
    activation = getattr(layer, "activation", None)
    if shows.activations and activation is not None:
        yield f"activation {getattr(activation, '__name__', None) or type(activation).__name__}"
    if shows.trainable and layer.weights:
        yield "trainable" if layer.trainable else "not trainable"


def _tensor_facts(takes: Sequence[KerasTensor], gives: Sequence[KerasTensor], shows: Shows) -> list[str]:
    facts: list[str] = []
    for word, tensors in (("input", takes), ("output", gives)):
        if shows.shapes and tensors:
            facts.append(f"{word} {', '.join(str(tuple(tensor.shape)) for tensor in tensors)}")
    if shows.dtypes and gives:
        facts.append(f"dtype {', '.join(dict.fromkeys(np.dtype(tensor.dtype).name for tensor in gives))}")
    return facts
