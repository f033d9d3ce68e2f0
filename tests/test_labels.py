"""One-hot rows: what Keras gives for good labels, and an error that names the row for bad ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backlit.datasets.labels import to_categorical
from backlit.errors import ConfigError, LabelError


def test_rows_are_one_hot_in_float64() -> None:
    rows = to_categorical([0, 2, 1, 2])
    assert rows.dtype == np.float64
    assert rows.tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0], [0, 0, 1]]


@pytest.mark.parametrize(
    ("y", "num_classes", "shape"),
    [
        ([0, 1], None, (2, 2)),
        ([0, 1], 5, (2, 5)),
        ([[0], [1], [2]], None, (3, 3)),  # a column counts as a row
        ([[0, 1], [2, 0]], None, (2, 2, 3)),
        ([[[0], [1]]], 4, (1, 2, 4)),
        (1, None, (2,)),
        ([0], None, (1, 1)),
        ([], 3, (0, 3)),
        (np.array([3, 1], np.uint8), None, (2, 4)),
        ([2.0, 0.0], None, (2, 3)),  # whole floats are class numbers
    ],
)
def test_shapes(y: object, num_classes: int | None, shape: tuple[int, ...]) -> None:
    rows = to_categorical(y, num_classes)
    assert rows.shape == shape
    assert np.array_equal(rows.sum(-1), np.ones(shape[:-1]))


@given(st.lists(st.integers(0, 9), min_size=1, max_size=30))
def test_argmax_undoes_it(y: list[int]) -> None:
    assert to_categorical(y, 10, dtype="float32").argmax(-1).tolist() == y
    assert to_categorical(y, 10, dtype="float32").dtype == np.float32


@pytest.mark.parametrize(
    ("y", "num_classes", "words"),
    [
        ([0, 1, -1, -2], None, ["y[2] is -1", "2 such labels", "start at 0"]),
        ([0, 1, 3], 3, ["y[2] is 3", "num_classes=3"]),
        ([0, 1.7], None, ["y[1] is 1.7", "whole"]),
        ([[0, 1], [1, float("nan")]], None, ["y[1, 1] is nan"]),
        ([float("inf")], None, ["y[0] is inf"]),
        (["cat", "dog"], None, ["'cat'", "np.unique"]),
        ([True, False], None, ["bool"]),
        ([], None, ["empty", "num_classes"]),
        (-3, None, ["y is -3"]),
    ],
)
def test_bad_labels_are_named(y: object, num_classes: int | None, words: list[str]) -> None:
    with pytest.raises(LabelError) as error:
        to_categorical(y, num_classes)
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize("num_classes", [0, -1, 2.5, True, "3"])
def test_bad_class_counts(num_classes: object) -> None:
    with pytest.raises(ConfigError, match="num_classes"):
        to_categorical([0, 1], num_classes)  # type: ignore[arg-type]
