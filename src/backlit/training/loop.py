"""The training loop: epochs, batches, validation, callbacks. Read from top to bottom, this is what `fit` does.

The mathematics of one step is in `step`, and it is recorded once; `running` runs it, one by one or many at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..arrays import Array
from ..execute import NotFinite
from ..layers import freezing, nest
from . import advice, border, prepare
from .arguments import count, frequency, optional_count, truth, verbosity
from .batches import Batches, RowBatches, rows_of
from .callbacks import CallbackList
from .running import observer_of, recorded, runs, sliced, slices
from .snapshot import Training
from .step import Batch, Change, Feed, Step, feed_of


def fit(
    model: Any, x: Any, y: Any, *, batch_size: int | None, epochs: int, verbose: Any, callbacks: Any,
    validation_split: float, validation_data: Any, shuffle: Any, class_weight: Any, sample_weight: Any,
    initial_epoch: int, steps_per_epoch: int | None, validation_steps: int | None,
    validation_batch_size: int | None, validation_freq: Any,
) -> Any:  # fmt: skip
    """Train `model`; see `Model.fit` for the arguments. Returns the `History`."""
    prepare.require_compiled(model)
    freezing.warn_of_changes(model.compiled.trainable)
    verbose, epochs, first = verbosity(verbose), count("epochs", epochs), count("initial_epoch", initial_epoch, 0)
    validation_steps, validate_after = optional_count("validation_steps", validation_steps), frequency(validation_freq)
    validation_batch_size = optional_count("validation_batch_size", validation_batch_size)
    batches, held_out = prepare.training_data(
        model, x, y, sample_weight, class_weight, batch_size, shuffle, steps_per_epoch, validation_split
    )
    given = validation_data if validation_data is not None else held_out
    validation: Batches | None = None
    if given is not None:
        validation = prepare.validation_data(model, given, validation_batch_size or batch_size, validation_steps)
    watchers = _callbacks(callbacks, model, verbose, epochs, batches.steps, history=True)
    advice.about_fit(model, batches, validation, held_out, callbacks)
    model.stop_training = model.said_not_finite = False
    model.under_way = training = Training(model, batches, watchers, first)
    try:
        try:
            logs = _train(training, epochs, validation, validate_after)
        finally:
            model.under_way = None
        model.optimizer.finalize_variable_values(model.trainable_variables)
        watchers.on_train_end(logs)
    finally:
        watchers.released()
    return watchers.history


def _train(
    training: Training, epochs: int, validation: Batches | None, validate_after: int | set[int]
) -> dict[str, Any]:
    """Run the epochs, from where a callback knows of a training to go on with; returns the logs of the last."""
    model, batches, watchers = training.model, training.batches, training.watchers
    logs: dict[str, Any] = {}
    watchers.on_train_begin()
    snapshot = watchers.resume_from()
    if snapshot is not None:
        training.restore(snapshot)
    for epoch in range(training.epoch, 0 if training.over else epochs):
        watchers.on_epoch_begin(epoch)
        logs = train_epoch(training, epoch)
        if batches.exhausted and not logs:
            break
        if validation is not None and _due(validate_after, epoch):
            results = test_epoch(model, validation, watchers)
            logs |= {f"val_{name}": value for name, value in results.items()}
        model.epochs_trained += 1
        watchers.on_epoch_end(epoch, logs)
        training.moved_to(epoch + 1, 0)
        if model.stop_training or batches.exhausted:
            break
    return logs


def train_epoch(training: Training, epoch: int) -> dict[str, Any]:
    """Train on the batches of one epoch, those of it that are left, and return the logs at its end."""
    model, watchers, skip = training.model, training.watchers, training.done
    if not skip:
        model.reset_metrics()
    begin = watchers.on_train_batch_begin if watchers.wants_batches("train") else None
    done, out = skip, Feed()
    for done, out in runs(model, "train", training.batches, epoch - training.first, begin, skip):
        watchers.on_train_batch_end(done - 1, _logs_later(model, out))
        training.moved_to(epoch, done)
        if model.stop_training:
            break
    return _logs(model, out) if done else {}


def test_epoch(model: Any, batches: Batches, watchers: CallbackList) -> dict[str, Any]:
    """Test on all batches and return the results."""
    model.reset_metrics()
    watchers.on_test_begin()
    begin = watchers.on_test_batch_begin if watchers.wants_batches("test") else None
    done, out = 0, Feed()
    for done, out in runs(model, "test", batches, 0, begin):
        watchers.on_test_batch_end(done - 1, _logs_later(model, out))
        if getattr(model, "stop_evaluating", False):
            break
    logs = _logs(model, out) if done else {}
    watchers.on_test_end(logs)
    return logs


def evaluate(
    model: Any, x: Any, y: Any, *, batch_size: int | None, verbose: Any, sample_weight: Any, steps: int | None,
    callbacks: Any, return_dict: bool,
) -> Any:  # fmt: skip
    """Return the loss and metrics on data; see `Model.evaluate`."""
    prepare.require_compiled(model)
    return_dict, verbose = truth("return_dict", return_dict), verbosity(verbose)
    batch_size, steps = optional_count("batch_size", batch_size), optional_count("steps", steps)
    batches = prepare.test_data(model, x, y, sample_weight, batch_size, steps)
    watchers = _callbacks(callbacks, model, verbose, 1, batches.steps)
    logs = test_epoch(model, batches, watchers)
    return dict(sorted(logs.items())) if return_dict else in_order(logs)


def predict(model: Any, x: Any, *, batch_size: int | None, verbose: Any, steps: int | None, callbacks: Any) -> Any:
    """Return the outputs for data, all batches joined; see `Model.predict`."""
    batch_size, steps = optional_count("batch_size", batch_size), optional_count("steps", steps)
    verbose = verbosity(verbose)
    batches = prepare.test_data(model, x, None, None, batch_size, steps, labelled=False, finite=False)
    watchers = _callbacks(callbacks, model, verbose, 1, batches.steps)
    parts: list[Any] = []
    watchers.on_predict_begin()
    step = (
        None if watchers.wants_batches("predict") or model.observer is not None else sliced(model, "predict", batches)
    )
    if step is not None:
        assert isinstance(batches, RowBatches)
        for done, part in _predicted_in_slices(model, batches, step):
            parts.append(part)
            watchers.on_predict_batch_end(done - 1, _outputs_later(part))
    else:
        if isinstance(batches, RowBatches):
            border.check_inputs(batches.data.x, None)
        for number, batch in enumerate(batches.epoch(0)):
            watchers.on_predict_batch_begin(number)
            parts.append(predict_batch(model, _inputs(batch), batches.change))
            watchers.on_predict_batch_end(number, _outputs_later(parts[-1]))
    watchers.on_predict_end()
    columns = zip(*(nest.flatten(part) for part in parts), strict=True)
    return nest.pack_like(parts[0], (np.concatenate(column) for column in columns))


def _predicted_in_slices(model: Any, batches: RowBatches, step: Step) -> Iterator[tuple[int, Any]]:
    """Yield how many batches are done and the outputs for the rows of the last ones, many batches in a call."""
    size, before = batches.batch_size, 0
    names = [name for name in step.graph.outputs if name.startswith("y_pred")]
    for data, order in batches.pieces(0):
        columns, whole = feed_of(_inputs(data)), len(order) // size
        for done, steps in slices(step, whole):
            try:
                out = step.run_many(columns, order[done * size :], steps, names, check=True)
            except NotFinite as found:
                border.check_inputs(batches.data.x, None)  # names the row as the user counts
                out = found.outputs
            yield before + done + steps, nest.pack_like(step.structure, (out[name] for name in names))
        if whole * size < len(order):
            last = order[whole * size :]
            rest = nest.map_structure(lambda a, last=last: a[last], data.x)
            if not all(np.isfinite(a).all() for a in nest.flatten(rest) if a.dtype.kind == "f"):
                border.check_inputs(batches.data.x, None)  # names the row as the user counts
            border.check_inputs(rest, None)
            yield before + whole + 1, predict_batch(model, _inputs(rows_of(data, last)), batches.change)
        before += whole


def _inputs(batch: Batch) -> Batch:
    """Return what of a batch a prediction depends on."""
    return Batch(batch.x, row=batch.row)


def predict_batch(model: Any, batch: Batch, change: Change | None = None) -> Any:
    """Return the outputs for one batch in the structure the model gives."""
    step = recorded(model, "predict", batch, change)
    if step is None:
        with_tensors = nest.map_structure(_as_tensor, batch.x)
        if change is not None and batch.row is not None:
            with_tensors = change(with_tensors, _as_tensor(batch.row))
        return nest.map_structure(lambda t: t.numpy(), model.predict_step(with_tensors))
    out = step.run(feed_of(batch), observer_of(model, step))
    return nest.pack_like(step.structure, (np.array(value) for name, value in out.items() if name.startswith("y_pred")))


def _as_tensor(array: Array) -> Any:
    from ..tensor import Tensor

    return Tensor(array)


def in_order(logs: dict[str, Any]) -> Any:
    """Return the results as Keras does: the loss alone, or a list of the loss and the metrics."""
    values = list(logs.values())
    return values[0] if len(values) == 1 else values


def _logs(model: Any, out: Feed) -> dict[str, Any]:
    """Return the metrics so far, or what a `train_step` of the user's own returned."""
    own = {name[len("logs/") :]: value for name, value in out.items() if name.startswith("logs/")}
    return {name: np.asarray(value).tolist() for name, value in own.items()} or model.compiled.results()


def _logs_later(model: Any, out: Feed) -> Callable[[], dict[str, Any]]:
    return lambda: _logs(model, out)


def _outputs_later(outputs: Any) -> Callable[[], dict[str, Any]]:
    return lambda: {"outputs": outputs}


def _callbacks(
    given: Any, model: Any, verbose: int, epochs: int, steps: int | None, history: bool = False
) -> CallbackList:
    if isinstance(given, CallbackList):
        return given
    return CallbackList(
        given, add_history=history, add_progbar=verbose != 0, model=model, verbose=verbose, epochs=epochs, steps=steps
    )


def _due(frequency: int | set[int], epoch: int) -> bool:
    """Say whether to validate after this epoch: every n-th, or those in a set (counted from 1)."""
    return epoch + 1 in frequency if isinstance(frequency, set) else (epoch + 1) % frequency == 0
