"""`tf.einsum` and `tf.meshgrid`: sums of products named by letters, and coordinates of a grid."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..errors import ConfigError
from .handles import as_tensor

__all__ = ["einsum", "meshgrid"]


def einsum(equation: str, *inputs: Any, **options: Any) -> Any:
    """Return the sum of products that `equation` names, such as "bij,bjk->bik"."""
    return ops.einsum(equation, *(as_tensor(one) for one in inputs))


def meshgrid(*args: Any, indexing: str = "xy", name: str | None = None) -> list[Any]:
    """Return one array of the grid for each vector; with "xy" the first vector runs along axis 1, with "ij" along 0."""
    if indexing not in ("xy", "ij"):
        raise ConfigError(f"meshgrid was given indexing={indexing!r}. Expected 'xy' or 'ij'.")
    vectors = [ops.reshape(as_tensor(one), (-1,)) for one in args]
    places = list(range(len(vectors)))
    if indexing == "xy" and len(vectors) > 1:
        places[:2] = [1, 0]
    sizes = {place: int(vector.shape[0]) for place, vector in zip(places, vectors, strict=True)}
    shape = tuple(sizes[axis] for axis in range(len(vectors)))
    return [
        ops.broadcast_to(ops.reshape(vector, tuple(-1 if axis == place else 1 for axis in range(len(shape)))), shape)
        for place, vector in zip(places, vectors, strict=True)
    ]
