"""A layer is settings, weights and one sentence of mathematics (`call`), written with ops.

Called on tensors it computes, or records; called on the result of `Input(...)` it becomes part of a functional model.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import wraps
from typing import Any, TypeVar

import numpy as np

from .. import constraints, initializers, regularizers
from ..arrays import Array, DType, as_dtype, is_array, is_float
from ..errors import ConfigError, DataError, ShapeError
from ..graph import current_scope, scope
from ..ops import cast, length
from ..tensor import Tensor, Variable, active, as_tensor
from . import config as layer_config
from . import forward_pass, nest
from .naming import auto_name, snake_case
from .older import name_first
from .shapes import given_input_shape, output_spec, without_batch
from .symbolic import Call, KerasTensor, output_like

L = TypeVar("L", bound="Layer")
Shape = tuple[int | None, ...]


class Layer:
    """The parent of all layers. Subclass it with `build(input_shape)` (make weights) and `call(inputs)` (use them).

    `name` must be unique within a model (automatic by default), `trainable=False` freezes the weights, `dtype` is the
    floating dtype inputs are cast to and weights have. `input_shape` (or `input_dim`) on the first layer of a
    Sequential builds the model at once; sizes are without the batch axis.
    """

    def __init__(
        self, *, name: str | None = None, trainable: bool = True, dtype: Any = None, activity_regularizer: Any = None,
        **legacy: Any,
    ) -> None:  # fmt: skip
        self.name = name if name is not None else auto_name(snake_case(type(self).__name__))
        if not isinstance(self.name, str) or not self.name or "/" in self.name:
            raise ConfigError(f"A layer's name must be a non-empty string without '/', got {name!r}.")
        self.dtype: DType = layer_config.policy_dtype(dtype)
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.batch_input_shape = given_input_shape(type(self), legacy)
        self.built = False
        self._trainable = bool(trainable)
        self._weights: list[Variable] = []
        self._penalties: list[Any] = []
        self._calls: list[Call] = []
        self._build_shape: Any = None

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "build" in vars(cls):
            cls.build = _marking_built(cls.build)

    # What a subclass writes

    def build(self, input_shape: Any) -> None:
        """Make the weights for inputs of `input_shape` (batch axis first, None where unknown). Called once."""
        self.built = True

    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the layer's output for Tensors; written with ops."""
        raise ConfigError(f"{type(self).__name__} has no `call` method: it says what the layer computes.")

    @name_first
    def add_weight(
        self, shape: Any = None, initializer: Any = None, dtype: Any = None, trainable: bool = True,
        regularizer: Any = None, constraint: Any = None, name: str | None = None,
    ) -> Variable:  # fmt: skip
        """Make a Variable of this layer; by default `initializer` is glorot_uniform for matrices, zeros for vectors."""
        self._require_init()
        sizes = tuple(int(n) for n in ((shape,) if isinstance(shape, (int, np.integer)) else shape or ()))
        make = initializers.get(initializer or ("glorot_uniform" if len(sizes) > 1 else "zeros"))
        kind = self.dtype if dtype is None else as_dtype(dtype)
        weight = Variable(_initial(make, sizes, kind), trainable, name or f"weight_{len(self._weights)}", kind)
        weight.path = f"{self._build_scope()}/{weight.name}"
        weight.regularizer = regularizers.get(regularizer)
        weight.constraint = constraints.get(constraint)
        self._weights.append(weight)
        return weight

    def add_loss(self, penalty: Any) -> None:
        """Add a scalar Tensor to the loss of the step under way (call it inside `call`)."""
        around = forward_pass.current()
        if around is not None:
            around.penalties.append(penalty)
        if active.trace is None:
            self._penalties.append(penalty)

    def check_input(self, shape: Any) -> None:
        """Raise `ShapeError` if a built layer cannot take inputs of `shape`."""

    # Calling

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self._require_init()
        if any(isinstance(leaf, KerasTensor) for leaf in nest.flatten((args, kwargs))):
            return self._call_symbolically(args, kwargs)
        args, kwargs = (nest.map_structure(self._as_input, part) for part in (args, kwargs))
        self.build_for(args, kwargs)
        training = self._training(kwargs)
        self._penalties = []
        with forward_pass.training_is(training) as around, self._within():
            outputs = self.call(*args, **kwargs)
            self._regularize_activity(outputs, around)
            if active.trace is not None and isinstance(outputs, Tensor) and current_scope():
                active.trace.mark(f"activation/{current_scope()}", outputs)
        return outputs

    def _within(self) -> AbstractContextManager[None]:
        """The scope that what this layer records is labelled with."""
        return scope(self.name)

    def build_for(self, args: tuple[Any, ...], kwargs: dict[str, Any] | None = None) -> None:
        """Build the weights for these inputs, if that has not happened, and check the inputs fit."""
        first = args[0] if args else next(iter((kwargs or {}).values()), None)
        shape = nest.map_structure(lambda t: tuple(np.shape(t)), first)
        if isinstance(shape, tuple) and shape and isinstance(shape[0], tuple):
            shape = list(shape)
        if not self.built:
            _require_tensors(self, first)
            self.build_from_shape(without_batch(shape))
        self.check_input(shape)

    def build_from_shape(self, input_shape: Any) -> None:
        """Run `build` once, inside this layer's scope; nothing of it is recorded into a step."""
        trace, active.trace = active.trace, None
        try:
            with self._within():
                self._build_scope_name = current_scope()
                self.build(input_shape)
        finally:
            active.trace = trace
        self.built = True
        self._build_shape = input_shape

    def _call_symbolically(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        self.build_for(args, kwargs)
        specs = self.output_spec(*args, **kwargs)
        call = Call(self, args, kwargs)
        outputs = output_like(specs, call)
        self._calls.append(call)
        return outputs

    def output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Return the shape and dtype (an `OutputSpec`) of each output for symbolic inputs."""
        return output_spec(self, args, kwargs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the output for inputs of `input_shape` (None for an unknown batch size)."""
        many = isinstance(input_shape, list)
        shapes = input_shape if many else [input_shape]
        tensors = [KerasTensor(tuple(shape), self.dtype) for shape in shapes]
        if not self.built:
            self.build_from_shape(input_shape)
        return nest.map_structure(lambda spec: spec.shape, self.output_spec(tensors if many else tensors[0]))

    def _as_input(self, value: Any) -> Any:
        """Arrays become Tensors; floating ones take the layer's dtype."""
        if is_array(value) or isinstance(value, Variable):
            value = as_tensor(value)
        if isinstance(value, Tensor) and is_float(value.dtype) and value.dtype != self.dtype:
            return cast(value, self.dtype.name)
        return value

    def _training(self, kwargs: dict[str, Any]) -> bool | None:
        """Settle the `training` argument: as given, else as around, else False; handed on where `call` takes it."""
        around = forward_pass.current()
        given = kwargs.pop("training", None)
        training = given if given is not None else (around.training if around is not None else None)
        training = None if training is None else bool(training)
        if layer_config.takes_training(type(self)):
            kwargs["training"] = bool(training)
        return training

    def _regularize_activity(self, outputs: Any, around: forward_pass.ForwardPass) -> None:
        if self.activity_regularizer is None:
            return
        for output in nest.flatten(outputs):
            self.add_loss(self.activity_regularizer(output) / length(output, 0))

    # Weights

    def sublayers(self) -> Iterator[Layer]:
        """Yield the layers held in attributes (alone, in lists, tuples or dicts), in the order they were set."""
        yield from dict.fromkeys(leaf for leaf in self._attributes() if isinstance(leaf, Layer))

    def _attributes(self) -> Iterator[Any]:
        """Yield what is held in attributes: alone, in lists, tuples or dicts."""
        for attribute, value in vars(self).items():
            if not attribute.startswith("_calls"):
                yield from nest.flatten(value) if isinstance(value, (list, tuple, dict)) else (value,)

    @property
    def weights(self) -> list[Variable]:
        """All Variables: this layer's own, then those of the layers inside it, each once."""
        own = [v for v in self._attributes() if isinstance(v, Variable) and v.role in ("params", "state")]
        found = dict.fromkeys([*self._weights, *own])
        for layer in self.sublayers():
            found.update(dict.fromkeys(layer.weights))
        return list(found)

    @property
    def trainable(self) -> bool:
        """Whether the weights are trained; setting it sets the layers inside too, and takes effect with `compile`."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        for layer in self.sublayers():
            layer.trainable = value

    @property
    def trainable_weights(self) -> list[Variable]:
        """The Variables an optimizer changes."""
        if not self.trainable:
            return []
        frozen = {w for layer in self._frozen_layers() for w in layer.weights}
        return [w for w in self.weights if w.trainable and w not in frozen]

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The Variables an optimizer leaves alone: moving statistics and frozen weights."""
        trained = set(self.trainable_weights)
        return [w for w in self.weights if w not in trained]

    def _frozen_layers(self) -> Iterator[Layer]:
        for layer in self.sublayers():
            if layer.trainable:
                yield from layer._frozen_layers()
            else:
                yield layer

    variables = weights
    trainable_variables = trainable_weights
    non_trainable_variables = non_trainable_weights

    @property
    def losses(self) -> list[Any]:
        """The regularization penalties: of the weights, and those added by the last call."""
        return [*(w.regularizer(w) for w in self.trainable_weights if w.regularizer is not None), *self._added()]

    def _added(self) -> list[Any]:
        """Return what the last calls of this layer and of those inside it added to the loss."""
        return [*self._penalties, *(penalty for layer in self.sublayers() for penalty in layer._added())]

    def count_params(self) -> int:
        """Return how many numbers the weights hold; an unbuilt layer raises `ConfigError`."""
        if not self.built:
            raise ConfigError(f"Layer {self.name!r} has no weights yet: call it on data, or build it, first.")
        return sum(w.value.size for w in self.weights)

    def get_weights(self) -> list[Array]:
        """Return copies of all weights, in the order of `weights`."""
        return [w.numpy() for w in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Set all weights from arrays in the order of `weights`; another count or shape raises `ShapeError`."""
        have = self.weights
        if not isinstance(weights, (list, tuple, np.ndarray)):
            kind = type(weights).__name__
            raise ConfigError(f"set_weights needs a list of arrays, as get_weights gives, got {kind}.")
        if len(weights) != len(have):
            raise ShapeError(f"Layer {self.name!r} has {len(have)} weights, {len(weights)} arrays were given.")
        arrays = [np.asarray(w.numpy() if hasattr(w, "numpy") else w) for w in weights]
        for variable, array in zip(have, arrays, strict=True):
            if array.shape != variable.shape:
                raise ShapeError(f"{variable.path} has shape {variable.shape}, an array of {array.shape} was given.")
            if array.dtype.kind not in "buif":
                raise DataError(f"{variable.path} was given an array of dtype {array.dtype}. Expected real numbers.")
        for variable, array in zip(have, arrays, strict=True):
            variable.assign(array)

    # Configuration

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON-able data."""
        return layer_config.of(self)

    @classmethod
    def from_config(cls: type[L], config: dict[str, Any]) -> L:
        """Make a layer of what `get_config` returned."""
        return cls(**config)

    @property
    def input(self) -> Any:
        """The symbolic input of the layer's only call in a functional model."""
        return self._only_call().first_input

    @property
    def output(self) -> Any:
        """The symbolic output of the layer's only call in a functional model."""
        return self._only_call().outputs

    def _only_call(self) -> Call:
        if len(self._calls) != 1:
            raise ConfigError(f"Layer {self.name!r} was called {len(self._calls)} times on symbolic inputs, not once.")
        return self._calls[0]

    def _build_scope(self) -> str:
        return getattr(self, "_build_scope_name", "") or self.name

    def _require_init(self) -> None:
        if "_weights" not in vars(self):
            raise ConfigError(f"{type(self).__name__}.__init__ must call super().__init__() before anything else.")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


def _marking_built(build: Callable[..., None]) -> Callable[..., None]:
    """A layer whose `build` was called by hand is built, as one that was called on data."""

    @wraps(build)
    def marking(self: Layer, *args: Any, **kwargs: Any) -> None:
        build(self, *args, **kwargs)
        self.built = True

    return marking


def _require_tensors(layer: Layer, inputs: Any) -> None:
    for leaf in nest.flatten(inputs):
        if not isinstance(leaf, (Tensor, KerasTensor)):
            raise DataError(
                f"Layer {layer.name!r} was called on {type(inputs).__name__} {inputs!r}. Expected arrays or tensors: "
                "np.array(...) makes one of a list of numbers."
            )


def _takes_dtype(make: Any) -> bool:
    return not inspect.isclass(make) and "dtype" in inspect.signature(make).parameters


def _initial(make: Any, shape: tuple[int, ...], dtype: DType) -> Array:
    made = np.asarray(make(shape, dtype=dtype.name) if _takes_dtype(make) else make(shape), dtype)
    if made.shape != shape:
        raise ShapeError(f"The initializer of a weight of shape {shape} gave {made.shape}. It must give that shape.")
    return made
