"""Handles: TensorFlow's functions give tensors even for plain numbers and lists, ours give arrays for arrays.

`lifted` makes the one of the other; tensors, Variables and the symbols of a functional model pass as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from ..tensor import Tensor


def as_tensor(x: Any) -> Any:
    """Return `x` as something that ops follow."""
    if hasattr(x, "apply_op"):
        return x
    if isinstance(x, (list, tuple)) and any(hasattr(one, "apply_op") for one in x):
        from ..ops import stack

        return stack([as_tensor(one) for one in x], axis=0)
    return Tensor(x)


def lifted(op: Callable[..., Any]) -> Callable[..., Any]:
    """Return `op` as a function whose first argument may be a plain number, list or array, and which takes `name`."""

    @wraps(op)
    def call(*values: Any, name: str | None = None, **options: Any) -> Any:
        if values:
            return op(as_tensor(values[0]), *map(_plain, values[1:]), **options)
        first = next(iter(options))
        return op(**{key: as_tensor(value) if key == first else value for key, value in options.items()})

    return call


def like(x: Any, result: Any) -> Any:
    """Return `result` in the integer dtype of `x`: TensorFlow keeps int32, where NumPy's sums become int64."""
    if x.dtype.kind not in "iu" or result.dtype == x.dtype:
        return result
    from ..ops import cast

    return cast(result, dtype=x.dtype.name)


def _plain(value: Any) -> Any:
    return as_tensor(value) if isinstance(value, list) else value
