"""A functional model is a drawing of layers: which call's output is which call's input.

Running it walks the calls in the order in which their inputs are ready.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..errors import ConfigError, ShapeError, did_you_mean
from ..layers import InputLayer, Layer, nest
from ..layers.naming import auto_name
from ..layers.operation import Operation
from ..layers.symbolic import Call, KerasTensor
from .model import Model
from .order import depths, layers_by_depth

SYMBOLIC = "symbolic tensors, from Input() or a layer called on one"


class Functional(Model):
    """`Model(inputs, outputs)`: each one symbolic tensor, or a list, tuple or dict of them.

    Outputs must be reachable from the inputs, and layer names unique, else `ConfigError`.
    """

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None, **kwargs: Any) -> None:
        super().__init__(name=name or auto_name("functional"), **kwargs)
        for what, tensors in (("inputs", inputs), ("outputs", outputs)):
            for tensor in nest.flatten(tensors):
                if not isinstance(tensor, KerasTensor):
                    raise ConfigError(f"{what} must be {SYMBOLIC}; got {tensor!r}.")
            if not nest.flatten(tensors):
                raise ConfigError(f"{what} is empty. Expected {SYMBOLIC}.")
        if len({id(tensor) for tensor in nest.flatten(inputs)}) < len(nest.flatten(inputs)):
            raise ConfigError("inputs has a tensor twice. Each input is fed once: give it once.")
        self._inputs = inputs
        self._outputs = outputs
        self._calls_in_order = _ordered(nest.flatten(outputs), nest.flatten(inputs))
        self._depths = depths(self._calls_in_order, nest.flatten(inputs))
        self._operations = layers_by_depth(self._depths, nest.flatten(outputs))
        self._require_unique_names()
        self.built = True

    @property
    def inputs(self) -> list[KerasTensor]:
        """The symbolic inputs."""
        return nest.flatten(self._inputs)

    @property
    def outputs(self) -> list[KerasTensor]:
        """The symbolic outputs."""
        return nest.flatten(self._outputs)

    @property
    def layers(self) -> list[Layer]:
        """The layers, each once, those farthest from the outputs first; ops applied to symbols are not among them."""
        return [layer for layer in self._operations if not isinstance(layer, Operation)]

    @property
    def operations(self) -> list[Layer]:
        """The layers and the ops applied to symbols, each once, those farthest from the outputs first."""
        return list(self._operations)

    @property
    def depths(self) -> dict[Call, int]:
        """How far each use of a layer is from the outputs."""
        return self._depths

    def sublayers(self) -> Iterator[Layer]:
        """Yield the layers, those farthest from the outputs first."""
        yield from self.layers

    @property
    def calls(self) -> list[Call]:
        """The uses of layers, in the order they run."""
        return self._calls_in_order

    @property
    def input_names(self) -> list[str]:
        """The names of the input layers, or the keys of a dict of inputs."""
        return list(self._inputs) if isinstance(self._inputs, dict) else [t.name for t in self.inputs]

    @property
    def output_names(self) -> list[str]:
        """The keys of a dict of outputs, or the names of the layers that give them."""
        if isinstance(self._outputs, dict):
            return list(self._outputs)
        return _distinct([t.call.layer.name for t in self.outputs if t.call is not None])

    @property
    def input_shapes(self) -> list[Any]:
        """The shape of each input, None for the batch axis."""
        return [tensor.shape for tensor in self.inputs]

    @property
    def input_shape(self) -> Any:
        """The shape of the input, or a list of shapes."""
        return self.input_shapes[0] if len(self.inputs) == 1 else self.input_shapes

    @property
    def output_shape(self) -> Any:
        """The shape of the output, or a list of shapes."""
        shapes = [tensor.shape for tensor in self.outputs]
        return shapes[0] if len(shapes) == 1 else shapes

    @property
    def input(self) -> Any:
        """The symbolic input, in the structure it was given in."""
        return self._inputs

    @property
    def output(self) -> Any:
        """The symbolic output, in the structure it was given in."""
        return self._outputs

    def output_shapes_for(self, columns: Any) -> list[Any]:
        """Return the shape of each output."""
        return [tensor.shape for tensor in self.outputs]

    def build_from_symbols(self, symbols: Any) -> None:
        """Do nothing: a functional model is built when it is drawn."""

    def build(self, input_shape: Any) -> None:
        """Do nothing: a functional model is built when it is drawn."""

    def check_input(self, shape: Any) -> None:
        if not isinstance(shape, (list, dict)) and len(self.inputs) == 1:
            _require_fit(self.name, tuple(shape), self.input_shapes[0])

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        known = dict(zip(map(id, self.inputs), self._fed(inputs), strict=True))

        def value(leaf: Any) -> Any:
            return known[id(leaf)] if isinstance(leaf, KerasTensor) else leaf

        for call in self._calls_in_order:
            leaves = nest.flatten(call.outputs)
            if all(id(leaf) in known for leaf in leaves):
                continue
            args, kwargs = nest.map_structure(value, call.args), nest.map_structure(value, call.kwargs)
            results = nest.flatten(call.layer(*args, **kwargs))
            known.update(zip(map(id, leaves), results, strict=True))
        return nest.map_structure(value, self._outputs)

    def _fed(self, inputs: Any) -> list[Any]:
        """Return one tensor per input, from one tensor, a list, or a dict by name."""
        if isinstance(inputs, dict):
            missing = [name for name in self.input_names if name not in inputs]
            if missing:
                raise ShapeError(f"Model {self.name!r} has an input {missing[0]!r}.{did_you_mean(missing[0], inputs)}")
            fed = [inputs[name] for name in self.input_names]
        else:
            fed = nest.flatten(inputs)
        if len(fed) != len(self.inputs):
            raise ShapeError(f"Model {self.name!r} has {len(self.inputs)} inputs, got {len(fed)}.")
        return fed

    def _require_unique_names(self) -> None:
        seen: dict[str, Layer] = {}
        for layer in self._operations:
            if seen.setdefault(layer.name, layer) is not layer:
                raise ConfigError(f"Two layers of the model are named {layer.name!r}. Names must be unique.")

    def get_config(self) -> dict[str, Any]:
        """Return the drawing as JSON-able data, in Keras' layout."""
        from .drawing import functional_config

        return functional_config(self)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
        """Make a model of what `get_config` returned."""
        from .drawing import functional_from_config

        return functional_from_config(config, custom_objects)


