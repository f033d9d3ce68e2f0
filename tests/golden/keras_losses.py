"""Golden values and gradients of Keras' losses: one value per sample, the reduced value, dloss/dy_pred.

The last group holds extremes: saturated probabilities, logits of +-1e4, zeros where a logarithm is taken.
"""

from __future__ import annotations

from typing import Any

import jax
import keras
import numpy as np
from store import Writer, build

OPTIONS: dict[str, tuple[str, list[dict[str, Any]]]] = {
    # class: (data set, option sets)
    "MeanSquaredError": ("numbers", [{}]),
    "MeanAbsoluteError": ("numbers", [{}]),
    "MeanAbsolutePercentageError": ("numbers", [{}]),
    "MeanSquaredLogarithmicError": ("numbers", [{}]),
    "Huber": ("numbers", [{}, {"delta": 0.3}, {"delta": 3.0}]),
    "LogCosh": ("numbers", [{}]),
    "Poisson": ("positive", [{}]),
    "KLDivergence": ("probabilities", [{}]),
    "CosineSimilarity": ("numbers", [{}, {"axis": 0}]),
    "Hinge": ("signs", [{}]),
    "SquaredHinge": ("signs", [{}]),
    "CategoricalHinge": ("onehot", [{}]),
    "Dice": ("probabilities", [{}, {"axis": -1}]),
    "Tversky": ("probabilities", [{}, {"alpha": 0.3, "beta": 0.7, "axis": -1}]),
    "BinaryCrossentropy": ("binary", [{}, {"label_smoothing": 0.2}]),
    "BinaryFocalCrossentropy": (
        "binary",
        [{}, {"gamma": 3.0}, {"apply_class_balancing": True, "alpha": 0.4}, {"label_smoothing": 0.1}],
    ),
    "CategoricalCrossentropy": ("onehot", [{}, {"label_smoothing": 0.1}, {"axis": 0}]),
    "CategoricalFocalCrossentropy": ("onehot", [{}, {"gamma": 3.0, "alpha": 0.5}, {"label_smoothing": 0.1}]),
    "SparseCategoricalCrossentropy": ("sparse", [{}, {"ignore_class": 1}]),
}
LOGITS = {
    "BinaryCrossentropy": "binary_logits",
    "BinaryFocalCrossentropy": "binary_logits",
    "CategoricalCrossentropy": "onehot_logits",
    "CategoricalFocalCrossentropy": "onehot_logits",
    "SparseCategoricalCrossentropy": "sparse_logits",
}
REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none")
EXTREME: list[tuple[str, str, dict[str, Any]]] = [
    ("CategoricalCrossentropy", "saturated_onehot", {}),
    ("CategoricalCrossentropy", "saturated_onehot", {"label_smoothing": 0.1}),
    ("CategoricalCrossentropy", "huge_onehot", {"from_logits": True}),
    ("CategoricalCrossentropy", "unscaled_onehot", {}),
    ("CategoricalFocalCrossentropy", "saturated_onehot", {}),
    ("CategoricalFocalCrossentropy", "huge_onehot", {"from_logits": True}),
    ("SparseCategoricalCrossentropy", "saturated_sparse", {}),
    ("SparseCategoricalCrossentropy", "huge_sparse", {"from_logits": True}),
    ("SparseCategoricalCrossentropy", "sparse_column", {}),
    ("BinaryCrossentropy", "saturated_binary", {}),
    ("BinaryCrossentropy", "huge_binary", {"from_logits": True}),
    ("BinaryFocalCrossentropy", "saturated_binary", {}),
    ("BinaryFocalCrossentropy", "huge_binary", {"from_logits": True}),
    ("KLDivergence", "saturated_onehot", {}),
    ("LogCosh", "huge_numbers", {}),
    ("Huber", "huge_numbers", {}),
    ("MeanSquaredError", "huge_numbers", {}),
    ("MeanAbsolutePercentageError", "zero_targets", {}),
    ("MeanSquaredLogarithmicError", "negative_numbers", {}),
    ("CosineSimilarity", "zero_rows", {}),
    ("Poisson", "zero_predictions", {}),
    ("MeanSquaredError", "rank1", {}),
    ("MeanSquaredError", "column_against_rank1", {}),
    ("MeanSquaredError", "rank3", {}),
    ("BinaryCrossentropy", "binary_rank1", {}),
]


