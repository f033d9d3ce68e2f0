"""A vocabulary is one kind of named things (initializers, optimizers, ...): how they are looked up and written down.

The written form is Keras': the class' module and name, and its `get_config()`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import registered
from .errors import ConfigError, unknown_name


class Vocabulary:
    """The classes of one `kind`, under the names users may write.

    `any_case` makes upper and lower case the same; `functions` says whether a plain function may stand for one.
    """

    def __init__(
        self, kind: str, module: str, parent: type, members: Mapping[str, type], any_case: bool = False,
        functions: bool = True,
    ) -> None:  # fmt: skip
        self.kind = kind
        self.module = module
        self.parent = parent
        self.any_case = any_case
        self.functions = functions
        self.members = {self._folded(name): member for name, member in members.items()}

    def find(self, name: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
        """Return the class called `name`; an unknown name raises `ConfigError` with the closest known one."""
        if custom_objects and name in custom_objects:
            return custom_objects[name]
        if not isinstance(name, str) or self._folded(name) not in self.members:
            raise unknown_name(self.kind, name, [*self.members, *(custom_objects or ())])
        return self.members[self._folded(name)]

    def get(self, identifier: Any) -> Any:
        """Return an instance for a name, a class or a serialized form; None and instances pass as they are."""
        if isinstance(identifier, (str, dict)):
            return self.deserialize(identifier)
        found = identifier() if isinstance(identifier, type) else identifier
        if found is None or isinstance(found, self.parent) or (self.functions and callable(found)):
            return found
        raise self.refused(identifier)

    def refused(self, identifier: Any) -> ConfigError:
        """Build (not raise) the error for something that cannot stand for one of this kind."""
        return ConfigError(
            f"{identifier!r} is no {self.kind}. Expected a name such as {next(iter(self.members))!r}, an object of "
            f"{self.parent.__name__}{' or a function' if self.functions else ''}."
        )

    def serialize(self, thing: Any) -> dict[str, Any] | None:
        """Return `thing` as JSON-able data; an object without `get_config` raises `ConfigError`."""
        if thing is None:
            return None
        if not hasattr(thing, "get_config"):
            raise ConfigError(f"The {self.kind} {thing!r} cannot be saved: it has no get_config.")
        kind = type(thing)
        ours = self.members.get(self._folded(kind.__name__)) is kind
        return {
            "module": self.module if ours else kind.__module__,
            "class_name": kind.__name__,
            "config": thing.get_config(),
            "registered_name": None if ours else registered.get_registered_name(kind),
        }

    def deserialize(self, config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
        """Return the instance that `serialize` described, or that a bare name stands for."""
        if config is None:
            return None
        if isinstance(config, str):
            return self.find(config, custom_objects)()
        if not isinstance(config, Mapping) or "class_name" not in config:
            raise ConfigError(f'Cannot read the {self.kind} {config!r}. Expected a name or {{"class_name", "config"}}.')
        known = registered.known(custom_objects)
        named = known.get(str(config.get("registered_name")))
        return (named or self.find(config["class_name"], known)).from_config(dict(config.get("config") or {}))

    def _folded(self, name: str) -> str:
        return name.lower() if self.any_case else name
