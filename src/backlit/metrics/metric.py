"""A metric keeps sums in Variables: `update_state` adds a batch, `result` divides, `reset_state` begins again.

Everything is written with ops, so a metric becomes part of the recorded step and costs no Python per batch.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from ..arrays import Array, Shape, as_dtype
from ..errors import ConfigError
from ..losses.loss import snake_case
from ..tensor import Tensor, Variable


class Metric:
    """The base of all metrics: add Variables in `__init__`, write `update_state` and `result` with ops.

    `direction` says which way is better: "up", "down", or None if that cannot be said. Sums have the `dtype` of the
    metric, by default float32: counts are exact up to 16.7 million samples between two resets, and sums of other
    numbers good to about seven digits divided by the number of batches' square root; take dtype="float64" beyond that.
    """

    direction: ClassVar[str | None] = None

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        self._name = self._own_name = name or snake_case(type(self).__name__)
        self.dtype: str = as_dtype(dtype).name
        self._own: list[Variable] = []
        self._initial: list[Array] = []

    @property
    def name(self) -> str:
        """The name the result is reported under; the Variables carry it too."""
        return self._name

    @name.setter
    def name(self, name: str) -> None:
        self._own_name = name
        self.report_as(name)

    @property
    def own_name(self) -> str:
        """The name it was given, which a model with several outputs puts the output's name before."""
        return self._own_name

    def report_as(self, name: str) -> None:
        """Report under another name; the name it was given stays in its configuration."""
        self._name = name
        for variable in self._own:
            variable.path = f"{name}/{variable.name}"

    def add_variable(
        self,
        shape: Shape | int = (),
        initializer: str | float | Callable[..., Any] | None = "zeros",
        dtype: Any = None,
        name: str | None = None,
    ) -> Variable:
        """Return a new Variable that `reset_state` sets back; it begins as "zeros", "ones", a number or a function."""
        size = (shape,) if isinstance(shape, int) else tuple(shape)
        variable = Variable(
            _initial_array(initializer, size, as_dtype(dtype or self.dtype).name), trainable=False,
            name=name or f"variable_{len(self._own)}", role="metrics",
        )  # fmt: skip
        variable.path = f"{self.name}/{variable.name}"
        self._own.append(variable)
        self._initial.append(variable.value)
        return variable

    add_weight = add_variable

    @property
    def variables(self) -> list[Variable]:
        """The Variables of this metric and of the metrics that are its attributes."""
        inner = [metric for metric in vars(self).values() if isinstance(metric, Metric)]
        return [*self._own, *(variable for metric in inner for variable in metric.variables)]

    def update_state(self, *args: Any, **kwargs: Any) -> None:
        """Add one batch to the sums."""
        raise NotImplementedError(
            f"{type(self).__name__} must define update_state(y_true, y_pred, sample_weight=None)."
        )

    def result(self) -> Any:
        """Return the value over everything since the last reset, as a Tensor."""
        raise NotImplementedError(f"{type(self).__name__} must define result().")

    def reset_state(self) -> None:
        """Set every Variable back to its initial value."""
        for variable, initial in zip(self._own, self._initial, strict=True):
            variable.assign(initial)
        for metric in vars(self).values():
            if isinstance(metric, Metric):
                metric.reset_state()

    def reset_states(self) -> None:
        """Do what `reset_state` does, under the name it had in Keras 2."""
        warnings.warn("metric.reset_states() is of Keras 2. Write metric.reset_state().", stacklevel=2)
        self.reset_state()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Add one batch and return the value so far."""
        self.update_state(*args, **kwargs)
        return self.result()

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments."""
        return {"name": self.own_name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Metric:
        """Return the metric that `get_config` described."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def _initial_array(initializer: Any, shape: Shape, dtype: str) -> Array:
    if initializer is None or initializer == "zeros":
        return np.zeros(shape, dtype)
    if initializer == "ones":
        return np.ones(shape, dtype)
    if isinstance(initializer, (int, float)):
        return np.full(shape, initializer, dtype)
    if not callable(initializer):
        raise ConfigError(
            f'initializer is {initializer!r}. Expected "zeros", "ones", a number or a function of (shape, dtype).'
        )
    made = initializer(shape, dtype)
    return np.asarray(made.value if isinstance(made, Tensor) else made, dtype)
