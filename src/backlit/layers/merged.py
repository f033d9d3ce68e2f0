"""The merging layers as functions: `concatenate([a, b])` for `Concatenate()([a, b])`, as functional models write them.

Options are the layer's own, such as `axis` and `name`.
"""

from __future__ import annotations

from typing import Any

from . import merging


def add(inputs: Any, **kwargs: Any) -> Any:
    """Return the sum of a list of tensors."""
    return merging.Add(**kwargs)(inputs)


def subtract(inputs: Any, **kwargs: Any) -> Any:
    """Return the first of two tensors less the second."""
    return merging.Subtract(**kwargs)(inputs)


def multiply(inputs: Any, **kwargs: Any) -> Any:
    """Return the product of a list of tensors, number by number."""
    return merging.Multiply(**kwargs)(inputs)


def average(inputs: Any, **kwargs: Any) -> Any:
    """Return the mean of a list of tensors, number by number."""
    return merging.Average(**kwargs)(inputs)


def maximum(inputs: Any, **kwargs: Any) -> Any:
    """Return the greatest of a list of tensors, number by number."""
    return merging.Maximum(**kwargs)(inputs)


def minimum(inputs: Any, **kwargs: Any) -> Any:
    """Return the smallest of a list of tensors, number by number."""
    return merging.Minimum(**kwargs)(inputs)


def concatenate(inputs: Any, axis: int = -1, **kwargs: Any) -> Any:
    """Return a list of tensors one after the other along `axis`."""
    return merging.Concatenate(axis=axis, **kwargs)(inputs)
