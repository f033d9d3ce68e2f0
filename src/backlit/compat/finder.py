"""The finder: `import tensorflow.keras.layers` finds a module made of our names, in this process only.

`modules` says what stands under which foreign name; what is not there raises an error that says whether it could be.
"""

from __future__ import annotations

import dis
import importlib
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import FrameType, ModuleType
from typing import Any

from ..errors import ConfigError, UnsupportedImport, UnsupportedName
from ..optimizers import older
from .modules import FACTS, ROOTS, canonical, children, sources
from .own_files import has_own_files
from .scope import reason_for
from .sklearn_names import watch

IMPORT_FROM = dis.opmap["IMPORT_FROM"]


class ForeignModule(ModuleType):
    """A module under a foreign name. When a name is asked for, it is looked up in our modules behind it."""

    def __getattr__(self, name: str) -> Any:
        if name == "__all__":  # `from common.layers import *`
            return [one for one in names_of(self.__name__) if one not in children(canonical(self.__name__))]
        if name.startswith("__") and name != "__version__":
            raise AttributeError(name)
        found = value_of(self.__name__, name)
        if found is not MISSING:
            vars(self)[name] = found  # the next time Python finds it by itself
            return found
        if name in children(canonical(self.__name__)):
            return importlib.import_module(f"{self.__name__}.{name}")
        raise _error(self.__name__, name, sys._getframe(1))

    def __dir__(self) -> list[str]:
        return names_of(self.__name__)


class _Missing:
    """Says that a name is not there; None may be a value."""


MISSING = _Missing()


def value_of(module: str, name: str) -> Any:
    """Return what stands under `name` in a foreign module, or `MISSING`."""
    facts = FACTS.get(canonical(module), {})
    if name in facts:
        return facts[name]
    for source in sources(canonical(module)):
        if name in public_names(source):
            return getattr(importlib.import_module(source.partition(":")[0]), name)
    return MISSING


def public_names(source: str) -> set[str]:
    """Return the names users may see of one of our modules, or the one name of `module:name`, if it is there."""
    path, _, only = source.partition(":")
    module = importlib.import_module(path)
    if only:
        return {only} if hasattr(module, only) else set()
    listed = getattr(module, "__all__", None)
    return {*listed} if listed is not None else {name for name in dir(module) if not name.startswith("_")}


def names_of(module: str) -> list[str]:
    """Return all names of a foreign module: what we have, and the modules below it."""
    found = {*FACTS.get(canonical(module), {}), *children(canonical(module))}
    for source in sources(canonical(module)):
        found |= public_names(source)
    return sorted(found)


def _error(module: str, name: str, frame: FrameType | None) -> Exception:
    """Build the error for a name that is not there: one that `from ... import` lets through, or one for `hasattr`."""
    place = "" if frame is None else f" ({frame.f_code.co_filename}, line {frame.f_lineno})"
    text = f"{module}.{name} is not in Backlit{place}: {reason_for(name, names_of(module))}{_elsewhere(module)}"
    importing = frame is not None and frame.f_code.co_code[frame.f_lasti] == IMPORT_FROM
    return UnsupportedImport(text, name=module) if importing else UnsupportedName(text)


def _elsewhere(module: str) -> str:
    """Say how to have what is missing, if that is easy."""
    return " Install scikit-learn for all of it: pip install scikit-learn." if module.startswith("sklearn") else ""


class Finder(MetaPathFinder, Loader):
    """Answers imports below the foreign names in `roots`."""

    def __init__(self, roots: Sequence[str]) -> None:
        self.roots = frozenset(roots)

    def find_spec(self, fullname: str, path: Any, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return how to make a foreign module; None for modules that are not ours to answer."""
        root = fullname.partition(".")[0]
        if root not in self.roots or (ROOTS[root] == "book" and has_own_files(root)):
            return None
        known = canonical(fullname)
        if not sources(known) and not children(known) and known not in FACTS:
            module, _, name = fullname.rpartition(".")
            reason = reason_for(name, set(names_of(module)) - {name})
            text = f"There is no module {fullname} in Backlit: {reason}{_elsewhere(fullname)}"
            raise UnsupportedImport(text, name=fullname)
        return ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Make the module, still empty."""
        return ForeignModule(spec.name, f"Backlit's names under `{spec.name}`.")

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is to be run: names are looked up when they are asked for."""


def install(tensorflow: bool = True, book: bool = True, sklearn: bool = True) -> None:
    """Answer `import tensorflow`, `keras` and `tf_keras`, and the book's `common`, `dataset`, `ch05`, from now on.

    `sklearn` puts the MNIST of this machine behind `fetch_openml`; scikit-learn itself is used where it is installed.
    Calling it again changes what is answered. A foreign module that is imported already raises `ConfigError`: names
    from two libraries would meet in one program.
    """
    absent = sklearn and not watch.is_installed()
    wanted = {"tensorflow": tensorflow, "book": book, "sklearn": absent}
    roots = [root for root, kind in ROOTS.items() if wanted[kind]]
    strict = [root for root in roots if ROOTS[root] != "book"]  # of the book's names one's own modules win
    there = [root for root in strict if root in sys.modules and not isinstance(sys.modules[root], ForeignModule)]
    if there:
        raise ConfigError(
            f"{' and '.join(there)} is imported in this process already. Call backlit.compat.install() before the "
            "first import of it: in a notebook, restart the kernel."
        )
    uninstall()
    sys.meta_path.insert(0, Finder(roots))
    older.understand(tensorflow)
    if sklearn and not absent:
        watch.begin()


def uninstall() -> None:
    """Let other finders answer again, and forget the modules made so far. Programs keep the names they have."""
    watch.release()
    older.understand(False)
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, Finder)]
    for name in [name for name, module in sys.modules.items() if isinstance(module, ForeignModule)]:
        del sys.modules[name]


def installed() -> bool:
    """Say whether foreign names are answered."""
    return any(isinstance(finder, Finder) for finder in sys.meta_path)
