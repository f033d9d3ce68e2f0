"""One step of training, of testing, of predicting: Python code over Tensors, recorded once per shape into a Graph.

Training in five verbs: predict, loss, gradients, update, metrics. The same code runs eagerly, node by node, with
`run_eagerly=True`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from ..arrays import Array, is_dict, is_list
from ..errors import ConfigError
from ..execute import Observer, Runner, SliceRunner, prepare
from ..graph import Graph, phase, scope
from ..layers import forward_pass, freezing, nest
from ..tensor import GradientTape, Tensor, Trace, Variable, active
from .compiled import Compiled

Feed: TypeAlias = dict[str, Array]


class Batch(NamedTuple):
    """One batch: inputs, targets and sample weights, each one array, a list or a dict of arrays (or None).

    `row` holds the numbers of its rows in the data, where a change of the rows depends on them.
    """

    x: Any
    y: Any = None
    sample_weight: Any = None
    row: Array | None = None


class Step:
    """A recorded step, ready to run: arrays in, Variables changed, arrays out."""

    def __init__(self, trace: Trace, outputs: Mapping[str, Tensor], structure: Any = None) -> None:
        self.graph: Graph = trace.graph(outputs)
        self.structure = structure
        self.runner: Runner = prepare(self.graph)
        self.variables = trace.variables
        self.seconds = 0.0  # what one step takes in a call of many, as far as is known
        self._read = [(name, v) for name, v in trace.variables.items() if name in self.graph.inputs]
        self._written = [(name, v) for name, v in trace.variables.items() if name in self.graph.outputs]

    @property
    def runs_many(self) -> bool:
        """Whether the executor can run many steps in one call."""
        return isinstance(self.runner, SliceRunner)

    def state(self) -> Feed:
        """Return the arrays the step starts from: weights, slots, statistics, metrics, the learning rate, the seed."""
        return {name: variable.stored for name, variable in self._read}

    def keep(self, out: Feed) -> Feed:
        """Give every Variable the step assigns its new value, and return what the step gave."""
        for name, variable in self._written:
            variable.store(out[name])
        return out

    def run_many(self, columns: Feed, order: Array, steps: int, keep: Sequence[str] = (), check: bool = False) -> Feed:
        """Run `steps` steps in one call, each on its rows of `columns` by `order`; returns the outputs of the last.

        Outputs named in `keep` are returned for all steps, one below the other; with `check`, NaN or infinity raises
        `NotFinite`.
        """
        if not isinstance(self.runner, SliceRunner):
            raise ConfigError("This step's executor runs one step at a time: call run().")
        return self.keep(self.runner.run_many(self.state(), columns, order, steps, keep, check))

    def run(self, feed: Feed, observer: Observer | None = None) -> Feed:
        """Run once on the arrays of `feed`; every Variable the step assigns takes its new value."""
        given = dict(feed)
        for name, variable in self._read:
            given[name] = variable.stored
        out = self.runner.run(given, observer)
        for name, variable in self._written:
            variable.stored, variable.node = np.asarray(out[name]), None  # recorded with its dtype and shape
        return out


def feed_of(batch: Batch) -> Feed:
    """Name the arrays of a batch: `x`, `y`, `sample_weight`, or `x/0`, `y/name` where there are several."""
    feed: Feed = {}
    for field, value in zip(Batch._fields, batch, strict=True):
        if isinstance(value, np.ndarray):
            feed[field] = value
        elif value is not None:
            feed.update(_named(field, value))
    return feed


def _named(field: str, value: Any) -> Feed:
    if is_dict(value):
        return {f"{field}/{key}": array for key, array in value.items() if array is not None}
    if is_list(value):
        return {f"{field}/{i}": array for i, array in enumerate(value) if array is not None}
    return {field: value}


def signature(kind: str, batch: Batch) -> tuple[Any, ...]:
    """Return what a recording depends on: the kind of step, and the shapes and dtypes of the batch."""
    return (kind, *((name, a.shape, a.dtype) for name, a in feed_of(batch).items()))


Change: TypeAlias = Callable[[Any, Any], Any]


def record(model: Any, kind: str, batch: Batch, change: Change | None = None) -> Step:
    """Record one step of `kind` ("train", "test" or "predict") for batches shaped like `batch`.

    `change(x, row)` is recorded in front of it.
    """
    with Trace() as trace:
        feed = feed_of(batch)
        symbols = {name: trace.input(name, a.shape, a.dtype) for name, a in feed.items()}
        logs = perform(model, kind, _symbolic(batch, symbols), change)
        outputs, structure = _outputs(logs)
    return Step(trace, outputs, structure)


def _symbolic(batch: Batch, symbols: dict[str, Tensor]) -> Batch:
    def fill(field: str, value: Any) -> Any:
        if is_dict(value):
            return {key: symbols.get(f"{field}/{key}") for key in value}
        if is_list(value):
            return [symbols.get(f"{field}/{i}") for i in range(len(value))]
        return symbols.get(field)

    return Batch(*(fill(field, value) for field, value in zip(Batch._fields, batch, strict=True)))


def _outputs(logs: Any) -> tuple[dict[str, Tensor], Any]:
    """Name what a step returned: predictions as `y_pred`, logs by their names."""
    kind, value = logs
    if kind == "predict":
        leaves = nest.flatten(value)
        return {("y_pred" if len(leaves) == 1 else f"y_pred/{i}"): leaf for i, leaf in enumerate(leaves)}, value
    if is_dict(value):
        return {f"logs/{name}": v if isinstance(v, Tensor) else Tensor(v) for name, v in value.items()}, value
    return {}, None


def packed(batch: Batch) -> tuple[Any, ...]:
    """Return what was given of x, y and sample weights, as Keras hands it to a `train_step` of one's own."""
    if batch.sample_weight is not None:
        return (batch.x, batch.y, batch.sample_weight)
    return (batch.x,) if batch.y is None else (batch.x, batch.y)


