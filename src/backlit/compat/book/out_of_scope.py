"""The book's chapter on convolutions: its names can be imported, and say when they are called that they are not here.

An error at the import would take away the dense layers in the same line, and `from common.layers import *` tells
nobody which names it lacks.
"""

from __future__ import annotations

from typing import Any, NoReturn

from ...errors import UnsupportedName
from ..scope import reason_for

__all__ = ["Convolution", "Pooling", "col2im", "im2col"]


def _refuse(name: str, instead: str) -> NoReturn:
    raise UnsupportedName(f"{name} of the book is not in Backlit: {reason_for(name, ())} {instead}")


def Convolution(*arguments: Any, **options: Any) -> NoReturn:
    """Raise `UnsupportedName`: convolutions are out of scope."""
    _refuse("Convolution", "Affine and Relu take the pixels as rows of 784 numbers.")


def Pooling(*arguments: Any, **options: Any) -> NoReturn:
    """Raise `UnsupportedName`: pooling is out of scope."""
    _refuse("Pooling", "A network of Affine layers needs none.")


def im2col(*arguments: Any, **options: Any) -> NoReturn:
    """Raise `UnsupportedName`: it serves convolutions, which are out of scope."""
    _refuse("im2col", "A network of Affine layers needs none.")


def col2im(*arguments: Any, **options: Any) -> NoReturn:
    """Raise `UnsupportedName`: it serves convolutions, which are out of scope."""
    _refuse("col2im", "A network of Affine layers needs none.")
