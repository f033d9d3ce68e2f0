"""Where a model begins: `Input` names the shape of what will be fed in.

Sizes are given without the batch axis.
"""

from __future__ import annotations

from typing import Any

from ..arrays import as_dtype
from ..errors import ConfigError
from .layer import Layer
from .naming import auto_name
from .settings import sizes
from .symbolic import Call, KerasTensor


class InputLayer(Layer):
    """The layer behind `Input`; it returns what it is given."""

    def __init__(
        self, shape: Any = None, batch_size: int | None = None, dtype: Any = None, batch_shape: Any = None,
        name: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        for of_no_meaning_here in ("sparse", "ragged", "optional"):
            kwargs.pop(of_no_meaning_here, None)
        if batch_shape is None:
            batch_shape = kwargs.pop("batch_input_shape", None)
        if shape is None and batch_shape is None:
            raise ConfigError("Input needs a shape, such as Input(shape=(784,)).")
        if shape is not None and batch_shape is not None:
            raise ConfigError("Give Input either shape= (without the batch) or batch_shape= (with it), not both.")
        super().__init__(name=name or auto_name("input_layer"), **kwargs)
        if batch_shape is None:
            full = (batch_size, *sizes("Input's shape", shape))
        else:
            full = sizes("Input's batch_shape", batch_shape)
        self.batch_shape = full
        self.input_dtype = as_dtype(dtype)
        call = Call(self, (), {})
        call.outputs = KerasTensor(full, self.input_dtype, self.name, call)
        self._calls.append(call)
        self.built = True

    def call(self, inputs: Any) -> Any:
        return inputs

    def get_config(self) -> dict[str, Any]:
        return {"batch_shape": list(self.batch_shape), "dtype": self.input_dtype.name, "name": self.name}


def Input(  # the name Keras users write
    shape: Any = None, batch_size: int | None = None, dtype: Any = None, name: str | None = None, **kwargs: Any
) -> KerasTensor:
    """Return a symbolic tensor of `shape` (without the batch axis), the start of a functional model.

    >>> from backlit.layers import Input, Dense
    >>> Dense(10)(Input(shape=(784,))).shape
    (None, 10)
    """
    layer = InputLayer(shape, batch_size, dtype, name=name, **kwargs)
    return layer.output
