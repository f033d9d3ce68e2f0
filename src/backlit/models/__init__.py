"""Models: rows of layers (`Sequential`), drawings of layers (`Functional`), or a subclass's own `call` (`Model`)."""

from __future__ import annotations

from .drawing import clone_model, model_from_json
from .functional import Functional
from .model import Model
from .sequential import Sequential

__all__ = ["Functional", "Model", "Sequential", "clone_model", "model_from_json"]
