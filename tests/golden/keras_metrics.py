"""Golden results of Keras' metrics: the result after each of three updates, with and without sample weights.

The batches have 8, 8 and 3 rows; after the third result the metric is reset and asked once more.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from store import Writer, build

BATCHES = ((0, 8), (8, 16), (16, 19))
CLASSES = 5

OPTIONS: list[tuple[str, str, list[dict[str, Any]]]] = [
    ("Accuracy", "labels", [{}]),
    ("BinaryAccuracy", "binary", [{}, {"threshold": 0.7}]),
    ("BinaryAccuracy", "bits", [{}]),
    ("CategoricalAccuracy", "onehot", [{}]),
    ("SparseCategoricalAccuracy", "sparse", [{}]),
    ("SparseCategoricalAccuracy", "sparse_column", [{}]),
    ("TopKCategoricalAccuracy", "onehot", [{}, {"k": 1}, {"k": 2}, {"k": 3}]),
    ("SparseTopKCategoricalAccuracy", "sparse", [{}, {"k": 1}, {"k": 2}, {"k": 3}]),
    ("TopKCategoricalAccuracy", "ties", [{"k": 2}]),
    ("SparseTopKCategoricalAccuracy", "sparse_ties", [{"k": 2}]),
    ("CategoricalAccuracy", "ties", [{}]),
    ("Precision", "binary", [{}, {"thresholds": 0.3}, {"thresholds": [0.0, 0.5, 0.9]}]),
    ("Precision", "onehot", [{"top_k": 2}, {"class_id": 1}, {"class_id": 2, "top_k": 2}]),
    ("Recall", "binary", [{}, {"thresholds": 0.3}, {"thresholds": [0.0, 0.5, 0.9]}]),
    ("Recall", "onehot", [{"top_k": 2}, {"class_id": 1}, {"class_id": 2, "top_k": 2}]),
    ("Precision", "bits", [{}]),
    ("Recall", "bits", [{}]),
    ("TruePositives", "binary", [{}, {"thresholds": [0.2, 0.8]}]),
    ("TrueNegatives", "binary", [{}, {"thresholds": [0.2, 0.8]}]),
    ("FalsePositives", "binary", [{}, {"thresholds": [0.2, 0.8]}]),
    ("FalseNegatives", "binary", [{}, {"thresholds": [0.2, 0.8]}]),
    ("AUC", "bits", [{}, {"curve": "PR"}, {"num_thresholds": 5}, {"summation_method": "minoring"}]),
    ("AUC", "bits", [{"summation_method": "majoring"}, {"curve": "PR", "summation_method": "majoring"}]),
    ("AUC", "bits", [{"curve": "PR", "summation_method": "minoring"}, {"thresholds": [0.2, 0.4, 0.6, 0.8]}]),
    ("AUC", "binary", [{}, {"multi_label": True, "num_labels": 5}]),
    ("AUC", "bit_logits", [{"from_logits": True}]),
    ("SpecificityAtSensitivity", "bits", [{"sensitivity": 0.5}, {"sensitivity": 0.9, "num_thresholds": 11}]),
    ("SensitivityAtSpecificity", "bits", [{"specificity": 0.5}, {"specificity": 0.9, "num_thresholds": 11}]),
    ("PrecisionAtRecall", "bits", [{"recall": 0.5}, {"recall": 0.9}]),
    ("RecallAtPrecision", "bits", [{"precision": 0.5}, {"precision": 0.9}]),
    ("F1Score", "onehot", [{}, {"average": "micro"}, {"average": "macro"}, {"average": "weighted"}]),
    ("F1Score", "binary", [{"threshold": 0.4, "average": "macro"}]),
    ("FBetaScore", "onehot", [{"beta": 2.0}, {"beta": 0.5, "average": "macro"}]),
    ("FBetaScore", "binary", [{"beta": 2.0, "threshold": 0.4, "average": "micro"}]),
    ("MeanSquaredError", "numbers", [{}]),
    ("RootMeanSquaredError", "numbers", [{}]),
    ("MeanAbsoluteError", "numbers", [{}]),
    ("MeanAbsolutePercentageError", "numbers", [{}]),
    ("MeanSquaredLogarithmicError", "numbers", [{}]),
    ("LogCoshError", "numbers", [{}]),
    ("MeanSquaredError", "rank1", [{}]),
    ("R2Score", "numbers", [{}, {"class_aggregation": None}, {"class_aggregation": "variance_weighted_average"}]),
    ("R2Score", "numbers", [{"num_regressors": 2}]),
    ("CosineSimilarity", "numbers", [{}, {"axis": -1}]),
    ("Poisson", "positive", [{}]),
    ("KLDivergence", "soft", [{}]),
    ("Hinge", "signs", [{}]),
    ("SquaredHinge", "signs", [{}]),
    ("CategoricalHinge", "onehot", [{}]),
    ("BinaryCrossentropy", "binary", [{}, {"label_smoothing": 0.2}]),
    ("BinaryCrossentropy", "bit_logits", [{"from_logits": True}]),
    ("CategoricalCrossentropy", "onehot", [{}, {"label_smoothing": 0.2}]),
    ("CategoricalCrossentropy", "onehot_logits", [{"from_logits": True}]),
    ("SparseCategoricalCrossentropy", "sparse", [{}]),
    ("SparseCategoricalCrossentropy", "sparse_logits", [{"from_logits": True}]),
    ("Mean", "values", [{}]),
    ("Sum", "values", [{}]),
]
NO_WEIGHTS_WITH = ("multi_label",)
DTYPES = {"labels": "int32", "sparse": "int32", "sparse_column": "int32", "sparse_logits": "int32"}


def given() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return (y_true, y_pred) by name, 19 rows each; `ties` repeats the largest score within a row."""
    rng = np.random.default_rng(5)
    rows = BATCHES[-1][1]
    labels = rng.integers(0, CLASSES, rows)
    onehot = np.eye(CLASSES)[labels]
    logits = rng.normal(size=(rows, CLASSES)) * 1.5 + onehot
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    bits = rng.integers(0, 2, (rows, CLASSES))
    scores = 1 / (1 + np.exp(-(rng.normal(size=(rows, CLASSES)) + 1.2 * bits - 0.6)))
    scores[3, 0], scores[4, 0], scores[5, 0] = 0.5, 0.0, 1.0
    held = np.clip(scores[:, :1], 1e-3, 0.999)
    numbers = rng.normal(size=(rows, CLASSES))
    close = numbers + 0.4 * rng.normal(size=(rows, CLASSES))
    ties = np.round(probabilities * 3) / 3
    return {
        "labels": (labels, np.where(rng.random(rows) < 0.6, labels, 0)),
        "binary": (bits, scores),
        "bits": (bits[:, :1], scores[:, :1]),
        "bit_logits": (bits[:, :1], np.log(held / (1 - held))),
        "onehot": (onehot, probabilities),
        "onehot_logits": (onehot, logits),
        "sparse": (labels, probabilities),
        "sparse_column": (labels[:, None], probabilities),
        "sparse_logits": (labels, logits),
        "ties": (onehot, ties),
        "sparse_ties": (labels, ties),
        "numbers": (numbers, close),
        "rank1": (numbers[:, 0], close[:, 0]),
        "positive": (rng.poisson(3.0, (rows, CLASSES)), rng.gamma(2.0, size=(rows, CLASSES))),
        "soft": (rng.dirichlet(np.ones(CLASSES), rows), probabilities),
        "signs": (2 * bits - 1, numbers),
        "values": (numbers[:, 0], numbers[:, 0]),
    }


