"""Targets that do not fit the loss, and targets that look strange and do."""

from __future__ import annotations

import numpy as np

from backlit.errors import DataError, LabelError, ShapeError

from .row import (
    AMOUNT,
    BINARY,
    DENSE_CLASSES,
    LABELS,
    ONEHOT,
    SPARSE,
    YES_NO,
    X,
    changed,
    network,
    refused,
    taken,
)

TEXT = np.array(["cat", "dog", "owl"])[LABELS]
POISSON, HINGE = network("poisson", 1, "softplus"), network("hinge", 1, "tanh")
FROM_ZERO = r"class from 0 to 2.*Number the classes from 0 on"
AMOUNTS = X[:, :1] * 2

CLASS_NUMBERS = [
    refused("label -1", LabelError, r"^y\[3\] is -1\. ", FROM_ZERO, y=changed(LABELS, -1, 3, dtype=int)),
    refused("label -1 as int8", LabelError, r"^y\[3\] is -1\. ", y=changed(LABELS, -1, 3, dtype="int8")),
    refused("label too large", LabelError, r"^y\[9\] is 3\. ", FROM_ZERO, y=changed(LABELS, 3, 9, dtype=int)),
    refused("labels from 1", LabelError, r"^y\[2\] is 3 \(3 places in all\)", FROM_ZERO, y=LABELS + 1),
    refused(
        "label huge as uint64",
        LabelError,
        r"^y\[0\] is 18446744073709551615",
        y=changed(LABELS, 2**64 - 1, 0, dtype="uint64"),
    ),
    refused("label 1.7", LabelError, r"^y\[3\] is 1\.7\. ", "whole class number.*Repair", y=changed(LABELS, 1.7, 3)),
    refused("label NaN", LabelError, "^y holds nan in row 3", "remove or replace", y=changed(LABELS, np.nan, 3)),
    refused("label infinite", LabelError, "^y holds -inf in row 4", "remove or replace", y=changed(LABELS, -np.inf, 4)),
    refused(
        "labels as whole floats",
        LabelError,
        "^y has dtype float32",
        r"y\.astype\('int32'\)",
        y=LABELS.astype("float32"),
    ),
    refused("labels as text", LabelError, "^y holds text.*'cat'", "return_inverse", y=TEXT),
    refused("labels as bytes", LabelError, "^y holds text.*b'cat'", "return_inverse", y=TEXT.astype("S")),
    refused("labels as a list of text", LabelError, "^y holds text.*'cat'", "return_inverse", y=TEXT.tolist()),
    refused(
        "labels as objects", LabelError, r"^y is an object array \(first value 0\b", "astype", y=LABELS.astype(object)
    ),
    refused(
        "labels with None",
        LabelError,
        "^y is an object array.*None in row 4",
        "numbers",
        y=changed(LABELS, None, 4, dtype=object),
    ),
    refused("labels as dates", LabelError, "^y has dtype datetime64", "real numbers", y=LABELS.astype("datetime64[D]")),
    refused(
        "labels as complex numbers", LabelError, "^y has dtype complex128", "real numbers", y=LABELS.astype(complex)
    ),
    refused(
        "labels masked",
        LabelError,
        "^y has masked values, the first in row 2",
        "filled",
        y=np.ma.masked_array(LABELS, LABELS == 2),
    ),
    refused(
        "one-hot rows for class numbers",
        LabelError,
        r"^y has shape \(10, 3\): 3 numbers for each row",
        "Use categorical_crossentropy.*argmax",
        y=ONEHOT,
    ),
    refused(
        "two columns for class numbers", ShapeError, r"^y has shape \(10, 2\)", "Reshape", y=np.zeros((10, 2), int)
    ),
    refused(
        "class numbers for a single unit",
        LabelError,
        r"^y\[1\] is 1 \(6 places",
        "0 to 0.*last layer more units",
        model=network(SPARSE, 1, "sigmoid"),
    ),
    refused("fewer labels than rows", DataError, "x has 10, y has 7", "same number", y=LABELS[:7]),
    refused("no labels", DataError, "^y is missing", "targets. Pass x and y, not x alone", y=None),
    refused("labels empty", DataError, r"^y is empty \(shape \(0,\)\)", "at least one", y=LABELS[:0]),
    refused("a single label", DataError, "^y is a single number, .*0", "first axis", y=0),
    taken("labels as a list", {"y": LABELS}, y=LABELS.tolist()),
    taken("labels as a tuple", {"y": LABELS}, y=tuple(LABELS.tolist())),
    taken("labels as a column", {"y": LABELS}, y=LABELS[:, None]),
    taken("labels as uint8", {"y": LABELS}, y=LABELS.astype("uint8")),
    taken("labels as uint64", {"y": LABELS}, y=LABELS.astype("uint64")),
    taken("labels as int16", {"y": LABELS}, y=LABELS.astype("int16")),
    taken("labels in foreign byte order", {"y": LABELS}, y=LABELS.astype(">i4")),
    taken("labels as truth values", {"y": (LABELS > 0).astype(int)}, y=LABELS > 0),
    taken("labels masked nowhere", {"y": LABELS}, y=np.ma.masked_array(LABELS)),
    taken("labels in reverse", {"y": LABELS[::-1].copy()}, y=LABELS[::-1]),
]

