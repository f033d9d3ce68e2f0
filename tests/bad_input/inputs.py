"""Inputs of the wrong shape, dtype or content, and arrays of every make that must be taken as they are."""

from __future__ import annotations

import decimal
import tempfile
from typing import Any

import numpy as np
import pandas as pd

import backlit as bl
from backlit.errors import DataError, ShapeError

from .row import LABELS, X, changed, evaluate, network, predict, refused, taken

SHUFFLED = np.array([3, 9, 0, 7, 1, 8, 2, 6, 5, 4])
PICTURES = network()


class Sparse:
    """What SciPy's sparse matrices look like from outside."""

    def __init__(self, array: Any) -> None:
        self.array, self.nnz, self.shape = array, int((array != 0).sum()), array.shape

    def toarray(self) -> Any:
        """Return the dense array."""
        return self.array.copy()


def read_only(array: Any) -> Any:
    """Return a copy that cannot be written to."""
    copy = array.copy()
    copy.flags.writeable = False
    return copy


def on_disk(array: Any) -> Any:
    """Return the same numbers in a file, read as they are needed."""
    with tempfile.TemporaryFile() as file:
        mapped = np.memmap(file, array.dtype, "w+", shape=array.shape)
    mapped[:] = array
    return mapped


def records() -> Any:
    """Return rows with named fields."""
    return np.zeros(10, [("age", "f4"), ("height", "f4")])


CONTENT = [
    refused(
        "NaN",
        DataError,
        r"^x holds nan in row 3 \(at index \(3, 1\)\)",
        "remove or replace",
        x=changed(X, np.nan, 3, 1),
    ),
    refused("infinity", DataError, r"^x holds -inf in row 9 \(at index \(9, 0\)\)", x=changed(X, -np.inf, 9, 0)),
    refused("NaN in float16", DataError, "^x holds nan in row 0", x=changed(X, np.nan, 0, 0, dtype="float16")),
    refused("too large for float32", DataError, r"^x holds 1e\+300 in row 2", "float32", x=changed(X, 1e300, 2, 2)),
    refused("numbers as objects", DataError, "^x is an object array", r"x\.astype\('float32'\)", x=X.astype(object)),
    refused(
        "None among numbers", DataError, "^x is an object array.*None in row 8", x=changed(X, None, 8, 1, dtype=object)
    ),
    refused(
        "decimal numbers", DataError, "^x is an object array", "astype", x=np.full((10, 4), decimal.Decimal("0.5"))
    ),
    refused("numbers as text", DataError, "^x holds text", "Expected numbers", x=X.astype(str)),
    refused("complex numbers", DataError, "^x has dtype complex64", "real numbers", x=X.astype("complex64")),
    refused("dates", DataError, "^x has dtype datetime64", "real numbers", x=np.zeros((10, 4), "datetime64[s]")),
    refused(
        "long doubles", DataError, "^x has dtype (float128|float96|longdouble)", "convert", x=X.astype("longdouble")
    )
    if np.dtype("longdouble").itemsize > 8
    else taken("long doubles", {"x": X}, x=X.astype("longdouble")),
    refused("records", DataError, r"^x has dtype \[\('age'", "numbers", x=records()),
    refused(
        "masked values", DataError, "^x has masked values, the first in row 0", "filled", x=np.ma.masked_less(X, 0.2)
    ),
    refused("ragged rows", DataError, "^x cannot be made into an array", "equal length", x=[[1, 2, 3, 4], [1, 2]]),
    refused("nothing", DataError, "^x is None", "array of samples", x=None),
    refused("a file name", DataError, "^x is text, 'mnist.npz'", "Load it", x="mnist.npz"),
    refused("a function", DataError, "^x is a function", r"Call it", x=lambda: X, y=None),
    refused("any object", DataError, "^x is an object", "array", x=object()),
    refused("a number", DataError, "^x is a single number", "first axis", x=3.0),
    refused(
        "x and y in one tuple", DataError, "^x cannot be made into an array", "fit\\(x, y\\)", x=(X, LABELS), y=None
    ),
    refused("an empty dict", DataError, "^x is an empty dict", "'x'", x={}),
    refused(
        "a frame with a text column",
        DataError,
        "^x is an object array.*'b' in row 0",
        x=pd.DataFrame({"a": [1, 2], "b": ["b", "c"]}),
        y=[0, 1],
    ),
    refused("a frame with a gap", DataError, "^x holds nan in row 1", x=pd.DataFrame(changed(X, np.nan, 1, 2))),
]

