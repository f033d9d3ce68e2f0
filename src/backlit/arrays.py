"""Shapes and dtypes: the few facts about arrays that every other module agrees on.

`float32` is the working precision, `float64` the one for checking. The choice is process-wide (`set_floatx`),
as in Keras; `using_floatx` makes another one for a block, in its thread only.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias, TypeGuard

import numpy as np
import numpy.typing as npt

from .errors import ConfigError, ShapeError

Array: TypeAlias = npt.NDArray[Any]
DType: TypeAlias = np.dtype[Any]
Shape: TypeAlias = tuple[int, ...]

FLOATS = ("float16", "float32", "float64")
DTYPES = (*FLOATS, "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool")

_NAMED: dict[str, DType] = {name: np.dtype(name) for name in DTYPES}
_floatx = "float32"
_epsilon = 1e-7


class _Here(threading.local):
    """The default float of the block this thread is in, if it has one of its own."""

    floatx: str | None = None


_here = _Here()


def floatx() -> str:
    """Return the default floating dtype: `"float32"` unless `set_floatx` or `using_floatx` changed it."""
    return _here.floatx or _floatx


def set_floatx(dtype: str) -> None:
    """Set the default floating dtype, `"float32"` or `"float64"`; anything else raises `ConfigError`."""
    global _floatx
    _floatx = _checked_floatx(dtype)


@contextmanager
def using_floatx(dtype: str) -> Generator[None]:
    """Let `dtype` be the default float inside the block, in this thread only; `set_floatx` does not reach into it."""
    before, _here.floatx = _here.floatx, _checked_floatx(dtype)
    try:
        yield
    finally:
        _here.floatx = before


def _checked_floatx(dtype: str) -> str:
    if dtype not in ("float32", "float64"):
        raise ConfigError(f'floatx must be "float32" or "float64", got {dtype!r}.')
    return dtype


def epsilon() -> float:
    """Return the fuzz factor of clipped probabilities, 1e-7 as in Keras."""
    return _epsilon


def set_epsilon(value: float) -> None:
    """Set the fuzz factor; it must lie between 0 and 0.5, else `ConfigError`."""
    global _epsilon
    if not isinstance(value, (int, float)) or not 0 < value < 0.5:
        raise ConfigError(f"epsilon must lie between 0 and 0.5, got {value!r}.")
    _epsilon = float(value)


def as_dtype(dtype: Any) -> DType:
    """Return a NumPy dtype for a name, a NumPy dtype or None (the default float); unknown names raise `ConfigError`."""
    if dtype is None:
        return _NAMED[floatx()]
    if type(dtype) is str and dtype in _NAMED:
        return _NAMED[dtype]
    name = getattr(dtype, "name", dtype)
    try:
        found = np.dtype(name)
    except TypeError:
        found = None
    if found is None or found.name not in DTYPES:
        raise ConfigError(f"Unknown dtype {dtype!r}. Expected one of {', '.join(DTYPES)}.")
    return found


def is_float(dtype: DType) -> bool:
    """Say whether `dtype` is a floating dtype."""
    return dtype.kind == "f"


def is_array(value: Any) -> TypeGuard[Array]:
    """Say whether `value` is an array or a number of NumPy's, both of which know their dtype."""
    return isinstance(value, (np.ndarray, np.generic))


def is_integer(value: Any) -> TypeGuard[int]:
    """Say whether `value` is an integer, Python's or NumPy's; truth values are none."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def is_number(value: Any) -> TypeGuard[float]:
    """Say whether `value` is a real number, Python's or NumPy's; truth values are none."""
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


def is_truth(value: Any) -> TypeGuard[bool]:
    """Say whether `value` is True or False, Python's or NumPy's."""
    return isinstance(value, (bool, np.bool_))


def is_list(value: Any) -> TypeGuard[list[Any] | tuple[Any, ...]]:
    """Say whether `value` is a list or a tuple."""
    return isinstance(value, (list, tuple))


def is_dict(value: Any) -> TypeGuard[dict[Any, Any]]:
    """Say whether `value` is a dict."""
    return isinstance(value, dict)


def positive_axis(axis: int, rank: int) -> int:
    """Return `axis` counted from the front; an axis outside the rank raises `ShapeError`."""
    if not -rank <= axis < rank:
        raise ShapeError(f"axis {axis} is outside an array of rank {rank}. Expected {-rank} <= axis < {rank}.")
    return axis % rank


def positive_axes(axis: int | Sequence[int] | None, rank: int) -> tuple[int, ...]:
    """Return the axes a reduction runs over, counted from the front and sorted; None means all of them."""
    if axis is None:
        return tuple(range(rank))
    if type(axis) is int and -rank <= axis < rank:
        return (axis % rank,)
    axes = (axis,) if isinstance(axis, (int, np.integer)) else tuple(axis)
    return tuple(sorted({positive_axis(int(a), rank) for a in axes}))


def shape_of(x: Any) -> Shape:
    """Return the shape of an array, a handle, a number or nested lists of numbers."""
    return x.shape if type(x) is np.ndarray else tuple(np.shape(x))


def broadcast_shape(*shapes: Shape) -> Shape:
    """Return the shape NumPy broadcasting gives; shapes that do not fit raise `ShapeError`."""
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        named = " and ".join(str(shape) for shape in shapes)
        raise ShapeError(f"Shapes {named} do not fit together: each axis must be equal, or 1 in one of them.") from None
