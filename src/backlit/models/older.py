"""Methods models had in earlier versions of Keras: they work, and a warning says what to call instead."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np


class OlderNames:
    """`predict_classes`, `predict_proba` and the `..._generator` methods, for programs written long ago."""

    def predict_classes(self: Any, x: Any, batch_size: int | None = 32, verbose: Any = 0) -> Any:
        """Return the class of each row: the greatest output, or whether a single output is above 0.5."""
        _warn("predict_classes(x)", "numpy.argmax(model.predict(x), axis=-1)")
        found = self.predict(x, batch_size=batch_size, verbose=verbose)
        return found.argmax(axis=-1) if found.shape[-1] > 1 else (found > 0.5).astype(np.int32)

    def predict_proba(self: Any, x: Any, batch_size: int | None = 32, verbose: Any = 0) -> Any:
        """Return the outputs."""
        _warn("predict_proba(x)", "model.predict(x)")
        return self.predict(x, batch_size=batch_size, verbose=verbose)

    def fit_generator(self: Any, generator: Any, *arguments: Any, **options: Any) -> Any:
        """Train on a source of batches; the arguments are `steps_per_epoch`, `epochs` and those of `fit`."""
        _warn("fit_generator(...)", "model.fit(...)")
        positional = dict(zip(("steps_per_epoch", "epochs", "verbose", "callbacks"), arguments))
        return self.fit(generator, **positional, **_kept(options))

    def evaluate_generator(self: Any, generator: Any, steps: int | None = None, **options: Any) -> Any:
        """Test on a source of batches."""
        _warn("evaluate_generator(...)", "model.evaluate(...)")
        return self.evaluate(generator, steps=steps, **_kept(options))

    def predict_generator(self: Any, generator: Any, steps: int | None = None, **options: Any) -> Any:
        """Return the outputs for a source of batches."""
        _warn("predict_generator(...)", "model.predict(...)")
        return self.predict(generator, steps=steps, **_kept(options))


QUEUES = ("workers", "use_multiprocessing", "max_queue_size")


def _kept(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name not in QUEUES}


def _warn(old: str, new: str) -> None:
    warnings.warn(f"model.{old} is of Keras 2. Write {new}.", stacklevel=3)