def functional_kind(kind: Any) -> Any:
    """Return a class of models as one of functional models."""
    if kind is Model:
        return Functional
    return type(kind.__name__, (kind, Functional), {"__module__": kind.__module__})


def _ordered(outputs: list[KerasTensor], inputs: list[KerasTensor]) -> list[Call]:
    """Return the calls between inputs and outputs, each after those it needs (without recursion)."""
    entered = set(map(id, inputs))
    order: list[Call] = []
    done: set[int] = set()
    for call in [t.call for t in (*inputs, *outputs)]:
        stack: list[tuple[Call, Iterator[KerasTensor]]] = []
        if call is not None and id(call) not in done:
            done.add(id(call))
            stack.append((call, _needed(call, entered)))
        while stack:
            current, remaining = stack[-1]
            below = next((t.call for t in remaining if t.call is not None and id(t.call) not in done), None)
            if below is None:
                order.append(current)
                stack.pop()
            else:
                done.add(id(below))
                stack.append((below, _needed(below, entered)))
    return order


def _needed(call: Call, entered: set[int]) -> Iterator[KerasTensor]:
    if all(id(leaf) in entered for leaf in nest.flatten(call.outputs)):
        return
    if not call.inputs and isinstance(call.layer, InputLayer):
        raise ConfigError(f"The outputs depend on {call.layer.name!r}, which is not among the inputs of the model.")
    yield from call.inputs


def _require_fit(name: str, have: tuple[int, ...], want: tuple[int | None, ...]) -> None:
    if len(have) != len(want) or any(None not in (n, m) and n != m for n, m in zip(have, want, strict=True)):
        raise ShapeError(f"Model {name!r} takes inputs of shape {want}, got {have}.")


def _distinct(names: list[str]) -> list[str]:
    found: list[str] = []
    for name in names:
        count, wanted = 0, name
        while wanted in found:
            count += 1
            wanted = f"{name}_{count}"
        found.append(wanted)
    return found
