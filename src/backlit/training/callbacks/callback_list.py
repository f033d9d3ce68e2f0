"""CallbackList calls a model's callbacks in order, the user's first, then the history, then the progress bar.

It knows who listens to batches, so that a loop without listeners runs many batches and computes no logs for them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias, cast

from ...errors import CheckpointError, ConfigError
from .callback import Callback, Logs
from .history import History
from .plain_logs import AnyLogs, plain_logs
from .progbar_logger import ProgbarLogger

Phase: TypeAlias = Literal["train", "test", "predict"]
Hook: TypeAlias = Callable[..., Any]


class CallbackList(Callback):
    """Wraps a callback, or a (nested) list of them; anything else in it raises `ConfigError`.

    `add_history` and `add_progbar` add a `History` and a `ProgbarLogger` unless the list has its own; `params`
    (`verbose`, `epochs`, `steps`) and `model` are handed to every callback. Source: section B.10 of the Keras
    semantics.

    >>> callbacks = CallbackList([], add_history=True, verbose=0, epochs=1, steps=2)
    >>> callbacks.on_train_begin()
    >>> callbacks.on_epoch_end(0, {"loss": 0.25, "accuracy": 1})
    >>> callbacks.history.history
    {'accuracy': [1.0], 'loss': [0.25]}
    """

    def __init__(
        self,
        callbacks: object = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        **params: Any,
    ) -> None:
        super().__init__()
        self.callbacks = [] if callbacks is None else flat(callbacks, "callbacks")
        if add_history and not any(isinstance(callback, History) for callback in self.callbacks):
            self.callbacks.append(History())
        if add_progbar and not any(isinstance(callback, ProgbarLogger) for callback in self.callbacks):
            self.callbacks.append(ProgbarLogger())
        self.history = next((callback for callback in self.callbacks if isinstance(callback, History)), None)
        self._keepers = [callback for callback in self.callbacks if overrides(callback, "paused")]
        self._listeners = {hook: listeners(self.callbacks, hook) for hook in BATCH_HOOKS}
        self.set_model(model)
        self.set_params(params)

    def wants_batches(self, phase: Phase) -> bool:
        """Say whether a callback other than the progress bar overrides a batch hook of `phase`.

        If not, `on_{phase}_batch_end` may be called now and then, with a function that computes the logs if asked,
        and must be called for the last batch.
        """
        hooks = (f"on_{phase}_batch_begin", f"on_{phase}_batch_end")
        return any(type(callback) is not ProgbarLogger for hook in hooks for callback in self._listeners[hook])

    def set_params(self, params: dict[str, Any]) -> None:
        """Hand `verbose`, `epochs` and `steps` to every callback."""
        self.params = params
        if params:
            for callback in self.callbacks:
                callback.set_params(params)

    def set_model(self, model: Any) -> None:
        """Hand the model to every callback, and the history to the model."""
        if model is None:
            return
        self.model = model
        if self.history is not None:
            model.history = self.history
        for callback in self.callbacks:
            callback.set_model(model)

    def state(self) -> dict[str, Any]:
        """Return the states of the callbacks that have one, by position and class (`"0 EarlyStopping"`)."""
        states = {f"{i} {type(callback).__name__}": callback.state() for i, callback in enumerate(self.callbacks)}
        return {name: state for name, state in states.items() if state}

    def restore(self, state: dict[str, Any]) -> None:
        """Give every callback its state back, after `on_train_begin`; other callbacks raise `CheckpointError`."""
        named = {f"{i} {type(callback).__name__}": callback for i, callback in enumerate(self.callbacks)}
        expected = [name for name, callback in named.items() if callback.state()]
        if sorted(state) != sorted(expected) or not all(isinstance(one, dict) for one in state.values()):
            raise CheckpointError(
                f"The checkpoint holds the callbacks {sorted(state)}. Expected {sorted(expected)}, those of this "
                "call. Pass the same callbacks in the same order."
            )
        for name in expected:
            named[name].restore(state[name])

    def on_train_begin(self, logs: AnyLogs = None) -> None:
        """Call the hook of every callback."""
        self._call("on_train_begin", plain_logs(logs))

    def on_train_end(self, logs: AnyLogs = None) -> None:
        """Call the hook of every callback with the logs of the last epoch."""
        self._call("on_train_end", plain_logs(logs))

    def released(self) -> None:
        """Call the hook of every callback."""
        with contextlib.ExitStack() as stack:
            for callback in reversed(self.callbacks):
                stack.callback(callback.released)

    def resume_from(self) -> Any:
        """Return the first snapshot that a callback offers."""
        return next((found for c in self.callbacks if (found := c.resume_from()) is not None), None)

    def paused(self, epoch: int, done: int) -> None:
        """Call the hook of every callback that has its own."""
        for callback in self._keepers:
            callback.paused(epoch, done)

    def on_test_begin(self, logs: AnyLogs = None) -> None:
        """Call the hook of every callback."""
        self._call("on_test_begin", plain_logs(logs))

    def on_test_end(self, logs: AnyLogs = None) -> None:
        """Call the hook of every callback with the results."""
        self._call("on_test_end", plain_logs(logs))

    def on_predict_begin(self, logs: AnyLogs = None) -> None:
        """Call the hook of every callback."""
        self._call("on_predict_begin", plain_logs(logs))

    def on_predict_end(self, logs: AnyLogs = None) -> None:
        """Call the hook of every callback."""
        self._call("on_predict_end", plain_logs(logs))

    def on_epoch_begin(self, epoch: int, logs: AnyLogs = None) -> None:
        """Call the hook of every callback."""
        self._call("on_epoch_begin", epoch, plain_logs(logs))

    def on_epoch_end(self, epoch: int, logs: AnyLogs = None) -> None:
        """Call the hook of every callback with one dict, sorted by name, which they may change for the next."""
        self._call("on_epoch_end", epoch, plain_logs(logs))

    def on_train_batch_begin(self, batch: int, logs: AnyLogs = None) -> None:
        """Call the hook of those who listen."""
        self._call_listeners("on_train_batch_begin", batch, logs)

    def on_train_batch_end(self, batch: int, logs: AnyLogs = None) -> None:
        """Call the hook of those who listen; a function for `logs` is called only if somebody looks at them."""
        self._call_listeners("on_train_batch_end", batch, logs)

    def on_test_batch_begin(self, batch: int, logs: AnyLogs = None) -> None:
        """Call the hook of those who listen."""
        self._call_listeners("on_test_batch_begin", batch, logs)

    def on_test_batch_end(self, batch: int, logs: AnyLogs = None) -> None:
        """Call the hook of those who listen; a function for `logs` is called only if somebody looks at them."""
        self._call_listeners("on_test_batch_end", batch, logs)

    def on_predict_batch_begin(self, batch: int, logs: AnyLogs = None) -> None:
        """Call the hook of those who listen."""
        self._call_listeners("on_predict_batch_begin", batch, logs)

    def on_predict_batch_end(self, batch: int, logs: AnyLogs = None) -> None:
        """Call the hook of those who listen; a function for `logs` is called only if somebody looks at them."""
        self._call_listeners("on_predict_batch_end", batch, logs)

    def on_batch_begin(self, batch: int, logs: AnyLogs = None) -> None:
        """Call `on_batch_begin` of every callback, for loops written by hand."""
        self._call("on_batch_begin", batch, logs=plain_logs(logs))

    def on_batch_end(self, batch: int, logs: AnyLogs = None) -> None:
        """Call `on_batch_end` of every callback, for loops written by hand."""
        self._call("on_batch_end", batch, logs=plain_logs(logs))

    def _call(self, hook: str, *args: Any, **named: Any) -> None:
        for callback in self.callbacks:
            getattr(callback, hook)(*args, **named)

    def _call_listeners(self, hook: str, batch: int, logs: AnyLogs) -> None:
        known: Logs | None = None
        for callback in self._listeners[hook]:
            if type(callback) is ProgbarLogger and known is None:
                getattr(callback, hook)(batch, lambda: plain_logs(logs))
            else:
                known = plain_logs(logs) if known is None else known
                getattr(callback, hook)(batch, logs=known)


# each batch hook, with the short name its default calls
BATCH_HOOKS = {
    "on_train_batch_begin": ("on_train_batch_begin", "on_batch_begin"),
    "on_train_batch_end": ("on_train_batch_end", "on_batch_end"),
    "on_test_batch_begin": ("on_test_batch_begin",),
    "on_test_batch_end": ("on_test_batch_end",),
    "on_predict_batch_begin": ("on_predict_batch_begin",),
    "on_predict_batch_end": ("on_predict_batch_end",),
}


def listeners(callbacks: list[Callback], hook: str) -> list[Callback]:
    """Return the callbacks that do something at a batch hook, in a subclass or in an attribute of their own."""
    return [callback for callback in callbacks if any(overrides(callback, name) for name in BATCH_HOOKS[hook])]


def overrides(callback: Callback, hook: str) -> bool:
    """Say whether `callback` has its own version of `hook`."""
    return getattr(getattr(callback, hook), "__func__", None) is not getattr(Callback, hook)


def flat(given: object, where: str) -> list[Callback]:
    """Return the callbacks in `given`: one of them, or lists of them, however deep; else `ConfigError`."""
    if isinstance(given, Callback):
        return [given]
    if isinstance(given, list | tuple):
        items = cast("list[object]", given)
        return [callback for i, item in enumerate(items) for callback in flat(item, f"{where}[{i}]")]
    raise ConfigError(f"{where} is {given!r}. Expected a backlit.callbacks.Callback or a list of them. {advice(given)}")


def advice(given: Any) -> str:
    """Return what to do about something that is not a callback."""
    if isinstance(given, type):
        return f"Make one of it: {given.__name__}(...)."
    if isinstance(given, Mapping):
        return "Pass a list instead of a dict."
    if callable(given):
        return "Wrap the function: LambdaCallback(on_epoch_end=...)."
    return "Derive its class from Callback."
