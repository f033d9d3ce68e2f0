"""LambdaCallback makes a callback of plain functions, without a class.

The functions get the arguments of the hook they are named after.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from ...errors import unknown_name
from .arguments import wrong
from .callback import HOOKS, Callback

Function: TypeAlias = Callable[..., object]


class LambdaCallback(Callback):
    """Calls `on_epoch_end(epoch, logs)` and so on; any hook of `Callback` may be given by name.

    Batch functions get `logs` by name. An unknown hook, or something that cannot be called, raises `ConfigError`.
    Source: section B.10 of the Keras semantics.

    >>> shout = LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs))
    >>> shout.on_epoch_end(3, {"loss": 0.5})
    3 {'loss': 0.5}
    """

    def __init__(
        self,
        on_epoch_begin: Function | None = None,
        on_epoch_end: Function | None = None,
        on_train_begin: Function | None = None,
        on_train_end: Function | None = None,
        on_train_batch_begin: Function | None = None,
        on_train_batch_end: Function | None = None,
        **hooks: Any,
    ) -> None:
        super().__init__()
        hooks |= {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
        }
        for name, function in hooks.items():
            if name not in HOOKS:
                raise unknown_name("callback hook", name, HOOKS)
            if function is None:
                continue
            if not callable(function):
                raise wrong("LambdaCallback", name, function, "a function")
            setattr(self, name, function)
