"""Where to look: affine maps of images as coordinates for `resample`, any number of maps in one.

A map says for each pixel of the result where in the image it comes from, around the middle of the image: a zoom of 2
looks twice as far out, so what is seen is half as big.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..arrays import shape_of
from .elementwise import cast, cos, sin
from .op import Value
from .shape import reshape


class Affine(NamedTuple):
    """An affine map for each image: (row, column) from the middle to (a row + b column + e, c row + d column + f).

    Each is a number or has the shape (n,); e and f are in pixels.
    """

    a: Value = 1.0
    b: Value = 0.0
    c: Value = 0.0
    d: Value = 1.0
    e: Value = 0.0
    f: Value = 0.0

    def after(self, first: Affine) -> Affine:
        """Return the map that does `first`, then this one."""
        (a, b, c, d, e, f), (p, q, r, s, t, u) = self, first
        return Affine(
            a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, a * t + b * u + e, c * t + d * u + f
        )  # fmt: skip

    def swapped(self) -> Affine:
        """Return the same map with the roles of rows and columns exchanged."""
        a, b, c, d, e, f = self
        return Affine(d, c, b, a, f, e)


def rotation(angle: Value) -> Affine:
    """Return the rotation by `angle`, in radians, that looks at (cos row - sin column, sin row + cos column)."""
    c, s = cos(angle), sin(angle)
    return Affine(c, -s, s, c)


def shear(angle: Value) -> Affine:
    """Return the shear of columns by `angle`, in radians, that keeps their length."""
    return Affine(1.0, -sin(angle), 0.0, cos(angle))


def zoom(rows: Value, columns: Value) -> Affine:
    """Return the zoom that looks `rows` and `columns` times as far out."""
    return Affine(a=rows, d=columns)


def shift(rows: Value, columns: Value) -> Affine:
    """Return the shift that looks `rows` further down and `columns` further right, in pixels."""
    return Affine(e=rows, f=columns)


def coordinates(look: Affine, count: int, height: int, width: int, dtype: str = "float32") -> tuple[Value, Value]:
    """Return the rows and the columns (n, height, width) that `count` images of this size are looked at."""
    a, b, c, d, e, f = (cast(_for_each(value, count), dtype) for value in look)
    middle_row, middle_column = (height - 1) / 2, (width - 1) / 2
    row = (np.arange(height) - middle_row).astype(dtype).reshape(1, height, 1)
    column = (np.arange(width) - middle_column).astype(dtype).reshape(1, 1, width)
    return (a * row + b * column) + (e + middle_row), (c * row + d * column) + (f + middle_column)


def _for_each(value: Value, count: int) -> Value:
    """Return a number for each image, in the shape (n, 1, 1)."""
    if shape_of(value) == ():
        value = value + np.zeros(count, np.float32)
    return reshape(value, (count, 1, 1))
