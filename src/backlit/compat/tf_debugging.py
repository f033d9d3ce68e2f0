"""`tensorflow.debugging`: assertions about numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import NumericalError, ShapeError
from .handles import as_tensor

__all__ = [
    "assert_all_finite",
    "assert_equal",
    "assert_near",
    "assert_shapes",
    "check_numerics",
    "enable_check_numerics",
]


def check_numerics(tensor: Any, message: str, name: str | None = None) -> Any:
    """Return the tensor; NaN or infinity in it raises `NumericalError` with the message."""
    wrong = ~np.isfinite(np.asarray(tensor))
    if wrong.any():
        raise NumericalError(f"{message} : {int(wrong.sum())} numbers are NaN or infinite.")
    return as_tensor(tensor)


def assert_all_finite(x: Any, message: str, name: str | None = None) -> Any:
    """Return x; NaN or infinity in it raises `NumericalError` with the message."""
    return check_numerics(x, message)


def assert_equal(x: Any, y: Any, message: str | None = None, summarize: Any = None, name: Any = None) -> None:
    """Raise `AssertionError` unless all numbers are equal."""
    if not np.array_equal(np.broadcast_arrays(x, y)[0], np.broadcast_arrays(x, y)[1]):
        raise AssertionError(message or "the tensors are not equal")


def assert_near(
    x: Any, y: Any, rtol: Any = None, atol: Any = None, message: str | None = None, name: Any = None
) -> None:
    """Raise `AssertionError` unless all numbers are close."""
    close = 10 * np.finfo(np.float32).eps
    if not np.allclose(np.asarray(x), np.asarray(y), close if rtol is None else rtol, close if atol is None else atol):
        raise AssertionError(message or "the tensors are not near each other")


def assert_shapes(
    shapes: Any, data: Any = None, summarize: Any = None, message: str | None = None, name: Any = None
) -> None:
    """Raise `ShapeError` unless the tensors have these shapes; letters stand for sizes that must agree."""
    known: dict[Any, int] = {}
    for x, wanted in shapes.items() if hasattr(shapes, "items") else shapes:
        have = np.shape(x)
        fits = len(have) == len(wanted) and all(
            (known.setdefault(w, h) if isinstance(w, str) else h if w is None else w) == h for w, h in zip(wanted, have)
        )
        if not fits:
            raise ShapeError(message or f"A tensor has shape {have}. Expected {tuple(wanted)}.")


def enable_check_numerics(*_: Any, **__: Any) -> None:
    """Do nothing: `fit` warns when numbers stop being finite as it is."""
