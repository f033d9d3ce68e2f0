"""What all optimizers share: the order of one update, and the Variables that remember between updates.

An optimizer itself is two pure functions, `slots` (what it remembers of each weight) and `update` (one step of its
recurrence); everything here is written with ops, so a recorded step contains it.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Unpack

import numpy as np

from ..errors import ConfigError, ShapeError
from ..ops import cast, equal, floor_divide, mod, not_equal, where
from ..ops.op import Value
from ..tensor import Tensor, Variable, as_tensor
from . import clipping, schedules
from .older import OlderNames, modern
from .options import DEFAULTS, Options, checked, number


class Optimizer(OlderNames):
    """One step: clip the gradients, decay the weights, update them, average them, constrain them, in this order.

    `learning_rate` is a number or a schedule of the step. Subclasses write `slots` and `update`.
    """

    paired: ClassVar[tuple[str, ...]] = ()  # slots kept side by side for each weight, as Keras' files have them

    def __init__(self, learning_rate: Any = 0.001, **options: Unpack[Options]) -> None:
        given: dict[str, Any] = dict(options)
        self.name: str = given.pop("name", None) or _snake(type(self).__name__)
        learning_rate = modern(type(self).__name__, learning_rate, given)
        held = checked(type(self).__name__, given)
        self.weight_decay: float | None = held["weight_decay"]
        self.clipnorm: float | None = held["clipnorm"]
        self.global_clipnorm: float | None = held["global_clipnorm"]
        self.clipvalue: float | None = held["clipvalue"]
        self.use_ema: bool = held["use_ema"]
        self.ema_momentum: float = held["ema_momentum"]
        self.ema_overwrite_frequency: int | None = held["ema_overwrite_frequency"]
        self.gradient_accumulation_steps: int | None = held["gradient_accumulation_steps"]
        self.loss_scale_factor: None = held["loss_scale_factor"]
        self.iterations = _scalar("step", 0, "int64")
        self.schedule, self._rate = self._rate_of(learning_rate)
        self._weights: list[Variable] = []
        self._slots: dict[Variable, dict[str, Variable]] = {}
        self._shared: dict[str, Variable] = {}
        self._excluded: set[Variable] = set()
        self._excluded_names: list[str] = []
        self._missing: set[str] = set()
        self.built = False

    # What a subclass writes

    def slots(self) -> dict[str, float]:
        """Return the names and initial values of what is remembered of each weight, in arrays of its shape."""
        return {}

    def shared(self) -> dict[str, float]:
        """Return the names and initial values of scalars that all weights share."""
        return {}

    def advance(self, shared: dict[str, Value], step: Value) -> dict[str, Value]:
        """Return the shared scalars of this step, made of those of the one before."""
        return shared

    def update(
        self, w: Value, g: Value, slots: dict[str, Value], learning_rate: Value, step: Value
    ) -> tuple[Value, dict[str, Value]]:
        """Return the new weight and the new slots. `step` counts from 1; both scalars have the dtype of `w`."""
        raise NotImplementedError(f"{type(self).__name__} must define update(w, g, slots, learning_rate, step).")

    # The learning rate and the step

    @property
    def learning_rate(self) -> Any:
        """The learning rate: a Variable (set it, or assign to it), or what the schedule gives for the next step."""
        return self._rate if self.schedule is None else self.schedule(self.iterations)

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        if isinstance(value, schedules.LearningRateSchedule):
            self.schedule = value
        elif self.schedule is not None:
            raise ConfigError(
                f"{type(self).__name__} follows the schedule {type(self.schedule).__name__}, so its learning_rate "
                f"cannot be set to {value!r}. Make the optimizer with a number, or set another schedule."
            )
        else:
            self._rate.assign(number(type(self).__name__, "learning_rate", value))

    @property
    def lr(self) -> Any:
        """The learning rate under its name of Keras 2."""
        return self.learning_rate

    @lr.setter
    def lr(self, value: Any) -> None:
        self.learning_rate = value

    def _rate_of(self, given: Any) -> tuple[schedules.LearningRateSchedule | None, Variable]:
        if isinstance(given, dict):
            given = schedules.deserialize(given)
        if isinstance(given, schedules.LearningRateSchedule):
            return given, _scalar("learning_rate", 0.0)
        if callable(given):
            raise ConfigError(
                f"{type(self).__name__} was given a function as learning_rate. Expected a number or a schedule: derive "
                "a class from schedules.LearningRateSchedule, or use the callback LearningRateScheduler."
            )
        return None, _scalar("learning_rate", number(type(self).__name__, "learning_rate", given))

    def _updates(self) -> Value:
        """Return how many updates were made: steps, or groups of steps whose gradients were accumulated."""
        steps = self.gradient_accumulation_steps
        return floor_divide(self.iterations, steps) if steps else self.iterations.read()

    # The Variables

    @property
    def variables(self) -> list[Variable]:
        """The step, the learning rate (unless scheduled), and all slots, in the order of Keras' files."""
        head = [self.iterations] if self.schedule is not None else [self.iterations, self._rate]
        before = [n for n in ("average", "gradient_sum") if n in self._names()]
        groups = [[n] for n in before] + ([list(self.paired)] if self.paired else [])
        groups += [[n] for n in self._names() if n not in before and n not in self.paired]
        slots = [self._slots[w][name] for group in groups for w in self._weights for name in group]
        return [*head, *slots, *self._shared.values()]

    def _names(self) -> list[str]:
        return list(self._slots[self._weights[0]]) if self._weights else []

    def build(self, variables: Sequence[Variable]) -> None:
        """Make the slots of these weights. Called by the first `apply`."""
        for w in variables:
            values = {"average": w.value} if self.use_ema else {}
            values |= {"gradient_sum": 0.0} if self.gradient_accumulation_steps else {}
            self._slots[w] = {name: _slot(w, name, value) for name, value in (values | self.slots()).items()}
        self._weights = list(variables)
        kind = variables[0].dtype if variables else None
        self._shared = {name: _scalar(f"{self.name}/{name}", v, kind, "slots") for name, v in self.shared().items()}
        names = "|".join(self._excluded_names)
        self._excluded |= {w for w in variables if names and re.search(names, w.path)}
        self.built = True

    def exclude_from_weight_decay(
        self, var_list: Iterable[Variable] | None = None, var_names: Iterable[str] | None = None
    ) -> None:
        """Leave weights out of the weight decay: these, and those whose path contains one of the names."""
        if self.built:
            raise ConfigError("exclude_from_weight_decay comes too late: call it before the first step or build().")
        self._excluded |= set(var_list or ())
        self._excluded_names += list(var_names or ())

    # One step

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Variable]]) -> Variable:
        """Update weights by `zip(gradients, weights)`; returns the step."""
        pairs = list(grads_and_vars)
        self.apply([g for g, _ in pairs], [w for _, w in pairs])
        return self.iterations

    def apply(self, gradients: Sequence[Any], variables: Sequence[Variable] | None = None) -> None:
        """Update `variables` (those of `build` by default) by their gradients, one each and of the same shape.

        None among the gradients leaves a weight alone, with a warning; without weights nothing happens. Wrong counts,
        strange weights and a lack of any gradient raise `ConfigError`, another shape `ShapeError`.
        """
        weights, found = self._matched(gradients, variables)
        if not weights:
            return
        due = self._due()
        if due is not None:
            found = self._accumulated(weights, found, due)
        found = self._clipped(found)
        step = self._updates() + 1
        shared = self._advanced(step, due)
        for w, g in zip(weights, found, strict=True):
            self._update(w, g, shared, step, due)
        if self.use_ema:
            self._average(weights)
        for w in weights:
            if w.constraint is not None:
                w.assign(w.constraint(w.read()))
        self.iterations.assign_add(1)

    def _update(self, w: Variable, g: Value, shared: dict[str, Value], step: Value, due: Value | None) -> None:
        kind = w.dtype.name
        rate = cast(as_tensor(self.learning_rate), dtype=kind)
        value = w.read()
        if self.weight_decay is not None and w not in self._excluded:
            value = value - value * (rate * float(self.weight_decay))
        own = {name: self._slots[w][name] for name in self.slots()}
        before = {name: slot.read() for name, slot in own.items()}
        extra = {name: cast(v, dtype=kind) for name, v in shared.items()}
        new, after = self.update(value, g, before | extra, rate, cast(step, dtype=kind))
        _replace(w, new, due)
        for name, slot in own.items():
            _replace(slot, after[name], due)

    def _advanced(self, step: Value, due: Value | None) -> dict[str, Value]:
        """Bring the shared scalars to this step and return them."""
        if not self._shared:
            return {}
        before = {name: variable.read() for name, variable in self._shared.items()}
        kind = next(iter(self._shared.values())).dtype.name
        after = self.advance(before, cast(step, dtype=kind))
        for name, variable in self._shared.items():
            _replace(variable, after[name], due)
        return after

    def _clipped(self, gradients: list[Value]) -> list[Value]:
        if self.clipnorm is not None:
            return clipping.clip_each_norm(gradients, float(self.clipnorm))
        if self.global_clipnorm is not None:
            return clipping.clip_global_norm(gradients, float(self.global_clipnorm))
        if self.clipvalue is not None:
            return clipping.clip_values(gradients, float(self.clipvalue))
        return gradients

    def _due(self) -> Value | None:
        """Return whether this step ends a group of accumulated ones; None where every step updates."""
        steps = self.gradient_accumulation_steps
        return equal(mod(self.iterations + 1, steps), 0) if steps else None

    def _accumulated(self, weights: list[Variable], gradients: list[Value], due: Value) -> list[Value]:
        """Add the gradients to the sums, return the means so far, and empty the sums where an update is due."""
        means: list[Value] = []
        for w, g in zip(weights, gradients, strict=True):
            held = self._slots[w]["gradient_sum"]
            total = held + g
            held.assign(where(due, 0.0, total))
            means.append(total / float(self.gradient_accumulation_steps or 1))
        return means

    def _average(self, weights: list[Variable]) -> None:
        """average = momentum * average + (1 - momentum) * w; the first one is w itself."""
        updates, every = self._updates(), self.ema_overwrite_frequency
        for w in weights:
            average = self._slots[w]["average"]
            momentum = cast(not_equal(updates, 0), dtype=w.dtype.name) * float(self.ema_momentum)
            new = momentum * average + (1.0 - momentum) * w
            average.assign(new)
            if every:
                w.assign(where(equal(mod(updates + 1, every), 0), new, w))

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """Give the weights their moving averages, if there are any (`use_ema`)."""
        if self.use_ema:
            for w in var_list:
                if w in self._slots:
                    w.assign(self._slots[w]["average"].read())

    def _matched(
        self, gradients: Sequence[Any], variables: Sequence[Variable] | None
    ) -> tuple[list[Variable], list[Value]]:
        """Return the weights that have a gradient, and the gradients in the weights' dtypes."""
        gradients = list(gradients)
        if variables is None and not self.built:
            raise ConfigError("apply(gradients) does not know the weights yet. Give them: apply(gradients, variables).")
        weights = self._weights if variables is None else list(variables)
        if len(gradients) != len(weights):
            raise ConfigError(f"apply got {len(gradients)} gradients for {len(weights)} weights. Expected one each.")
        if not self.built:
            self.build(weights)
        strange = [w.path for w in weights if w not in self._slots]
        if strange:
            raise ConfigError(
                f"{type(self).__name__} was built for other weights and does not know {', '.join(strange)}. "
                "Make a new optimizer, or call build() with all weights before the first step."
            )
        pairs = [(w, _gradient(w, g)) for w, g in zip(weights, gradients, strict=True) if g is not None]
        self._warn_of_missing([w.path for w, g in zip(weights, gradients, strict=True) if g is None])
        if weights and not pairs:
            raise ConfigError("No weight has a gradient: the loss does not depend on any of them.")
        return [w for w, _ in pairs], [g for _, g in pairs]

    def _warn_of_missing(self, paths: list[str]) -> None:
        new = [path for path in paths if path not in self._missing]
        self._missing.update(new)
        if new:
            warnings.warn(
                f"No gradient reaches {', '.join(new)}: the loss does not depend on it, and it stays as it is.",
                stacklevel=4,
            )

    # Written down

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments; subclasses add their own."""
        rate = float(self._rate) if self.schedule is None else schedules.serialize(self.schedule)
        return {"name": self.name, "learning_rate": rate, **{name: getattr(self, name) for name in DEFAULTS}}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Optimizer:
        """Make an optimizer of `get_config`'s answer."""
        if isinstance(config.get("learning_rate"), dict):
            config = config | {"learning_rate": schedules.deserialize(config["learning_rate"], custom_objects)}
        return cls(**config)


def _snake(name: str) -> str:
    """Return `adam_w` for `AdamW`, as Keras names its optimizers."""
    spread = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", spread).lower()


def _scalar(path: str, value: float, dtype: Any = None, role: str = "input") -> Variable:
    return Variable(value, trainable=False, name=path, dtype=dtype, role=role)


def _slot(w: Variable, name: str, value: Any) -> Variable:
    slot = Variable(np.full(w.shape, value, w.dtype), trainable=False, name=name, role="slots")
    slot.path = f"{w.path}/{name}"
    return slot


def _gradient(w: Variable, gradient: Any) -> Tensor:
    g = as_tensor(gradient)
    if g.shape != w.shape:
        raise ShapeError(f"The gradient of {w.path} has shape {g.shape}; it must have the weight's shape {w.shape}.")
    return cast(g, dtype=w.dtype.name) if g.dtype != w.dtype else g


def _replace(variable: Variable, new: Value, due: Value | None) -> None:
    variable.assign(new if due is None else where(due, new, variable))