def follow(metric: Any, y_true: np.ndarray, y_pred: np.ndarray, weights: np.ndarray | None) -> list[Any]:
    """Return the result after each batch, then after a reset and the first batch again."""
    results = []
    for start, stop in (*BATCHES, BATCHES[0]):
        if len(results) == len(BATCHES):
            metric.reset_state()
        weight = {} if weights is None else {"sample_weight": weights[start:stop]}
        arrays = (y_pred[start:stop],) if is_running(metric) else (y_true[start:stop], y_pred[start:stop])
        metric.update_state(*arrays, **weight)
        results.append(np.asarray(metric.result()))
    return results


def is_running(metric: Any) -> bool:
    """Say whether the metric takes values, not targets and predictions."""
    return type(metric).__name__ in ("Mean", "Sum")


def accuracy_names() -> list[dict[str, Any]]:
    """Record which class the strings "accuracy" and "crossentropy" mean for which shapes."""
    from keras.src.trainers.compile_utils import get_loss, get_metric

    cases = []
    for true_shape, pred_shape in (
        ((4, 1), (4, 1)),
        ((4,), (4, 1)),
        ((4, 3), (4, 3)),
        ((4,), (4, 3)),
        ((4, 1), (4, 3)),
        ((4, 2, 3), (4, 2, 3)),
        ((4, 2), (4, 2, 3)),
    ):
        y_true, y_pred = np.zeros(true_shape, "float32"), np.zeros(pred_shape, "float32")
        metric = get_metric("accuracy", y_true, y_pred)
        loss: Any = get_loss("crossentropy", y_true, y_pred)
        meant = {"accuracy": type(metric).__name__, "crossentropy": loss.fn.__name__, "name": metric.name}
        cases.append({"y_true": true_shape, "y_pred": pred_shape, **meant})
    return cases


