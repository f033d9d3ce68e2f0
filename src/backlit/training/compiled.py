"""What `compile` asked for: optimizer, losses and metrics, matched to the model's outputs when their shapes are known.

The running means that `fit` reports (the loss, and with several outputs each one's loss) are kept here too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from .. import losses, metrics, optimizers
from ..arrays import is_dict, is_list, is_number
from ..errors import ConfigError, did_you_mean
from ..layers import nest
from ..metrics import Metric
from ..ops import length
from ..tensor import Tensor
from .arguments import truth


class Compiled:
    """The settings of `compile`, and their objects once `build` has seen the outputs.

    `loss`, `loss_weights`, `metrics` and `weighted_metrics` are given for a single output, as a list in the order of
    the outputs, or as a dict by output name.
    """

    def __init__(
        self, optimizer: Any = "rmsprop", loss: Any = None, loss_weights: Any = None, metrics: Any = None,
        weighted_metrics: Any = None, run_eagerly: bool = False,
    ) -> None:  # fmt: skip
        self.optimizer = optimizers.get(optimizer)
        self.loss = loss
        self.loss_weights = loss_weights
        self.metrics = _require_sequence("metrics", metrics)
        self.weighted_metrics = _require_sequence("weighted_metrics", weighted_metrics)
        self.run_eagerly = truth("run_eagerly", run_eagerly)
        for leaf in nest.flatten(loss):
            losses.get(leaf)
        self.trainable: dict[Any, bool] = {}  # of each layer, as it was when `compile` was called
        self.built = False
        self.names: list[str] = []
        self.output_losses: list[Any] = []
        self.weights: list[float] = []
        self.loss_tracker: Metric | None = None
        self.loss_trackers: list[Metric] = []
        self.output_metrics: list[list[Metric]] = []
        self.output_weighted_metrics: list[list[Metric]] = []

    def build(self, names: Sequence[str], targets: Sequence[Any], predictions: Sequence[Any]) -> None:
        """Match losses and metrics to outputs; `targets` and `predictions` need only have shapes (None: no target)."""
        if self.built:
            return
        self.names = list(names)
        chosen = _per_output("loss", self.loss, self.names)
        self.output_losses = [
            None if loss is None else losses.for_output(loss, () if t is None else t.shape, p.shape)
            for loss, t, p in zip(chosen, targets, predictions, strict=True)
        ]
        weights = _per_output("loss_weights", self.loss_weights, self.names, one_for_all=False)
        self.weights = [1.0 if w is None else _weight(w) for w in weights]
        self.loss_tracker = metrics.Mean(name="loss")
        with_loss = [name for name, loss in zip(self.names, self.output_losses, strict=True) if loss is not None]
        self.loss_trackers = [metrics.Mean(name=f"{name}_loss") for name in with_loss] if len(with_loss) > 1 else []
        self.output_metrics = self._matched("metrics", self.metrics, targets, predictions)
        self.output_weighted_metrics = self._matched("weighted_metrics", self.weighted_metrics, targets, predictions)
        self._rename()
        self.built = True

    def _matched(self, what: str, given: Any, targets: Sequence[Any], predictions: Sequence[Any]) -> list[list[Metric]]:
        alone = len(self.names) == 1 and not is_dict(given)
        per_output = [given] if alone else _per_output(what, given, self.names)
        found: list[list[Metric]] = []
        for wanted, target, prediction in zip(per_output, targets, predictions, strict=True):
            if wanted is None or target is None:
                found.append([])
                continue
            names = [m for m in nest.flatten(wanted) if m is not None]
            found.append([metrics.for_output(m, target.shape, prediction.shape) for m in names])
        return found

    def _rename(self) -> None:
        """Keras' names: `<output>_<metric>` with several outputs; `weighted_` or `_1` before or behind a taken name."""
        taken: set[str] = {"loss"}
        for group, prefix in ((self.output_metrics, ""), (self.output_weighted_metrics, "weighted_")):
            for name, members in zip(self.names, group, strict=True):
                for metric in members:
                    wanted = f"{name}_{metric.own_name}" if len(self.names) > 1 else metric.own_name
                    metric.report_as(_free(f"{prefix}{wanted}" if wanted in taken else wanted, taken))
                    taken.add(metric.name)

    def total_loss(self, targets: list[Any], predictions: list[Any], weights: list[Any]) -> tuple[Any, list[Any]]:
        """Return the weighted sum of the outputs' losses (a scalar, None without any), and each one's loss."""
        total: Any = None
        each: list[Any] = []
        for loss, scale, y, p, w in zip(self.output_losses, self.weights, targets, predictions, weights, strict=True):
            value = None if loss is None else loss(y, p, sample_weight=w)
            each.append(value)
            if value is not None:
                scaled = value if scale == 1.0 else value * scale
                total = scaled if total is None else total + scaled
        return total, each

    def update_metrics(
        self, loss: Any, each: list[Any], targets: list[Any], predictions: list[Any], weights: list[Any]
    ) -> None:
        """Add one batch to the running means and metrics."""
        self.update_losses(loss, each, predictions)
        self.update_scores(targets, predictions, weights)

    def update_losses(self, loss: Any, each: list[Any], predictions: list[Any]) -> None:
        """Add one batch to the running means of the losses, which count by the number of samples."""
        assert self.loss_tracker is not None
        samples = length(predictions[0], 0)
        self.loss_tracker.update_state(loss, sample_weight=samples)
        for tracker, value in zip(self.loss_trackers, (v for v in each if v is not None), strict=False):
            tracker.update_state(value, sample_weight=samples)

    def update_scores(self, targets: list[Any], predictions: list[Any], weights: list[Any]) -> None:
        """Add one batch to the metrics."""
        for group, weighted in ((self.output_metrics, False), (self.output_weighted_metrics, True)):
            for members, y, p, w in zip(group, targets, predictions, weights, strict=True):
                for metric in members:
                    metric.update_state(y, p, sample_weight=w if weighted else None)

    def all_metrics(self) -> Iterator[Metric]:
        """Yield the running means and metrics in the order `evaluate` returns them."""
        if self.loss_tracker is not None:
            yield self.loss_tracker
            yield from self.loss_trackers
            for group in (self.output_metrics, self.output_weighted_metrics):
                for members in group:
                    yield from members

    def results(self) -> dict[str, float]:
        """Return the value of each metric so far, as Python floats (lists for metrics of several values)."""
        return {metric.name: _plain(metric.result()) for metric in self.all_metrics()}

    def reset(self) -> None:
        """Start all metrics anew."""
        for metric in self.all_metrics():
            metric.reset_state()


