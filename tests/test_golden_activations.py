"""Activations and activation layers against Keras: values on a grid with extremes, derivatives off the kinks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from golden.compare import close, gradients, numbers
from golden.store import Case, build, read

import backlit as bl

GOLDEN = read("activations")
X = GOLDEN.shared
WITHOUT_DEFAULTS = {"threshold"}  # Keras has no default for its two arguments

EPSILON = float(np.finfo("float32").eps)


def as_exact(found: Any, wanted: np.ndarray, x: np.ndarray, units: float) -> None:
    """Compare float32 results with Keras' float64: `units` roundings of the result, two of what it was made of.

    The second part is there for formulas that subtract, such as x - tanh(x): no float32 can be closer.
    """
    found = numbers(found)
    assert found.dtype == np.float32
    wanted, made_of = wanted.astype("float32"), np.minimum(np.abs(x), 8.0)
    allowed = EPSILON * (units * np.abs(wanted) + 2.0 * made_of) + 1e-37
    with np.errstate(invalid="ignore"):
        wrong = ~((np.abs(found - wanted) <= allowed) | (found == wanted))
    assert list(x[wrong]) == [], f"at x = {x[wrong]}: {found[wrong]}, Keras has {wanted[wrong]}"


def named(kind: str) -> list[Any]:
    return [pytest.param(case, id=case.id) for case in GOLDEN.of(kind=kind)]


@pytest.mark.parametrize("name", [n for n in GOLDEN.facts["names"] if n not in WITHOUT_DEFAULTS])
def test_every_name_is_known(name: str) -> None:
    function = bl.activations.get(name)
    assert function is getattr(bl.activations, name)
    numbers(function(X["matrix"]))


@pytest.mark.parametrize("case", named("elementwise"))
def test_values(case: Case) -> None:
    function = getattr(bl.activations, case["name"])
    with np.errstate(over="ignore"):  # e**90 is infinite in float32, for Keras too
        out = function(X["values"].astype("float32"), **case["config"])
        as_exact(out, case.arrays["values"], X["values"], units=8)
        close(function(X["values"], **case["config"]), case.arrays["values"], rtol=1e-6 if is_single(case) else 1e-12)


@pytest.mark.parametrize("case", named("elementwise"))
def test_derivatives(case: Case) -> None:
    function = getattr(bl.activations, case["name"])

    def total(x: Any) -> Any:
        out = function(x, **case["config"])
        return out, bl.ops.sum(out)

    with np.errstate(over="ignore"):
        _, (slopes,), _ = gradients(bl, total, [X["smooth"].astype("float32")])
        as_exact(slopes, case.arrays["slopes"], X["smooth"], units=32)
    _, (slopes,), _ = gradients(bl, total, [X["smooth"]])
    rtol, floor = (1e-5, 1e-6) if is_single(case) else (1e-11, 1e-13)
    close(slopes, case.arrays["slopes"], rtol, floor)


def is_single(case: Case) -> bool:
    """Say whether Keras answered in float32 although it was asked in float64 (its tanh does)."""
    return case.arrays["values"].dtype == np.float32


@pytest.mark.parametrize("case", [row for row in named("axis") if "sparsemax" not in row.id])
@pytest.mark.parametrize(("dtype", "rtol"), [("float32", 5e-6), ("float64", 1e-12)])
def test_over_an_axis(case: Case, dtype: str, rtol: float) -> None:
    function = getattr(bl.activations, case["name"])
    cotangent = X["cotangent"][tuple(slice(n) for n in case.arrays["values"].shape)].astype(dtype)

    def total(x: Any) -> Any:
        out = function(x, **case["config"])
        return out, bl.ops.sum(out * cotangent)

    out, (gradient,), _ = gradients(bl, total, [X["matrix"].astype(dtype)])
    close(out, case.arrays["values"], rtol, floor=rtol)
    close(gradient, case.arrays["gradient"], rtol, floor=rtol)
    close(function(X["extreme"].astype(dtype), **case["config"]), case.arrays["extremes"], rtol, floor=rtol)


@pytest.mark.parametrize("axis", [-1, 0])
def test_sparsemax_by_its_definition(axis: int) -> None:
    """Keras 3.15.1 adds up cumulative sums where single scores are meant, so that its rows do not sum to one."""
    keras = next(case for case in GOLDEN.cases if case.id == ("sparsemax" if axis else "sparsemax-axis=0"))
    assert np.abs(keras.arrays["values"].sum(axis) - 1).max() > 0.5
    y = numbers(bl.activations.sparsemax(X["matrix"], axis=axis))
    np.testing.assert_allclose(y.sum(axis), 1, rtol=1e-12)
    threshold = np.where(y > 0, X["matrix"] - y, -np.inf).max(axis, keepdims=True)  # the projection onto the simplex
    np.testing.assert_allclose(y, np.maximum(X["matrix"] - threshold, 0), atol=1e-12)


@pytest.mark.parametrize("case", named("layer"))
def test_layers(case: Case) -> None:
    config = {key: build(bl, value) for key, value in case["config"].items()}
    layer = getattr(bl.layers, case["name"])(**config)
    x3 = X["rank3"].astype("float32")
    layer.build(x3.shape)

    def total(x: Any) -> Any:
        out = layer(x)
        return out, bl.ops.sum(out * X["cotangent3"].astype("float32"))

    out, (gradient,), weights = gradients(bl, total, [x3], layer.trainable_weights)
    close(out, case.arrays["values"], rtol=5e-6)
    close(gradient, case.arrays["gradient"], rtol=1e-5)
    assert len(weights) == sum(name.startswith("weight_gradient") for name in case.arrays)
    for i, found in enumerate(weights):
        close(found, case.arrays[f"weight_gradient_{i}"], rtol=1e-5)