ONE_HOT = [
    refused(
        "class numbers for one-hot rows",
        LabelError,
        r"^y has shape \(10,\): one label for each row",
        "sparse_categorical_crossentropy.*to_categorical",
        model=DENSE_CLASSES,
    ),
    refused(
        "a column for one-hot rows",
        LabelError,
        r"^y has shape \(10, 1\): one label",
        "to_categorical",
        model=DENSE_CLASSES,
        y=LABELS[:, None],
    ),
    refused(
        "one-hot rows of four classes",
        ShapeError,
        r"^y has shape \(10, 4\), the output has shape \('batch', 3\)",
        "last layer's units",
        model=DENSE_CLASSES,
        y=np.eye(4)[LABELS],
    ),
    refused(
        "one-hot rows below 0",
        LabelError,
        r"^y\[0, 0\] is -1\.0 \(10 places",
        "one-hot rows or probabilities",
        model=DENSE_CLASSES,
        y=-ONEHOT,
    ),
    refused(
        "one-hot rows with NaN",
        LabelError,
        "^y holds nan in row 6",
        "remove or replace",
        model=DENSE_CLASSES,
        y=changed(ONEHOT, np.nan, 6, 2),
    ),
    refused("one-hot rows as text", LabelError, "^y holds text", model=DENSE_CLASSES, y=ONEHOT.astype(str)),
    taken("one-hot rows as integers", {"y": ONEHOT}, DENSE_CLASSES, y=ONEHOT.astype("int64")),
    taken("one-hot rows as truth values", {"y": ONEHOT}, DENSE_CLASSES, y=ONEHOT > 0),
    taken("one-hot rows in columns", {"y": ONEHOT}, DENSE_CLASSES, y=np.asfortranarray(ONEHOT)),
    taken("one-hot rows as a list", {"y": ONEHOT}, DENSE_CLASSES, y=ONEHOT.tolist()),
]

NUMBERS = [
    refused("three classes for one unit", LabelError, r"^y\[2\] is 2 \(3 places", "sparse_categorical", model=YES_NO),
    refused(
        "-1 and 1 for a cross-entropy", LabelError, r"^y\[0\] is -1\.0", "Use 0 and 1", model=YES_NO, y=BINARY * 2 - 1
    ),
    refused("yes and no as text", LabelError, "^y holds text.*'no'", model=YES_NO, y=np.where(BINARY > 0, "yes", "no")),
    refused(
        "two columns for one unit",
        ShapeError,
        r"^y has shape \(10, 2\)",
        "Reshape",
        model=YES_NO,
        y=np.eye(2)[LABELS % 2],
    ),
    refused(
        "a target twice",
        ShapeError,
        r"^y has shape \(10, 2\), the output has shape \('batch', 1\)",
        model=AMOUNT,
        y=X[:, :2],
    ),
    refused(
        "a column against three units",
        ShapeError,
        r"^y has shape \(10, 1\).*\('batch', 3\)",
        model=network("mse", 3, None),
        y=AMOUNTS,
    ),
    refused(
        "a flat target against three units",
        ShapeError,
        r"^y has shape \(10,\).*\('batch', 3\)",
        model=network("mse", 3, None),
        y=AMOUNTS[:, 0],
    ),
    refused("a target NaN", LabelError, "^y holds nan in row 5", model=AMOUNT, y=changed(AMOUNTS, np.nan, 5, 0)),
    refused("a target infinite", LabelError, "^y holds inf in row 0", model=AMOUNT, y=changed(AMOUNTS, np.inf, 0, 0)),
    refused("targets as text", LabelError, "^y holds text", model=AMOUNT, y=AMOUNTS.astype(str)),
    refused(
        "targets of rank 3",
        ShapeError,
        r"^y has shape \(10, 1, 1\)",
        model=network("mse", 2, None),
        y=AMOUNTS[..., None],
    ),
    refused(
        "a count below 0",
        LabelError,
        r"^y\[7, 0\] is -2\.0",
        "mean_squared_error",
        model=POISSON,
        y=changed(np.ones((10, 1)), -2, 7, 0),
    ),
    refused("a hinge target 2", LabelError, r"^y\[2\] is 2", "-1 or 1", model=HINGE),
    refused(
        "a hinge target 0 among -1",
        LabelError,
        r"^y\[4\] is 0\.0",
        r"2 \* y - 1",
        model=HINGE,
        y=changed(np.full(10, -1), 0, 4),
    ),
    taken("(n,) against (n, 1)", {"y": AMOUNTS}, AMOUNT, y=AMOUNTS[:, 0]),
    taken("truth values for one unit", {"y": BINARY}, YES_NO, y=BINARY > 0),
    taken("a column of 0 and 1", {"y": BINARY}, YES_NO, y=BINARY[:, None].astype("int8")),
    taken("soft labels", {"y": BINARY.astype("float32") / 2}, YES_NO, y=BINARY.astype("float64") / 2),
    taken("hinge targets 0 and 1", {"y": BINARY * 2 - 1}, HINGE, y=BINARY),
]

ROWS = [*CLASS_NUMBERS, *ONE_HOT, *NUMBERS]
