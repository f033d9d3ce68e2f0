"""The border: whatever a user hands to `fit`, `evaluate` or `predict` becomes checked arrays here, once per call.

Nothing is silently clipped, truncated or broadcast; what cannot be used is named with the argument and the first bad
row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from ..arrays import Array, DType, floatx, is_array, is_dict, is_list, is_number, is_truth
from ..errors import ConfigError, DataError, LabelError, ShapeError
from ..execute import threads
from .maps import big, blocks

ROWS_AT_ONCE = 512  # a block is looked at while it is in the cache
SHARED_BYTES = 1 << 23


def as_columns(name: str, data: Any, names: Sequence[str] | None = None) -> Any:
    """Return arrays in the structure of `data` (one, a list, a dict by name); dtypes are kept where they can be used.

    `names` are those of the model's inputs or outputs, None where any structure will do. One array serves several
    names only as `sample_weight`. Raises `DataError` for what is not numeric, `LabelError` for such targets.
    """
    if data is None:
        return None
    if is_dict(data):
        return _by_name(name, data, names)
    several = len(names) > 1 if names is not None else _holds_arrays(data)
    if several and is_list(data):
        if names is not None and len(data) != len(names):
            raise DataError(f"{name} has {len(data)} arrays, the model has {len(names)} ({', '.join(names)}).")
        return [None if value is None else as_array(f"{name}[{i}]", value) for i, value in enumerate(data)]
    if several and name != "sample_weight" and names is not None:
        kind = "inputs" if name == "x" else "outputs"
        raise DataError(
            f"{name} is one array, the model has {len(names)} {kind} ({', '.join(names)}). Give a list of arrays in "
            "this order, or a dict by these names."
        )
    if is_list(data) and len(data) == 1 and getattr(data[0], "ndim", 0) > 1:
        return as_array(name, data[0])
    return as_array(name, data)


def _by_name(name: str, data: dict[Any, Any], names: Sequence[str] | None) -> dict[str, Any]:
    """Return the arrays in the model's order."""
    if not data:
        raise DataError(f"{name} is an empty dict. Expected arrays by the model's names, {list(names or ())}.")
    if names is None:
        return {key: as_array(f"{name}[{key!r}]", value) for key, value in data.items()}
    if set(data) - set(names):
        keys = sorted(map(str, data))
        raise DataError(f"{name} has the keys {keys}, the model has {list(names)}. Use the model's names.")
    missing = [key for key in names if key not in data]
    if missing and name == "x":
        raise DataError(f"{name} lacks {missing[0]!r}. Expected an array for each of {', '.join(names)}.")
    return {key: as_array(f"{name}[{key!r}]", data[key]) for key in names if data.get(key) is not None}


def _holds_arrays(data: Any) -> bool:
    """Say whether a list is one of arrays, for a model that takes what it likes, and not one of numbers."""
    return is_list(data) and all(getattr(value, "ndim", 0) > 0 for value in data)


def as_array(name: str, data: Any) -> Array:
    """Return one array of numbers with at least one row and one axis."""
    array = _numpy(name, data)
    if array.dtype.kind not in "buif" or array.dtype.itemsize > 8:
        raise _not_numeric(name, array)
    if array.ndim == 0:
        raise DataError(f"{name} is a single number, {array!r}. Expected an array, samples along the first axis.")
    if array.shape[0] == 0:
        raise DataError(f"{name} is empty (shape {array.shape}). Expected at least one sample.")
    return array


def _numpy(name: str, data: Any) -> Array:
    if isinstance(data, np.ma.MaskedArray):
        return _unmasked(name, data)
    if isinstance(data, np.ndarray):
        return data.view(np.ndarray)
    if hasattr(data, "toarray") and hasattr(data, "nnz"):
        return np.asarray(data.toarray())
    if hasattr(data, "to_numpy"):
        return _of_frame(data)
    if isinstance(data, (str, bytes)):
        raise _wrong(name)(f"{name} is text, {data!r}. Expected an array of samples. Load it into one first.")
    if callable(data) and not hasattr(data, "__array__"):
        raise _wrong(name)(f"{name} is a function. Expected an array, or a source of batches. Call it: {name}=f().")
    try:
        array = np.asarray(data)
    except (ValueError, TypeError) as error:
        raise _wrong(name)(
            f"{name} cannot be made into an array: {str(error).rstrip('.')}. Expected rows of equal length, and inputs "
            "and targets apart: fit(x, y)."
        ) from None
    if array.dtype.kind == "O" and array.ndim == 0:
        raise _wrong(name)(f"{name} is an object of {type(data).__name__}. Expected an array of samples.")
    return array


