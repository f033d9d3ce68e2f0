"""Tensors made from nothing, against NumPy.

Dtypes are those a Keras user expects: the default float, int32 for whole ranges.
"""

from __future__ import annotations

import numpy as np
import pytest

import backlit as bl


@pytest.mark.parametrize(
    ("made", "wanted"),
    [
        (lambda: bl.zeros((2, 3)), np.zeros((2, 3), "float32")),
        (lambda: bl.ones(4, dtype="float64"), np.ones(4)),
        (lambda: bl.full((2,), 1.5), np.full(2, 1.5, "float32")),
        (lambda: bl.eye(2, 3), np.eye(2, 3, dtype="float32")),
        (lambda: bl.arange(5), np.arange(5, dtype="int32")),
        (lambda: bl.arange(1, 2, 0.25), np.arange(1, 2, 0.25, dtype="float32")),
        (lambda: bl.linspace(0, 1, 5), np.linspace(0, 1, 5, dtype="float32")),
        (lambda: bl.zeros_like(bl.arange(3)), np.zeros(3, "int32")),
        (lambda: bl.ones_like(np.zeros((2, 2))), np.ones((2, 2))),
    ],
)
def test_like_numpy(made: object, wanted: np.ndarray) -> None:
    found = made().numpy()
    assert found.dtype == wanted.dtype
    np.testing.assert_array_equal(found, wanted)


def test_a_list_of_batches_is_a_source() -> None:
    x, y = np.ones((8, 3), "float32"), np.ones((8, 1), "float32")
    model = bl.Sequential([bl.layers.Dense(1)])
    model.compile("sgd", "mse")
    batches = [(x[:4], y[:4]), (x[4:], y[4:])]
    history = model.fit(batches, epochs=2, validation_data=batches, verbose=0)
    assert history.params["steps"] == 2
    with pytest.warns(UserWarning, match="workers"):
        model.fit(batches, verbose=0, workers=2)