def perform(model: Any, kind: str, batch: Batch, change: Change | None = None) -> tuple[str, Any]:
    """Run the Python code of a step on Tensors, symbolic or not, behind a change of its inputs."""
    if change is not None:
        with phase("forward"), scope("augmentation"):
            batch = batch._replace(x=change(batch.x, batch.row))
    if kind == "predict":
        return kind, model.predict_step(batch.x)
    around = forward_pass.ForwardPass()  # for a step of the user's own: where what its layers add is kept
    with freezing.held(model.compiled.trainable), forward_pass.surrounding(around):
        if kind == "train":
            return kind, model.train_step(packed(batch))
        return kind, model.test_step(packed(batch))


def run_eagerly(model: Any, kind: str, batch: Batch, change: Change | None = None) -> Feed:
    """Run one step without recording it: every op computes at once, so layers may look at numbers."""
    tensors = Batch(*(None if part is None else nest.map_structure(_tensor, part) for part in batch))
    outputs, _ = _outputs(perform(model, kind, tensors, change))
    return {name: tensor.value for name, tensor in outputs.items()}


def _tensor(value: Any) -> Any:
    return None if value is None else Tensor(value)


def train(model: Any, x: Any, y: Any = None, sample_weight: Any = None) -> None:
    """The training step: predict, loss, gradients, update, metrics."""
    compiled: Compiled = model.compiled
    optimizer = compiled.optimizer
    surroundings = forward_pass.ForwardPass(True, model.seed.read(), optimizer.iterations.read())
    with forward_pass.surrounding(surroundings), GradientTape() as tape:
        with phase("forward"):
            y_pred = model(x, training=True)
        with phase("loss"):
            targets, predictions, weights = aligned(model, y, y_pred, sample_weight)
            loss, each = compiled.total_loss(targets, predictions, weights)
            loss = penalized(loss, model, surroundings.penalties)
    variables = model.trainable_variables
    if loss is None:
        raise ConfigError("There is nothing to minimize: compile(loss=...) was given no loss, and no layer adds one.")
    with phase("backward", within="loss"):
        gradients = tape.gradient(loss, variables)
    _mark(loss, variables, gradients)
    with phase("update", within=""):
        optimizer.apply(gradients, variables)
    with phase("metrics", within="metrics"):
        compiled.update_metrics(loss, each, targets, predictions, weights)


def test(model: Any, x: Any, y: Any = None, sample_weight: Any = None) -> None:
    """The test step: predict, loss, metrics."""
    compiled: Compiled = model.compiled
    surroundings = forward_pass.ForwardPass(False)
    with forward_pass.surrounding(surroundings):
        with phase("forward"):
            y_pred = model(x, training=False)
        with phase("loss"):
            targets, predictions, weights = aligned(model, y, y_pred, sample_weight)
            loss, each = compiled.total_loss(targets, predictions, weights)
            loss = penalized(loss, model, surroundings.penalties)
    with phase("metrics", within="metrics"):
        compiled.update_metrics(Tensor(0.0) if loss is None else loss, each, targets, predictions, weights)


def predict(model: Any, x: Any) -> Any:
    """The prediction step."""
    with forward_pass.surrounding(forward_pass.ForwardPass(False)), phase("forward"):
        return model(x, training=False)


def aligned(model: Any, y: Any, y_pred: Any, sample_weight: Any) -> tuple[list[Any], list[Any], list[Any]]:
    """Return targets, predictions and weights as lists in the order of the outputs."""
    predictions = nest.flatten(y_pred)
    if is_dict(y_pred) and is_dict(y):
        targets = [y.get(key) for key in y_pred]
    elif is_dict(y):
        targets = [y.get(name) for name in model.compiled.names or model.output_names]
    else:
        targets = [None] * len(predictions) if y is None else nest.flatten(y)
    if is_dict(sample_weight):
        weights = [sample_weight.get(name) for name in model.compiled.names]
    elif is_list(sample_weight):
        weights = list(sample_weight)
    else:
        weights = [sample_weight] * len(predictions)
    return targets, predictions, weights


def penalized(loss: Any, model: Any, added: Sequence[Any]) -> Any:
    """Add the regularization of the weights and what the layers' calls added."""
    penalties = [w.regularizer(w) for w in model.trainable_variables if w.regularizer is not None]
    for penalty in (*penalties, *added):
        loss = penalty if loss is None else loss + penalty
    return loss


def _mark(loss: Any, variables: list[Variable], gradients: list[Any]) -> None:
    if active.trace is None:
        return
    active.trace.mark("loss", loss)
    for variable, gradient in zip(variables, gradients, strict=True):
        if gradient is not None:
            active.trace.mark(f"gradient/{variable.path}", gradient)
