"""`tensorflow` itself: variables, tapes, and the functions that do no arithmetic."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .. import initializers
from ..errors import ConfigError
from ..random import shuffle as _shuffle
from ..tensor import GradientTape, Tensor, Variable
from .handles import as_tensor
from .tf_logging import get_logger

__all__ = [
    "GradientTape", "Module", "Tensor", "TensorShape", "TensorSpec", "Variable", "cond", "constant",
    "constant_initializer", "control_dependencies", "convert_to_tensor", "device", "executing_eagerly", "function",
    "get_logger", "get_static_value", "group", "identity", "is_tensor", "name_scope", "no_op", "ones_initializer",
    "print", "py_function", "random_normal_initializer", "random_shuffle", "random_uniform_initializer",
    "stop_gradient", "zeros_initializer",
]  # fmt: skip

zeros_initializer, ones_initializer, constant_initializer = (
    initializers.Zeros, initializers.Ones, initializers.Constant
)  # fmt: skip
random_normal_initializer, random_uniform_initializer = initializers.RandomNormal, initializers.RandomUniform


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str = "Const") -> Tensor:
    """Return a tensor of a number, a list or an array; `shape` fills or reshapes it."""
    tensor = Tensor(value, dtype)
    if shape is None:
        return tensor
    array, wanted = tensor.numpy(), tuple(int(n) for n in np.atleast_1d(shape))
    if array.size != 1 and array.size != int(np.prod(wanted)):
        raise ConfigError(f"constant was given {array.size} numbers for the shape {wanted}. Expected as many, or one.")
    return Tensor(np.broadcast_to(array.reshape(()) if array.size == 1 else array.reshape(wanted), wanted).copy())


def convert_to_tensor(value: Any, dtype: Any = None, dtype_hint: Any = None, name: str | None = None) -> Tensor:
    """Return `value` as a tensor, which it may be already."""
    if isinstance(value, Tensor) and (dtype is None or value.dtype == np.dtype(dtype)):
        return value
    return Tensor(value.numpy() if isinstance(value, (Tensor, Variable)) else value, dtype)


def is_tensor(x: Any) -> bool:
    """Say whether `x` is a tensor or a variable."""
    return isinstance(x, (Tensor, Variable))


def identity(input: Any, name: str | None = None) -> Tensor:
    """Return a tensor of the same numbers."""
    return as_tensor(input) + 0


def stop_gradient(input: Any, name: str | None = None) -> Any:
    """Return `input` as something gradients do not flow through."""
    from ..ops import stop_gradient as ours

    return ours(as_tensor(input))


def function(func: Any = None, **options: Any) -> Any:
    """Return the function itself: eager code runs as it is written, and `fit` records its steps anyway.

    Takes the arguments of TensorFlow's decorator (`input_signature`, `jit_compile`, ...), which change nothing here.
    """
    return func if func is not None else lambda later: later


def print(*inputs: Any, output_stream: Any = None, sep: str = " ", end: str = "\n", **options: Any) -> None:
    """Print values, by default on the error stream as TensorFlow does."""
    texts = [str(x.numpy()) if is_tensor(x) else str(x) for x in inputs]
    stream = sys.stderr if output_stream is None else output_stream
    stream.write(sep.join(texts) + end)


@contextmanager
def device(device_name: Any) -> Iterator[None]:
    """Do nothing: there is one processor."""
    yield


@contextmanager
def name_scope(name: Any) -> Iterator[str]:
    """Do nothing but give the name back: layers name their own nodes."""
    yield str(name)


@contextmanager
def control_dependencies(control_inputs: Any) -> Iterator[None]:
    """Do nothing: eager code runs in order."""
    yield


def executing_eagerly() -> bool:
    """Say that functions called at the prompt give numbers at once."""
    return True


def no_op(name: str | None = None) -> None:
    """Do nothing."""


def group(*inputs: Any, **options: Any) -> None:
    """Do nothing: what was to be grouped has been done."""


def py_function(func: Any = None, inp: Any = (), Tout: Any = None, name: str | None = None) -> Any:
    """Call the function: there is no other place where it could run."""
    return func(*inp)


def cond(pred: Any, true_fn: Any = None, false_fn: Any = None, name: str | None = None) -> Any:
    """Return what `true_fn` gives if `pred` holds, else what `false_fn` gives; the other is not called."""
    return true_fn() if bool(pred) else false_fn()


def get_static_value(tensor: Any, partial: bool = False) -> Any:
    """Return the numbers of a tensor as an array."""
    return tensor.numpy() if is_tensor(tensor) else np.asarray(tensor)


def random_shuffle(value: Any, seed: int | None = None) -> Tensor:
    """Return the rows in random order."""
    return _shuffle(value, seed)


class TensorShape(tuple):  # type: ignore[type-arg]
    """A shape: a tuple that knows the methods TensorFlow's has."""

    def as_list(self) -> list[Any]:
        """Return the sizes in a list."""
        return list(self)

    @property
    def rank(self) -> int:
        """How many axes."""
        return len(self)

    def num_elements(self) -> int:
        """Return the product of the sizes."""
        return int(np.prod(self))


class TensorSpec:
    """What a function says of a tensor it takes: `shape`, in which None is any size, and `dtype`."""

    def __init__(self, shape: Any, dtype: Any = "float32", name: str | None = None) -> None:
        self.shape = None if shape is None else TensorShape(shape)
        self.dtype = np.dtype(dtype)
        self.name = name

    def __repr__(self) -> str:
        return f"TensorSpec(shape={self.shape}, dtype={self.dtype.name}, name={self.name!r})"


class Module:
    """Something with Variables: those in its attributes, in lists and dicts of them, and in modules among these."""

    def __init__(self, name: str | None = None) -> None:
        self.name = name or type(self).__name__.lower()

    @property
    def variables(self) -> tuple[Variable, ...]:
        """All Variables, each once, in the order of the attributes' names."""
        return tuple(dict.fromkeys(_variables_in(vars(self))))

    @property
    def trainable_variables(self) -> tuple[Variable, ...]:
        """Those that are trained."""
        return tuple(v for v in self.variables if v.trainable)

    @property
    def submodules(self) -> tuple[Any, ...]:
        """The modules among the attributes."""
        return tuple(v for v in vars(self).values() if isinstance(v, Module))


def _variables_in(value: Any) -> Iterator[Variable]:
    if isinstance(value, Variable):
        yield value
    elif isinstance(value, dict):
        for key in sorted(value, key=str):
            yield from _variables_in(value[key])
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _variables_in(one)
    elif isinstance(value, Module):
        yield from _variables_in(vars(value))
    elif hasattr(value, "variables") and hasattr(value, "call"):
        yield from value.variables