def _plain(result: Any) -> Any:
    array = result.value if isinstance(result, Tensor) else result
    return array.tolist() if hasattr(array, "tolist") else float(array)


def _require_sequence(name: str, given: Any) -> Any:
    if given is None or is_list(given) or is_dict(given):
        return given
    raise ConfigError(f"{name} must be a list, a tuple or a dict of metrics, got {given!r}. Write {name}=[{given!r}].")


def _weight(given: Any) -> float:
    if not (is_number(given) or isinstance(given, bool)) or not np.isfinite(given):
        raise ConfigError(f"loss_weights must be finite numbers, got {given!r}.")
    return float(given)


def _per_output(what: str, given: Any, names: list[str], one_for_all: bool = True) -> list[Any]:
    """Return one entry per output from one value, a list or a dict by output name."""
    if is_dict(given):
        unknown = [key for key in given if key not in names]
        if unknown:
            hint = did_you_mean(unknown[0], names)
            raise ConfigError(f"{what} names an output {unknown[0]!r} the model does not have.{hint}")
        return [given.get(name) for name in names]
    if is_list(given):
        if len(given) != len(names):
            raise ConfigError(
                f"{what} has {len(given)} entries, the model has {len(names)} outputs ({', '.join(names)}). Expected "
                "one for each, or a dict by their names."
            )
        return list(given)
    if given is None or len(names) == 1 or one_for_all:
        return [given] * len(names)
    raise ConfigError(f"{what} must be a list or a dict with an entry for each of the outputs {', '.join(names)}.")


def _free(name: str, taken: set[str]) -> str:
    found, count = name, 0
    while found in taken:
        count += 1
        found = f"{name}_{count}"
    return found
