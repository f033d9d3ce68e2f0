"""Optimizers: how weights follow their gradients downhill, by name or as objects.

Each file shows a recurrence; `optimizer` is what they share, `schedules` are learning rates that change.
"""

from __future__ import annotations

from typing import Any

from ..vocabulary import Vocabulary
from . import schedules
from .adadelta import Adadelta
from .adagrad import Adagrad
from .adam import Adam
from .adamax import Adamax
from .adamw import AdamW
from .ftrl import Ftrl
from .lion import Lion
from .nadam import Nadam
from .optimizer import Optimizer
from .rmsprop import RMSprop
from .sgd import SGD

OPTIMIZERS: dict[str, type[Optimizer]] = {
    "adadelta": Adadelta, "adagrad": Adagrad, "adam": Adam, "adamax": Adamax, "adamw": AdamW, "ftrl": Ftrl,
    "lion": Lion, "nadam": Nadam, "rmsprop": RMSprop, "sgd": SGD,
}  # fmt: skip
NAMES = Vocabulary("optimizer", "keras.optimizers", Optimizer, OPTIMIZERS, any_case=True, functions=False)


def get(identifier: Any) -> Any:
    """Return an optimizer for a name (in any case), a class, a serialized form or an optimizer (as it is).

    An unknown name raises `ConfigError` with the closest known one.
    """
    if identifier is None:
        raise NAMES.refused(identifier)
    return NAMES.get(identifier)


def serialize(optimizer: Optimizer) -> Any:
    """Return an optimizer's settings as JSON-able data (not its slots)."""
    return NAMES.serialize(optimizer)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """Return the optimizer `serialize` described; classes of your own come in `custom_objects`."""
    return NAMES.deserialize(config, custom_objects)


__all__ = [
    "Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "Ftrl", "Lion", "Nadam", "Optimizer", "RMSprop", "SGD",
    "deserialize", "get", "schedules", "serialize",
]  # fmt: skip
