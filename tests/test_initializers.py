"""Initial values: their distributions, their seeds, their names."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from backlit import initializers, seeds
from backlit.errors import ConfigError, ShapeError

SHAPE = (784, 100)
CUT = 2.0 / initializers.TRUNCATED_STD  # where a truncated normal of standard deviation 1 ends

# initializer, standard deviation, greatest absolute value (None: unbounded)
DISTRIBUTIONS: list[tuple[str, dict[str, Any], float, float | None]] = [
    ("glorot_uniform", {}, math.sqrt(2 / 884), math.sqrt(6 / 884)),
    ("glorot_normal", {}, math.sqrt(2 / 884), CUT * math.sqrt(2 / 884)),
    ("he_uniform", {}, math.sqrt(2 / 784), math.sqrt(6 / 784)),
    ("he_normal", {}, math.sqrt(2 / 784), CUT * math.sqrt(2 / 784)),
    ("lecun_uniform", {}, math.sqrt(1 / 784), math.sqrt(3 / 784)),
    ("lecun_normal", {}, math.sqrt(1 / 784), CUT * math.sqrt(1 / 784)),
    ("random_normal", {}, 0.05, None),
    ("random_uniform", {}, 0.05 / math.sqrt(3), 0.05),
    ("truncated_normal", {}, 0.05 * initializers.TRUNCATED_STD, 0.1),
    ("variance_scaling", {"distribution": "untruncated_normal", "mode": "fan_out"}, 0.1, None),
    ("variance_scaling", {"distribution": "uniform", "mode": "fan_out", "scale": 4.0}, 0.2, 0.2 * math.sqrt(3)),
]
RANDOM = sorted({name for name, *_ in DISTRIBUTIONS} | {"orthogonal"})


@pytest.mark.parametrize(("name", "config", "std", "limit"), DISTRIBUTIONS)
def test_distribution(name: str, config: dict[str, Any], std: float, limit: float | None) -> None:
    values = initializers.INITIALIZERS[name](**config, seed=1)(SHAPE)
    assert values.shape == SHAPE
    assert values.dtype == "float32"
    n = values.size
    assert abs(values.mean()) < 5 * std / math.sqrt(n)
    assert values.std() == pytest.approx(std, rel=5 / math.sqrt(2 * n) * 1.2)
    if limit is None:
        assert np.abs(values).max() > 3.5 * std
    else:
        assert np.abs(values).max() <= limit * (1 + 1e-6)
        assert np.abs(values).max() > limit * 0.995


def test_values_of_the_reference() -> None:
    assert initializers.GlorotUniform(seed=0)(SHAPE).max() == pytest.approx(0.08238, abs=2e-5)
    assert initializers.GlorotUniform(seed=0)(SHAPE).std() == pytest.approx(0.04745, abs=5e-4)
    assert initializers.HeNormal(seed=0)(SHAPE).std() == pytest.approx(0.05053, abs=5e-4)


@pytest.mark.parametrize("name", RANDOM)
def test_seeds(name: str) -> None:
    kind = initializers.INITIALIZERS[name]
    np.testing.assert_array_equal(kind(seed=7)((5, 4)), kind(seed=7)((5, 4)))
    assert not np.array_equal(kind(seed=7)((5, 4)), kind(seed=8)((5, 4)))
    one, other = initializers.get(name), initializers.get(name)
    assert not np.array_equal(one((5, 4)), other((5, 4)))
    np.testing.assert_array_equal(one((5, 4)), one((5, 4)))
    seeds.set_random_seed(3)
    first = initializers.get(name)((5, 4))
    seeds.set_random_seed(3)
    np.testing.assert_array_equal(first, initializers.get(name)((5, 4)))


@pytest.mark.parametrize("name", [n for n in initializers.INITIALIZERS if n != "identity"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dtypes_and_small_shapes(name: str, dtype: str) -> None:
    for shape in [(2, 3), (0, 4), (3, 0), (2, 3, 4), *([(), (5,), 5] if name != "orthogonal" else [])]:
        values = initializers.get(name)(shape, dtype=dtype)
        assert values.shape == (shape if isinstance(shape, tuple) else (shape,))
        assert values.dtype == dtype
        assert np.isfinite(values).all()


def test_constants() -> None:
    np.testing.assert_array_equal(initializers.Constant(3)((2, 2)), np.full((2, 2), 3, "float32"))
    np.testing.assert_array_equal(initializers.get(np.array([1.0, 2.0]))((3, 2)), [[1, 2]] * 3)
    np.testing.assert_array_equal(initializers.Identity(2.0)((2, 3)), [[2, 0, 0], [0, 2, 0]])
    assert initializers.get("ones")((2,), "int32").dtype == "int32"


@pytest.mark.parametrize("shape", [(4, 7), (7, 4), (5, 5), (2, 3, 4)])
def test_orthogonal(shape: tuple[int, ...]) -> None:
    q = initializers.Orthogonal(gain=2.0, seed=1)(shape, "float64").reshape(-1, shape[-1]) / 2.0
    gram = q @ q.T if q.shape[0] < q.shape[1] else q.T @ q
    np.testing.assert_allclose(gram, np.eye(len(gram)), atol=1e-12)


def test_fans() -> None:
    table = {(): (1, 1), (3,): (3, 3), (4, 5): (4, 5), (2, 3, 4, 5): (24, 30)}
    assert {shape: initializers.fans(shape) for shape in table} == table


@pytest.mark.parametrize("name", [*initializers.INITIALIZERS, *initializers.ALIASES])
def test_written_down_and_read_again(name: str) -> None:
    made = initializers.get(name)
    again = initializers.deserialize(initializers.serialize(made))
    assert type(again) is type(made)
    assert again.get_config() == made.get_config()
    assert initializers.get(type(made).__name__).get_config() == made.get_config()


def test_get() -> None:
    assert initializers.get(None) is None
    assert initializers.get(np.zeros) is np.zeros
    assert isinstance(initializers.get(initializers.HeNormal), initializers.HeNormal)
    config = {"class_name": "GlorotUniform", "config": {"seed": 5, "input_axes": None, "output_axes": None}}
    assert initializers.get(config).seed == 5


class Mine(initializers.Initializer):
    """All numbers 4."""

    def __call__(self, shape: Any, dtype: Any = None) -> np.ndarray:
        return np.full(shape, 4, dtype)


def test_a_class_of_the_users() -> None:
    written = initializers.serialize(Mine())
    assert written["registered_name"] == "Mine"
    assert isinstance(initializers.deserialize(written, {"Mine": Mine}), Mine)
    with pytest.raises(ConfigError, match="Unknown initializer 'Mine'"):
        initializers.deserialize(written)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: initializers.get("glorot_unifrom"), ConfigError, "glorot_uniform"),
        (lambda: initializers.get(3), ConfigError, "is no initializer"),
        (lambda: initializers.get({"name": "zeros"}), ConfigError, "class_name"),
        (lambda: initializers.HeNormal(seed=1.5), ConfigError, "seed"),
        (lambda: initializers.VarianceScaling(scale=0), ConfigError, "scale"),
        (lambda: initializers.VarianceScaling(mode="fan"), ConfigError, "fan_avg"),
        (lambda: initializers.VarianceScaling(distribution="cauchy"), ConfigError, "uniform"),
        (lambda: initializers.Identity()((3,)), ShapeError, "matrices"),
        (lambda: initializers.Orthogonal()((3,)), ShapeError, "two axes"),
        (lambda: initializers.Constant([1, 2])((3,)), ShapeError, "does not fit"),
        (lambda: initializers.RandomNormal()((3,), "int32"), ConfigError, "floating"),
    ],
)
def test_wrong_arguments(make: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        make()
