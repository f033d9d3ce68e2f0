"""Layers that keep activations at zero mean and unit variance: over the batch, or over the features of each sample.

The rule and its gradient are `ops.normalize`; here are the weights and the moving statistics.
"""

from __future__ import annotations

from typing import Any

from .. import constraints, initializers, regularizers
from ..arrays import is_number, positive_axes
from ..errors import ConfigError, ShapeError
from ..ops import mean, normalize, reshape, sqrt, variance
from .layer import Layer
from .settings import axes


class _Scaled(Layer):
    """What both normalizations share: gamma and beta, the learned scale and offset."""

    def __init__(
        self, axis: Any, epsilon: float, center: bool, scale: bool, beta_initializer: Any, gamma_initializer: Any,
        beta_regularizer: Any, gamma_regularizer: Any, beta_constraint: Any, gamma_constraint: Any, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(**kwargs)
        if not is_number(epsilon) or not epsilon >= 0:
            raise ConfigError(f"{type(self).__name__} needs epsilon >= 0, got {epsilon!r}.")
        self.axis = axes(type(self).__name__, axis)
        self.epsilon = float(epsilon)
        self.center = bool(center)
        self.scale = bool(scale)
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)
        self.gamma: Any = None
        self.beta: Any = None
        self._kept: tuple[int, ...] = ()
        self._sizes: tuple[int, ...] = ()

    def build(self, input_shape: Any) -> None:
        self._kept = positive_axes(self.axis, len(input_shape))
        self._sizes = tuple(input_shape[a] for a in self._kept)
        if None in self._sizes or 0 in self._kept:
            owner = f"{type(self).__name__} {self.name!r}"
            raise ShapeError(f"{owner} cannot normalize axis {self.axis} of shape {tuple(input_shape)}.")
        if self.scale:
            self.gamma = self.add_weight(
                self._sizes, self.gamma_initializer, name="gamma", regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint,
            )  # fmt: skip
        if self.center:
            self.beta = self.add_weight(
                self._sizes, self.beta_initializer, name="beta", regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
            )  # fmt: skip

    def check_input(self, shape: Any) -> None:
        if len(shape) <= max(self._kept) or tuple(shape[a] for a in self._kept) != self._sizes:
            raise ShapeError(
                f"{type(self).__name__} {self.name!r} was built for {self._sizes} along axis {self.axis}, got an input "
                f"of shape {tuple(shape)}."
            )

    def _scaled(self, y: Any) -> Any:
        if self.gamma is not None:
            y = y * self._spread(self.gamma, y)
        return y if self.beta is None else y + self._spread(self.beta, y)

    def _spread(self, weight: Any, like: Any) -> Any:
        """Line a weight up with the axes it belongs to; the last axis needs nothing."""
        rank = len(like.shape)
        if self._kept == (rank - 1,):
            return weight
        return reshape(weight, tuple(like.shape[i] if i in self._kept else 1 for i in range(rank)))


class BatchNormalization(_Scaled):
    """y = gamma * (x - mean) / sqrt(variance + epsilon) + beta (Ioffe and Szegedy 2015).

    Training uses the batch's mean and biased variance and moves the averages towards them:
    moving = moving * momentum + batch * (1 - momentum). Inference, or a layer with `trainable=False`, uses the moving
    averages. `axis` holds the features. Weights: gamma, beta, moving_mean, moving_variance.
    """

    def __init__(
        self, axis: int = -1, momentum: float = 0.99, epsilon: float = 1e-3, center: bool = True, scale: bool = True,
        beta_initializer: Any = "zeros", gamma_initializer: Any = "ones", moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones", beta_regularizer: Any = None, gamma_regularizer: Any = None,
        beta_constraint: Any = None, gamma_constraint: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(
            axis, epsilon, center, scale, beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer,
            beta_constraint, gamma_constraint, **kwargs,
        )  # fmt: skip
        if not is_number(momentum) or not 0 <= momentum <= 1:
            raise ConfigError(f"BatchNormalization needs a momentum between 0 and 1, got {momentum!r}.")
        self.momentum = float(momentum)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.moving_mean: Any = None
        self.moving_variance: Any = None

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        self.moving_mean = self.add_weight(
            self._sizes, self.moving_mean_initializer, name="moving_mean", trainable=False
        )
        self.moving_variance = self.add_weight(
            self._sizes, self.moving_variance_initializer, name="moving_variance", trainable=False
        )

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not (training and self.trainable):
            deviation = sqrt(self._spread(self.moving_variance, inputs) + self.epsilon)
            return self._scaled((inputs - self._spread(self.moving_mean, inputs)) / deviation)
        axes = tuple(i for i in range(len(inputs.shape)) if i not in self._kept)
        self._move(self.moving_mean, mean(inputs, axes))
        self._move(self.moving_variance, variance(inputs, axes))
        return self._scaled(normalize(inputs, axes, self.epsilon))

    def _move(self, average: Any, batch: Any) -> None:
        average.assign(average * self.momentum + batch * (1.0 - self.momentum))


class LayerNormalization(_Scaled):
    """y = gamma * (x - mean) / sqrt(variance + epsilon) + beta over the features of each sample (Ba et al. 2016)."""

    def __init__(
        self, axis: Any = -1, epsilon: float = 1e-3, center: bool = True, scale: bool = True,
        beta_initializer: Any = "zeros", gamma_initializer: Any = "ones", beta_regularizer: Any = None,
        gamma_regularizer: Any = None, beta_constraint: Any = None, gamma_constraint: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(
            axis, epsilon, center, scale, beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer,
            beta_constraint, gamma_constraint, **kwargs,
        )  # fmt: skip

    def call(self, inputs: Any) -> Any:
        return self._scaled(normalize(inputs, self._kept, self.epsilon))
