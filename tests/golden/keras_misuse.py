"""What Keras does with misuse: the type of the exception, or the result it goes on with.

Information for the reader of our own bad-input table; messages are left out, they are Keras' own.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from typing import Any

import keras
import numpy as np
from misuse_recipes import recipes
from store import Writer


def outcome(recipe: Any) -> dict[str, Any]:
    """Run one misuse and describe what happened."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(0)
    with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("always")
        try:
            result = recipe(keras)
        except Exception as error:  # noqa: BLE001 - the type is the answer
            kind = type(error).__name__
            builtin = next(base.__name__ for base in type(error).__mro__ if base.__module__ == "builtins")
            return {"raises": kind, "builtin": builtin}
        told = sorted({warning.category.__name__ for warning in caught})
    return {"result": describe(result), **({"warns": told} if told else {})}


def describe(result: Any) -> Any:
    """Make the result short and plain."""
    if result is None or isinstance(result, (bool, int, str)):
        return result
    if isinstance(result, (float, np.floating)):
        return float(result)
    if isinstance(result, (list, tuple)):
        return [describe(part) for part in result]
    return type(result).__name__


def make() -> None:
    """Write misuse.json."""
    writer = Writer(keras=keras.__version__, backend=keras.backend.backend())
    for name, recipe in recipes().items():
        writer.add(name, outcome(recipe))
    writer.save("misuse")