def plain_data(rng: np.random.Generator) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return (y_true, y_pred) by name: seven ordinary rows of five."""
    logits = rng.normal(size=(7, 5)) * 2
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    labels = rng.integers(0, 5, 7)
    onehot = np.eye(5)[labels]
    soft = rng.dirichlet(np.ones(5), 7)
    bits = rng.integers(0, 2, (7, 5))
    numbers = rng.normal(size=(7, 5)) * 2
    return {
        "numbers": (numbers, numbers + rng.normal(size=(7, 5))),
        "positive": (rng.poisson(3.0, (7, 5)), rng.gamma(2.0, size=(7, 5))),
        "probabilities": (soft, probabilities),
        "signs": (2 * bits - 1, numbers * 0.5),
        "binary": (bits, 1 / (1 + np.exp(-logits))),
        "binary_logits": (bits, logits),
        "onehot": (onehot, probabilities),
        "onehot_logits": (onehot, logits),
        "sparse": (labels, probabilities),
        "sparse_logits": (labels, logits),
        "sparse_column": (labels[:, None], probabilities),
        "unscaled_onehot": (onehot, np.exp(logits)),
        "rank1": (numbers[:, 0], numbers[:, 1]),
        "column_against_rank1": (numbers[:, :1], numbers[:, 1]),
        "rank3": (numbers.reshape(7, 5, 1)[:6].reshape(2, 3, 5), numbers[1:].reshape(2, 3, 5)),
        "binary_rank1": (bits[:, 0], 1 / (1 + np.exp(-logits[:, 0]))),
    }


def extreme_data() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return (y_true, y_pred) by name where formulas overflow, clip or divide by zero."""
    labels = np.array([0, 1, 2, 0, 1])
    onehot = np.eye(3)[labels]
    saturated = np.array([[1, 0, 0], [1, 0, 0], [0, 0, 1], [1e-9, 1 - 1e-9, 0], [0.2, 0.5, 0.3]])
    huge = np.array([[1e4, -1e4, 0], [1e4, -1e4, 0], [0, 0, 0], [-1e4, 1e4, 1e4], [88, 89, 90]])
    bits = np.array([[1, 0, 1], [0, 1, 0], [1, 1, 0], [0, 0, 1], [1, 0, 1]])
    numbers = np.array([[0.0, 1e4, -1e4], [1e-8, 30, -30], [5, 0, 90], [100, -100, 1], [1, 2, 3]])
    flat = {
        "saturated_onehot": (onehot, saturated),
        "saturated_sparse": (labels, saturated),
        "saturated_binary": (bits, saturated),
        "huge_onehot": (onehot, huge),
        "huge_sparse": (labels, huge),
        "huge_binary": (bits, huge),
        "huge_numbers": (np.zeros((5, 3)) + 0.25, numbers),
        "zero_targets": (bits * 2.0, numbers * 0.01 + 0.1),
        "negative_numbers": (bits - 0.5, numbers * 0.01),
        "zero_rows": (np.array([[0, 0, 0], [1, 2, 3], [0, 0, 1.0]]), np.array([[1, 2, 3], [0, 0, 1e-8], [0, 0, 2.0]])),
        "zero_predictions": (bits, np.array([[0, 1e-8, 1], [0, 0, 0], [1e-3, 5, 10], [1, 1, 1], [2, 3, 4]])),
    }
    return flat


