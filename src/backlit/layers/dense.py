"""The fully-connected layer: y = activation(x W + b).

Everything else in this library exists to train it.
"""

from __future__ import annotations

from typing import Any

from .. import activations, constraints, initializers, regularizers
from ..arrays import is_integer
from ..errors import ConfigError, ShapeError
from ..ops import matmul
from .layer import Layer


class Dense(Layer):
    """y = activation(x W + b): every unit weighs all features of its input.

    Input (batch, ..., features), output (batch, ..., units). Weights: kernel (features, units), bias (units,).
    Inputs of rank 1, or with another number of features than at first, raise `ShapeError`.
    """

    def __init__(
        self, units: int, activation: Any = None, use_bias: bool = True, kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros", kernel_regularizer: Any = None, bias_regularizer: Any = None,
        activity_regularizer: Any = None, kernel_constraint: Any = None, bias_constraint: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        if not is_integer(units) or units <= 0:
            raise ConfigError(f"Dense needs a positive integer number of units, got units={units!r}.")
        self.units = int(units)
        self.activation = activations.get(activation)
        self.use_bias = bool(use_bias)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.kernel: Any = None
        self.bias: Any = None

    def build(self, input_shape: Any) -> None:
        if len(input_shape) < 2 or input_shape[-1] is None:
            raise ShapeError(
                f"Dense {self.name!r} needs inputs (batch, ..., features) with a known number of features, got shape "
                f"{tuple(input_shape)}. One row of data is x[None, :]; a picture needs Flatten() first."
            )
        self.kernel = self.add_weight(
            (input_shape[-1], self.units), self.kernel_initializer, name="kernel",
            regularizer=self.kernel_regularizer, constraint=self.kernel_constraint,
        )  # fmt: skip
        if self.use_bias:
            self.bias = self.add_weight(
                (self.units,), self.bias_initializer, name="bias",
                regularizer=self.bias_regularizer, constraint=self.bias_constraint,
            )  # fmt: skip

    def check_input(self, shape: Any) -> None:
        if len(shape) < 2 or shape[-1] != self.kernel.shape[0]:
            raise ShapeError(
                f"Dense {self.name!r} was built for {self.kernel.shape[0]} features, got an input of shape "
                f"{tuple(shape)}. The last axis must be the features; the first is the batch."
            )

    def call(self, inputs: Any) -> Any:
        z = matmul(inputs, self.kernel)  # (batch, units)
        if self.bias is not None:
            z = z + self.bias
        return self.activation(z)
