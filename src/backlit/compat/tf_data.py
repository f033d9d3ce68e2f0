"""`tensorflow.data`: a Dataset is a chain of steps that say how elements are made; it runs when it is iterated.

Elements that lie in arrays are handled by number as long as possible: shuffling orders numbers, and a batch is gathered
in one go. From the first `map` over single elements on, each is made by itself.
"""

from __future__ import annotations

import builtins
import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from .. import seeds
from ..errors import ConfigError, DataError
from ..layers import nest
from ..tensor import Tensor, Variable
from .tf import TensorSpec
from .tf_elements import buffered, gathered, mapped, stacked

__all__ = ["AUTOTUNE", "INFINITE_CARDINALITY", "UNKNOWN_CARDINALITY", "Dataset", "Options"]
AUTOTUNE, INFINITE_CARDINALITY, UNKNOWN_CARDINALITY = -1, -1, -2


class Dataset:
    """Elements, one after the other; each is an array or a tuple, list or dict of arrays.

    `items()` yields them. Where they are rows of arrays, `rows` holds the arrays, and `numbers()` yields which rows.
    """

    AUTOTUNE = AUTOTUNE
    _told: Any = None  # the specs of elements, where the program said them

    def __init__(
        self, items: Callable[[], Iterator[Any]], size: int | None, rows: Any = None,
        numbers: Callable[[], Iterator[int]] | None = None,
    ) -> None:  # fmt: skip
        self._items, self._size = items, size
        self._sample: Callable[[int], Any] = lambda _: next(items(), None)  # an element; of so many rows if batched
        self._rows, self._numbers = rows, numbers

    # Where elements come from

    @staticmethod
    def from_tensor_slices(tensors: Any, name: str | None = None) -> Dataset:
        """Return the rows of an array, or of several of one length in a tuple or a dict."""
        rows = mapped(_array, tensors)
        lengths = {len(a) if a.ndim else 0 for a in nest.flatten(rows)}
        if len(lengths) != 1 or not all(a.ndim for a in nest.flatten(rows)):
            raise DataError(f"from_tensor_slices was given arrays of {sorted(lengths)} rows. Expected one length.")
        size = lengths.pop()
        return _by_number(rows, lambda: iter(builtins.range(size)), size)

    @staticmethod
    def from_tensors(tensors: Any, name: str | None = None) -> Dataset:
        """Return one element."""
        element = mapped(_array, tensors)
        return Dataset(lambda: iter([element]), 1)

    @staticmethod
    def from_generator(
        generator: Callable[..., Iterable[Any]], output_types: Any = None, output_shapes: Any = None, args: Any = (),
        output_signature: Any = None, name: str | None = None,
    ) -> Dataset:  # fmt: skip
        """Return what a function that returns an iterable gives, called anew for each pass."""
        found = Dataset(lambda: (mapped(_array, one) for one in generator(*args)), None)
        found._told = output_signature
        return found

    @staticmethod
    def range(*arguments: int, output_type: Any = "int64", name: str | None = None) -> Dataset:
        """Return numbers, with the arguments of Python's range."""
        return Dataset.from_tensor_slices(np.arange(*arguments, dtype=output_type))

    @staticmethod
    def zip(*datasets: Any, name: str | None = None) -> Dataset:
        """Return the elements of several datasets side by side, until the shortest ends."""
        parts = datasets[0] if len(datasets) == 1 and isinstance(datasets[0], (tuple, list, dict)) else datasets
        sets = nest.flatten(parts)
        sizes = [one._size for one in sets]

        def items() -> Iterator[Any]:
            for together in builtins.zip(*(one._items() for one in sets)):
                yield nest.pack_like(parts, together)

        found = Dataset(items, None if None in sizes else builtins.min(s for s in sizes if s is not None))
        return found._looking_like(lambda rows: nest.pack_like(parts, [one._sample(rows) for one in sets]))

    # What is done to them

    def shuffle(
        self, buffer_size: int, seed: int | None = None, reshuffle_each_iteration: bool | None = None, name: Any = None
    ) -> Dataset:
        """Return the elements in random order: each is drawn from a buffer that is filled up again."""
        key = seeds.fresh_seed() if seed is None else int(seed)
        passes = itertools.count()
        size = builtins.max(1, int(buffer_size)) if int(buffer_size) >= 0 else 1 << 60

        def order() -> Any:
            again = 0 if reshuffle_each_iteration is False else next(passes)
            return np.random.default_rng([key & 0xFFFFFFFF, key >> 32, again])

        numbers = self._numbers
        if numbers is not None:
            return _by_number(self._rows, lambda: buffered(numbers(), size, order()), self._size)
        return Dataset(lambda: buffered(self._items(), size, order()), self._size)._looking_like(self._sample)

    def batch(
        self, batch_size: int, drop_remainder: bool = False, num_parallel_calls: Any = None, deterministic: Any = None,
        name: Any = None,
    ) -> Dataset:  # fmt: skip
        """Return groups of elements, stacked along a new first axis; the last group may be smaller."""
        size = _positive("batch_size", batch_size)
        numbers, rows = self._numbers, self._rows

        def items() -> Iterator[Any]:
            source = self._items() if numbers is None else numbers()
            while group := list(itertools.islice(source, size)):
                if len(group) == size or not drop_remainder:
                    yield stacked(group) if numbers is None else gathered(rows, group)

        count = self._size
        found = Dataset(items, None if count is None else count // size if drop_remainder else -(-count // size))
        return found._looking_like(lambda rows: stacked([self._sample(rows)] * (size if drop_remainder else rows)))

    def window(
        self, size: int, shift: int | None = None, stride: int = 1, drop_remainder: bool = False, name: Any = None
    ) -> Dataset:
        """Return windows of `size` elements, `stride` apart, that begin `shift` apart: each a dataset (or a tuple).

        Windows behind the end are shorter, or with `drop_remainder` left out.
        """
        size, stride = _positive("size", size), _positive("stride", stride)
        shift = size if shift is None else _positive("shift", shift)
        reach = (size - 1) * stride + 1

        def items() -> Iterator[Any]:
            held: list[Any] = []
            source, begin = self._items(), 0
            while True:
                held += itertools.islice(source, builtins.max(0, begin + reach - len(held)))
                if begin >= len(held) or (drop_remainder and len(held) < begin + reach):
                    return
                yield _windowed(held[begin : begin + reach : stride])
                kept = builtins.min(begin + shift, len(held))
                del held[:kept]
                begin = begin + shift - kept

        n = self._size
        count = (
            None if n is None else builtins.max(0, -(-(n - reach + 1) // shift) if drop_remainder else -(-n // shift))
        )
        return Dataset(items, count)

    def unbatch(self, name: Any = None) -> Dataset:
        """Return the rows of the elements, one by one."""

        def items() -> Iterator[Any]:
            for group in self._items():
                for i in builtins.range(len(nest.flatten(group)[0])):
                    yield mapped(lambda a, i=i: a[i], group)

        return Dataset(items, None)

    def map(
        self, map_func: Callable[..., Any], num_parallel_calls: Any = None, deterministic: Any = None, name: Any = None
    ) -> Dataset:
        """Return what a function makes of each element; the parts of a tuple are given one by one."""

        def items() -> Iterator[Any]:
            for element in self._items():
                yield mapped(_array, _called(map_func, element))

        found = Dataset(items, self._size)
        return found._looking_like(lambda rows: mapped(_array, _called(map_func, self._sample(rows))))

    def flat_map(self, map_func: Callable[..., Any], name: Any = None) -> Dataset:
        """Return the elements of the datasets a function makes of each element, one dataset after the other."""
        return Dataset(
            lambda: itertools.chain.from_iterable(_called(map_func, one)._items() for one in self._items()), None
        )

    def filter(self, predicate: Callable[..., Any], name: Any = None) -> Dataset:
        """Return the elements for which a function says yes."""
        found = Dataset(lambda: (one for one in self._items() if bool(_array(_called(predicate, one)))), None)
        return found._looking_like(self._sample)

    def repeat(self, count: int | None = None, name: Any = None) -> Dataset:
        """Return the elements again and again, so many times or without end."""
        endless = count is None or count < 0
        size = None if endless or self._size is None else self._size * int(count or 0)

        def again(source: Callable[[], Iterator[Any]]) -> Iterator[Any]:
            for _ in itertools.count() if endless else builtins.range(int(count or 0)):
                some = False
                for one in source():
                    some = True
                    yield one
                if not some:
                    return

        return self._with(again, size)

    def take(self, count: int, name: Any = None) -> Dataset:
        """Return the first `count` elements; -1 means all."""
        if count < 0:
            return self
        size = count if self._size is None else builtins.min(count, self._size)
        return self._with(lambda source: itertools.islice(source(), count), size)

    def skip(self, count: int, name: Any = None) -> Dataset:
        """Return the elements behind the first `count`."""
        size = None if self._size is None else builtins.max(0, self._size - count)
        return self._with(lambda source: itertools.islice(source(), count, None), size)

    def shard(self, num_shards: int, index: int, name: Any = None) -> Dataset:
        """Return every `num_shards`-th element from `index` on."""
        size = None if self._size is None else len(builtins.range(index, self._size, num_shards))
        return self._with(lambda source: itertools.islice(source(), index, None, num_shards), size)

    def concatenate(self, dataset: Dataset, name: Any = None) -> Dataset:
        """Return the elements of both, one behind the other."""
        sizes = (self._size, dataset._size)
        size = None if sizes[0] is None or sizes[1] is None else sizes[0] + sizes[1]
        return Dataset(lambda: itertools.chain(self._items(), dataset._items()), size)

    def enumerate(self, start: int = 0, name: Any = None) -> Dataset:
        """Return pairs of a number and an element."""
        return Dataset(
            lambda: ((np.int64(i), one) for i, one in builtins.enumerate(self._items(), int(start))), self._size
        )

    def cache(self, filename: str = "", name: Any = None) -> Dataset:
        """Return the elements of the first whole pass again in later ones, kept in memory."""
        if self._numbers is not None:
            return self
        kept: list[Any] = []

        def items() -> Iterator[Any]:
            if kept:
                yield from kept
                return
            fresh = []
            for one in self._items():
                fresh.append(one)
                yield one
            kept.extend(fresh)

        return Dataset(items, self._size)._looking_like(self._sample)

    def prefetch(self, buffer_size: Any = AUTOTUNE, name: Any = None) -> Dataset:
        """Return the dataset as it is: elements are made when they are needed."""
        return self

    def with_options(self, options: Any, name: Any = None) -> Dataset:
        """Return the dataset as it is: what `Options` say concerns how TensorFlow runs, not which elements come."""
        return self

    def options(self) -> Options:
        """Return options, which change nothing here."""
        return Options()

    # What is asked of them

    @property
    def element_spec(self) -> Any:
        """A `TensorSpec` for each part of an element; None is a size that the last batch may not have.

        Elements are made to see: from a first element, functions given to `map` run once or twice.
        """
        if self._told is not None:
            return self._told
        one, two = self._sample(1), self._sample(2)
        if one is None:
            raise DataError("This dataset has no elements, so nothing is known of their shapes.")
        return _specs(one, two)

    def cardinality(self, name: Any = None) -> Tensor:
        """Return how many elements there are; -2 if that is not known."""
        return Tensor(np.int64(UNKNOWN_CARDINALITY if self._size is None else self._size))

    def as_numpy_iterator(self) -> Iterator[Any]:
        """Return the elements as arrays."""
        return self._items()

    def reduce(self, initial_state: Any, reduce_func: Callable[..., Any], name: Any = None) -> Any:
        """Return the state after a function has been called with it and each element."""
        state = initial_state
        for one in self:
            state = reduce_func(state, one)
        return state

    def __iter__(self) -> Iterator[Any]:
        return (mapped(_tensor, one) for one in self._items())

    def __len__(self) -> int:
        if self._size is None:
            raise TypeError("The number of elements of this dataset is not known.")
        return self._size

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return f"<Dataset of {'?' if self._size is None else self._size} elements>"

    def _with(self, change: Callable[[Callable[[], Iterator[Any]]], Iterator[Any]], size: int | None) -> Dataset:
        """Return the dataset after a change that keeps elements as they are: by number where they have numbers."""
        numbers = self._numbers
        if numbers is not None:
            return _by_number(self._rows, lambda: change(numbers), size)
        return Dataset(lambda: change(self._items), size)._looking_like(self._sample)

    def _looking_like(self, sample: Callable[[int], Any]) -> Dataset:
        """Keep how an element is made without running the passes, so that looking does not change their order."""
        self._sample = sample
        return self


class Options:
    """What TensorFlow may do to run a dataset (`threading`, `autotune`, `experimental_...`): kept, without effect."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        vars(self)[name] = Options()
        return vars(self)[name]


def _by_number(rows: Any, numbers: Callable[[], Iterator[int]], size: int | None) -> Dataset:
    found = Dataset(lambda: (mapped(lambda a, i=i: a[i], rows) for i in numbers()), size, rows, numbers)
    return found._looking_like(lambda _: mapped(lambda a: np.zeros(a.shape[1:], a.dtype), rows))


def _called(function: Callable[..., Any], element: Any) -> Any:
    tensors = mapped(_tensor, element)
    return function(*tensors) if isinstance(tensors, tuple) else function(tensors)


def _tensor(value: Any) -> Any:
    return value if isinstance(value, Dataset) else Tensor(value)


def _windowed(elements: list[Any]) -> Any:
    """Return the elements as a dataset, or as a tuple or dict of datasets, as TensorFlow does."""
    first = elements[0]
    if isinstance(first, dict):
        return {key: _windowed([one[key] for one in elements]) for key in first}
    if isinstance(first, tuple):
        return tuple(_windowed(list(column)) for column in builtins.zip(*elements, strict=True))
    return Dataset(lambda: iter(elements), len(elements))


def _specs(one: Any, two: Any) -> Any:
    """Return the specs of an element that was made twice: sizes in which the two differ are not known."""
    if isinstance(one, dict):
        return {key: _specs(value, two[key]) for key, value in one.items()}
    if isinstance(one, tuple):
        return tuple(_specs(a, b) for a, b in builtins.zip(one, two, strict=True))
    if isinstance(one, Dataset):
        return one.element_spec
    a, b = _array(one), _array(two)
    return TensorSpec([n if n == m else None for n, m in builtins.zip(a.shape, b.shape, strict=True)], a.dtype)


def _array(value: Any) -> Any:
    if isinstance(value, Dataset):
        return value
    if isinstance(value, (Tensor, Variable)):
        return value.numpy()
    return value if isinstance(value, np.ndarray) else Tensor(value).numpy()


def _positive(name: str, value: Any) -> int:
    if int(value) < 1:
        raise ConfigError(f"{name} is {value!r}. Expected a whole number of at least 1.")
    return int(value)
