"""What targets each kind of loss can learn from, looked at once before training and refused with a name and a row.

All checks are vectorized and take NumPy arrays; the search for the bad row begins only after one has failed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import Array, Shape
from ..errors import LabelError, ShapeError


def check_numbers(y: Array, loss: str, name: str = "y") -> None:
    """Targets are numbers or truth values: text, objects and complex numbers raise `LabelError`."""
    y = np.asarray(y)
    if y.dtype.kind in "biuf":
        return
    shown = f", {name}[0] is {y.reshape(-1)[0]!r}" if y.size else ""
    raise LabelError(
        f"{name} has dtype {y.dtype}{shown}. {loss} expects numbers. Turn text into class numbers "
        f"(np.unique({name}, return_inverse=True)) and objects into numbers ({name}.astype('float32'))."
    )


def check_finite(y: Array, output_shape: Shape, loss: str, name: str = "y") -> None:
    """Any finite number, one for each output."""
    check_numbers(y, loss, name)
    _check_shape(np.asarray(y), output_shape, loss, name)
    _refuse_where(_not_finite(y), y, loss, name, "a finite number", "Remove or fill the rows without a target")


def check_nonnegative(y: Array, output_shape: Shape, loss: str, name: str = "y") -> None:
    """Finite and not negative: counts, amounts."""
    check_finite(y, output_shape, loss, name)
    _refuse_where(np.asarray(y) < 0, y, loss, name, "a number not below 0", "Use mean_squared_error for signed targets")


def check_binary(y: Array, output_shape: Shape, loss: str, name: str = "y") -> None:
    """0 or 1 (or a probability between them), one for each output."""
    check_numbers(y, loss, name)
    y = np.asarray(y)
    _check_shape(y, output_shape, loss, name)
    remedy = "Use 0 and 1; for more than two classes use sparse_categorical_crossentropy and one unit per class"
    _refuse_where(~((y >= 0) & (y <= 1)), y, loss, name, "a number from 0 to 1", remedy)


def check_signs(y: Array, output_shape: Shape, loss: str, name: str = "y") -> None:
    """-1 and 1, or 0 and 1 (read as -1 and 1), one for each output."""
    check_numbers(y, loss, name)
    y = np.asarray(y)
    _check_shape(y, output_shape, loss, name)
    expected, remedy = "-1 or 1, or everywhere 0 or 1", "Use 2 * y - 1 on labels of 0 and 1"
    _refuse_where(~((y == -1) | (y == 0) | (y == 1)), y, loss, name, expected, remedy)
    if (y == -1).any():
        _refuse_where(y == 0, y, loss, name, "-1 or 1 where other rows are -1", remedy)


def check_one_hot(y: Array, output_shape: Shape, loss: str, name: str = "y") -> None:
    """One number per class and row, none negative: one-hot rows or probabilities."""
    check_numbers(y, loss, name)
    y = np.asarray(y)
    classes = output_shape[-1] if output_shape else 1
    if y.ndim == len(output_shape) - 1 or (y.ndim == len(output_shape) and y.shape[-1] == 1 != classes):
        other = "sparse_categorical_crossentropy, or " if loss == "categorical_crossentropy" else ""
        raise LabelError(
            f"{name} has shape {y.shape}: one label for each row. {loss} expects one-hot rows of {classes} classes, "
            f"the width of the output. Use {other}datasets.to_categorical({name}, {classes})."
        )
    _check_shape(y, output_shape, loss, name)
    remedy = "Each row says how much it belongs to each class: use one-hot rows or probabilities"
    _refuse_where(~(y >= 0) | np.isinf(y), y, loss, name, "a finite number not below 0", remedy)


def check_classes(y: Array, output_shape: Shape, loss: str, name: str = "y", ignore_class: int | None = None) -> None:
    """Integers from 0 to the number of classes - 1, one for each row (`ignore_class` may stand beside them)."""
    check_numbers(y, loss, name)
    y = np.asarray(y)
    classes = output_shape[-1] if output_shape else 1
    if y.ndim == len(output_shape) and y.shape[-1] == classes != 1:
        raise LabelError(
            f"{name} has shape {y.shape}: {classes} numbers for each row. {loss} expects one class number a row. "
            f"Use categorical_crossentropy for one-hot rows, or {name}.argmax(-1)."
        )
    if y.ndim == len(output_shape) and y.shape[-1] == 1:
        y = y[..., 0]
    _check_shape(y, output_shape[:-1], loss, name)
    if y.dtype.kind == "f":
        _refuse_float_classes(y, loss, name)
    check_class_range(y, classes, loss, name, ignore_class)


def check_class_range(y: Array, classes: int, loss: str, name: str, ignore_class: int | None = None) -> None:
    """Every number of `y` lies between 0 and `classes` - 1, or is `ignore_class`."""
    if y.size == 0 or (y.min() >= 0 and y.max() < classes):
        return
    wrong = ~((y >= 0) & (y < classes))
    if ignore_class is not None:
        wrong &= y != ignore_class
    remedy = f"Number the classes from 0 on (np.unique({name}, return_inverse=True)), or give the last layer more units"
    expected = f"a class from 0 to {classes - 1}, because the output has {classes} classes"
    _refuse_where(wrong, y, loss, name, expected, remedy)


def _refuse_float_classes(y: Array, loss: str, name: str) -> None:
    """Class numbers are integers. A fraction or NaN is named first, for it is the graver mistake."""
    _refuse_where(~(y == np.floor(y)), y, loss, name, "a whole class number", "Repair or remove these rows")
    raise LabelError(
        f"{name} has dtype {y.dtype}. {loss} expects class numbers, which are integers. Use {name}.astype('int32'), "
        "or mean_squared_error if the targets are quantities."
    )


def _not_finite(y: Array) -> Array:
    y = np.asarray(y)
    return ~np.isfinite(y) if y.dtype.kind == "f" else np.zeros(y.shape, bool)


def _refuse_where(wrong: Any, y: Array, loss: str, name: str, expected: str, remedy: str) -> None:
    """Raise `LabelError` with the first place where `wrong` holds, if there is one."""
    wrong = np.asarray(wrong)
    if not wrong.any():
        return
    y = np.asarray(y)
    first = int(np.argmax(wrong))
    place = ", ".join(str(int(i)) for i in np.unravel_index(first, wrong.shape))
    count = int(wrong.sum())
    more = f" ({count} places in all)" if count > 1 else ""
    where = f"{name}[{place}]" if place else name
    raise LabelError(f"{where} is {y.reshape(-1)[first].item()!r}{more}. {loss} expects {expected}. {remedy}.")


def _check_shape(y: Array, output_shape: Shape, loss: str, name: str) -> None:
    """One target for each output: equal shapes behind the batch axis, where a last axis of 1 may be missing."""
    wanted, have = tuple(output_shape[1:]), y.shape[1:]
    if have == wanted or (*have, 1) == wanted or have == (*wanted, 1):
        return
    flat = "Put a Flatten() layer before the first Dense" if len(wanted) > len(have) else "Reshape the targets"
    raise ShapeError(
        f"{name} has shape {y.shape}, the output has shape {('batch', *wanted)}. {loss} expects equal shapes. "
        f"{flat}, or change the last layer's units."
    )
