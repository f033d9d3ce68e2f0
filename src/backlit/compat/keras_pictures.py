"""What `keras.utils` and `keras.preprocessing` say of folders of pictures, where the library has it."""

from __future__ import annotations

from typing import Any

from .. import datasets

_NAMES = ("image_dataset_from_directory",)
__all__ = [name for name in _NAMES if hasattr(datasets, name)]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(datasets, name)
    raise AttributeError(name)
