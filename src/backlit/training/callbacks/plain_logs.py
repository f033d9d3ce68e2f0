"""Logs as callbacks get them: a flat dict of Python floats, sorted by name.

The loop may hand over Tensors, NumPy scalars, nested dicts, or a function that computes them only when asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, cast

import numpy as np

from .callback import Logs

AnyLogs: TypeAlias = Mapping[str, Any] | Callable[[], Mapping[str, Any]] | None


def plain_logs(logs: AnyLogs) -> Logs:
    """Return the logs flat, sorted by name, every single number a Python float."""
    plain: Logs = {}
    for name, value in sorted(dict((logs() if callable(logs) else logs) or {}).items()):
        if isinstance(value, Mapping):
            plain.update(plain_logs(cast("Mapping[str, Any]", value)))
        else:
            plain[name] = as_float(value)
    return plain


def as_float(value: Any) -> Any:
    """Return a single number (Python, NumPy, Tensor or Variable) as a Python float, anything else unchanged."""
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, str):
        return value
    array = np.asarray(value.numpy() if hasattr(value, "numpy") else value)
    return float(array) if array.ndim == 0 and array.dtype.kind in "fiub" else value
