"""A fitted network as plain data: its design, and arrays. That is how estimators are pickled, copied and sent about.

A model itself holds machine code and the recorded steps of its process; both are made anew where they are needed.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..arrays import Array, using_floatx
from .network import Design, built


class Frozen(NamedTuple):
    """Weights in the order of the model, the optimizer's variables (None before the first step), where training was."""

    design: Design
    weights: list[Array]
    slots: list[Array] | None
    epochs_trained: int


def freeze(design: Design, model: Any) -> Frozen:
    """Return copies of all that training has changed."""
    optimizer = model.optimizer
    slots = [np.array(variable.numpy()) for variable in optimizer.variables] if optimizer.built else None
    return Frozen(design, model.get_weights(), slots, model.epochs_trained)


def thaw(frozen: Frozen) -> Any:
    """Return a model that goes on exactly where the frozen one was; arrays of another network raise `ShapeError`."""
    model = built(frozen.design)
    with using_floatx(frozen.design.dtype):
        model.set_weights(frozen.weights)
        if frozen.slots is not None:
            model.optimizer.build(model.trainable_variables)
            for variable, array in zip(model.optimizer.variables, frozen.slots, strict=True):
                variable.assign(array)
    model.epochs_trained = frozen.epochs_trained
    return model
