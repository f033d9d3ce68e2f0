"""The activations: every registered name, with its options, on the shapes it takes.

Those that look at a whole axis get shapes with an even last axis (`glu` halves it).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from backlit import activations
from backlit.arrays import Shape

from .draw import SHAPES, wide
from .operations import Row

AXIS = ("softmax", "log_softmax", "sparsemax", "glu")
AXIS_SHAPES: tuple[Shape, ...] = ((4,), (2, 4), (0, 4), (2, 1, 4), (1, 2))
OPTIONS: dict[str, tuple[dict[str, Any], ...]] = {
    "relu": ({}, {"negative_slope": 0.1}, {"max_value": 3.0, "threshold": 0.5, "negative_slope": 0.2}),
    "leaky_relu": ({}, {"negative_slope": 0.1}),
    "elu": ({}, {"alpha": 0.5}),
    "celu": ({}, {"alpha": 0.5}),
    "gelu": ({}, {"approximate": True}),
    "squareplus": ({}, {"b": 1.0}),
    "soft_shrink": ({}, {"threshold": 1.25}),
    "hard_shrink": ({}, {"threshold": 1.25}),
    "threshold": ({"threshold": 0.5, "default_value": -1.5},),
    "softmax": ({}, {"axis": 0}),
    "sparsemax": ({}, {"axis": 0}),
    "glu": ({}, {"axis": -1}),
}


def rows() -> Iterator[Row]:
    """Yield a row for each activation, options and shape."""
    for name, f in activations.ACTIVATIONS.items():
        for options in OPTIONS.get(name, ({},)):
            for shape in AXIS_SHAPES if name in AXIS else SHAPES:
                if not (options.get("axis") == 0 and shape[0] == 0):
                    text = " ".join(f"{k}={v}" for k, v in options.items())
                    yield Row(name, f"{shape} {text}", lambda x, f=f, o=options: f(x, **o), (wide,), (shape,))
