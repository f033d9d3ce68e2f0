"""Learning rates that change with the step: each a formula of the step number, written with ops.

A schedule given to an optimizer becomes part of the step graph; called with a number it gives the rate of that step.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..arrays import floatx
from ..errors import ConfigError
from ..ops import cast, ceil, cos, floor, less, less_equal, log, maximum, minimum, power, where
from ..ops.op import Value
from ..tensor import as_tensor
from ..vocabulary import Vocabulary


class LearningRateSchedule:
    """A function of the step, an integer from 0 or a Tensor, that gives the learning rate.

    Subclasses write `__call__` with ops, so that it becomes part of the step graph.
    """

    def __call__(self, step: Any) -> Any:
        """Return the learning rate of a step, a scalar of the default float."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__(step), written with backlit.ops.")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        raise NotImplementedError(f"{type(self).__name__} must define get_config() to be saved.")

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> LearningRateSchedule:
        """Make a schedule of `get_config`'s answer."""
        return cls(**config)


class _Decay(LearningRateSchedule):
    """What a decay by `decay_rate` is told; `staircase` rounds step / decay_steps down."""

    def __init__(
        self, initial_learning_rate: float, decay_steps: int, decay_rate: float, staircase: bool = False,
        name: str | None = None,
    ) -> None:  # fmt: skip
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _positive("decay_steps", decay_steps)
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name or type(self).__name__

    def _progress(self, step: Any) -> Any:
        p = _float(step) / float(self.decay_steps)
        return floor(p) if self.staircase else p

    def get_config(self) -> dict[str, Any]:
        return _config(self, "initial_learning_rate", "decay_steps", "decay_rate", "staircase", "name")


class ExponentialDecay(_Decay):
    """rate = initial * decay_rate ** (step / decay_steps); `staircase` rounds the exponent down."""

    def __call__(self, step: Any) -> Any:
        return power(float(self.decay_rate), self._progress(step)) * float(self.initial_learning_rate)


class InverseTimeDecay(_Decay):
    """rate = initial / (1 + decay_rate * step / decay_steps); `staircase` rounds step / decay_steps down."""

    def __call__(self, step: Any) -> Any:
        return float(self.initial_learning_rate) / (1.0 + float(self.decay_rate) * self._progress(step))


class PiecewiseConstantDecay(LearningRateSchedule):
    """rate = values[0] up to and including step boundaries[0], then values[1] up to boundaries[1], and so on."""

    def __init__(self, boundaries: Sequence[float], values: Sequence[float], name: str = "PiecewiseConstant") -> None:
        if len(boundaries) != len(values) - 1:
            raise ConfigError(
                f"PiecewiseConstantDecay got {len(boundaries)} boundaries and {len(values)} values. "
                "Expected one value more than boundaries."
            )
        self.boundaries = list(boundaries)
        self.values = list(values)
        self.name = name

    def __call__(self, step: Any) -> Any:
        t = _float(step)
        rate: Value = float(self.values[-1])
        for boundary, value in zip(reversed(self.boundaries), reversed(self.values[:-1]), strict=True):
            rate = where(less_equal(t, float(boundary)), float(value), rate)
        return cast(as_tensor(rate), dtype=floatx())

    def get_config(self) -> dict[str, Any]:
        return _config(self, "boundaries", "values", "name")


class PolynomialDecay(LearningRateSchedule):
    """rate = (initial - end) * (1 - step / decay_steps) ** power + end; `cycle` starts again, over longer stretches."""

    def __init__(
        self, initial_learning_rate: float, decay_steps: int, end_learning_rate: float = 0.0001, power: float = 1.0,
        cycle: bool = False, name: str = "PolynomialDecay",
    ) -> None:  # fmt: skip
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _positive("decay_steps", decay_steps)
        self.end_learning_rate = end_learning_rate
        self.power = power
        self.cycle = cycle
        self.name = name

    def __call__(self, step: Any) -> Any:
        t, steps = _float(step), float(self.decay_steps)
        if self.cycle:
            p = t / (steps * maximum(ceil(t / steps), 1.0))
        else:
            p = minimum(t, steps) / steps
        drop = float(self.initial_learning_rate) - float(self.end_learning_rate)
        return drop * power(1.0 - p, float(self.power)) + float(self.end_learning_rate)

    def get_config(self) -> dict[str, Any]:
        return _config(self, "initial_learning_rate", "decay_steps", "end_learning_rate", "power", "cycle", "name")


