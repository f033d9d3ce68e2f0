"""`tensorflow.dtypes`: casts; the dtypes themselves are NumPy's."""

from __future__ import annotations

from typing import Any

import numpy as np

from .tf_arrays import cast, saturate_cast

__all__ = ["DType", "as_dtype", "cast", "saturate_cast"]
DType = np.dtype


def as_dtype(type_value: Any) -> np.dtype[Any]:
    """Return a dtype by its name."""
    return np.dtype(type_value)
