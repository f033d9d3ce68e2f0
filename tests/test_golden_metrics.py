"""Metrics against Keras: the result after each of three batches, then after a reset, plain and weighted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from golden.compare import close, differing_defaults, numbers
from golden.store import Case, read

import backlit as bl

GOLDEN = read("metrics")
DATA = GOLDEN.shared
BATCHES = [tuple(batch) for batch in GOLDEN.facts["batches"]]
OTHER_TASKS = ("iou", "io_u", "concordance", "pearson")  # segmentation, correlation
NOT_BY_NAME = ("Metric", "MeanMetricWrapper")  # nothing a name alone can make; so are those "at" a value


def follow(metric: Any, case: Case) -> list[Any]:
    """Update with each batch, reset, update with the first again; return the result after each."""
    y_true, y_pred = DATA[f"{case['data']}_true"], DATA[f"{case['data']}_pred"]
    results = []
    for start, stop in (*BATCHES, BATCHES[0]):
        if len(results) == len(BATCHES):
            metric.reset_state()
        weight = {"sample_weight": DATA["weights"][start:stop]} if case["weighted"] else {}
        running = case["class"] in ("Mean", "Sum")
        arrays = (y_pred[start:stop],) if running else (y_true[start:stop], y_pred[start:stop])
        metric.update_state(*arrays, **weight)
        results.append(numbers(metric.result()))
    return results


@pytest.mark.parametrize("case", GOLDEN.cases, ids=lambda case: case.id)
def test_results(case: Case) -> None:
    metric = getattr(bl.metrics, case["class"])(**case["config"])
    results = follow(metric, case)
    for step, (found, wanted) in enumerate(zip(results, case.arrays["results"], strict=True)):
        close(found, wanted, what=f"after update {step + 1}")


@pytest.mark.parametrize("case", GOLDEN.of(weighted=False), ids=lambda case: case.id)
def test_config_and_name(case: Case) -> None:
    metric = getattr(bl.metrics, case["class"])(**case["config"])
    wanted = {key: value for key, value in case["keras"].items() if key not in ("name", "dtype", "thresholds")}
    assert differing_defaults(metric.get_config(), wanted) == {}
    assert metric.name.rstrip("0123456789").rstrip("_") == case["name"].rstrip("0123456789").rstrip("_")


@pytest.mark.parametrize(("name", "meaning"), GOLDEN.facts["names"].items())
def test_names(name: str, meaning: str) -> None:
    """Every string that Keras takes as a metric is one here."""
    if any(word in name.lower() for word in OTHER_TASKS) or meaning in NOT_BY_NAME or "At" in meaning:
        pytest.skip(f"{meaning} is no metric of dense networks, or none that a name alone can make")
    metric = bl.metrics.get(name)
    assert callable(metric)
    assert isinstance(metric, bl.metrics.Metric) == (meaning[0].isupper()), f"{name} means {meaning}"


@pytest.mark.parametrize("row", GOLDEN.facts["accuracy"], ids=lambda row: f"{row['y_true']}-{row['y_pred']}")
def test_accuracy_by_shape(row: dict[str, Any]) -> None:
    """'accuracy' and 'crossentropy' mean a class that depends on the shapes: checked through a model's report."""
    x = np.zeros((row["y_true"][0], *row["y_pred"][1:]), "float32")
    model = bl.models.Sequential([bl.layers.Input(shape=x.shape[1:]), bl.layers.Activation("sigmoid")])
    model.compile("sgd", "mse" if row["y_true"] == row["y_pred"] else "ce", metrics=["accuracy"])
    y = np.zeros(row["y_true"], "float32" if row["y_true"] == row["y_pred"] else "int32")
    report = model.evaluate(x, y, verbose=0, return_dict=True)
    plain = getattr(bl.metrics, row["accuracy"])()
    plain.update_state(y, model.predict(x, verbose=0))
    assert report["accuracy"] == pytest.approx(float(numbers(plain.result())))
