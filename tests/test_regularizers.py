"""Penalties on weights and the sets weights are held in: values, gradients, dtypes, names."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest

from backlit import constraints, regularizers
from backlit.errors import ConfigError, ShapeError
from backlit.tensor import GradientTape, Variable

W = np.array([[3.0, -1.0], [4.0, 0.5]])
UNIT = W / np.linalg.norm(W, axis=1, keepdims=True)

PENALTIES: list[tuple[Any, float, np.ndarray]] = [
    (regularizers.L1(0.1), 0.85, 0.1 * np.sign(W)),
    (regularizers.L2(0.1), 2.625, 0.2 * W),
    (regularizers.L1L2(0.1, 0.2), 6.1, 0.1 * np.sign(W) + 0.4 * W),
    ("l2", 0.2625, 0.02 * W),
    ("L1", 0.085, 0.01 * np.sign(W)),
    ("l1_l2", 0.0, 0.0 * W),
]
PROJECTIONS: list[tuple[Any, np.ndarray]] = [
    (constraints.MaxNorm(2.0), W * [2 / 5, 1]),
    (constraints.MaxNorm(2.0, axis=1), W * np.minimum(1, 2 / np.linalg.norm(W, axis=1, keepdims=True))),
    (constraints.MaxNorm(2.0, axis=[0, 1]), W * 2 / np.linalg.norm(W)),
    ("non_neg", np.maximum(W, 0)),
    ("unit_norm", W / np.linalg.norm(W, axis=0)),
    (constraints.MinMaxNorm(2.0, 3.0), W / np.linalg.norm(W, axis=0) * [3, 2]),
    (constraints.MinMaxNorm(2.0, 3.0, rate=0.5), W / np.linalg.norm(W, axis=0) * [4, (2 + np.sqrt(1.25)) / 2]),
]


@pytest.mark.parametrize(("penalty", "value", "slope"), PENALTIES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_penalty_and_its_gradient(penalty: Any, value: float, slope: np.ndarray, dtype: str) -> None:
    w = Variable(W.astype(dtype))
    with GradientTape() as tape:
        found = regularizers.get(penalty)(w)
    assert found.shape == ()
    assert found.dtype == dtype
    assert float(found) == pytest.approx(value, rel=1e-6)
    np.testing.assert_allclose(tape.gradient(found, w).numpy(), slope, rtol=1e-6)


def test_orthogonal_penalty() -> None:
    found = regularizers.OrthogonalRegularizer(0.5)(W)
    assert float(found) == pytest.approx(0.5 * abs(UNIT[0] @ UNIT[1]))
    columns = regularizers.OrthogonalRegularizer(0.5, mode="columns")
    assert float(columns(np.eye(3))) == 0.0
    with pytest.raises(ShapeError, match="matrix"):
        columns(np.zeros(3))


@pytest.mark.parametrize(("constraint", "wanted"), PROJECTIONS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_projection(constraint: Any, wanted: np.ndarray, dtype: str) -> None:
    found = constraints.get(constraint)(Variable(W.astype(dtype)))
    assert found.dtype == dtype
    np.testing.assert_allclose(found.numpy(), wanted, rtol=1e-6)


def test_a_column_of_zeros_stays() -> None:
    zeros = Variable(np.zeros((3, 2)))
    for name in constraints.CONSTRAINTS:
        np.testing.assert_array_equal(constraints.get(name)(zeros).numpy(), 0)


@pytest.mark.parametrize("room", [regularizers, constraints], ids=["regularizers", "constraints"])
def test_names(room: ModuleType) -> None:
    table = getattr(room, room.__name__.split(".")[-1].upper())
    for name, kind in table.items():
        made = room.get(name)
        assert type(made) is kind
        written = room.serialize(made)
        assert written["class_name"] == kind.__name__
        assert room.deserialize(written).get_config() == made.get_config()
    assert room.get(None) is None
    assert room.get(abs) is abs
    with pytest.raises(ConfigError, match="Unknown"):
        room.get("l_two_norm_max")
    with pytest.raises(ConfigError, match="Expected a name"):
        room.get(0.01)


@pytest.mark.parametrize("wrong", [-1.0, float("nan"), float("inf"), "0.1", True])
def test_strengths_are_checked(wrong: Any) -> None:
    with pytest.raises(ConfigError, match="finite number >= 0"):
        regularizers.L2(wrong)


def test_wrong_bounds() -> None:
    with pytest.raises(ConfigError, match="min_value"):
        constraints.MinMaxNorm(2.0, 1.0)
    with pytest.raises(ConfigError, match="rate"):
        constraints.MinMaxNorm(rate=0.0)
