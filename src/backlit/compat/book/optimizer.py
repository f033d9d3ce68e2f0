"""The book's `common.optimizer`: `update(params, grads)` writes into the arrays of a dict.

The recurrences are those of `backlit.optimizers`; AdaGrad and RMSprop have their own, because the book adds epsilon
outside the root and starts from 0, where the library does as Keras does.
"""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

import numpy as np

from ... import optimizers
from ...errors import ConfigError, DataError, ShapeError
from ...ops import sqrt, square

__all__ = ["SGD", "AdaGrad", "Adam", "Momentum", "Nesterov", "RMSprop"]
EPSILON = 1e-7


class Rule(Protocol):
    """One step of a recurrence, as the library's optimizers have it."""

    def update(self, w: Any, g: Any, slots: dict[str, Any], learning_rate: Any, step: Any) -> tuple[Any, Any]:
        """Return the new weight and the new slots."""
        ...


class Recurrence:
    """What the book's optimizers share: what is remembered of each weight, and where the new weight is written."""

    remembered: ClassVar[dict[str, str]] = {}  # name in the rule -> attribute of the book

    def __init__(self, lr: float) -> None:
        self.lr = lr
        self.iter = 0
        for attribute in self.remembered.values():
            setattr(self, attribute, None)

    def rule(self) -> Rule:
        """Return the recurrence with the settings as they are now."""
        raise NotImplementedError(f"{type(self).__name__} must define rule().")

    def update(self, params: dict[str, Any], grads: dict[str, Any]) -> None:
        """Make one step: arrays of `params` are written into, plain numbers are replaced.

        A weight without its gradient raises `ConfigError`, another shape `ShapeError`, whole numbers `DataError`.
        """
        self.iter += 1
        rule = self.rule()
        for attribute in self.remembered.values():
            if getattr(self, attribute) is None:
                setattr(self, attribute, {key: np.zeros_like(w) for key, w in params.items()})
        for key, w in params.items():
            slots = {name: getattr(self, attribute)[key] for name, attribute in self.remembered.items()}
            new, after = rule.update(w, gradient_of(key, w, grads), slots, self.lr, float(self.iter))
            for name, attribute in self.remembered.items():
                getattr(self, attribute)[key] = after[name]
            if isinstance(w, np.ndarray):
                w[...] = new
            else:
                params[key] = new


def gradient_of(key: str, w: Any, grads: dict[str, Any]) -> Any:
    """Return the gradient of one weight, checked."""
    if key not in grads:
        raise ConfigError(f"params has {key!r}, grads has {', '.join(map(repr, grads))}. Expected one gradient each.")
    if np.shape(grads[key]) != np.shape(w):
        raise ShapeError(
            f"grads[{key!r}] has shape {np.shape(grads[key])}. Expected the weight's shape {np.shape(w)}: NumPy would "
            "repeat it."
        )
    if isinstance(w, np.ndarray) and w.dtype.kind != "f":
        raise DataError(f"params[{key!r}] has dtype {w.dtype}. Expected floats: whole numbers cannot move a little.")
    return grads[key]


class SGD(Recurrence):
    """w -= lr * g."""

    def __init__(self, lr: float = 0.01) -> None:
        super().__init__(lr)

    def rule(self) -> Rule:
        """Return the library's rule."""
        return optimizers.SGD()


class Momentum(Recurrence):
    """v = momentum * v - lr * g; w += v."""

    remembered: ClassVar[dict[str, str]] = {"velocity": "v"}

    def __init__(self, lr: float = 0.01, momentum: float = 0.9) -> None:
        super().__init__(lr)
        self.momentum = momentum

    def rule(self) -> Rule:
        """Return the library's rule."""
        return optimizers.SGD(momentum=float(self.momentum))


class Nesterov(Momentum):
    """v = momentum * v - lr * g; w += momentum * v - lr * g (Bengio 2012's form of Nesterov's rule)."""

    def rule(self) -> Rule:
        """Return the library's rule."""
        return optimizers.SGD(momentum=float(self.momentum), nesterov=True)


class _RootOutside:
    """h = kept * h + added * g²; w -= lr * g / (sqrt(h) + 1e-7)."""

    def __init__(self, kept: float, added: float) -> None:
        self._kept, self._added = kept, added

    def update(self, w: Any, g: Any, slots: dict[str, Any], learning_rate: Any, step: Any) -> tuple[Any, Any]:
        """One step of the recurrence."""
        h = self._kept * slots["h"] + self._added * square(g)
        return w - learning_rate * g / (sqrt(h) + EPSILON), {"h": h}


class AdaGrad(Recurrence):
    """h += g²; w -= lr * g / (sqrt(h) + 1e-7)."""

    remembered: ClassVar[dict[str, str]] = {"h": "h"}

    def __init__(self, lr: float = 0.01) -> None:
        super().__init__(lr)

    def rule(self) -> Rule:
        """Return the book's rule."""
        return _RootOutside(1.0, 1.0)


class RMSprop(Recurrence):
    """h = decay_rate * h + (1 - decay_rate) * g²; w -= lr * g / (sqrt(h) + 1e-7)."""

    remembered: ClassVar[dict[str, str]] = {"h": "h"}

    def __init__(self, lr: float = 0.01, decay_rate: float = 0.99) -> None:
        super().__init__(lr)
        self.decay_rate = decay_rate

    def rule(self) -> Rule:
        """Return the book's rule."""
        return _RootOutside(self.decay_rate, 1.0 - self.decay_rate)


class Adam(Recurrence):
    """m += (1 - beta1)(g - m); v += (1 - beta2)(g² - v); w -= lr_t * m / (sqrt(v) + 1e-7)."""

    remembered: ClassVar[dict[str, str]] = {"m": "m", "v": "v"}

    def __init__(self, lr: float = 0.001, beta1: float = 0.9, beta2: float = 0.999) -> None:
        super().__init__(lr)
        self.beta1, self.beta2 = beta1, beta2

    def rule(self) -> Rule:
        """Return the library's rule."""
        return optimizers.Adam(beta_1=self.beta1, beta_2=self.beta2, epsilon=EPSILON)