def _of_frame(data: Any) -> Array:
    """Return a table's numbers row by row, whatever its index; columns of several dtypes meet in the default float."""
    array = np.asarray(data.to_numpy())
    kinds = [getattr(dtype, "kind", "O") for dtype in getattr(data, "dtypes", ())] if array.ndim == 2 else ["O"]
    return array.astype(floatx()) if array.dtype.kind == "O" and set(kinds) <= set("buif") else array


def _unmasked(name: str, data: Any) -> Array:
    if np.ma.getmaskarray(data).any():
        row = int(np.argwhere(np.ma.getmaskarray(data))[0][0])
        raise _wrong(name)(f"{name} has masked values, the first in row {row}. Fill them first: {name}.filled(...).")
    return np.asarray(data.data)


def _wrong(name: str) -> type[DataError] | type[LabelError]:
    """Return the error that complains of targets, or of other data."""
    return LabelError if name.startswith("y") else DataError


def _not_numeric(name: str, array: Array) -> DataError | LabelError:
    first = array.reshape(-1)[:1].tolist()
    hint = " Number the classes first: classes, y = numpy.unique(y, return_inverse=True)." if name[0] == "y" else ""
    if array.dtype.kind in "US":
        return _wrong(name)(f"{name} holds text (first value {first[0] if first else None!r}). Expected numbers.{hint}")
    if array.dtype.kind == "O":
        return _wrong(name)(f"{name} is an object array {_first_object(name, array)}{hint}")
    expected = "real numbers: floats, integers or booleans; convert it"
    return _wrong(name)(f"{name} has dtype {array.dtype}. Expected {expected}.")


def _first_object(name: str, array: Array) -> str:
    for place, value in enumerate(array.reshape(-1)):
        try:
            float(value)
        except (TypeError, ValueError):
            row = place // max(array.size // len(array), 1)
            return f"with {value!r} in row {row}. Expected numbers; replace such values."
    first = array.reshape(-1)[0] if array.size else None
    return f"(first value {first!r}). Expected numbers: use {name}.astype('float32')."


def labeled(name: str, columns: Any) -> Iterator[tuple[str, Any]]:
    """Yield each array of `columns` with the name users know it by: `x`, `x[1]`, `x['pixels']`."""
    if is_dict(columns):
        yield from ((f"{name}[{key!r}]", column) for key, column in columns.items())
    elif is_list(columns):
        yield from ((f"{name}[{i}]", column) for i, column in enumerate(columns))
    else:
        yield name, columns


def check_lengths(x: Any, y: Any, sample_weight: Any) -> int:
    """Return the number of samples; arrays of different lengths raise `DataError` naming them."""
    sizes: dict[str, int] = {}
    for name, columns in (("x", x), ("y", y), ("sample_weight", sample_weight)):
        sizes.update({label: len(column) for label, column in labeled(name, columns) if column is not None})
    if len(set(sizes.values())) > 1:
        listed = ", ".join(f"{name} has {n}" for name, n in sizes.items())
        raise DataError(f"The arrays have different numbers of samples: {listed}. Expected the same number in all.")
    return next(iter(sizes.values()))


def check_inputs(x: Any, shapes: list[Any] | None, finite: bool = True) -> None:
    """Raise `ShapeError` where an input does not fit the model, `DataError` where it holds NaN or infinity."""
    for i, (name, array) in enumerate(labeled("x", x)):
        if shapes is not None and i < len(shapes) and shapes[i] is not None:
            _check_shape(name, array.shape, tuple(shapes[i]))
        if finite:
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
    """Raise naming the first row that holds NaN or infinity, or a number too large for the default float."""
    if array.dtype.kind != "f" or (found := _first_unusable(array)) is None:
        return
    place, value = found
    raise error(
        f"{name} holds {value} in row {place[0]} (at index {place}). Expected finite {floatx()} numbers; remove or "
        "replace such rows first."
    )


