"""What a `train_step` of one's own calls: the loss and the metrics given to `compile`, as Keras 2 and 3 name them.

The step that `fit` runs without such a method is `training.step`; the sums and means are the same objects.
"""

from __future__ import annotations

from typing import Any

from ..layers.forward_pass import current
from ..tensor import Tensor, active
from ..training import prepare, step


class OwnSteps:
    """`compiled_loss`, `compiled_metrics` and `compute_metrics`."""

    @property
    def compiled_loss(self) -> CompiledLoss:
        """The loss given to `compile`, called as `compiled_loss(y, y_pred, regularization_losses=self.losses)`."""
        return CompiledLoss(self)

    @property
    def compiled_metrics(self) -> CompiledMetrics:
        """The metrics given to `compile`, told of a batch by `compiled_metrics.update_state(y, y_pred)`."""
        return CompiledMetrics(self)

    def compute_metrics(self: Any, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Tell the metrics of one batch, and return all results by name."""
        self.compiled_metrics.update_state(y, y_pred, sample_weight)
        return {metric.name: metric.result() for metric in self.metrics}


class _Part:
    """One half of what a model was compiled with, matched to its outputs when it first sees a batch."""

    def __init__(self, model: Any) -> None:
        prepare.require_compiled(model)
        self._model, self._compiled = model, model.compiled

    def _aligned(self, y_true: Any, y_pred: Any, sample_weight: Any) -> tuple[list[Any], list[Any], list[Any]]:
        found = step.aligned(self._model, y_true, y_pred, sample_weight)
        self._compiled.build(self._model.output_names, found[0], found[1])
        return found

    def reset_state(self) -> None:
        """Start the means anew."""
        for metric in self.metrics:
            metric.reset_state()

    reset_states = reset_state

    @property
    def metrics(self) -> list[Any]:
        """The means it keeps, once it has seen data."""
        raise NotImplementedError


class CompiledLoss(_Part):
    """The loss of a batch, a scalar; each call also adds to the means that `fit` reports as `loss`."""

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None, regularization_losses: Any = None) -> Any:
        """Return the weighted sum of the outputs' losses, with the penalties in `regularization_losses` added."""
        targets, predictions, weights = self._aligned(y_true, y_pred, sample_weight)
        loss, each = self._compiled.total_loss(targets, predictions, weights)
        for penalty in _penalties(regularization_losses):
            loss = penalty if loss is None else loss + penalty
        loss = Tensor(0.0) if loss is None else loss
        self._compiled.update_losses(loss, each, predictions)
        return loss

    @property
    def metrics(self) -> list[Any]:
        """The mean of the loss and, with several outputs, of each one's."""
        tracker = self._compiled.loss_tracker
        return [] if tracker is None else [tracker, *self._compiled.loss_trackers]


class CompiledMetrics(_Part):
    """The metrics of the outputs."""

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Tell the metrics of one batch; only those in `weighted_metrics` look at the weights."""
        self._compiled.update_scores(*self._aligned(y_true, y_pred, sample_weight))

    @property
    def metrics(self) -> list[Any]:
        """The metrics, in the order in which `evaluate` returns them."""
        groups = (self._compiled.output_metrics, self._compiled.output_weighted_metrics)
        return [metric for group in groups for members in group for metric in members]


def _penalties(given: Any) -> list[Any]:
    """Return what was given and, inside a recorded step, what layers' calls added: `model.losses` lacks it there."""
    around = current()
    if given is None or around is None or active.trace is None:
        return list(given or ())
    added = list(around.penalties)
    around.penalties.clear()
    return [*given, *added]
