"""One sample through the model with as little around it as can be: for a server, a game, a slider on a page.

The step is recorded for one row; its memory is wired once and only looked at again when a weight has been replaced.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import Array
from ..errors import ConfigError
from ..execute import BoundRunner
from ..layers import nest
from . import prepare
from .border import as_float
from .loop import predict_batch
from .running import recorded
from .step import Batch

KEPT = "one sample"


def predict_one(model: Any, x: Any) -> Any:
    """Return the outputs for one sample; see `Model.predict_one`."""
    path = model.steps.get(KEPT)
    if (
        path is None
        or not path.is_current()
        or not (path.takes(x) or path.shape == _checked(model, np.asarray(x)).shape[1:])
    ):
        path = _Single(model, x)
        model.steps[KEPT] = path
    return path.run(x)


class _Single:
    """What is kept between two calls: the recorded step, bound to memory of its own."""

    def __init__(self, model: Any, x: Any) -> None:
        if isinstance(x, (dict, list, tuple)) and len(model.input_names or ()) > 1:
            raise ConfigError("predict_one takes one array; this model has several inputs: use predict.")
        self.model = model
        batch = _checked(model, np.asarray(x))
        self.shape: tuple[int, ...] = batch.shape[1:]
        self.bound: Any = None
        self.step = None if model.observer is not None else recorded(model, "predict", Batch(batch))
        runner = None if self.step is None else self.step.runner
        if self.step is not None and isinstance(runner, BoundRunner) and "x" in self.step.graph.inputs:
            self.held = [(variable, variable.stored) for variable in self.step.variables.values()]
            given = {name: v.stored for name, v in self.step.variables.items() if name in self.step.graph.inputs}
            self.bound = runner.bound(given, ["x"])
            self.x = self.bound.inputs["x"]
            self.names = [name for name in self.step.graph.outputs if name.startswith("y_pred")]

    def is_current(self) -> bool:
        """Say whether every weight is still the array it was."""
        if self.bound is None or self.model.runs_eagerly or self.model.observer is not None:
            return False
        return all(variable.stored is array for variable, array in self.held)

    def takes(self, x: Any) -> bool:
        """Say whether `x` is a sample like the one this was made for."""
        return type(x) is np.ndarray and x.shape == self.shape and x.dtype.kind in "buif"

    def fits(self, x: Any) -> bool:
        """Say whether `x` can be brought to the shape this was made for."""
        return self.takes(x) or _checked(self.model, np.asarray(x)).shape[1:] == self.shape

    def run(self, x: Any) -> Any:
        """Return the outputs for one sample."""
        if self.bound is None:
            found = predict_batch(self.model, Batch(_checked(self.model, np.asarray(x))))
            return nest.map_structure(lambda a: a[0], found)
        with self.bound.lock, np.errstate(over="ignore"):
            self.x[0] = x if self.takes(x) else _checked(self.model, np.asarray(x))[0]
            if not np.isfinite(self.x).all():
                _checked(self.model, np.asarray(x))
            self.bound.run()
            found = [self.bound.outputs[name][0].copy() for name in self.names]
        assert self.step is not None
        return found[0] if len(found) == 1 else nest.pack_like(self.step.structure, found)


def _checked(model: Any, x: Array) -> Array:
    """Return a sample as a batch of one that fits the model, in its default float."""
    return as_float(np.asarray(prepare.checked(model, _row(x, model.input_shapes), labelled=False).x))


def _row(x: Array, shapes: Any) -> Array:
    """Return a sample as a batch of one; a batch of one is taken as it is."""
    wanted = None if not shapes else shapes[0]
    if wanted is not None and x.ndim == len(wanted) and len(x) == 1:
        return x
    return x[None]