SHAPE = [
    refused("no rows", DataError, r"^x is empty \(shape \(0, 4\)\)", "at least one", x=X[:0], y=LABELS[:0]),
    refused("an empty list", DataError, r"^x is empty", x=[], y=[]),
    refused("no features", ShapeError, r"^x has shape \(10, 0\)", x=X[:, :0]),
    refused("a flat array", ShapeError, r"^x has shape \(10,\). Expected \(None, 4\)", x=X[:, 0]),
    refused("one sample flat", ShapeError, r"^x has shape \(4,\)", r"one sample: use x\[None\]", x=X[0], y=LABELS[:4]),
    refused("rank 3", ShapeError, r"^x has shape \(10, 1, 4\)", "reshape", x=X[:, None]),
    refused(
        "five features",
        ShapeError,
        r"^x has shape \(10, 5\)",
        r"rows are \(5,\), the model takes \(4,\)",
        x=np.ones((10, 5)),
    ),
    refused("transposed", ShapeError, r"^x has shape \(4, 10\)", "samples along the first axis", x=X.T, y=LABELS[:4]),
    refused("fewer rows than labels", DataError, "x has 7, y has 10", x=X[:7]),
    refused("two arrays for one input", ShapeError, r"^x has shape \(2, 10, 4\). Expected \(None, 4\)", x=[X, X]),
    refused(
        "another name in a dict", DataError, r"^x has the keys \['pixels'\], the model has \['x'\]", x={"pixels": X}
    ),
    taken("one row", {"x": X[:1].copy(), "y": LABELS[:1].copy()}, x=X[:1], y=LABELS[:1]),
    taken("a batch larger than the data", {"batch_size": 10}, batch_size=1000),
    taken("a list of one array", {}, x=[X]),
    taken("a dict by name", {}, x={"x": X}),
]

MAKE = [
    taken("float64", {}, x=X.astype("float64")),
    taken("float16", {"x": X.astype("float16").astype("float32")}, x=X.astype("float16")),
    taken("int8", {"x": (X * 9).astype("int8").astype("float32")}, x=(X * 9).astype("int8")),
    taken("uint8", {"x": (X**2 * 9).astype("uint8").astype("float32")}, x=(X**2 * 9).astype("uint8")),
    taken("int64", {"x": (X * 9).astype("int64").astype("float32")}, x=(X * 9).astype("int64")),
    taken("truth values", {"x": (X > 0).astype("float32")}, x=X > 0),
    taken("foreign byte order", {}, x=X.astype(">f4")),
    taken("columns first", {}, x=np.asfortranarray(X)),
    taken("negative strides", {"x": X[::-1].copy(), "y": LABELS[::-1].copy()}, x=X[::-1], y=LABELS[::-1]),
    taken("backward columns", {"x": X[:, ::-1].copy()}, x=X[:, ::-1]),
    taken("every other row", {"x": X[::2].copy(), "y": LABELS[::2].copy()}, x=X[::2], y=LABELS[::2]),
    taken("one row repeated", {"x": np.repeat(X[:1], 10, axis=0)}, x=np.broadcast_to(X[0], (10, 4))),
    taken("read-only", {}, x=read_only(X), y=read_only(LABELS)),
    taken("on disk", {}, x=on_disk(X), y=on_disk(LABELS)),
    taken("masked nowhere", {}, x=np.ma.masked_array(X)),
    taken("a matrix", {}, x=X.view(np.matrix)),
    taken("sparse", {}, x=Sparse(X)),
    taken("lists", {"x": X.astype("float64")}, x=X.tolist(), y=LABELS.tolist()),
    taken("a list of rows", {}, x=list(X)),
    taken("tuples", {"x": X.astype("float64")}, x=tuple(map(tuple, X.tolist()))),
    taken("tensors", {}, x=bl.Tensor(X), y=bl.Tensor(LABELS)),
    taken("a frame with a shuffled index", {}, x=pd.DataFrame(X, index=SHUFFLED), y=pd.Series(LABELS, index=SHUFFLED)),
    taken(
        "frames with indices that disagree", {}, x=pd.DataFrame(X, index=SHUFFLED), y=pd.Series(LABELS, index=range(10))
    ),
    taken(
        "a frame split for validation",
        {"validation_split": 0.3},
        validation_split=0.3,
        x=pd.DataFrame(X, index=SHUFFLED, columns=list("abcd")),
        y=pd.Series(LABELS, index=SHUFFLED[::-1]),
    ),
    taken(
        "a frame of mixed numbers",
        {"x": X.astype("int64").astype("float32") * [1, 1, 1, 0] + X * [0, 0, 0, 1]},
        x=pd.DataFrame(X).astype({0: "int64", 1: "int8", 2: "int32"}),
    ),
]

ELSEWHERE = [
    refused("evaluate: NaN", DataError, "^x holds nan in row 3", act=evaluate, x=changed(X, np.nan, 3, 1)),
    refused("predict: NaN", DataError, "^x holds nan in row 3", act=predict, x=changed(X, np.nan, 3, 1)),
    refused("predict: no rows", DataError, "^x is empty", act=predict, x=X[:0]),
    refused("predict: one sample", ShapeError, r"use x\[None\]", act=predict, x=X[0]),
    refused("predict: text", DataError, "^x holds text", act=predict, x=X.astype(str)),
    refused("predict: nothing", DataError, "^x is None", act=predict, x=None),
    taken("predict: uint8", {"x": (X**2).astype("uint8").astype("float32")}, act=predict, x=(X**2).astype("uint8")),
    taken("predict: columns first", {}, act=predict, x=np.asfortranarray(X)),
    taken("predict: a frame", {}, act=predict, x=pd.DataFrame(X, index=SHUFFLED)),
    taken("evaluate: a column of labels", {}, act=evaluate, y=LABELS[:, None]),
]

ROWS = [*CONTENT, *SHAPE, *MAKE, *ELSEWHERE]
