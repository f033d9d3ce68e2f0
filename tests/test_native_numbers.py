"""Machine code on integers, truth values and extraordinary floats: what NumPy makes of them, or left alone.

What machine code is not made for falls back, so that the numbers, and the errors, are those of the interpreter.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from backlit import ops
from backlit.execute import Interpreter, prepare
from backlit.tensor import Trace

pytest.importorskip("llvmlite")
RNG = np.random.default_rng(0)
DTYPES = ["float32", "float64", "int32", "int64", "uint8", "bool"]
ONE = ["negative", "absolute", "square", "sign", "floor", "ceil", "isfinite", "isnan", "logical_not", "exp", "sqrt"]
TWO = [
    "add", "subtract", "multiply", "divide", "maximum", "minimum", "greater", "less_equal", "equal", "not_equal",
    "floor_divide", "mod", "logical_and",
]  # fmt: skip
SPECIAL = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e8, -0.1, 1.0, 0.1, -7.0]


def numbers(dtype: str, size: int = 27) -> np.ndarray:
    if dtype.startswith("float"):
        return RNG.permutation(np.append(SPECIAL, RNG.normal(scale=3, size=size - len(SPECIAL)))).astype(dtype)
    low, high = {"bool": (0, 2), "uint8": (0, 256)}.get(dtype, (-99, 99))
    return RNG.integers(low, high, size).astype(dtype)


def assert_meant(arrays: list[np.ndarray], build: Any) -> None:
    """Compare a recording in machine code, as far as there is some, with the interpreter: numbers or errors."""
    given = {f"x{i}": a for i, a in enumerate(arrays)}
    try:
        with Trace() as trace:
            graph = trace.graph({"out": build(*(trace.input(n, a.shape, a.dtype) for n, a in given.items()))})
    except TypeError:
        return  # refused before it is recorded
    meant, ours = (outcome(runner, given) for runner in (Interpreter(graph), prepare(graph)))
    if isinstance(meant, Exception):
        assert type(ours) is type(meant)
    else:
        rounding = 1e-3 if meant.dtype == np.float16 else 1e-5  # NumPy's, of truth values
        np.testing.assert_allclose(ours, meant, rtol=rounding, atol=1e-6)


def outcome(runner: Any, given: dict[str, np.ndarray]) -> Any:
    try:
        return np.asarray(runner.run(given)["out"])
    except (TypeError, ValueError) as error:
        return error


@pytest.fixture(autouse=True)
def quiet() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize("dtype", DTYPES)
def test_of_one_number(dtype: str) -> None:
    for name in ONE:
        assert_meant([numbers(dtype)], getattr(ops, name))
    for other in DTYPES:
        values = np.clip(np.nan_to_num(numbers(dtype).astype("float64")), 0, 99).astype(dtype)
        assert_meant([values], lambda x, other=other: ops.cast(x, other))


@pytest.mark.parametrize("second", DTYPES)
@pytest.mark.parametrize("first", DTYPES)
def test_of_two_numbers(first: str, second: str) -> None:
    x, y = numbers(first), numbers(second)
    for name in TWO:
        assert_meant([x, y], getattr(ops, name))


def test_whole_numbers_that_processors_refuse_to_divide() -> None:
    least = np.iinfo(np.int64).min
    x, y = np.array([least, least, 5, -5, 0]), np.array([-1, 0, 0, -1, 0])
    for name in ("floor_divide", "mod"):
        assert_meant([x, y], getattr(ops, name))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [0, 1, 40])
def test_of_many_numbers(size: int, dtype: str) -> None:
    x = numbers(dtype, 40)[:size] if size else np.zeros(0, dtype)
    x = np.nan_to_num(x, posinf=7, neginf=-7) if dtype.startswith("float") else x
    for name in ("sum", "mean", "max", "min", "any", "all", "argmax", "argmin", "cumsum", "sort"):
        if name != "cumsum" or dtype not in ("int32", "uint8"):  # NumPy's running sum is wider than the op's
            assert_meant([x], lambda x, name=name: getattr(ops, name)(x, 0))