def names() -> dict[str, str]:
    """Say for every string Keras takes as a metric which function or class it means."""
    from keras.src.metrics import ALL_OBJECTS_DICT

    return {key: getattr(value, "__name__", str(value)) for key, value in sorted(ALL_OBJECTS_DICT.items())}


def make() -> None:
    """Write metrics.json and metrics.npz."""
    writer = Writer(keras=keras.__version__, names=names(), accuracy=accuracy_names(), batches=BATCHES)
    data = {
        name: (y_true.astype(DTYPES.get(name, "int32" if "sparse" in name else "float32")), y_pred.astype("float32"))
        for name, (y_true, y_pred) in given().items()
    }
    weights = np.round(np.random.default_rng(6).random(BATCHES[-1][1]) * 3, 2).astype("float32")
    weights[2] = 0.0
    for name, (y_true, y_pred) in data.items():
        writer.share(**{f"{name}_true": y_true, f"{name}_pred": y_pred})
    writer.share(weights=weights)
    for name, data_name, option_sets in OPTIONS:
        for config in option_sets:
            for weighted in (False, True):
                if weighted and any(key in config for key in NO_WEIGHTS_WITH):
                    continue
                one(writer, name, data_name, config, data[data_name], weights if weighted else None)
    writer.save("metrics")


def one(writer: Writer, name: str, data_name: str, config: dict[str, Any], arrays: Any, weights: Any) -> None:
    """Add one case."""
    spec = {"class": name, "config": config}
    metric = build(keras.metrics, spec)
    weighted = weights is not None
    options = [f"{k}={v}" for k, v in config.items()]
    facts = {"data": data_name, "weighted": weighted, "name": keras_name(name, config), "keras": metric.get_config()}
    try:
        results = follow(metric, *arrays, weights)
    except ValueError as error:  # Keras cannot weigh (n,) values: it has averaged them away before
        print(f"metrics: left out {name} on {data_name}, {weighted=}: {error}")
        return
    writer.add(
        "-".join([name, data_name, *options, *(["weighted"] if weighted else [])]),
        {**spec, **facts},
        results=np.stack(results),
    )


def keras_name(name: str, config: dict[str, Any]) -> str:
    """Return the name Keras gives a first instance of the class."""
    keras.backend.clear_session()
    return build(keras.metrics, {"class": name, "config": config}).name
