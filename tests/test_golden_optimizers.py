"""Optimizers against Keras: 200 steps on two variables with the same gradients, and every schedule at every step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from golden.compare import close, differing_defaults, numbers
from golden.store import Case, build, read

import backlit as bl

GOLDEN = read("optimizers")
START, GRADIENTS = GOLDEN.shared["start"], GOLDEN.shared["gradients"]
KEPT = GOLDEN.facts["steps"]
OPTIMIZERS, SCHEDULES = GOLDEN.of(kind="optimizer"), GOLDEN.of(kind="schedule")


def split(flat: np.ndarray) -> list[np.ndarray]:
    return [flat[:6].reshape(3, 2), flat[6:]]


def walk(optimizer: Any, exclude: list[str], dtype: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the kept points of the way, shape (kept, 10), and the values after finalizing (EMA)."""
    pairs = zip(split(START.astype(dtype)), ("kernel", "bias"), strict=True)
    variables = [bl.Variable(value, name=name) for value, name in pairs]
    if exclude:
        optimizer.exclude_from_weight_decay(var_names=exclude)
    kept = []
    for step in range(1, KEPT[-1] + 1):
        gradients = [bl.Tensor(g) for g in split(GRADIENTS[step - 1].astype(dtype))]
        optimizer.apply_gradients(zip(gradients, variables, strict=True))
        if step in KEPT:
            kept.append(np.concatenate([numbers(v).ravel() for v in variables]))
    optimizer.finalize_variable_values(variables)
    return np.stack(kept), np.concatenate([numbers(v).ravel() for v in variables])


@pytest.mark.parametrize("case", OPTIMIZERS, ids=lambda case: case.id)
def test_trajectory(case: Case) -> None:
    """Float32 against float32: 200 roundings of a step, measured by the way that was walked."""
    trajectory, final = walk(build(bl.optimizers, case.spec), case.get("exclude", []), "float32")
    assert trajectory.dtype == np.float32
    close(trajectory, case.arrays["trajectory"], rtol=2e-5, floor=2e-6)
    if "final" in case.arrays:
        close(final, case.arrays["final"], rtol=2e-5, floor=2e-6, what="after finalizing")


@pytest.mark.parametrize("case", OPTIMIZERS, ids=lambda case: case.id)
def test_config(case: Case) -> None:
    """Same options, same defaults."""
    optimizer = build(bl.optimizers, case.spec)
    wanted = {k: v for k, v in case["keras"].items() if k not in ("name", "loss_scale_factor")}
    rate = wanted.pop("learning_rate")
    config = optimizer.get_config()
    assert differing_defaults(config, wanted) == {}
    if isinstance(rate, dict):
        assert config["learning_rate"]["class_name"] == rate["class_name"]
        assert differing_defaults(config["learning_rate"]["config"], rate["config"], ignored=["name"]) == {}
    else:
        assert config["learning_rate"] == pytest.approx(rate, rel=1e-6)


@pytest.mark.parametrize("case", OPTIMIZERS, ids=lambda case: case.id)
def test_config_makes_the_same_optimizer(case: Case) -> None:
    optimizer = build(bl.optimizers, case.spec)
    again = type(optimizer).from_config(optimizer.get_config())
    assert again.get_config() == optimizer.get_config()


@pytest.mark.parametrize("case", SCHEDULES, ids=lambda case: case.id)
def test_schedule(case: Case) -> None:
    schedule = build(bl.optimizers, case["spec"])
    values = [float(numbers(schedule(step))) for step in range(len(case.arrays["values"]))]
    close(np.array(values, "float32"), case.arrays["values"], rtol=5e-6, floor=1e-6)
    assert differing_defaults(schedule.get_config(), case["keras"], ignored=["name"]) == {}


@pytest.mark.parametrize(
    "name", ["SGD", "RMSprop", "Adam", "AdamW", "Adamax", "Nadam", "Adagrad", "Adadelta", "Ftrl", "Lion"]
)
def test_names(name: str) -> None:
    """Strings in any case, classes and configurations give the optimizer."""
    cls = getattr(bl.optimizers, name)
    for identifier in (name, name.lower(), name.upper()):
        assert type(bl.optimizers.get(identifier)) is cls
    assert type(bl.optimizers.get({"class_name": name, "config": {"learning_rate": 0.5}})) is cls
