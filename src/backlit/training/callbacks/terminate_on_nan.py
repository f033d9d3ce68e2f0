"""TerminateOnNaN stops the training as soon as the loss is NaN or infinite.

It looks at every batch, so that training with it computes the running loss of every batch.
"""

from __future__ import annotations

import math

from ...errors import NumericalError
from ..progress import say
from .callback import Callback, Logs


class TerminateOnNaN(Callback):
    """Sets `model.stop_training` after a batch whose loss is not finite, or raises `NumericalError` if told so.

    Source: section B.10 of the Keras semantics.

    >>> TerminateOnNaN(raise_error=True).on_train_batch_end(7, {"loss": float("nan")})
    Traceback (most recent call last):
    ...
    backlit.errors.NumericalError: The loss is nan after batch 7. Expected a finite number. Try a smaller learning rate.
    """

    def __init__(self, raise_error: bool = False) -> None:
        super().__init__()
        self.raise_error = raise_error

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Look at the running loss."""
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(loss):
            return
        if self.raise_error:
            raise NumericalError(
                f"The loss is {loss} after batch {batch}. Expected a finite number. Try a smaller learning rate."
            )
        say(f"Batch {batch}: Invalid loss, terminating training")
        self.model.stop_training = True
