"""Losses against Keras: one value per sample, every reduction with and without weights, gradients, extremes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from golden.compare import close, differing_defaults, gradients, numbers
from golden.store import Case, read

import backlit as bl

GOLDEN = read("losses")
DATA = GOLDEN.shared


def loss_of(case: Case, **changes: Any) -> Any:
    config = {**case["config"], **changes}
    if "Focal" in case["class"] and case.get("extreme") and case["config"].get("from_logits"):
        config["probabilities"] = "clip"  # Keras turns logits into clipped probabilities; ours stay exact unless asked
    return getattr(bl.losses, case["class"])(**config)


def data_of(case: Case) -> tuple[Any, Any, Any]:
    return DATA[f"{case['data']}_true"], DATA[f"{case['data']}_pred"], DATA.get(case.get("weight", ""))


@pytest.mark.parametrize("case", GOLDEN.cases, ids=lambda case: case.id)
def test_values(case: Case) -> None:
    y_true, y_pred, weight = data_of(case)
    each = loss_of(case, reduction="none")(y_true, y_pred)
    assert numbers(each).dtype == np.float32
    close(each, case.arrays["per_sample"], what="per sample")
    close(loss_of(case)(y_true, y_pred, sample_weight=weight), case.arrays["value"], what="reduced")


@pytest.mark.parametrize("case", GOLDEN.cases, ids=lambda case: case.id)
def test_gradients(case: Case) -> None:
    """Where Keras' gradient is NaN (log(0), 0/0), ours must be a number."""
    y_true, y_pred, weight = data_of(case)
    loss = loss_of(case)

    def total(p: Any) -> Any:
        value = loss(y_true, p, sample_weight=weight)
        return value, bl.ops.sum(value)

    _, (gradient,), _ = gradients(bl, total, [y_pred])
    assert np.isfinite(gradient).all()
    sound = np.isfinite(case.arrays["gradient"])
    close(gradient[sound], case.arrays["gradient"][sound], floor=1e-5 if case["class"] == "Tversky" else 2e-6)


@pytest.mark.parametrize("case", [c for c in GOLDEN.cases if "Focal" in c.id and "huge" in c.id], ids=lambda c: c.id)
def test_focal_losses_stay_exact_on_logits(case: Case) -> None:
    """At logits of +-1e4 a wrong answer costs 1e4, not Keras' 16, and its gradient is alive."""
    y_true, y_pred, _ = data_of(case)
    loss = getattr(bl.losses, case["class"])(**case["config"])
    _, (gradient,), _ = gradients(bl, lambda p: (loss(y_true, p), loss(y_true, p)), [y_pred])
    assert float(numbers(loss(y_true, y_pred))) > 1000
    assert (np.abs(gradient) > np.abs(case.arrays["gradient"])).any()


@pytest.mark.parametrize("name", sorted({case["class"] for case in GOLDEN.cases}))
def test_defaults(name: str) -> None:
    keras = next(case["defaults"] for case in GOLDEN.cases if case["class"] == name)
    assert differing_defaults(getattr(bl.losses, name)().get_config(), keras) == {}


@pytest.mark.parametrize(("name", "meaning"), GOLDEN.facts["names"].items())
def test_names(name: str, meaning: str) -> None:
    """Every string that Keras takes means the same here; the families outside dense networks are left out."""
    if meaning in ("CTC", "ctc", "Circle", "circle", "Loss", "LossFunctionWrapper") or "eneralized" in meaning:
        pytest.skip(f"{meaning} is no loss of dense networks, or none that a name alone can make")
    found = bl.losses.get(name)
    assert getattr(found, "__name__", type(found).__name__) == meaning
