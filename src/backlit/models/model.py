"""A model is a layer that can be trained: `compile`, `fit`, `evaluate`, `predict`.

It only keeps what training needs and hands the work to `training`; `Sequential` and `Functional` say how layers are
put together, a subclass with its own `call` may do as it likes.
"""

from __future__ import annotations

import copy
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np

from .. import optimizers, seeds
from ..errors import ConfigError, did_you_mean
from ..graph import current_scope
from ..layers import Layer, freezing, nest
from ..layers.forward_pass import current
from ..layers.symbolic import KerasTensor
from ..tensor import Variable
from ..training import loop, prepare, running, single, step
from ..training.compiled import Compiled
from .files import Files
from .older import OlderNames
from .own_steps import OwnSteps


class _Running(threading.local):
    """How many models this thread is inside of."""

    def __init__(self) -> None:
        self.models = 0


_running = _Running()


class Model(OwnSteps, OlderNames, Files, Layer):
    """`Model(inputs=..., outputs=...)` makes a functional model; a subclass with `call` makes a model of its own.

    A subclass without `__init__` and `call`, which only writes `train_step`, takes inputs and outputs like `Model`.

    >>> from backlit import Model, layers
    >>> x = layers.Input(shape=(784,))
    >>> model = Model(inputs=x, outputs=layers.Dense(10, activation="softmax")(x))
    >>> model.count_params()
    7850
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls.__init__ is Model.__init__ and (args or "inputs" in kwargs):
            from .functional import functional_kind

            return super().__new__(functional_kind(cls))
        return super().__new__(cls)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if type(self) is Model and not (args or kwargs):
            raise ConfigError("Model() needs inputs= and outputs=, or a subclass with a `call` method.")
        super().__init__(*args, **kwargs)
        self.compiled: Compiled | None = None
        self.seed = Variable(np.uint64(seeds.fresh_seed()), False, "seed", role="input")
        self.under_way: Any = None  # the call of fit under way
        self.steps: dict[Any, Any] = {}  # recorded steps by what they depend on, and the short way of predict_one
        self.observer: Any = None
        self.stop_training = False
        self.must_run_eagerly = self.said_not_finite = False
        self.epochs_trained = 0
        self.history: Any = None
        self.notes: dict[str, Any] = {}  # plain JSON that files keep beside the network, e.g. how data are prepared

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        """Copy everything but the recorded steps: they belong to the Variables of this model."""
        twin = type(self).__new__(type(self))
        memo[id(self)] = twin
        vars(twin).update(copy.deepcopy(vars(self) | {"steps": {}}, memo))
        return twin

    # Training

    def compile(
        self, optimizer: Any = "rmsprop", loss: Any = None, loss_weights: Any = None, metrics: Any = None,
        weighted_metrics: Any = None, run_eagerly: bool = False, steps_per_execution: int = 1,
        jit_compile: Any = "auto", auto_scale_loss: bool = True, **unknown: Any,
    ) -> None:  # fmt: skip
        """Choose the optimizer, the loss and the metrics: by name, as objects, or as functions (losses, metrics).

        `run_eagerly=True` runs each step op by op instead of as one graph, so that layers may look at numbers.
        `steps_per_execution`, `jit_compile` and `auto_scale_loss` are accepted and change nothing.
        """
        _refuse("compile", unknown, ())
        self.compiled = Compiled(optimizer, loss, loss_weights, metrics, weighted_metrics, run_eagerly)
        self.compiled.trainable = freezing.noted(self)
        self.steps = {}
        self.must_run_eagerly = False
        self.seed.store(np.asarray(seeds.fresh_seed(), np.uint64))
        self.epochs_trained = 0

    def fit(
        self, x: Any = None, y: Any = None, batch_size: int | None = None, epochs: int = 1, verbose: Any = "auto",
        callbacks: Any = None, validation_split: float = 0.0, validation_data: Any = None, shuffle: Any = True,
        class_weight: Any = None, sample_weight: Any = None, initial_epoch: int = 0,
        steps_per_epoch: int | None = None, validation_steps: int | None = None,
        validation_batch_size: int | None = None, validation_freq: Any = 1, **unknown: Any,
    ) -> Any:  # fmt: skip
        """Train for `epochs` epochs (up to that number, from `initial_epoch`) and return the `History`.

        `x`, `y`: arrays with samples along the first axis (lists or dicts of them for several inputs or outputs), or
        `x` a source of batches: a generator, a sequence, any iterable of (x, y) or (x, y, sample_weight).
        `validation_split` takes the last rows before shuffling. Bad data raise `DataError`, `LabelError` or
        `ShapeError` before the first step.
        """
        _refuse("fit", unknown, REMOVED_FIT)
        return loop.fit(
            self, x, y, batch_size=batch_size, epochs=epochs, verbose=verbose, callbacks=callbacks,
            validation_split=validation_split, validation_data=validation_data, shuffle=shuffle,
            class_weight=class_weight, sample_weight=sample_weight, initial_epoch=initial_epoch,
            steps_per_epoch=steps_per_epoch, validation_steps=validation_steps,
            validation_batch_size=validation_batch_size, validation_freq=validation_freq,
        )  # fmt: skip

    def evaluate(
        self, x: Any = None, y: Any = None, batch_size: int | None = None, verbose: Any = "auto",
        sample_weight: Any = None, steps: int | None = None, callbacks: Any = None, return_dict: bool = False,
        **unknown: Any,
    ) -> Any:  # fmt: skip
        """Return the loss, or `[loss, *metrics]`, or a dict of them, on data the model is not trained on."""
        _refuse("evaluate", unknown, REMOVED_FIT)
        return loop.evaluate(
            self, x, y, batch_size=batch_size, verbose=verbose, sample_weight=sample_weight, steps=steps,
            callbacks=callbacks, return_dict=return_dict,
        )  # fmt: skip

    def predict(
        self, x: Any, batch_size: int | None = None, verbose: Any = "auto", steps: int | None = None,
        callbacks: Any = None, **unknown: Any,
    ) -> Any:  # fmt: skip
        """Return the outputs for `x` as arrays of the default float, batch by batch, joined along the first axis."""
        _refuse("predict", unknown, REMOVED_FIT)
        return loop.predict(self, x, batch_size=batch_size, verbose=verbose, steps=steps, callbacks=callbacks)

    def predict_one(self, x: Any) -> Any:
        """Return the outputs for one sample (or a batch of one), without the axis of samples: the shortest way.

        The numbers are those of `predict`, bit for bit. A wrong shape raises `ShapeError`, NaN or infinity `DataError`.
        """
        return single.predict_one(self, x)

    def train_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """Train one step on one batch and return its loss and metrics, before the update."""
        prepare.require_compiled(self)
        self.reset_metrics()
        data, _ = prepare.training_data(self, x, y, sample_weight, class_weight, None, False, 1, 0.0)
        running.run_step(self, "train", next(data.epoch(0)))
        return self._results(return_dict)

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """Test one batch and return its loss and metrics."""
        prepare.require_compiled(self)
        self.reset_metrics()
        data = prepare.test_data(self, x, y, sample_weight, None, 1)
        running.run_step(self, "test", next(data.epoch(0)))
        return self._results(return_dict)

    def predict_on_batch(self, x: Any) -> Any:
        """Return the outputs for one batch."""
        data = prepare.test_data(self, x, None, None, None, 1, labelled=False)
        return loop.predict_batch(self, next(data.epoch(0)))

    def _results(self, return_dict: bool) -> Any:
        assert self.compiled is not None
        results = self.compiled.results()
        return dict(sorted(results.items())) if return_dict else loop.in_order(results)

    def reset_metrics(self) -> None:
        """Start the running metrics anew, as each epoch does."""
        if self.compiled is not None:
            self.compiled.reset()

    def train_step(self, data: Any) -> Any:
        """Say what one training step does on Tensors (x, y[, sample_weight]); a subclass may write its own.

        Its own may return a dict of logs.
        """
        return step.train(self, *data)

    def test_step(self, data: Any) -> Any:
        """Say what one test step does, on Tensors."""
        return step.test(self, *data)

    def predict_step(self, data: Any) -> Any:
        """Say what one prediction step does, on Tensors."""
        return step.predict(self, data)

    def compute_loss(self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None) -> Any:
        """Return the scalar loss of predictions, regularization included, for training steps of one's own.

        Inside a step what layers added counts once: in the first `compute_loss` after their calls.
        """
        prepare.require_compiled(self)
        assert self.compiled is not None
        targets, predictions, weights = step.aligned(self, y, y_pred, sample_weight)
        self.compiled.build(self.output_names, targets, predictions)
        around = current()
        added = self._added() if around is None else list(around.penalties)
        if around is not None:
            around.penalties.clear()
        return step.penalized(self.compiled.total_loss(targets, predictions, weights)[0], self, added)

    @property
    def optimizer(self) -> Any:
        """The optimizer given to `compile`, or None."""
        return None if self.compiled is None else self.compiled.optimizer

    @optimizer.setter
    def optimizer(self, optimizer: Any) -> None:
        prepare.require_compiled(self)
        assert self.compiled is not None
        self.compiled.optimizer = optimizers.get(optimizer)
        self.steps = {}

    @property
    def loss(self) -> Any:
        """The loss given to `compile`, or None."""
        return None if self.compiled is None else self.compiled.loss

    @property
    def metrics(self) -> list[Any]:
        """The running means and metrics, once data has been seen."""
        return [] if self.compiled is None else list(self.compiled.all_metrics())

    @property
    def metrics_names(self) -> list[str]:
        """The names of what `evaluate` returns, in order."""
        return [metric.name for metric in self.metrics]

    @property
    def runs_eagerly(self) -> bool:
        """Whether steps run op by op instead of as one recorded graph."""
        return self.must_run_eagerly or (self.compiled is not None and self.compiled.run_eagerly)

    # Structure

    @property
    def layers(self) -> list[Layer]:
        """The layers, in order."""
        return list(self.sublayers())

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """Return one layer by name or by place; none of that name raises `ConfigError`."""
        if index is not None:
            if not -len(self.layers) <= index < len(self.layers):
                raise ConfigError(f"The model has no layer {index}: it has {len(self.layers)}, counted from 0.")
            return self.layers[index]
        found = {layer.name: layer for layer in self.layers}
        if name not in found:
            raise ConfigError(f"The model has no layer {name!r}.{did_you_mean(name, found)}")
        return found[name]

    @property
    def input_names(self) -> list[str] | None:
        """The names of the inputs, or None for a model of one's own, which takes what its `call` takes."""
        return None

    @property
    def output_names(self) -> list[str]:
        """The names of the outputs, which `loss={...}` and `metrics={...}` may use."""
        return getattr(self, "_output_names", None) or ["output"]

    @property
    def input_shapes(self) -> list[Any] | None:
        """The shape of each input (None for the batch axis), or None while unknown."""
        return None

    def output_shapes_for(self, columns: Any) -> list[Any]:
        """Return the shape of each output for inputs shaped like `columns`."""
        symbols = nest.map_structure(lambda a: KerasTensor((None, *a.shape[1:]), self.dtype), columns)
        specs = self.output_spec(symbols)
        leaves = nest.flatten(specs)
        if isinstance(specs, dict):
            self._output_names = list(specs)
        elif len(leaves) > 1:
            self._output_names = [f"output_{i + 1}" for i in range(len(leaves))]
        return [leaf.shape for leaf in leaves]

    def build_from_symbols(self, symbols: Any) -> None:
        """Build all layers by a dry run on symbolic inputs."""
        self.output_spec(symbols)
        self.built = True

    def build(self, input_shape: Any) -> None:
        """Build all layers for inputs of `input_shape` (None for the batch axis)."""
        if type(self).call is not Layer.call and not self.built and not getattr(self, "_building", False):
            self._building = True
            try:
                self.output_spec(_symbols(input_shape, self.dtype))
            finally:
                self._building = False
            self.built = True

    def build_from_shape(self, input_shape: Any) -> None:
        """Run `build` once; a model's layers are built inside its scope by the calls themselves."""
        self.build(input_shape)
        self.built = True
        self._build_shape = input_shape

    @contextmanager
    def _within(self) -> Iterator[None]:
        """A model inside another is a scope; the outermost one is not, so its layers keep short names."""
        inside = _running.models > 0 or bool(current_scope())
        _running.models += 1
        try:
            with super()._within() if inside else nullcontext():
                yield
        finally:
            _running.models -= 1

    # Seeing inside

    def summary(
        self, line_length: int | None = None, print_fn: Any = None, expand_nested: bool = False,
        show_trainable: bool = False, cost: bool = False, positions: Any = None, layer_range: Any = None, **_: Any,
    ) -> None:  # fmt: skip
        """Print the layers, their output shapes and numbers of parameters; `cost=True` adds FLOPs and bytes."""
        from .summary import summary

        text = summary(self, line_length, expand_nested, show_trainable, cost, positions, layer_range)
        (print_fn or print)(text)

    def step_graph(self, x: Any = None, y: Any = None, batch_size: int = 32) -> Any:
        """Return the one graph `fit` runs for batches like `x`, `y` (or of `batch_size`, where shapes are known)."""
        from ..inspect.graphs import step_graph

        return step_graph(self, x, y, batch_size)

    def explain(self, x: Any, y: Any, sample_weight: Any = None, weight: Any = None, print_fn: Any = print) -> Any:
        """Run one training step and print it in order: forward, loss, backward, update; the weights stay as they are.

        `weight` follows one weight through the chain rule: `"dense/kernel"`, or `("dense/kernel", (3, 5))`. Returns
        the `Explanation`; `backlit.explain(model, x, y)` makes one without printing it.
        """
        from ..inspect.explain import explain

        explanation = explain(self, x, y, sample_weight, weight)
        if print_fn is not None:
            print_fn(str(explanation))
        return explanation

    def native_code(self, layer: Any, x: Any = None, y: Any = None, batch_size: int = 32) -> Any:
        """Return what a layer (name, number or itself) becomes in `fit`: formula, nodes, kernels, LLVM IR, assembly.

        Print the result (a `NativeCode`), or look into its `kernels`, each with the time it took and its share of the
        processor's peak. Takes batches like `x`, `y`, or `batch_size` rows of random numbers.
        """
        from ..inspect.machine_code import native_code

        return native_code(self, layer, x, y, batch_size)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
        """Make a model of what `get_config` returned; `Model.from_config` makes functional ones."""
        if cls is not Model:
            return super().from_config(config)
        from .functional import Functional

        return Functional.from_config(config, custom_objects)

    def to_json(self, **options: Any) -> str:
        """Return the structure without the weights as JSON text; `options` go to `json.dumps`."""
        from .drawing import to_json

        return to_json(self, **options)


def _symbols(shape: Any, dtype: Any) -> Any:
    """Return symbolic tensors for one shape, or for a list or a dict of them."""
    if isinstance(shape, dict):
        return {name: _symbols(one, dtype) for name, one in shape.items()}
    return [_symbols(one, dtype) for one in shape] if isinstance(shape, list) else KerasTensor(tuple(shape), dtype)


REMOVED_FIT = ("max_queue_size", "workers", "use_multiprocessing")


def _refuse(method: str, unknown: dict[str, Any], ignored: tuple[str, ...]) -> None:
    """Arguments of older Kerases that never changed the result pass with a warning; others are unknown."""
    for name in unknown:
        if name in ignored:
            warnings.warn(f"{method}({name}=...) changes nothing here: batches come from one thread.", stacklevel=3)
        if name not in ignored:
            choices = [n for n in getattr(Model, method).__annotations__ if n not in ("unknown", "return")]
            raise ConfigError(f"{method} has no argument {name!r}.{did_you_mean(name, choices)}")
