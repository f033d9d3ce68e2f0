"""Classes and functions of the user's own, under the names that model files know them by.

Nothing in a file is looked up by importing: a name is in this table because the program put it there, or is refused.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any, TypeVar

from .errors import ConfigError

T = TypeVar("T")
_objects: dict[str, Any] = {}
_scope: ContextVar[Mapping[str, Any]] = ContextVar("backlit_custom_objects", default=MappingProxyType({}))


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable[[T], T]:
    """Decorate a class or function so that files which name it load without `custom_objects`.

    In files it is called `package>name`. A class needs `get_config`, else `ConfigError`.

    >>> @register_keras_serializable(package="lesson")
    ... def doubled(x):
    ...     return x * 2
    >>> get_registered_name(doubled)
    'lesson>doubled'
    """

    def register(thing: T) -> T:
        if inspect.isclass(thing) and not hasattr(thing, "get_config"):
            raise ConfigError(f"{thing.__name__} cannot be registered: it has no get_config method.")
        _objects[f"{package}>{name or thing.__name__}"] = thing  # type: ignore[attr-defined]
        return thing

    return register


def get_registered_name(thing: Any) -> str:
    """Return the name under which a class or function stands in files."""
    return next((name for name, known in _objects.items() if known is thing), thing.__name__)


def get_registered_object(name: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the class or function of that name, None if there is none."""
    return known(custom_objects).get(name)


def get_custom_objects() -> dict[str, Any]:
    """Return the table of registered names itself: what is put into it is registered."""
    return _objects


@contextmanager
def custom_object_scope(custom_objects: Mapping[str, Any]) -> Generator[None]:
    """Make names known inside a `with` block only."""
    token = _scope.set({**_scope.get(), **custom_objects})
    try:
        yield
    finally:
        _scope.reset(token)


def known(custom_objects: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return all names that may be used: the registered ones, those of the scope around, and those given."""
    return {**_objects, **_scope.get(), **(custom_objects or {})}


__all__ = [
    "custom_object_scope", "get_custom_objects", "get_registered_name", "get_registered_object",
    "register_keras_serializable",
]  # fmt: skip
