"""Golden training runs: history, evaluation, predictions and final weights of the models in model_recipes."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from model_recipes import COMPILES, Run, by_batch, data, train
from store import Writer


def add(writer: Writer, name: str, run: Run) -> None:
    """Split a run into arrays and plain facts."""
    arrays = {f"{key}_{i}": np.asarray(v) for key in ("weights", "predicted") for i, v in enumerate(run.pop(key))}
    writer.add(name, run, **arrays)


def make() -> None:
    """Write models.json and models.npz."""
    writer = Writer(keras=keras.__version__)
    writer.share(**data())
    for name in COMPILES:
        keras.backend.clear_session()
        run: dict[str, Any] = train(keras, name)
        add(writer, name, {"kind": "fit", **run})
    keras.backend.clear_session()
    add(writer, "by-batch", {"kind": "batch", **by_batch(keras)})
    writer.save("models")
