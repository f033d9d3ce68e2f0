"""The contract of a callback: hooks that training, evaluation and prediction call between batches and epochs.

Every other file of this folder is one callback; `CallbackList` calls them in order.
"""

from __future__ import annotations

from typing import Any, ClassVar, TypeAlias

from ...errors import CheckpointError

Logs: TypeAlias = dict[str, Any]


class Callback:
    """Subclass it and override the hooks you need; `self.model` and `self.params` are set before the first one.

    `params` holds `verbose`, `epochs` and `steps` (None when unknown). `epoch` and `batch` count from 0. `logs` maps
    names to floats: the running results of the epoch, or, at the end of an epoch, its results with `val_` ones; what
    a callback changes in the `logs` of `on_epoch_end` is seen by the callbacks after it, the history and the bar.
    Set `self.model.stop_training = True` to stop.

    A callback that overrides no batch hook costs nothing per batch. Source: section B.10 of the Keras semantics.

    >>> class Cheer(Callback):
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         print(f"epoch {epoch + 1}: {logs['loss']:.2f}")
    >>> Cheer().on_epoch_end(0, {"loss": 0.5})
    epoch 1: 0.50
    """

    params: dict[str, Any] | None = None
    model: Any = None
    _state_names: ClassVar[tuple[str, ...]] = ()  # the attributes a checkpoint must keep

    def __init__(self) -> None:
        self.params = None
        self.model = None

    def set_params(self, params: dict[str, Any]) -> None:
        """Receive `verbose`, `epochs` and `steps`."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Receive the model."""
        self.model = model

    def state(self) -> dict[str, Any]:
        """Return what must be saved to continue exactly here: numbers, text, lists and arrays by name."""
        return {name: getattr(self, name) for name in self._state_names}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what `state` returned, after `on_train_begin`; other names raise `CheckpointError`."""
        if set(state) != set(self._state_names):
            raise CheckpointError(
                f"The saved state of {type(self).__name__} holds {sorted(state)}. "
                f"Expected {sorted(self._state_names)}. Pass the callbacks the checkpoint was made with."
            )
        for name, value in state.items():
            setattr(self, name, value)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Called when `fit` begins."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Called when `fit` ends, with the logs of the last epoch."""

    def released(self) -> None:
        """Called when `fit` is left, by an error too: give back what was taken for it."""

    def resume_from(self) -> Any:
        """Return the snapshot that training shall go on from, or None; asked after `on_train_begin`."""
        return None

    def paused(self, epoch: int, done: int) -> None:
        """Called when all callbacks have heard of a pause: the state may be kept now.

        `done` steps of epoch `epoch` are finished; 0: the epoch before it is over, its validation too.
        """

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Called when `evaluate`, or the validation inside `fit`, begins."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Called when `evaluate`, or the validation inside `fit`, ends, with its results."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Called when `predict` begins."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Called when `predict` ends."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Called before the first batch of an epoch."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Called after an epoch and its validation, with the results of both."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before a training batch; by default calls `on_batch_begin`."""
        self.on_batch_begin(batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called after a training batch, with the running results of the epoch; by default calls `on_batch_end`."""
        self.on_batch_end(batch, logs=logs)

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before a training batch: the short name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called after a training batch: the short name of `on_train_batch_end`."""

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before a batch of `evaluate` or of the validation."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called after a batch of `evaluate` or of the validation, with the running results."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before a batch of `predict`."""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called after a batch of `predict`, with `{"outputs": array}`."""


HOOKS = tuple(name for name in vars(Callback) if name.startswith("on_"))
