"""Waits for `sklearn.datasets` to be imported and then puts our answer behind its `fetch_openml`, in this process only.

scikit-learn itself is loaded as always; `release` gives it its own function back.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

from .openml import answered

WATCHED = "sklearn.datasets"


def is_installed() -> bool:
    """Say whether scikit-learn can be imported."""
    return PathFinder.find_spec("sklearn") is not None


class Watch(MetaPathFinder):
    """Finds `sklearn.datasets` where it is, and looks after it when it has run."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the real spec with a loader around its own; None for all other modules."""
        if fullname != WATCHED:
            return None
        spec = PathFinder.find_spec(fullname, path)
        if spec is not None and spec.loader is not None:
            spec.loader = _AndThen(spec.loader)
        return spec


class _AndThen(Loader):
    """The module's own loader, and then our function in it."""

    def __init__(self, own: Any) -> None:
        self._own = own

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._own.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__loader__ = self._own
        if module.__spec__ is not None:
            module.__spec__.loader = self._own
        self._own.exec_module(module)
        _wrap(module)


def _wrap(module: Any) -> None:
    if not hasattr(module.fetch_openml, "answered_by_backlit"):
        wrapped: Any = answered(module.fetch_openml)
        wrapped.answered_by_backlit = True
        module.fetch_openml = wrapped


def begin() -> None:
    """Watch from now on; a `sklearn.datasets` that is imported already is looked after at once."""
    release()
    sys.meta_path.insert(0, Watch())
    if WATCHED in sys.modules:
        _wrap(sys.modules[WATCHED])


def release() -> None:
    """Stop watching, and give scikit-learn its own function back."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, Watch)]
    module: Any = sys.modules.get(WATCHED)
    if hasattr(getattr(module, "fetch_openml", None), "answered_by_backlit"):
        module.fetch_openml = module.fetch_openml.__wrapped__
