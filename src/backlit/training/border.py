"""The border: whatever a user hands to `fit`, `evaluate` or `predict` becomes checked arrays here, once per call.

Nothing is silently clipped, truncated or broadcast; what cannot be used is named with the argument and the first bad
row.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import Array, floatx
from ..errors import DataError, LabelError, ShapeError
from ..layers import nest

ROWS_AT_ONCE = 16384


def as_columns(name: str, data: Any, names: list[str] | None = None) -> Any:
    """Return arrays in the structure of `data` (one, a list, a dict by name); dtypes are kept where they can be used.

    Raises `DataError` for what is not numeric, `LabelError` for text in `y`.
    """
    if data is None:
        return None
    if isinstance(data, dict):
        if names and set(data) - set(names):
            raise DataError(f"{name} has the keys {sorted(data)}, the model has {names}. Use the model's names.")
        return {key: as_array(f"{name}[{key!r}]", value) for key, value in data.items()}
    if isinstance(data, (list, tuple)) and names is not None and len(names) > 1:
        if len(data) != len(names):
            raise DataError(f"{name} has {len(data)} arrays, the model has {len(names)} ({', '.join(names)}).")
        return [as_array(f"{name}[{i}]", value) for i, value in enumerate(data)]
    if isinstance(data, (list, tuple)) and len(data) == 1 and np.ndim(data[0]) > 1:
        return as_array(name, data[0])
    return as_array(name, data)


def as_array(name: str, data: Any) -> Array:
    """Return one array of numbers with at least one row and one axis."""
    array = _numpy(name, data)
    kind = array.dtype.kind
    if kind in "OUSV":
        raise _not_numeric(name, array)
    if kind not in "buif" or array.dtype.itemsize > 8:
        raise DataError(f"{name} has dtype {array.dtype}. Expected real numbers: floats, integers or booleans; convert it.")
    if array.ndim == 0:
        raise DataError(f"{name} is a single number, {array!r}. Expected an array with the samples along the first axis.")
    if array.shape[0] == 0:
        raise DataError(f"{name} is empty (shape {array.shape}). Expected at least one sample.")
    return array


def _numpy(name: str, data: Any) -> Array:
    if isinstance(data, np.ndarray):
        return data.view(np.ndarray) if not isinstance(data, np.ma.MaskedArray) else _unmasked(name, data)
    if hasattr(data, "toarray") and hasattr(data, "nnz"):
        return data.toarray()
    if hasattr(data, "to_numpy"):
        return np.asarray(data.to_numpy())
    try:
        return np.asarray(data)
    except (ValueError, TypeError) as error:
        raise DataError(f"{name} cannot be made into an array: {error}. Expected rows of equal length.") from None


def _unmasked(name: str, data: Any) -> Array:
    if np.ma.getmaskarray(data).any():
        row = int(np.argwhere(np.ma.getmaskarray(data))[0][0])
        raise DataError(f"{name} has masked values, the first in row {row}. Fill them first: {name}.filled(...).")
    return np.asarray(data.data)


def _not_numeric(name: str, array: Array) -> DataError | LabelError:
    first = array.reshape(-1)[0] if array.size else None
    if array.dtype.kind == "O":
        try:
            array.astype(np.float64)
            what = f"{name} is an object array (first value {first!r}). Expected numbers: use {name}.astype('float32')."
        except (TypeError, ValueError):
            what = f"{name} is an object array (first value {first!r}, {type(first).__name__}). Expected numbers."
    else:
        what = f"{name} holds text (first value {str(first)!r}). Expected numbers."
    if name.startswith("y"):
        hint = " Number the classes first: classes, y = numpy.unique(y, return_inverse=True)."
        return LabelError(what + hint)
    return DataError(what)


def check_lengths(x: Any, y: Any, sample_weight: Any) -> int:
    """Return the number of samples; arrays of different lengths raise `DataError` naming them."""
    sizes: dict[str, int] = {}
    for name, value in (("x", x), ("y", y), ("sample_weight", sample_weight)):
        if value is not None:
            leaves = [leaf for leaf in nest.flatten(value) if leaf is not None]
            sizes.update({name if len(leaves) == 1 else f"{name}[{i}]": len(leaf) for i, leaf in enumerate(leaves)})
    if len(set(sizes.values())) > 1:
        listed = ", ".join(f"{name} has {n}" for name, n in sizes.items())
        raise DataError(f"The arrays have different numbers of samples: {listed}. Expected the same number in all.")
    return next(iter(sizes.values()))


def check_inputs(x: Any, shapes: list[Any] | None) -> None:
    """Raise `ShapeError` where an input does not fit the model, `DataError` where it holds NaN or infinity."""
    leaves = nest.flatten(x)
    for i, array in enumerate(leaves):
        name = "x" if len(leaves) == 1 else f"x[{i}]"
        if shapes is not None and i < len(shapes) and shapes[i] is not None:
            _check_shape(name, array.shape, tuple(shapes[i]))
        check_finite(name, array)


def _check_shape(name: str, have: tuple[int, ...], want: tuple[int | None, ...]) -> None:
    if len(have) == len(want) and all(m is None or n == m for n, m in zip(have[1:], want[1:], strict=True)):
        return
    size = int(np.prod([n or 1 for n in want[1:]]))
    hint = f"The rows are {have[1:]}, the model takes {want[1:]}."
    if have == tuple(want[1:]):
        hint = f"This looks like one sample: use {name}[None]."
    elif int(np.prod(have[1:])) == size:
        hint = f"Each sample has the right number of values: use {name}.reshape((len({name}),) + {tuple(want[1:])})."
    raise ShapeError(f"{name} has shape {have}. Expected {want}, samples along the first axis. {hint}")


def check_finite(name: str, array: Array, error: type[Exception] = DataError) -> None:
    """Raise naming the first row that holds NaN or infinity."""
    if array.dtype.kind != "f":
        return
    for start in range(0, len(array), ROWS_AT_ONCE):
        block = array[start : start + ROWS_AT_ONCE]
        good = np.isfinite(block)
        if not good.all():
            place = np.argwhere(~good)[0]
            row, value = start + int(place[0]), block[tuple(place)]
            raise error(
                f"{name} holds {value} in row {row} (at index {(row, *map(int, place[1:]))}). Expected finite numbers; "
                "remove or replace such rows first."
            )


def check_weights(sample_weight: Any, rows: int) -> None:
    """Raise unless weights are finite, not negative, and one per sample."""
    for weight in nest.flatten(sample_weight):
        if weight is None:
            continue
        if weight.ndim != 1 and weight.shape[1:] != (1,) * (weight.ndim - 1):
            raise ShapeError(f"sample_weight has shape {weight.shape}. Expected one weight per sample, shape ({rows},).")
        check_finite("sample_weight", weight)
        if (weight < 0).any():
            row = int(np.argmax(weight.reshape(-1) < 0))
            raise DataError(f"sample_weight is {weight.reshape(-1)[row]} in row {row}. Expected weights >= 0.")


def class_weights(y: Any, class_weight: dict[Any, Any]) -> Array:
    """Return one weight per sample from a weight per class (1 for classes not named). `y`: labels or one-hot rows."""
    if not isinstance(class_weight, dict):
        raise DataError(f"class_weight must be a dict from class to weight, got {type(class_weight).__name__}.")
    if not isinstance(y, np.ndarray):
        raise DataError("class_weight needs a model with a single output and targets y.")
    labels = y.argmax(-1) if y.ndim > 1 and y.shape[-1] > 1 else y.reshape(len(y))
    labels = labels.astype(np.int64)
    bad = [k for k, v in class_weight.items() if not np.isfinite(v) or v < 0 or int(k) != k or k < 0]
    if bad:
        raise DataError(f"class_weight has {bad[0]!r}: {class_weight[bad[0]]!r}. Expected class numbers >= 0, weights >= 0.")
    table = np.ones(max([int(labels.max(initial=0)), *map(int, class_weight)]) + 1, floatx())
    for label, weight in class_weight.items():
        table[int(label)] = weight
    return table[labels]


def as_float(array: Array) -> Array:
    """Return a batch in the default floating dtype; this is where uint8 pixels and float64 tables are converted."""
    return array if array.dtype == floatx() else array.astype(floatx())


def as_target(array: Array) -> Array:
    """Return a batch of targets: integers stay integers, floats take the default floating dtype."""
    if array.dtype.kind in "ui":
        return array.astype(np.int64) if array.dtype.kind == "u" else array
    return as_float(array)
