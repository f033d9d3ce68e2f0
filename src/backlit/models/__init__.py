"""Models: rows of layers (`Sequential`), drawings of layers (`Functional`), or a subclass's own `call` (`Model`)."""

from __future__ import annotations

from typing import Any

from .drawing import clone_model, model_from_json
from .functional import Functional
from .model import Model
from .sequential import Sequential

__all__ = ["Functional", "Model", "Sequential", "clone_model", "load_model", "model_from_json"]


def load_model(path: Any, custom_objects: Any = None, compile: bool = True) -> Any:
    """Read a model from a file; see `backlit.formats.load_model`."""
    from ..formats import load_model as load

    return load(path, custom_objects=custom_objects, compile=compile)
