"""Whose turn it is for the book's names: `common` and `dataset` are also what many people call modules of their own.

Where Python itself finds code under such a name, that is imported. (A folder of pictures called `dataset` is no code.)
"""

from __future__ import annotations

from importlib.machinery import PathFinder
from pathlib import Path


def has_own_files(root: str) -> bool:
    """Say whether a module or package called `root`, with code in it, can be imported from files."""
    spec = PathFinder.find_spec(root)
    if spec is None:
        return False
    folders = spec.submodule_search_locations
    return spec.origin is not None or any(next(Path(folder).glob("*.py"), None) for folder in folders or ())
