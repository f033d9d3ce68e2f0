"""Metrics: values worked out by hand, weights, resets, extremes, names; eager, and recorded with state in Variables.

The comparison with Keras' numbers is in test_golden_metrics.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backlit import losses, metrics, ops
from backlit.errors import ConfigError, ShapeError
from backlit.execute import prepare
from backlit.tensor import Tensor, Trace, Variable

NAN = float("nan")

# --- values ------------------------------------------------------------------------------------------------------

SCORES = [[0.1, 0.7, 0.2], [0.6, 0.3, 0.1], [0.2, 0.3, 0.5]]
BITS, PROBABLE = [0, 1, 1, 0], [0.3, 0.6, 0.4, 0.5]
CASES: list[tuple[Any, Any, Any, Any, Any]] = [
    # metric, y_true, y_pred, sample_weight, result
    (metrics.Accuracy(), [[1], [2], [3], [4]], [[0], [2], [3], [4]], None, 0.75),
    (metrics.Accuracy(), [[1], [2], [3], [4]], [[0], [2], [3], [4]], [1, 1, 0, 0], 0.5),
    (metrics.BinaryAccuracy(), [[1], [1], [0], [0]], [[0.98], [0.5], [0], [0.6]], None, 0.5),  # 0.5 is not above 0.5
    (metrics.BinaryAccuracy(), BITS, [[p] for p in PROBABLE], None, 0.75),
    (metrics.BinaryAccuracy(threshold=0.35), BITS, PROBABLE, None, 0.75),
    (metrics.CategoricalAccuracy(), np.eye(3), SCORES, None, 1 / 3),
    (metrics.SparseCategoricalAccuracy(), [1, 0, 0], SCORES, None, 2 / 3),
    (metrics.SparseCategoricalAccuracy(), [[1], [0], [0]], SCORES, [1, 1, 2], 0.5),
    (metrics.SparseCategoricalAccuracy(), [1.0, 0.0, 0.0], SCORES, None, 2 / 3),
    (metrics.TopKCategoricalAccuracy(k=2), np.eye(3), SCORES, None, 2 / 3),
    (metrics.SparseTopKCategoricalAccuracy(k=1), [1, 0, 0], SCORES, None, 2 / 3),
    (metrics.SparseTopKCategoricalAccuracy(k=1), [0, 1], [[0.5, 0.5], [0.5, 0.5]], None, 1.0),  # a tie is among them
    (metrics.SparseTopKCategoricalAccuracy(k=5), [0, 0], [[NAN, 0.0], [1.0, 0.0]], None, 0.5),
    (metrics.TruePositives(), BITS, PROBABLE, None, 1.0),
    (metrics.FalsePositives(), BITS, PROBABLE, None, 0.0),
    (metrics.TrueNegatives(), BITS, PROBABLE, None, 2.0),
    (metrics.FalseNegatives(), BITS, PROBABLE, [1, 1, 3, 1], 3.0),
    (metrics.TruePositives(thresholds=[0.0, 0.5, 0.9]), BITS, PROBABLE, None, [2.0, 1.0, 0.0]),
    (metrics.Precision(), BITS, PROBABLE, None, 1.0),
    (metrics.Precision(thresholds=[0.0, 0.45, 0.9]), BITS, PROBABLE, None, [0.5, 0.5, 0.0]),
    (metrics.Recall(), BITS, PROBABLE, None, 0.5),
    (metrics.Recall(top_k=1), [[0, 1, 1]], [[0.1, 0.2, 0.7]], None, 0.5),
    (metrics.Precision(top_k=2), [[0, 1, 0]], [[0.4, 0.4, 0.4]], None, 0.5),  # of equals the first two
    (metrics.Precision(class_id=1), [[0, 1], [0, 0]], [[0.9, 0.8], [0.1, 0.7]], None, 0.5),
    (metrics.AUC(num_thresholds=3), [0, 0, 1, 1], [0, 0.5, 0.3, 0.9], None, 0.75),
    (metrics.AUC(), [0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9], None, 1.0),
    (metrics.AUC(from_logits=True), [0, 0, 1, 1], [-100.0, -1.0, 1.0, 100.0], None, 1.0),
    (metrics.AUC(curve="PR"), [0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9], None, 1.0),
    (metrics.AUC(), [1, 1], [0.4, 0.6], None, 0.0),  # no negatives: no curve
    (metrics.AUC(multi_label=True), [[0, 1], [1, 0]], [[0.2, 0.2], [0.8, 0.8]], None, 0.5),
    (metrics.AUC(multi_label=True, label_weights=[3, 1]), [[0, 1], [1, 0]], [[0.2, 0.2], [0.8, 0.8]], None, 0.75),
    (metrics.SensitivityAtSpecificity(0.5), [0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8], None, 0.5),
    (metrics.RecallAtPrecision(1.0), [0, 0, 1, 1], [0.1, 0.6, 0.5, 0.9], None, 0.5),
    (metrics.PrecisionAtRecall(1.0), [0, 0, 1, 1], [0.1, 0.6, 0.5, 0.9], None, 2 / 3),
    (metrics.SpecificityAtSensitivity(1.0), [0, 0, 1, 1], [0.1, 0.6, 0.5, 0.9], None, 0.5),
    (metrics.F1Score(threshold=0.5), [[1, 1, 1], [1, 0, 0], [1, 1, 0]],
     [[0.2, 0.6, 0.7], [0.2, 0.6, 0.6], [0.6, 0.8, 0.0]], None, [0.5, 0.8, 2 / 3]),
    (metrics.FBetaScore(beta=2.0, threshold=0.5, average="micro"), [[1, 0], [1, 1]], [[0.9, 0.9], [0.1, 0.2]], None,
     5 * (1 / 2) * (1 / 3) / (4 * (1 / 2) + 1 / 3)),
    (metrics.F1Score(), [[1, 0], [0, 1]], [[0.0, 0.0], [0.1, 0.9]], None, [0.0, 1.0]),  # zeros predict nothing
    (metrics.MeanSquaredError(), [[0, 1], [0, 0]], [[1, 1], [0, 0]], None, 0.25),
    (metrics.MeanSquaredError(), [[0, 1], [0, 0]], [[1, 1], [0, 0]], [3, 1], 0.375),
    (metrics.RootMeanSquaredError(), [[0, 1], [0, 0]], [[1, 1], [0, 0]], None, 0.5),
    (metrics.MeanAbsoluteError(), [0, 2], [1, 5], None, 2.0),
    (metrics.CosineSimilarity(), [[0.0, 1.0], [1.0, 1.0]], [[1.0, 0.0], [1.0, 1.0]], None, 0.5),
    (metrics.R2Score(), [[1], [4], [3]], [[2], [4], [4]], None, 4 / 7),
    (metrics.R2Score(), [1, 4, 3], [2, 4, 4], None, 4 / 7),
    (metrics.R2Score(), [[5], [5]], [[5], [6]], None, 0.0),
    (metrics.R2Score(num_regressors=1), [[1], [4], [3], [0]], [[2], [4], [4], [0]], None, 1 - (2 / 10) * 3 / 2),
    (metrics.BinaryCrossentropy(), [[0, 1], [0, 0]], [[0.6, 0.4], [0.4, 0.6]], None, 0.81492424),
    (metrics.CategoricalCrossentropy(), [[0, 1, 0], [0, 0, 1]], [[0.05, 0.95, 0], [0.1, 0.8, 0.1]], None, 1.1769392),
    (metrics.SparseCategoricalCrossentropy(), [1, 2], [[0.05, 0.95, 0], [0.1, 0.8, 0.1]], None, 1.1769392),
    (metrics.MeanIoU(2), [0, 0, 1, 1], [0, 1, 0, 1], None, 1 / 3),
    (metrics.MeanIoU(2), [0, 0, 1, 1], [0, 1, 0, 1], [0.3, 0.3, 0.3, 0.1], (0.3 / 0.9 + 0.1 / 0.7) / 2),
    (metrics.MeanIoU(3, ignore_class=2), [0, 2, 1, 1], [0, 1, 0, 1], None, 0.5),
    (metrics.IoU(2, [0]), [0, 0, 1, 1], [0, 1, 0, 1], None, 1 / 3),
    (metrics.BinaryIoU(threshold=0.3), [0, 1, 0, 1], [0.1, 0.2, 0.4, 0.7], None, 1 / 3),
    (metrics.OneHotMeanIoU(2), np.eye(2)[[0, 0, 1, 1]], np.eye(2)[[0, 1, 0, 1]], None, 1 / 3),
]  # fmt: skip


@pytest.mark.parametrize(("metric", "y_true", "y_pred", "weight", "wanted"), CASES)
def test_values(metric: Any, y_true: Any, y_pred: Any, weight: Any, wanted: Any) -> None:
    metric.reset_state()
    assert metric(y_true, np.asarray(y_pred, "float32"), sample_weight=weight).dtype == "float32"
    np.testing.assert_allclose(metric.result().numpy(), wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("metric", "y_true", "y_pred", "weight", "wanted"), CASES)
def test_two_halves_make_the_whole(metric: Any, y_true: Any, y_pred: Any, weight: Any, wanted: Any) -> None:
    """State is carried in the Variables: row by row, after a reset, gives the result of the whole batch."""
    metric.reset_state()
    y_true, y_pred = np.asarray(y_true), np.asarray(y_pred, "float32")
    for i in range(len(y_pred)):
        metric.update_state(y_true[i : i + 1], y_pred[i : i + 1], None if weight is None else weight[i : i + 1])
    np.testing.assert_allclose(metric.result().numpy(), wanted, rtol=1e-5, atol=1e-6)
    metric.reset_state()
    assert not np.any(metric.result().numpy()) or not np.any([v.value for v in metric.variables])


@pytest.mark.parametrize(("metric", "y_true", "y_pred", "weight", "wanted"), CASES)
def test_recorded_equals_eager(metric: Any, y_true: Any, y_pred: Any, weight: Any, wanted: Any) -> None:
    """An update becomes a graph whose inputs and outputs are the Variables; running it twice adds two batches."""
    metric.reset_state()
    feed = {"y": np.asarray(y_true), "p": np.asarray(y_pred, "float32")}
    if weight is not None:
        feed["w"] = np.asarray(weight, "float32")
    with Trace() as trace:
        symbols = {name: trace.input(name, a.shape, a.dtype) for name, a in feed.items()}
        metric.update_state(symbols["y"], symbols["p"], symbols.get("w"))
        graph = trace.graph({})
    runner, states = prepare(graph), []
    for _ in range(2):
        out = runner.run(feed | {name: variable.value for name, variable in trace.variables.items()})
        for name, variable in trace.variables.items():
            variable.store(out[name])
        states.append(np.asarray(metric.result().numpy()))
    assert all(name.startswith("metrics/") for name in trace.variables)
    np.testing.assert_allclose(states[0], wanted, rtol=1e-5, atol=1e-6)
    if "accumulator" not in graph_names(trace) and not getattr(metric, "num_regressors", 0):  # the others are shares
        np.testing.assert_allclose(states[1], wanted, rtol=1e-5, atol=1e-6)


def graph_names(trace: Trace) -> str:
    return " ".join(trace.variables)


# --- means -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "weight", "mean", "total"),
    [
        ([1.0, 3.0, 5.0, 7.0], None, 4.0, 16.0),
        ([1.0, 3.0, 5.0, 7.0], [1, 1, 0, 0], 2.0, 4.0),
        (2.5, None, 2.5, 2.5),
        (2.5, 32, 2.5, 80.0),
        ([[1.0, 2.0], [3.0, 6.0]], None, 3.0, 12.0),
        ([[1.0, 2.0], [3.0, 6.0]], [3, 1], 2.25, 18.0),
        ([[1.0, 2.0], [3.0, 6.0]], [[1, 0], [0, 1]], 3.5 / 1.0, 7.0),
        ([1.0, 2.0], [0, 0], 0.0, 0.0),
        ([1, 2], None, 1.5, 3.0),
        ([True, False], None, 0.5, 1.0),
    ],
)
def test_mean_and_sum(values: Any, weight: Any, mean: float, total: float) -> None:
    assert metrics.Mean()(values, sample_weight=weight).item() == pytest.approx(mean)
    assert metrics.Sum()(values, sample_weight=weight).item() == pytest.approx(total)


def test_nothing_yet_is_zero() -> None:
    for name in ("mean", "accuracy", "auc", "precision", "f1_score", "r2_score"):
        assert metrics.get(name).result().item() == 0.0


def test_nan_is_not_hidden() -> None:
    for metric in (metrics.MeanSquaredError(), metrics.R2Score(), metrics.RootMeanSquaredError()):
        assert np.isnan(metric([[1.0], [2.0]], [[NAN], [2.0]]).item())


def test_r2_of_a_large_mean_keeps_its_digits() -> None:
    rng = np.random.default_rng(0)
    y = 10_000 + rng.normal(size=(300, 1))
    p = y + 0.5 * rng.normal(size=(300, 1))
    metric = metrics.R2Score()
    for i in range(0, 300, 50):
        metric.update_state(y[i : i + 50].astype("float32"), p[i : i + 50].astype("float32"))
    assert metric.result().item() == pytest.approx(1 - ((y - p) ** 2).sum() / ((y - y.mean()) ** 2).sum(), abs=2e-3)


def test_counts_are_exact_over_a_long_epoch() -> None:
    metric = metrics.Mean()
    metric.total.assign(np.float32(9_999_999))
    metric.count.assign(np.float32(10_000_000))
    metric.update_state([0.0])
    assert metric.count.numpy() == 10_000_001
    assert metrics.Mean(dtype="float64").count.dtype == "float64"


# --- the base class ----------------------------------------------------------------------------------------------


class Largest(metrics.Metric):
    """The largest prediction so far, and inside it a mean."""

    direction = "up"

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name=name)
        self.top = self.add_weight(shape=(), initializer=-1.0, name="top")
        self.inner = metrics.Mean(name="inner")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.top.assign(ops.maximum(self.top, ops.max(y_pred)))
        self.inner.update_state(y_pred)

    def result(self) -> Any:
        return self.top.read()


def test_a_metric_of_ones_own() -> None:
    metric = Largest()
    assert (metric.name, metric.direction) == ("largest", "up")
    assert metric([0.0, 0.0], Tensor([3.0, 2.0])).item() == 3.0
    assert [v.path for v in metric.variables] == ["largest/top", "inner/total", "inner/count"]
    assert all(isinstance(v, Variable) and not v.trainable and v.role == "metrics" for v in metric.variables)
    metric.reset_state()
    assert (metric.top.numpy(), metric.inner.total.numpy()) == (-1.0, 0.0)
    metric.name = "highest"
    assert metric.variables[0].path == "highest/top"


def test_what_must_be_written() -> None:
    with pytest.raises(NotImplementedError, match="update_state"):
        metrics.Metric().update_state([1], [1])
    with pytest.raises(NotImplementedError, match="result"):
        metrics.Metric().result()
    with pytest.raises(ConfigError, match="initializer"):
        metrics.Metric().add_variable(initializer="random")


# --- names -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("true_shape", "pred_shape", "kind"),
    [
        ((4, 1), (4, 1), "Binary"),
        ((4,), (4, 1), "Binary"),
        ((4,), (4, 3), "SparseCategorical"),
        ((4, 1), (4, 3), "SparseCategorical"),
        ((4, 3), (None, 3), "Categorical"),
        ((4, 2), (4, 2, 3), "SparseCategorical"),
    ],
)
def test_strings_that_depend_on_the_output(true_shape: Any, pred_shape: Any, kind: str) -> None:
    for name, what in (
        ("accuracy", "Accuracy"),
        ("acc", "Accuracy"),
        ("ce", "Crossentropy"),
        ("crossentropy", "Crossentropy"),
    ):
        metric = metrics.for_output(name, true_shape, pred_shape)
        assert type(metric) is getattr(metrics, kind + what)
        assert metric.name == name


@pytest.mark.parametrize(
    ("identifier", "name", "direction"),
    [
        ("mse", "mse", "down"),
        ("MSE", "MSE", "down"),
        ("AUC", "AUC", "up"),
        ("top_k_categorical_accuracy", "top_k_categorical_accuracy", "up"),
        ("cosine_similarity", "cosine_similarity", "up"),
        ("log_cosh", "log_cosh", "down"),
        ("huber", "huber", "down"),
        (metrics.AUC, "auc", "up"),
        (metrics.AUC(name="area"), "area", "up"),
        (losses.mean_squared_error, "mean_squared_error", "down"),
        (losses.Huber(delta=2.0), "huber_loss", "down"),
        (metrics.binary_accuracy, "binary_accuracy", None),
        ({"class_name": "Precision", "config": {"name": "p", "thresholds": 0.4}}, "p", "up"),
    ],
)
def test_for_output(identifier: Any, name: str, direction: str | None) -> None:
    metric = metrics.for_output(identifier, (4, 3), (4, 3))
    assert (metric.name, metric.direction) == (name, direction)
    assert np.isfinite(metric(np.eye(3)[[0, 1, 2, 0]], np.full((4, 3), 0.4, "float32")).numpy()).all()


@pytest.mark.parametrize(
    ("name", "hint"), [("acuracy", "accuracy"), ("preciison", "precision"), ("mean_square_error", "mean_squared_error")]
)
def test_unknown_names_get_a_hint(name: str, hint: str) -> None:
    for look_up in (metrics.get, lambda name: metrics.for_output(name, (4,), (4, 1))):
        with pytest.raises(ConfigError, match=f'Unknown metric .*Did you mean "{hint}"'):
            look_up(name)


def test_names_that_need_arguments_say_so() -> None:
    with pytest.raises(ConfigError, match=r"needs recall. Pass metrics.PrecisionAtRecall\(recall\)"):
        metrics.get("precision_at_recall")


NEEDS = {
    "num_classes": 3,
    "target_class_ids": [0, 1],
    "recall": 0.5,
    "precision": 0.5,
    "sensitivity": 0.5,
    "specificity": 0.5,
}


@pytest.mark.parametrize("name", sorted(metrics.names.CLASSES))
def test_written_down_and_read_again(name: str) -> None:
    import inspect

    cls = metrics.names.CLASSES[name]
    needed = [p.name for p in inspect.signature(cls).parameters.values() if p.default is p.empty and p.name in NEEDS]
    metric = cls(**{key: NEEDS[key] for key in needed}, name="mine")
    again = metrics.deserialize(metrics.serialize(metric))
    assert type(again) is cls
    assert again.get_config() == metric.get_config()
    assert again.name == "mine"


@pytest.mark.parametrize(
    "make",
    [
        lambda: metrics.BinaryAccuracy(threshold=2),
        lambda: metrics.Precision(thresholds=[0.5, 1.5]),
        lambda: metrics.Precision(thresholds=[]),
        lambda: metrics.AUC(curve="RUC"),
        lambda: metrics.AUC(summation_method="interpolate"),
        lambda: metrics.AUC(num_thresholds=1),
        lambda: metrics.SensitivityAtSpecificity(1.5),
        lambda: metrics.SensitivityAtSpecificity(0.5, num_thresholds=0),
        lambda: metrics.F1Score(average="mean"),
        lambda: metrics.F1Score(threshold=0.0),
        lambda: metrics.FBetaScore(beta=-1.0),
        lambda: metrics.R2Score(class_aggregation="mean"),
        lambda: metrics.R2Score(num_regressors=-1),
        lambda: metrics.IoU(2, [2]),
        lambda: metrics.Precision(top_k=5)([[0, 1]], [[0.1, 0.9]]),
        lambda: metrics.Precision(class_id=2)([[0, 1]], [[0.1, 0.9]]),
    ],
)
def test_wrong_options(make: Any) -> None:
    with pytest.raises(ConfigError, match=r"Expected|Unknown|there is no such class"):
        make()


@pytest.mark.parametrize(
    ("metric", "true_shape", "pred_shape"),
    [
        (metrics.Accuracy(), (4,), (4, 2)),
        (metrics.BinaryAccuracy(), (4,), (4, 2)),
        (metrics.CategoricalAccuracy(), (4,), (4, 2)),
        (metrics.SparseCategoricalAccuracy(), (4, 2), (4, 2)),
        (metrics.MeanSquaredError(), (4,), (4, 2)),
        (metrics.AUC(), (4, 2), (4, 3)),
        (metrics.F1Score(), (4,), (4,)),
        (metrics.R2Score(), (2, 2, 2), (2, 2, 2)),
    ],
)
def test_shapes_that_do_not_fit(metric: Any, true_shape: Any, pred_shape: Any) -> None:
    with pytest.raises(ShapeError, match="y_pred has shape"):
        metric.update_state(np.zeros(true_shape, "int32"), np.zeros(pred_shape, "float32"))