def _first_unusable(array: Array) -> tuple[tuple[int, ...], Any] | None:
    """Return the index and the value of the first number that is not finite in the default float.

    Memory gives a core no more than about 10 GB a second, so large arrays are looked at by all of them.
    """
    shares, wanted = threads(), np.dtype(floatx())
    if array.nbytes < SHARED_BYTES or shares == 1 or big(array) is not None:
        return _unusable_in(blocks(array, ROWS_AT_ONCE), wanted)
    edges = [len(array) * i // shares for i in range(shares + 1)]

    def search(low: int, high: int) -> tuple[tuple[int, ...], Any] | None:
        return _unusable_in(((low + start, block) for start, block in blocks(array[low:high], ROWS_AT_ONCE)), wanted)

    with ThreadPoolExecutor(shares) as pool:
        return next((found for found in pool.map(search, edges, edges[1:]) if found is not None), None)


def _unusable_in(parts: Iterable[tuple[int, Array]], wanted: DType) -> tuple[tuple[int, ...], Any] | None:
    largest = float(np.finfo(wanted).max)
    for start, block in parts:
        good = np.isfinite(block) if block.dtype.itemsize <= wanted.itemsize else np.abs(block) <= largest
        if not good.all():
            place = np.argwhere(~good)[0]
            return (start + int(place[0]), *map(int, place[1:])), block[tuple(place)]
    return None


def check_weights(sample_weight: Any, rows: int) -> None:
    """Raise unless weights are finite, not negative, and one per sample."""
    for name, weight in labeled("sample_weight", sample_weight):
        if weight is None:
            continue
        if weight.ndim != 1 and weight.shape[1:] != (1,) * (weight.ndim - 1):
            raise ShapeError(f"{name} has shape {weight.shape}. Expected one weight per sample, shape ({rows},).")
        check_finite(name, weight)
        if (weight < 0).any():
            row = int(np.argmax(weight.reshape(-1) < 0))
            raise DataError(f"{name} is {weight.reshape(-1)[row]} in row {row}. Expected weights >= 0.")


def class_weights(y: Any, class_weight: Any, classes: int | None = None) -> Array:
    """Return one weight per sample from a weight per class (1 for classes not named). `y`: labels or one-hot rows.

    `classes` is how many there are, if that is known. A wrong weight raises `ConfigError`, targets that are no
    classes raise `DataError`.
    """
    if not is_array(y):
        raise ConfigError("class_weight needs a model with a single output and targets y. Use sample_weight.")
    table = _class_table(class_weight, classes)
    if y.ndim > 1 and y.shape[-1] > 1:
        labels = y.argmax(-1)
    else:
        labels = y.reshape(len(y)).astype(np.int64)
        wrong = (labels != y.reshape(len(y))) | (labels < 0)
        if wrong.any():
            row = int(np.argmax(wrong))
            value = y.reshape(len(y))[row]
            raise DataError(f"class_weight needs classes, y is {value} in row {row}. Use sample_weight.")
    weights = np.ones(max([int(labels.max(initial=0)), *table]) + 1, floatx())
    weights[list(table)] = list(table.values())
    return weights[labels]


def _class_table(class_weight: Any, classes: int | None) -> dict[int, float]:
    if not is_dict(class_weight):
        raise ConfigError(f"class_weight must be a dict from class to weight, got {type(class_weight).__name__}.")
    for label, weight in class_weight.items():
        whole = (is_number(label) or is_truth(label)) and label >= 0 and int(label) == label
        if not whole or not (is_number(weight) or is_truth(weight)) or not np.isfinite(weight) or weight < 0:
            raise ConfigError(f"class_weight has {label!r}: {weight!r}. Expected class numbers >= 0, weights >= 0.")
        if classes is not None and label >= classes:
            raise ConfigError(f"class_weight has {label!r}: {weight!r}. The model knows {classes} classes, from 0 on.")
    return {int(label): float(weight) for label, weight in class_weight.items()}


def as_float(array: Array) -> Array:
    """Return a batch in the default floating dtype; this is where uint8 pixels and float64 tables are converted."""
    return array if array.dtype == floatx() else array.astype(floatx())


def as_target(array: Array) -> Array:
    """Return a batch of targets: integers stay integers, floats take the default floating dtype."""
    if array.dtype.kind in "ui":
        return array.astype(np.int64 if array.dtype.kind == "u" else array.dtype.newbyteorder("="), copy=False)
    return as_float(array)
