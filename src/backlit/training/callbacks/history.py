"""History keeps the numbers of every epoch: it is what `fit` returns.

`training.history.plot_history` draws it.
"""

from __future__ import annotations

from typing import Any, ClassVar

from .callback import Callback, Logs
from .plain_logs import as_float


class History(Callback):
    """Records the results of every epoch; `fit` adds one by itself and returns it.

    `history` maps a name to its list of floats, one an epoch (`val_` names miss the epochs that `validation_freq`
    skips), sorted by name, what other callbacks added (`learning_rate`) last; `epoch` lists the epochs, from 0.
    Source: section B.9 of the Keras semantics.

    >>> history = History()
    >>> history.on_train_begin()
    >>> history.on_epoch_end(0, {"accuracy": 0.9, "loss": 0.3})
    >>> history.history
    {'accuracy': [0.9], 'loss': [0.3]}
    >>> history
    <backlit.callbacks.History of 1 epoch: accuracy, loss>
    """

    _state_names: ClassVar[tuple[str, ...]] = ("history", "epoch")

    def __init__(self) -> None:
        super().__init__()
        self.history: dict[str, list[Any]] = {}
        self.epoch: list[int] = []

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Start counting epochs anew."""
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Append the results of one epoch and make this the model's `history`."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(as_float(value))
        if self.model is not None:
            self.model.history = self

    def __repr__(self) -> str:
        epochs = f"{len(self.epoch)} epoch{'' if len(self.epoch) == 1 else 's'}"
        names = ": " + ", ".join(self.history) if self.history else ""
        return f"<backlit.callbacks.History of {epochs}{names}>"