def measure(loss_spec: dict[str, Any], y_true: np.ndarray, y_pred: np.ndarray, weight: Any) -> dict[str, np.ndarray]:
    """Return what Keras says: values per sample, the reduced value, its gradient."""
    config = loss_spec["config"]
    loss = build(keras.losses, loss_spec)
    each = build(keras.losses, {**loss_spec, "config": {**config, "reduction": "none"}})
    gradient = jax.grad(lambda p: keras.ops.sum(loss(y_true, p, sample_weight=weight)))(y_pred)
    return {
        "per_sample": np.asarray(each(y_true, y_pred)),
        "value": np.asarray(loss(y_true, y_pred, sample_weight=weight)),
        "gradient": np.asarray(gradient),
    }


def add(writer: Writer, data: dict[str, Any], name: str, data_name: str, config: dict[str, Any], **extra: Any) -> None:
    """Add one case."""
    spec = {"class": name, "config": config, "data": data_name, **extra}
    weight = data.get(extra.get("weight", ""))
    case_id = "-".join([name, data_name, *(f"{k}={v}" for k, v in config.items()), *map(str, extra.values())])
    answers = measure(spec, *data[data_name], weight)
    defaults = getattr(keras.losses, name)().get_config()
    writer.add(case_id, {**spec, "defaults": defaults}, **answers)


def reductions(writer: Writer, data: dict[str, Any]) -> None:
    """Add every reduction with and without sample weights, on losses of rank 1 and of rank 2 per sample."""
    for reduction in REDUCTIONS:
        for name, data_name in (("MeanSquaredError", "numbers"), ("SparseCategoricalCrossentropy", "sparse")):
            add(writer, data, name, data_name, {"reduction": reduction})
            add(writer, data, name, data_name, {"reduction": reduction}, weight="weights")
        add(writer, data, "MeanSquaredError", "rank3", {"reduction": reduction}, weight="weights3")
    add(writer, data, "MeanSquaredError", "numbers", {}, weight="column")
    add(writer, data, "MeanSquaredError", "numbers", {}, weight="zeros")
    add(writer, data, "MeanSquaredError", "numbers", {"reduction": "mean_with_sample_weight"}, weight="zeros")


def names() -> dict[str, str]:
    """Say for every string Keras takes as a loss which function or class it means."""
    from keras.src.losses import ALL_OBJECTS_DICT

    return {key: getattr(value, "__name__", str(value)) for key, value in sorted(ALL_OBJECTS_DICT.items())}


def make() -> None:
    """Write losses.json and losses.npz."""
    writer = Writer(keras=keras.__version__, names=names())
    rng = np.random.default_rng(11)
    data: dict[str, Any] = {}
    for name, (y_true, y_pred) in {**plain_data(rng), **extreme_data()}.items():
        integer = name.endswith("sparse") or name.startswith("sparse")
        data[name] = (y_true.astype("int32" if integer else "float32"), y_pred.astype("float32"))
        writer.share(**{f"{name}_true": data[name][0], f"{name}_pred": data[name][1]})
    weights = np.array([0.5, 2.0, 0.0, 1.0, 3.0, 0.1, 1.0], "float32")
    data |= {"weights": weights, "column": weights[:, None], "zeros": weights * 0}
    data["weights3"] = rng.random((2, 3)).astype("float32")
    writer.share(**{name: data[name] for name in ("weights", "column", "zeros", "weights3")})
    for name, (data_name, option_sets) in OPTIONS.items():
        for config in option_sets:
            add(writer, data, name, data_name, config)
            if name in LOGITS:
                add(writer, data, name, LOGITS[name], {**config, "from_logits": True})
        weightless = name in ("Dice", "Tversky")  # one value for the whole batch
        add(writer, data, name, data_name, {}, **({} if weightless else {"weight": "weights"}), again=True)
    reductions(writer, data)
    for name, data_name, config in EXTREME:
        add(writer, data, name, data_name, config, extreme=True)
    writer.save("losses")
