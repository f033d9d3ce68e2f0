"""How the golden tests look at numbers: shapes first, then values with a stated tolerance, NaN equal to NaN.

`rtol` is relative to each value, `floor` to the largest value of the array: sums of float32 numbers that cancel
are as exact as their largest term, not as their result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def numbers(value: Any) -> Array:
    """Return the array inside a Tensor, a Variable or anything NumPy understands."""
    return np.asarray(value.numpy() if hasattr(value, "numpy") else value)


def close(actual: Any, expected: Any, rtol: float = 2e-5, floor: float = 2e-6, what: str = "") -> None:
    """Fail with both arrays and the worst place if they differ."""
    found, wanted = numbers(actual), np.asarray(expected)
    assert found.shape == wanted.shape, f"{what}: shape {found.shape}, Keras has {wanted.shape}"
    finite = np.abs(wanted[np.isfinite(wanted)].astype("float64"))
    atol = floor * (float(finite.max()) if finite.size else 0.0)
    np.testing.assert_allclose(found, wanted, rtol=rtol, atol=max(atol, 1e-30), equal_nan=True, err_msg=what)


def gradients(bl: Any, function: Callable[..., Any], arrays: Iterable[Array], weights: Iterable[Any] = ()) -> Any:
    """Return (output, gradients of arrays, gradients of weights) of sum(function(*arrays)), by GradientTape."""
    tensors, variables = [bl.Tensor(array) for array in arrays], list(weights)
    with bl.GradientTape() as tape:
        tape.watch(tensors)
        out, scalar = function(*tensors)
    found = tape.gradient(scalar, [*tensors, *variables])
    return out, [numbers(g) for g in found[: len(tensors)]], [numbers(g) for g in found[len(tensors) :]]


def differing_defaults(config: dict[str, Any], keras: dict[str, Any], ignored: Iterable[str] = ()) -> dict[str, Any]:
    """Return the entries of Keras' config that ours has otherwise (missing entries count), as {key: (ours, Keras')}."""
    wrong = {}
    for key, wanted in keras.items():
        if key in ignored:
            continue
        have = config.get(key, "missing")
        same = np.allclose(have, wanted, rtol=1e-6) if is_number(have) and is_number(wanted) else have == wanted
        if not same:
            wrong[key] = (have, wanted)
    return wrong


def is_number(value: Any) -> bool:
    """Say whether the value is a plain number, and no bool."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)
