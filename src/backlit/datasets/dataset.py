"""What a data set is once it is loaded: four arrays, a name, where it came from, and how it was made ready.

Loaders make it; training, tests and reports read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..arrays import Array


@dataclass(frozen=True, eq=False)
class Dataset:
    """A data set with its name, where it came from, and what the user should be told (or an empty string).

    `description` is the preparation of a user's own data as plain JSON, None for published sets; `feature_names` are
    those of the inputs of a table.
    """

    name: str
    x_train: Array
    y_train: Array
    x_test: Array
    y_test: Array
    source: str
    notice: str = ""
    description: Mapping[str, Any] | None = None
    feature_names: tuple[str, ...] = ()
