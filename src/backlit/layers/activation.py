"""Activations as layers, for where they stand alone: after a batch normalization, or with settings of their own.

The rules themselves are in `activations`.
"""

from __future__ import annotations

import warnings
from typing import Any

from .. import activations, constraints, initializers, regularizers
from ..ops import softmax, where
from . import settings
from .layer import Layer
from .settings import at_least_zero, number


class Activation(Layer):
    """y = activation(x), by name or as a function."""

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activations.get(activation)

    def call(self, inputs: Any) -> Any:
        return self.activation(inputs)


class ReLU(Layer):
    """y = x where x >= threshold (at most max_value), else negative_slope * (x - threshold)."""

    def __init__(
        self, max_value: float | None = None, negative_slope: float = 0.0, threshold: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.max_value = None if max_value is None else at_least_zero("max_value", max_value)
        self.negative_slope = at_least_zero("negative_slope", negative_slope)
        self.threshold = at_least_zero("threshold", threshold)

    def call(self, inputs: Any) -> Any:
        return activations.relu(inputs, self.negative_slope, self.max_value, self.threshold)


class LeakyReLU(Layer):
    """y = x where x >= 0, else negative_slope * x (Maas et al. 2013). `alpha` is the old name of `negative_slope`."""

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        if "alpha" in kwargs:
            negative_slope = kwargs.pop("alpha")
            warnings.warn("Argument `alpha` is deprecated. Use `negative_slope` instead.", stacklevel=2)
        super().__init__(**kwargs)
        self.negative_slope = at_least_zero("negative_slope", negative_slope)

    def call(self, inputs: Any) -> Any:
        return activations.leaky_relu(inputs, self.negative_slope)


class PReLU(Layer):
    """y = x where x > 0, else alpha * x, with a learned alpha for each feature (He et al. 2015)."""

    def __init__(
        self, alpha_initializer: Any = "zeros", alpha_regularizer: Any = None, alpha_constraint: Any = None,
        shared_axes: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(**kwargs)
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.alpha_constraint = constraints.get(alpha_constraint)
        shared = [shared_axes] if isinstance(shared_axes, int) else shared_axes
        self.shared_axes = None if shared is None else list(shared)
        self.slope: Any = None

    def build(self, input_shape: Any) -> None:
        sizes = [1 if self.shared_axes and i + 1 in self.shared_axes else n for i, n in enumerate(input_shape[1:])]
        self.slope = self.add_weight(
            sizes, self.alpha_initializer, name="alpha", regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
        )  # fmt: skip

    def call(self, inputs: Any) -> Any:
        return where(inputs > 0, inputs, self.slope * inputs)


class ELU(Layer):
    """y = x where x > 0, else alpha * (e**x - 1) (Clevert et al. 2016)."""

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = number("ELU", "alpha", alpha)

    def call(self, inputs: Any) -> Any:
        return activations.elu(inputs, self.alpha)


class Softmax(Layer):
    """y = e**x / sum(e**x) along `axis`: scores into probabilities."""

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = settings.axis("Softmax", axis)

    def call(self, inputs: Any) -> Any:
        return softmax(inputs, self.axis)
