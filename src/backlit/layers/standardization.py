"""Normalization standardizes inputs by a mean and a variance that are given, or found in data by `adapt`.

Its neighbor BatchNormalization takes them from each batch; here they are fixed before training begins.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

import numpy as np

from ..arrays import Array, positive_axes
from ..errors import ConfigError, DataError, ShapeError
from ..ops import cast, maximum, reshape, sqrt
from .config import plain
from .layer import Layer
from .settings import axes

EPSILON = 1e-7  # the least deviation that is divided by
SAMPLES_A_BATCH = 128  # of a dataset that gives one sample after another, as Keras does


class Normalization(Layer):
    """y = (x - mean) / max(sqrt(variance), 1e-7); with `invert`, y = x * max(sqrt(variance), 1e-7) + mean.

    `axis` holds the features: one axis, several, or None for a single mean and variance. Give `mean` and `variance`
    (numbers, or arrays that end with the features), or call `adapt(data)` before training. Statistics that `adapt`
    finds are weights that are not trained: `mean`, `variance`, and Keras' `count`. Source: Keras 3.
    """

    def __init__(
        self, axis: Any = -1, mean: Any = None, variance: Any = None, invert: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.axis = [] if axis is None else axes("Normalization", axis)
        self.invert = bool(invert)
        if (mean is None) != (variance is None):
            raise ConfigError("Normalization was given one of mean and variance. Give both, or neither and adapt it.")
        self.input_mean, self.input_variance = _numbers("mean", mean), _numbers("variance", variance)
        if np.shape(mean) != np.shape(variance):
            raise ConfigError(f"Normalization got mean of shape {np.shape(mean)}, variance of {np.shape(variance)}.")
        if mean is not None and np.ndim(mean) > np.size(self.axis):
            raise ConfigError(
                f"Normalization got mean of rank {np.ndim(mean)} for axis={axis!r}: at most one size each."
            )
        self._weight_of_mean: Any = None
        self._weight_of_variance: Any = None
        self._kept: tuple[int, ...] = ()
        self._sizes: tuple[int, ...] = ()
        self._rank = 0

    def build(self, input_shape: Any) -> None:
        self._rank = len(input_shape)
        self._kept = tuple(sorted(positive_axes(self.axis, self._rank)))
        self._sizes = tuple(input_shape[a] for a in self._kept)
        if None in self._sizes:
            raise ShapeError(f"Normalization {self.name!r} cannot keep axis {self.axis} of {tuple(input_shape)}.")
        if self.input_mean is None:
            self._weight_of_mean = self.add_weight(self._sizes, "zeros", name="mean", trainable=False)
            self._weight_of_variance = self.add_weight(self._sizes, "ones", name="variance", trainable=False)
            self.add_weight((), "zeros", dtype="int32", name="count", trainable=False)
        else:
            np.broadcast_to(self.input_mean, self._sizes)  # raises here, not in the middle of a training

    def check_input(self, shape: Any) -> None:
        if len(shape) != self._rank or tuple(shape[a] for a in self._kept) != self._sizes:
            raise ShapeError(
                f"Normalization {self.name!r} was built for {self._sizes} along axis {self.axis} of {self._rank}, got "
                f"an input of shape {tuple(shape)}."
            )

    @property
    def mean(self) -> Any:
        """The mean as it is subtracted, e.g. of shape (1, features); None before it is known."""
        return self._spread(self.input_mean, self._weight_of_mean)

    @property
    def variance(self) -> Any:
        """The variance, in the same shape."""
        return self._spread(self.input_variance, self._weight_of_variance)

    def _spread(self, given: Any, weight: Any) -> Any:
        shape = tuple(self._sizes[self._kept.index(i)] if i in self._kept else 1 for i in range(self._rank))
        if given is not None:
            return np.broadcast_to(np.asarray(given, self.dtype), self._sizes).reshape(shape) if self.built else None
        return None if weight is None else reshape(weight.read(), shape)

    def call(self, inputs: Any) -> Any:
        x, deviation = cast(inputs, self.dtype.name), maximum(sqrt(self.variance), EPSILON)
        return x * deviation + self.mean if self.invert else (x - self.mean) / deviation

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Find mean and variance in `data`: an array (batch, ...), or a dataset or iterable of batches (x or (x, y)).

        What was found before is replaced. `batch_size` changes nothing, `steps` ends an iterable after so many
        batches. No numbers, NaN, or another width than the layer was built for raise `DataError` or `ShapeError`.
        """
        if self.input_mean is not None:
            raise ConfigError(
                f"Normalization {self.name!r} was given its mean and variance: there is nothing to adapt."
            )
        count, mean, variance = 0, np.zeros(0), np.zeros(0)
        for i, batch in enumerate(_batches(data)):
            if steps is not None and i >= steps:
                break
            n, mean_of_batch, variance_of_batch = self._statistics(batch)
            if n == 0:
                continue
            if count == 0:
                mean, variance = np.zeros_like(mean_of_batch), np.zeros_like(mean_of_batch)
            share = n / (count + n)
            moved = mean + (mean_of_batch - mean) * share
            variance = (variance + (mean - moved) ** 2) * (1 - share)
            variance = variance + (variance_of_batch + (mean_of_batch - moved) ** 2) * share
            count, mean = count + n, moved
        if count == 0:
            raise DataError(f"Normalization {self.name!r} was adapted to no data. Give at least one row.")
        self._weight_of_mean.assign(mean.astype(self.dtype))
        self._weight_of_variance.assign(variance.astype(self.dtype))

    def _statistics(self, batch: Any) -> tuple[int, Array, Array]:
        """Return how many numbers there are for each mean of one batch, their means and their variances."""
        x = np.asarray(batch)
        if x.dtype.kind not in "buif":
            raise DataError(f"Normalization {self.name!r} was adapted to dtype {x.dtype}. Expected numbers.")
        if not self.built:
            self.build_from_shape((None, *x.shape[1:]))
        self.check_input(x.shape)
        if not np.isfinite(x).all():
            raise DataError(f"Normalization {self.name!r} was adapted to NaN or infinity. Fill or drop these rows.")
        rest = tuple(i for i in range(x.ndim) if i not in self._kept)
        n = math.prod(x.shape[i] for i in rest)
        empty = np.zeros(self._sizes)
        return (n, x.mean(rest, dtype="f8"), x.var(rest, dtype="f8")) if n else (0, empty, empty)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments; statistics found by `adapt` are weights."""
        return super().get_config() | {"mean": plain(self.input_mean), "variance": plain(self.input_variance)}


def _numbers(name: str, value: Any) -> Any:
    if value is None:
        return None
    if np.asarray(value).dtype.kind not in "buif":
        raise ConfigError(f"Normalization needs numbers as {name}, got {name}={value!r}.")
    return np.asarray(value, "float64")


def _batches(data: Any) -> Iterator[Any]:
    """Yield the batches of what `adapt` was given; an array is one."""
    is_list = isinstance(data, (list, tuple)) and bool(data) and not hasattr(_x_of(data[0]), "shape")
    if is_list or hasattr(data, "shape"):
        yield _numbers_of(data)
        return
    if not isinstance(data, Iterable):
        raise DataError(f"adapt was given a {type(data).__name__}. Expected an array, or a dataset of batches.")
    batches = iter(data)
    first = next(batches, None)
    if first is None:
        return
    regroup: Any = getattr(data, "batch", None)
    if len(np.shape(_rows(first))) == 1 and regroup is not None:  # one sample after another
        yield from (_rows(one) for one in regroup(SAMPLES_A_BATCH))
    else:
        yield from (_rows(one) for one in chain([first], batches))


def _rows(batch: Any) -> Any:
    return _numbers_of(_x_of(batch))


def _x_of(batch: Any) -> Any:
    """Return x of x or (x, y)."""
    return batch[0] if isinstance(batch, (tuple, list)) else batch


def _numbers_of(x: Any) -> Any:
    return x.numpy() if hasattr(x, "numpy") else np.asarray(x)
