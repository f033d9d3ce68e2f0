"""TensorBoard writes what happens in `fit` to event files that the program of that name shows.

Its neighbor `CSVLogger` writes the results alone; what an event file looks like is in `training.events`.
"""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

from ...arrays import is_number, is_truth
from ...graph import Graph
from ..events import EventFile, graph_def, histogram, image, scalar
from .arguments import whole, wrong
from .callback import Callback, Logs
from .inner_values import InnerValues
from .learning_rate import current_learning_rate
from .plain_logs import as_float

TRAIN, VALIDATION = "train", "validation"


class TensorBoard(Callback):
    """Writes to `log_dir`/train and `log_dir`/validation; look at them with `tensorboard --logdir logs`.

    Results of an epoch are `epoch_<name>`, with the learning rate. `histogram_freq=n`: after each n-th epoch histograms
    of all weights, and of the activations and weight gradients of that epoch's first step. `write_graph`: the graph of
    the training step. `write_images`: kernels as images, with the histograms. `write_steps_per_second`: how fast
    each epoch was. `update_freq`: "epoch", "batch" or a number of steps, after which `batch_<name>` are written; this
    runs the steps one by one. `evaluate` writes `evaluation_<name>_vs_iterations`.

    `profile_batch` and the `embeddings_` arguments of Keras change nothing and warn.

    A wrong argument raises `ConfigError`, a folder that cannot be written `OSError`. A model that runs eagerly has no
    graph, no activations and no gradients to show.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str] = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: int | str = "epoch",
        profile_batch: Any = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: Any = None,
    ) -> None:
        super().__init__()
        self.log_dir = os.fspath(log_dir)
        self.histogram_freq = whole("TensorBoard", "histogram_freq", histogram_freq)
        self.write_graph = _truth("write_graph", write_graph)
        self.write_images = _truth("write_images", write_images)
        self.write_steps_per_second = _truth("write_steps_per_second", write_steps_per_second)
        self.update_freq = _frequency(update_freq)
        for name, value in (("profile_batch", profile_batch), ("embeddings_freq", embeddings_freq)):
            if value:
                warnings.warn(f"TensorBoard({name}={value!r}) changes nothing: there is none here.", stacklevel=2)
        self._files: dict[str, EventFile] = {}
        self._inner = InnerValues()
        self._fitting = self._drawn = False
        self._began, self._first_step = 0.0, 0
        if self.update_freq:
            self.on_train_batch_end = self._after_batch  # only then does anybody listen to batches

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Begin new files, beside those of trainings before."""
        self._files = {name: EventFile(os.path.join(self.log_dir, name)) for name in (TRAIN, VALIDATION)}
        self._fitting, self._drawn = True, False
        if self.histogram_freq:
            self._inner.attach(self.model)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Note the time, and ask for the first step of an epoch with histograms."""
        self._began, self._first_step = time.perf_counter(), self._iterations()
        if self._due(epoch):
            self._inner.look()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write the results of the epoch, and what else is due."""
        logs = dict(logs or {})
        logs.setdefault("learning_rate", current_learning_rate(self.model.optimizer))
        if self.write_steps_per_second:
            steps = self._iterations() - self._first_step
            logs["steps_per_second"] = steps / max(time.perf_counter() - self._began, 1e-9)
        train = {f"epoch_{name}": value for name, value in logs.items() if not name.startswith("val_")}
        validation = {f"epoch_{name[4:]}": value for name, value in logs.items() if name.startswith("val_")}
        self._write_scalars(TRAIN, epoch, train)
        self._write_scalars(VALIDATION, epoch, validation)
        if self._due(epoch):
            self._write_histograms(epoch)
        if self.write_graph and not self._drawn:
            self._write_graph()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Stop looking."""
        self._inner.detach()
        self._fitting = False

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Write the results of an `evaluate` of its own; those of a validation come with their epoch."""
        if not self._fitting and logs:
            found = {f"evaluation_{name}_vs_iterations": value for name, value in logs.items()}
            self._write_scalars(VALIDATION, self._iterations(), found)

    def _after_batch(self, batch: int, logs: Logs | None = None) -> None:
        step = self._iterations()
        if step % self.update_freq == 0:
            self._write_scalars(TRAIN, step, {f"batch_{name}": value for name, value in (logs or {}).items()})

    def _due(self, epoch: int) -> bool:
        return bool(self.histogram_freq) and epoch % self.histogram_freq == 0

    def _iterations(self) -> int:
        optimizer = getattr(self.model, "optimizer", None)
        return 0 if optimizer is None else int(as_float(optimizer.iterations))

    def _file(self, name: str) -> EventFile:
        return self._files.setdefault(name, EventFile(os.path.join(self.log_dir, name)))

    def _write_scalars(self, name: str, step: int, values: dict[str, Any]) -> None:
        found = [scalar(tag, float(value)) for tag, value in values.items() if is_number(value)]
        if found:
            self._file(name).write(step, found)

    def _write_histograms(self, epoch: int) -> None:
        for variable in self.model.weights:
            path, array = variable.path, np.asarray(variable.numpy())
            values = [histogram(f"{path}/histogram", array)]
            if self.write_images and array.ndim == 2:
                values.append(image(f"{path}/image", array))
            self._file(TRAIN).write(epoch, values)
        inner = [histogram(f"{mark}/histogram", array) for mark, array in self._inner.seen.items()]
        if inner:
            self._file(TRAIN).write(epoch, inner)

    def _write_graph(self) -> None:
        """Write the graph of the first training step that was recorded, once."""
        steps: Iterable[Any] = self.model.steps.values()
        graphs = [step.graph for step in steps if isinstance(getattr(step, "graph", None), Graph)]
        training = next((graph for graph in graphs if self._inner.trains(graph)), None)
        if training is not None:
            self._file(TRAIN).write(0, graph=graph_def(training))
            self._drawn = True


def _truth(name: str, value: Any) -> bool:
    if not is_truth(value):
        raise wrong("TensorBoard", name, value, "True or False")
    return bool(value)


def _frequency(value: Any) -> int:
    """Return after how many steps batches are written; 0: never."""
    if value in ("epoch", "batch"):
        return int(value == "batch")
    number = whole("TensorBoard", "update_freq", value)
    if number < 1:
        raise wrong("TensorBoard", "update_freq", value, '"epoch", "batch" or a number of steps')
    return number