class CosineDecay(LearningRateSchedule):
    """rate = r * ((1 - alpha) * (1 + cos(pi * step / decay_steps)) / 2 + alpha) (Loshchilov and Hutter 2016).

    r is the initial rate. With `warmup_target` the rate first climbs to it in `warmup_steps`, and r is the target.
    """

    def __init__(
        self, initial_learning_rate: float, decay_steps: int, alpha: float = 0.0, name: str = "CosineDecay",
        warmup_target: float | None = None, warmup_steps: int = 0,
    ) -> None:  # fmt: skip
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _positive("decay_steps", decay_steps)
        self.alpha = alpha
        self.name = name
        self.warmup_target = warmup_target
        self.warmup_steps = warmup_steps

    def __call__(self, step: Any) -> Any:
        t, initial = _float(step), float(self.initial_learning_rate)
        if self.warmup_target is None:
            return self._decayed(t, initial)
        target, steps = float(self.warmup_target), float(self.warmup_steps)
        climbing = initial + t * ((target - initial) / max(steps, 1.0))
        return where(less(t, steps), climbing, self._decayed(t - steps, target))

    def _decayed(self, t: Value, rate: float) -> Value:
        p = minimum(t, float(self.decay_steps)) / float(self.decay_steps)
        return rate * (0.5 * (1.0 - float(self.alpha)) * (1.0 + cos(math.pi * p)) + float(self.alpha))

    def get_config(self) -> dict[str, Any]:
        own = ("initial_learning_rate", "decay_steps", "alpha", "name", "warmup_target", "warmup_steps")
        return _config(self, *own)


class CosineDecayRestarts(LearningRateSchedule):
    """Cosine decay that starts again after `first_decay_steps`, each run `t_mul` times as long and `m_mul` as high."""

    def __init__(
        self, initial_learning_rate: float, first_decay_steps: int, t_mul: float = 2.0, m_mul: float = 1.0,
        alpha: float = 0.0, name: str = "SGDRDecay",
    ) -> None:  # fmt: skip
        self.initial_learning_rate = initial_learning_rate
        self.first_decay_steps = _positive("first_decay_steps", first_decay_steps)
        self.t_mul = _positive("t_mul", t_mul)
        self.m_mul = m_mul
        self.alpha = alpha
        self.name = name

    def __call__(self, step: Any) -> Any:
        p, t_mul = _float(step) / float(self.first_decay_steps), float(self.t_mul)
        if t_mul == 1.0:
            run = floor(p)
            within = p - run
        else:  # runs before: n with 1 + t + ... + t**(n-1) = (1 - t**n) / (1 - t) <= p
            run = floor(log(1.0 - p * (1.0 - t_mul)) / math.log(t_mul))
            length = power(t_mul, run)
            within = (p - (1.0 - length) / (1.0 - t_mul)) / length
        height = power(float(self.m_mul), run) * (0.5 * (1.0 - float(self.alpha)))
        return float(self.initial_learning_rate) * (height * (1.0 + cos(math.pi * within)) + float(self.alpha))

    def get_config(self) -> dict[str, Any]:
        return _config(self, "initial_learning_rate", "first_decay_steps", "t_mul", "m_mul", "alpha", "name")


def _float(step: Any) -> Value:
    return cast(as_tensor(step), dtype=floatx())


def _positive(name: str, value: Any) -> Any:
    if isinstance(value, bool) or not value > 0:
        raise ConfigError(f"{name} must be greater than 0, got {value!r}.")
    return value


def _config(schedule: LearningRateSchedule, *names: str) -> dict[str, Any]:
    return {name: getattr(schedule, name) for name in names}


SCHEDULES: dict[str, type[LearningRateSchedule]] = {
    kind.__name__: kind
    for kind in (
        ExponentialDecay, InverseTimeDecay, PiecewiseConstantDecay, PolynomialDecay, CosineDecay, CosineDecayRestarts,
    )
}  # fmt: skip
NAMES = Vocabulary("schedule", "keras.optimizers.schedules", LearningRateSchedule, SCHEDULES)


def serialize(schedule: LearningRateSchedule) -> Any:
    """Return a schedule as JSON-able data."""
    return NAMES.serialize(schedule)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """Return the schedule `serialize` described; classes of your own come in `custom_objects`."""
    return NAMES.deserialize(config, custom_objects)


__all__ = [
    "CosineDecay", "CosineDecayRestarts", "ExponentialDecay", "InverseTimeDecay", "LearningRateSchedule",
    "PiecewiseConstantDecay", "PolynomialDecay", "deserialize", "serialize",
]  # fmt: skip
