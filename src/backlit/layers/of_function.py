"""Lambda makes a layer of a function of yours, written with ops, so that it is recorded and trained through.

Its neighbor `Activation` takes functions of one tensor; this one also takes lists of them, and further arguments.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from .. import registered
from ..errors import ConfigError
from .layer import Layer


class Lambda(Layer):
    """y = function(inputs, **arguments); a `training` argument of the function is told whether this is training.

    `output_shape` and `mask` are accepted for Keras' sake and change nothing: shapes are found by calling. The
    function has no weights of its own. A file keeps its name, never its code: functions without a name (lambdas)
    cannot be saved, and loading needs `custom_objects` or `register_keras_serializable`; both raise `ConfigError`.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Any = None,
        mask: Any = None,
        arguments: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not callable(function):
            raise ConfigError(_not_callable(function))
        self.function = function
        self.arguments = dict(arguments or {})
        self.output_shape, self.mask = output_shape, mask
        self._hears_of_training = "training" in _parameters(function)

    def call(self, inputs: Any, training: bool = False) -> Any:
        told = {"training": training} if self._hears_of_training else {}
        return self.function(inputs, **self.arguments, **told)

    def twin(self) -> Lambda:
        """Return another layer of the same function and the same name; it needs no name for the function."""
        made = type(self)(
            self.function, self.output_shape, self.mask, self.arguments, name=self.name, dtype=self.dtype.name
        )
        made.trainable = self.trainable
        return made

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, the function by its name."""
        name = getattr(self.function, "__name__", "<lambda>")
        if name == "<lambda>":
            raise ConfigError(
                f"Lambda {self.name!r} holds a function without a name, and a file never holds code. Write it as a "
                "`def`, and give it to load_model in custom_objects."
            )
        entry = {"module": self.function.__module__, "class_name": "function", "config": name}
        function = entry | {"registered_name": registered.get_registered_name(self.function)}
        base = {"name": self.name, "trainable": self.trainable, "dtype": self.dtype.name}
        return base | {"function": function, "arguments": self.arguments}


def _parameters(function: Callable[..., Any]) -> Mapping[str, Any]:
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):  # some built-in functions have no signature
        return {}


def _not_callable(function: Any) -> str:
    if isinstance(function, dict) or (isinstance(function, list) and len(function) == 3):
        return (
            "A Lambda layer of the file holds the code of a Python lambda. Code in files is never run: make the model "
            "in your program, and call model.load_weights."
        )
    if isinstance(function, str):
        return f"A Lambda layer names a function {function!r} of your own: pass custom_objects={{{function!r}: ...}}."
    return f"Lambda needs a function of tensors, got {function!r}."
