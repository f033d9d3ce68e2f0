"""A file of one megabyte must not make us allocate gigabytes: weights are made within the size of the file.

While a model is built from a file its initializers only count and give zeros (the real numbers come from the file);
afterwards the layers get the initializers their configuration names.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from .. import initializers
from ..arrays import Array, as_dtype
from ..errors import ModelFileError
from ..models.reading import LAYERS

_NAME = "backlit>counting"
MOST_LAYERS = 2000


class Budget:
    """Counts the bytes of the weights that are made against the bytes that the file has."""

    def __init__(self, size: int, source: str) -> None:
        self.left = size
        self._source = source
        self._layers = 0

    def custom_objects(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the reader of configurations must know besides our own classes."""
        return {**given, _NAME: type("Counting", (Counting,), {"budget": self})}

    def counted(self, entry: Any, given: Mapping[str, Any]) -> Any:
        """Return a configuration in which every initializer of our layers counts (layers of the user's own do not)."""
        if isinstance(entry, list):
            return [self.counted(one, given) for one in entry]
        if not isinstance(entry, dict):
            return entry
        found = {key: self.counted(value, given) for key, value in entry.items()}
        name = found.get("class_name")
        if (
            name in LAYERS
            and name not in given
            and found.get("registered_name") not in given
            and isinstance(found.get("config"), dict)
        ):
            self._layers += 1
            if self._layers > MOST_LAYERS:
                raise ModelFileError(f"{self._source} describes more than {MOST_LAYERS:,} layers.")
            found["config"] |= _counting(LAYERS[name], found["config"])
        return found

    def take(self, size: int) -> None:
        """Count `size` bytes; more than the file has raises `ModelFileError`."""
        self.left -= size
        if self.left < 0:
            raise ModelFileError(f"{self._source} describes more weights than it holds. Use an intact copy.")

    def release(self, layer: Any) -> None:
        """Put the configured initializers in the place of the counting ones, in a model and everything in it."""
        for name, value in list(vars(layer).items()):
            if isinstance(value, Counting):
                setattr(layer, name, value.configured)
        for inner in layer.sublayers():
            self.release(inner)


def _counting(kind: type, config: Mapping[str, Any]) -> dict[str, Any]:
    parameters = inspect.signature(kind).parameters
    names = [name for name in parameters if name.endswith("_initializer")]
    wanted = {name: config.get(name, parameters[name].default) for name in names}
    return {name: {"class_name": _NAME, "config": {"configured": value}} for name, value in wanted.items()}


class Counting(initializers.Initializer):
    """Stands for another initializer: counts what is asked for, and gives zeros."""

    budget: ClassVar[Budget]

    def __init__(self, configured: Any) -> None:
        self.configured = initializers.get(configured)

    def __call__(self, shape: Any, dtype: Any = None) -> Array:
        kind = as_dtype(dtype)
        self.budget.take(math.prod(shape) * kind.itemsize)
        return np.zeros(shape, kind)
