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

__all__ = ["AUTOTUNE", "INFINITE_CARDINALITY", "UNKNOWN_CARDINALITY", "Dataset"]
AUTOTUNE, INFINITE_CARDINALITY, UNKNOWN_CARDINALITY = -1, -1, -2


class Dataset:
    """Elements, one after the other; each is an array or a tuple, list or dict of arrays.

    `items()` yields them. Where they are rows of arrays, `rows` holds the arrays, and `numbers()` yields which rows.
    """

    AUTOTUNE = AUTOTUNE

    def __init__(
        self, items: Callable[[], Iterator[Any]], size: int | None, rows: Any = None,
        numbers: Callable[[], Iterator[int]] | None = None,
    ) -> None:  # fmt: skip
        self._items, self._size = items, size
        self._rows, self._numbers = rows, numbers

    # Where elements come from

    @staticmethod
    def from_tensor_slices(tensors: Any, name: str | None = None) -> Dataset:
        """Return the rows of an array, or of several of one length in a tuple or a dict."""
        rows = _mapped(_array, tensors)
        lengths = {len(a) if a.ndim else 0 for a in nest.flatten(rows)}
        if len(lengths) != 1 or not all(a.ndim for a in nest.flatten(rows)):
            raise DataError(f"from_tensor_slices was given arrays of {sorted(lengths)} rows. Expected one length.")
        size = lengths.pop()
        return _by_number(rows, lambda: iter(builtins.range(size)), size)

    @staticmethod
    def from_tensors(tensors: Any, name: str | None = None) -> Dataset:
        """Return one element."""
        element = _mapped(_array, tensors)
        return Dataset(lambda: iter([element]), 1)

    @staticmethod
    def from_generator(
        generator: Callable[..., Iterable[Any]], output_types: Any = None, output_shapes: Any = None, args: Any = (),
        output_signature: Any = None, name: str | None = None,
    ) -> Dataset:  # fmt: skip
        """Return what a function that returns an iterable gives, called anew for each pass."""
        return Dataset(lambda: (_mapped(_array, one) for one in generator(*args)), None)

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

        return Dataset(items, None if None in sizes else builtins.min(s for s in sizes if s is not None))

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
            return _by_number(self._rows, lambda: _buffered(numbers(), size, order()), self._size)
        return Dataset(lambda: _buffered(self._items(), size, order()), self._size)

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
                    yield _stacked(group) if numbers is None else _gathered(rows, group)

        count = self._size
        return Dataset(items, None if count is None else count // size if drop_remainder else -(-count // size))

    def unbatch(self, name: Any = None) -> Dataset:
        """Return the rows of the elements, one by one."""

        def items() -> Iterator[Any]:
            for group in self._items():
                for i in builtins.range(len(nest.flatten(group)[0])):
                    yield _mapped(lambda a, i=i: a[i], group)

        return Dataset(items, None)

    def map(
        self, map_func: Callable[..., Any], num_parallel_calls: Any = None, deterministic: Any = None, name: Any = None
    ) -> Dataset:
        """Return what a function makes of each element; the parts of a tuple are given one by one."""

        def items() -> Iterator[Any]:
            for element in self._items():
                yield _mapped(_array, _called(map_func, element))

        return Dataset(items, self._size)

    def filter(self, predicate: Callable[..., Any], name: Any = None) -> Dataset:
        """Return the elements for which a function says yes."""
        return Dataset(lambda: (one for one in self._items() if bool(_array(_called(predicate, one)))), None)

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

        return Dataset(items, self._size)

    def prefetch(self, buffer_size: Any = AUTOTUNE, name: Any = None) -> Dataset:
        """Return the dataset as it is: elements are made when they are needed."""
        return self

    def with_options(self, options: Any, name: Any = None) -> Dataset:
        """Return the dataset as it is."""
        return self

    # What is asked of them

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
        return (_mapped(Tensor, one) for one in self._items())

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
        return Dataset(lambda: change(self._items), size)


def _by_number(rows: Any, numbers: Callable[[], Iterator[int]], size: int | None) -> Dataset:
    return Dataset(lambda: (_mapped(lambda a, i=i: a[i], rows) for i in numbers()), size, rows, numbers)


def _buffered(source: Iterator[Any], size: int, generator: Any) -> Iterator[Any]:
    """Yield the elements, each drawn from a buffer of `size`."""
    held = list(itertools.islice(source, size))
    for following in source:
        place = int(generator.integers(len(held)))
        chosen, held[place] = held[place], following
        yield chosen
    for place in generator.permutation(len(held)):
        yield held[place]


def _gathered(rows: Any, numbers: list[int]) -> Any:
    index = np.asarray(numbers)
    return _mapped(lambda a: a[index], rows)


def _stacked(elements: list[Any]) -> Any:
    first = elements[0]
    if isinstance(first, dict):
        return {key: _stacked([one[key] for one in elements]) for key in first}
    if isinstance(first, (tuple, list)):
        return tuple(_stacked(list(column)) for column in builtins.zip(*elements, strict=True))
    return np.stack(elements)


def _called(function: Callable[..., Any], element: Any) -> Any:
    tensors = _mapped(Tensor, element)
    return function(*tensors) if isinstance(tensors, tuple) else function(tensors)


def _mapped(change: Callable[[Any], Any], structure: Any) -> Any:
    """Change the leaves of tuples and dicts; a list is a leaf, as to TensorFlow it is a tensor."""
    if isinstance(structure, dict):
        return {key: _mapped(change, value) for key, value in structure.items()}
    if isinstance(structure, tuple):
        return tuple(_mapped(change, value) for value in structure)
    return change(structure)


def _array(value: Any) -> Any:
    if isinstance(value, (Tensor, Variable)):
        return value.numpy()
    return value if isinstance(value, np.ndarray) else Tensor(value).numpy()


def _positive(name: str, value: Any) -> int:
    if int(value) < 1:
        raise ConfigError(f"{name} is {value!r}. Expected a whole number of at least 1.")
    return int(value)
