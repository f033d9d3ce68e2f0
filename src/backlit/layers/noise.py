"""Layers that disturb training on purpose, and do nothing at inference: Dropout and GaussianNoise.

Their random numbers are a function of the step, so a run can be repeated, resumed and compiled.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import seeds
from ..arrays import is_number
from ..errors import ConfigError, ShapeError
from ..ops import where
from ..ops.random import normal, uniform
from ..tensor import Variable
from . import forward_pass
from .layer import Layer


class RandomLayer(Layer):
    """What random layers share: where the seed, the step and the stream come from."""

    def __init__(self, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = seed
        self._own_seed = seed if seed is not None else seeds.fresh_seed()
        self._own_step = Variable(np.int64(0), False, "draws", role="random")

    def _source(self) -> tuple[Any, Any, int]:
        """Return (seed, step, stream): of the training step around, or counted by this layer where there is none.

        The count is a Variable, so that a recorded step of your own, or a prediction, draws anew each time it runs.
        """
        around = forward_pass.current()
        if around is not None and around.seed is not None:
            return (around.seed if self.seed is None else self.seed), around.step, around.stream()
        step = self._own_step.read()
        self._own_step.assign_add(1)
        return self._own_seed, step, seeds.FIRST_OP_STREAM


class Dropout(RandomLayer):
    """Set each number to 0 with probability `rate` and divide the others by 1 - rate, in training only.

    Srivastava et al. 2014, scaled in training ("inverted"). `noise_shape` holds 1 where one draw serves a whole axis.
    """

    def __init__(self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed, **kwargs)
        if not is_number(rate) or not 0 <= rate <= 1:
            raise ConfigError(f"Dropout needs a rate between 0 and 1, the share of numbers to drop, got rate={rate!r}.")
        self.rate = float(rate)
        self.noise_shape = None if noise_shape is None else tuple(noise_shape)

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training or self.rate == 0.0:
            return inputs
        if self.rate == 1.0:
            return inputs * 0.0
        u = uniform(*self._source(), shape=self._drawn(inputs.shape), dtype=inputs.dtype.name)
        return where(u >= self.rate, inputs / (1.0 - self.rate), 0.0)

    def _drawn(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        if self.noise_shape is None:
            return tuple(shape)
        if len(self.noise_shape) != len(shape):
            raise ShapeError(f"Dropout {self.name!r} has noise_shape {self.noise_shape}, its input has shape {shape}.")
        return tuple(n if m is None else m for n, m in zip(shape, self.noise_shape, strict=True))


class GaussianNoise(RandomLayer):
    """Add normal noise of standard deviation `stddev`, in training only."""

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed, **kwargs)
        if not is_number(stddev) or not stddev >= 0:
            raise ConfigError(f"GaussianNoise needs a standard deviation >= 0, got stddev={stddev!r}.")
        self.stddev = float(stddev)

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training or self.stddev == 0.0:
            return inputs
        return inputs + self.stddev * normal(*self._source(), shape=tuple(inputs.shape), dtype=inputs.dtype.name)
