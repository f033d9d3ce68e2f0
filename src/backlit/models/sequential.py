"""A sequential model is a row of layers, each fed with the one before.

Once its input shape is known it is drawn as a functional model inside, which does all the work.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..errors import ConfigError
from ..layers import InputLayer, Layer
from ..layers.naming import auto_name
from ..layers.symbolic import KerasTensor
from .functional import Functional
from .model import Model


class Sequential(Model):
    """`Sequential([layers...])`, or `add` them one by one; `pop` takes the last away.

    The input shape comes from `Input(...)`, from `input_shape=` on the first layer, from `build(shape)`, or from the
    first data. Layer names must be unique, else `ConfigError`.

    >>> from backlit import Sequential, layers
    >>> model = Sequential([layers.Input((4,)), layers.Dense(3, activation="relu"), layers.Dense(2)])
    >>> model.output_shape
    (None, 2)
    """

    def __init__(self, layers: Any = None, name: str | None = None, **kwargs: Any) -> None:
        super().__init__(name=name or auto_name("sequential"), **kwargs)
        self._row: list[Layer] = []
        self._drawing: Functional | None = None
        if layers is not None and not isinstance(layers, (list, tuple)):
            kind = type(layers).__name__
            raise ConfigError(f"Sequential needs a list of layers, got {kind}. Write Sequential([...]).")
        for layer in layers or []:
            self._append(layer)
        self._draw()

    def add(self, layer: Any) -> None:
        """Put a layer (or an `Input(...)`) at the end of the row."""
        self._append(layer)
        self._draw()

    def pop(self) -> Layer:
        """Take the last layer away and return it; an empty row raises `ConfigError`."""
        if not self.layers:
            raise ConfigError("There is no layer to pop: the model is empty.")
        layer = self._row.pop()
        self._draw()
        return layer

    def _append(self, layer: Any) -> None:
        if isinstance(layer, KerasTensor) and layer.call is not None:
            layer = layer.call.layer
        if not isinstance(layer, Layer):
            hint = "Was a class given instead of an object, Dense for Dense(10)?"
            raise ConfigError(f"Sequential takes layers, got {layer!r}. {hint}")
        if any(layer.name == other.name for other in self._row):
            raise ConfigError(f"Two layers of the model are named {layer.name!r}. Names must be unique.")
        if not self._row and not isinstance(layer, InputLayer) and layer.batch_input_shape is not None:
            self._row.append(InputLayer(batch_shape=layer.batch_input_shape))
        elif self._row and isinstance(layer, InputLayer):
            raise ConfigError("Input must be the first thing in a Sequential model.")
        self._row.append(layer)

    def _draw(self, start: KerasTensor | None = None) -> None:
        """Draw the row as a functional model, if the input shape is known."""
        self._drawing, self.built, self.steps = None, False, {}
        if start is None and self._row and isinstance(self._row[0], InputLayer):
            start = self._row[0].output
        if start is None or not self.layers:
            return
        tensor: Any = start
        for layer in self.layers:
            layer._calls = [call for call in layer._calls if getattr(call, "of_row", None) != id(self)]
            tensor = layer(tensor)
            layer._calls[-1].of_row = id(self)  # type: ignore[attr-defined]
        auto_name("functional")  # Keras counts the drawing too: the next functional model is functional_1
        self._drawing = Functional(start, tensor, name=self.name)
        self.built = True

    @property
    def layers(self) -> list[Layer]:
        """The layers of the row; the input layer is not shown."""
        return [layer for layer in self._row if not isinstance(layer, InputLayer)]

    def sublayers(self) -> Iterator[Layer]:
        """Yield the layers of the row."""
        yield from self.layers

    def build_from_symbols(self, symbols: Any) -> None:
        """Draw the row for the shape of the first data."""
        self.build(symbols.shape)

    def build(self, input_shape: Any) -> None:
        """Build all layers for inputs of `input_shape`, batch axis first (None), or without it."""
        if self._drawing is None:
            self._draw(InputLayer(batch_shape=(None, *tuple(input_shape)[1:])).output)

    def _require_drawing(self) -> Functional:
        if not self.layers:
            raise ConfigError(f"Model {self.name!r} has no layers. Give it some: add(Dense(10)).")
        if self._drawing is None:
            raise ConfigError(
                f"Model {self.name!r} does not know its input shape yet: begin with Input(shape=...), call "
                "build(input_shape), or show it data."
            )
        return self._drawing

    @property
    def inputs(self) -> list[KerasTensor]:
        """The symbolic input, in a list."""
        return self._require_drawing().inputs

    @property
    def outputs(self) -> list[KerasTensor]:
        """The symbolic output, in a list."""
        return self._require_drawing().outputs

    @property
    def input(self) -> KerasTensor:
        """The symbolic input."""
        return self._require_drawing().input

    @property
    def output(self) -> KerasTensor:
        """The symbolic output."""
        return self._require_drawing().output

    @property
    def input_names(self) -> list[str]:
        """The name of the input."""
        return ["x"] if self._drawing is None else self._drawing.input_names

    @property
    def output_names(self) -> list[str]:
        """The name of the last layer."""
        return [self.layers[-1].name] if self.layers else ["output"]

    @property
    def input_shapes(self) -> list[Any] | None:
        """The shape of the input in a list, or None while unknown."""
        return None if self._drawing is None else self._drawing.input_shapes

    @property
    def input_shape(self) -> Any:
        """The shape of the input, None for the batch axis."""
        return self._require_drawing().input_shape

    @property
    def output_shape(self) -> Any:
        """The shape of the output, None for the batch axis."""
        return self._require_drawing().output_shape

    def output_shapes_for(self, columns: Any) -> list[Any]:
        """Return the shape of the output, in a list."""
        return self._require_drawing().output_shapes_for(columns)

    def check_input(self, shape: Any) -> None:
        self._require_drawing().check_input(shape)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        if not self.layers:
            return inputs
        return self._require_drawing().call(inputs, training)

    def get_config(self) -> dict[str, Any]:
        """Return the row as JSON-able data, in Keras' layout."""
        from .drawing import sequential_config

        return sequential_config(self, self._row)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
        """Make a model of what `get_config` returned."""
        from .drawing import sequential_from_config

        return sequential_from_config(config, custom_objects)
