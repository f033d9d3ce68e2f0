"""Elements of a `tensorflow.data` dataset: tuples and dicts of arrays, changed leaf by leaf, and stacked.

The datasets themselves are in `tf_data`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np


def buffered(source: Iterator[Any], size: int, generator: Any) -> Iterator[Any]:
    """Yield the elements, each drawn from a buffer of `size`."""
    held = list(itertools.islice(source, size))
    for following in source:
        place = int(generator.integers(len(held)))
        chosen, held[place] = held[place], following
        yield chosen
    for place in generator.permutation(len(held)):
        yield held[place]


def gathered(rows: Any, numbers: list[int]) -> Any:
    """Return some rows of each array."""
    index = np.asarray(numbers)
    return mapped(lambda a: a[index], rows)


def stacked(elements: list[Any]) -> Any:
    """Return elements along a new first axis of each leaf."""
    first = elements[0]
    if isinstance(first, dict):
        return {key: stacked([one[key] for one in elements]) for key in first}
    if isinstance(first, (tuple, list)):
        return tuple(stacked(list(column)) for column in zip(*elements, strict=True))
    return np.stack(elements)


def mapped(change: Callable[[Any], Any], structure: Any) -> Any:
    """Change the leaves of tuples and dicts; a list is a leaf, as to TensorFlow it is a tensor."""
    if isinstance(structure, dict):
        return {key: mapped(change, value) for key, value in structure.items()}
    if isinstance(structure, tuple):
        return tuple(mapped(change, value) for value in structure)
    return change(structure)
