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
from .loop import predict_batch
from .running import recorded
from .step import Batch

KEPT = "one sample"


def predict_one(model: Any, x: Any) -> Any:
    """Return the outputs for one sample; see `Model.predict_one`."""
    path = model.steps.get(KEPT)
    if path is None or not path.is_current():
        path = _Single(model, x)
        model.steps[KEPT] = path
    return path.run(x)


class _Single:
    """What is kept between two calls: the recorded step, bound to memory of its own."""

    def __init__(self, model: Any, x: Any) -> None:
        if isinstance(x, (dict, list, tuple)) and len(model.input_names or ()) > 1:
            raise ConfigError("predict_one takes one array; this model has several inputs: use predict.")
        self.model = model
        batch = prepare.checked(model, _row(np.asarray(x), model.input_shapes), labelled=False)
        self.step = recorded(model, "predict", Batch(np.asarray(batch.x)))
        self.bound: Any = None
        self.shape: tuple[int, ...] = batch.x.shape[1:]
        runner = None if self.step is None else self.step.runner
        if self.step is not None and isinstance(runner, BoundRunner) and list(self.step.graph.inputs).count("x"):
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

    def run(self, x: Any) -> Any:
        """Return the outputs for one sample."""
        if self.bound is None:
            found = predict_batch(
                self.model, Batch(prepare.checked(self.model, _row(np.asarray(x), None), labelled=False).x)
            )
            return nest.map_structure(lambda a: a[0], found)
        row = x if type(x) is np.ndarray else np.asarray(x)
        if row.shape != self.shape or row.dtype.kind not in "buif" or not np.isfinite(row).all():
            row = prepare.checked(self.model, _row(row, [(None, *self.shape)]), labelled=False).x[0]
        with self.bound.lock:
            self.x[0] = row
            self.bound.run()
            found = [self.bound.outputs[name][0].copy() for name in self.names]
        assert self.step is not None
        return found[0] if len(found) == 1 else nest.pack_like(self.step.structure, found)


def _row(x: Array, shapes: Any) -> Array:
    """Return a sample as a batch of one; a batch of one is taken as it is."""
    wanted = None if not shapes else shapes[0]
    if wanted is not None and x.ndim == len(wanted) and len(x) == 1:
        return x
    return x[None]
