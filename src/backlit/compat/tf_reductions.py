"""TensorFlow's reductions, `reduce_mean` and its kin: our ops under their names and argument names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import ops
from .handles import as_tensor, like

__all__ = [
    "reduce_all", "reduce_any", "reduce_logsumexp", "reduce_max", "reduce_mean", "reduce_min", "reduce_prod",
    "reduce_std", "reduce_sum", "reduce_variance",
]  # fmt: skip


def _reduction(op: Callable[..., Any], name: str) -> Callable[..., Any]:
    def reduce(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
        along = axis if axis is None or isinstance(axis, int) else tuple(int(a) for a in axis)
        x = as_tensor(input_tensor)
        found = op(x, axis=along, keepdims=keepdims)
        return found if found.dtype.kind == "b" else like(x, found)  # a mean of integers is cut off, as there

    reduce.__name__ = reduce.__qualname__ = name
    reduce.__doc__ = f"Return the `{op.__name__}` over an axis, several axes, or (by default) all of them."
    return reduce


reduce_sum, reduce_mean = _reduction(ops.sum, "reduce_sum"), _reduction(ops.mean, "reduce_mean")
reduce_max, reduce_min = _reduction(ops.max, "reduce_max"), _reduction(ops.min, "reduce_min")
reduce_prod, reduce_all = _reduction(ops.prod, "reduce_prod"), _reduction(ops.all, "reduce_all")
reduce_any, reduce_std = _reduction(ops.any, "reduce_any"), _reduction(ops.std, "reduce_std")
reduce_variance = _reduction(ops.variance, "reduce_variance")


def reduce_logsumexp(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """Return log(sum(exp(x))) over an axis, or over all of them."""
    x = as_tensor(input_tensor)
    if axis is None:
        found = ops.logsumexp(ops.reshape(x, (-1,)), axis=-1)
        return ops.reshape(found, (1,) * len(x.shape)) if keepdims else found
    return ops.logsumexp(x, axis=axis, keepdims=keepdims)
