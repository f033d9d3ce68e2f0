"""Losses: documented values, extremes, fused logits, weights, targets that do not fit, names; eager and recorded.

The comparison with Keras' numbers is in test_golden_losses, the numerical gradients are in test_gradients.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backlit import activations, losses, ops
from backlit.errors import ConfigError, LabelError, ShapeError
from backlit.execute import prepare
from backlit.tensor import GradientTape, Tensor, Trace

FLOAT = np.dtype("float32")
LABELS = np.array([1, 2])
ONE_HOT = np.array([[0, 1, 0], [0, 0, 1]], "float32")
PROBABILITIES = np.array([[0.05, 0.95, 0.0], [0.1, 0.8, 0.1]], "float32")

# --- values ------------------------------------------------------------------------------------------------------

DOCUMENTED: list[tuple[Any, Any, Any, Any]] = [
    (losses.categorical_crossentropy, ONE_HOT.tolist(), PROBABILITIES.tolist(), [0.0513, 2.3026]),
    (losses.sparse_categorical_crossentropy, [1, 2], PROBABILITIES.tolist(), [0.0513, 2.3026]),
    (losses.sparse_categorical_crossentropy, [[1], [2]], PROBABILITIES, [0.0513, 2.3026]),
    (losses.crossentropy, LABELS, PROBABILITIES, [0.0513, 2.3026]),
    (losses.crossentropy, ONE_HOT, PROBABILITIES, [0.0513, 2.3026]),
    (losses.binary_crossentropy, [[0.0, 1.0], [0.0, 0.0]], [[0.6, 0.4], [0.4, 0.6]], [0.9163, 0.7136]),
    (losses.mse, [[0.0, 1.0], [2.0, 2.0]], [[1.0, 1.0], [2.0, 4.0]], [0.5, 2.0]),
    (losses.mae, [[0.0, 1.0], [2.0, 2.0]], [[1.0, 1.0], [2.0, 4.0]], [0.5, 1.0]),
    (losses.mape, [[10.0, 20.0]], [[12.0, 10.0]], [35.0]),
    (losses.msle, [[np.e - 1]], [[np.e**3 - 1]], [4.0]),
    (losses.huber, [[0.0, 0.0]], [[0.5, 3.0]], [(0.125 + 2.5) / 2]),
    (losses.log_cosh, [[0.0]], [[1.0]], [np.log(np.cosh(1.0))]),
    (losses.hinge, [[-1.0, 1.0]], [[0.5, 0.5]], [1.0]),
    (losses.hinge, [[0, 1]], [[0.5, 0.5]], [1.0]),
    (losses.squared_hinge, [[-1.0, 1.0]], [[0.5, 0.5]], [1.25]),
    (losses.categorical_hinge, [[0, 1, 0]], [[0.3, 0.2, 0.9]], [1.7]),
    (losses.poisson, [[2.0]], [[np.e]], [np.e - 2.0]),
    (losses.kl_divergence, [[0.5, 0.5]], [[0.25, 0.75]], [0.5 * np.log(2) + 0.5 * np.log(2 / 3)]),
    (losses.cosine_similarity, [[0.0, 2.0], [1.0, 1.0]], [[3.0, 0.0], [-1.0, -1.0]], [0.0, 1.0]),
]


@pytest.mark.parametrize(("function", "y_true", "y_pred", "wanted"), DOCUMENTED)
def test_documented_values(function: Any, y_true: Any, y_pred: Any, wanted: Any) -> None:
    found = function(y_true, y_pred)
    assert isinstance(found, Tensor)
    assert found.dtype == FLOAT
    np.testing.assert_allclose(found.numpy(), wanted, rtol=1e-3, atol=1e-6)


def test_log_cosh_keeps_its_digits_near_zero() -> None:
    found = losses.log_cosh([[0.0]], [[1e-3]]).item()
    assert found == pytest.approx(0.5e-6, rel=1e-3)
    assert losses.log_cosh([[0.0]], [[1e30]]).item() == pytest.approx(1e30)


# --- fused logits ------------------------------------------------------------------------------------------------

HUGE = np.array([[1e4, -1e4, 0.0], [-1e4, 1e4, 0.0], [40.0, 0.0, 0.0]], "float32")
WRONG = np.array([1, 0, 1])  # the class whose probability rounds to 0


def softmax_loss(z: Any, **options: Any) -> Any:
    return losses.sparse_categorical_crossentropy(WRONG, activations.softmax(z), **options)


def value_and_gradient(function: Any, z: Any) -> tuple[Any, Any]:
    x = Tensor(z)
    with GradientTape() as tape:
        tape.watch(x)
        value = function(x)
    return value.numpy(), tape.gradient(value, x).numpy()


def test_softmax_and_cross_entropy_meet_on_the_logits() -> None:
    value, gradient = value_and_gradient(softmax_loss, HUGE)
    np.testing.assert_allclose(value, [2e4, 2e4, 40.0])
    np.testing.assert_allclose(gradient, [[1, -1, 0], [-1, 1, 0], [1, -1, 0]], atol=1e-6)


def test_clip_gives_the_dead_gradient_back() -> None:
    value, gradient = value_and_gradient(lambda z: softmax_loss(z, probabilities="clip"), HUGE)
    np.testing.assert_allclose(value, [16.118096] * 3, rtol=1e-6)
    assert not gradient[:2].any()


def test_sigmoid_and_binary_cross_entropy_meet_on_the_logits() -> None:
    target = [[0.0, 1.0, 1.0]]
    fused = lambda z: losses.binary_crossentropy(target, activations.sigmoid(z))  # noqa: E731
    value, gradient = value_and_gradient(fused, np.array([[1e4, -1e4, 2.0]], "float32"))
    np.testing.assert_allclose(value, [(2e4 + np.log1p(np.exp(-2.0))) / 3], rtol=1e-6)
    np.testing.assert_allclose(gradient * 3, [[1, -1, -1 / (1 + np.exp(2.0))]], rtol=1e-5)
    clipped = losses.binary_crossentropy(target, activations.sigmoid(Tensor([[1e4, -1e4, 2.0]])), probabilities="clip")
    assert clipped.item() < 16.2


def test_plain_probabilities_are_clipped() -> None:
    y_pred = activations.softmax(Tensor(HUGE)).numpy()
    np.testing.assert_allclose(losses.sparse_categorical_crossentropy(WRONG, y_pred).numpy(), [16.118096] * 3)


@pytest.mark.parametrize(
    ("squash", "loss"),
    [
        (lambda z: activations.sigmoid(z), losses.sparse_categorical_crossentropy),  # another squashing
        (lambda z: ops.softmax(z, 0), losses.sparse_categorical_crossentropy),  # another axis
        (lambda z: ops.softmax(z) * 1.0, losses.sparse_categorical_crossentropy),  # something came between
        (lambda z: ops.softmax(z), lambda t, p: losses.binary_crossentropy(np.eye(3, dtype="float32")[t], p)),
    ],
)
def test_logits_of_something_else_are_not_used(squash: Any, loss: Any) -> None:
    z = np.array([[1.0, 2.0, 3.0], [0.5, -1.0, 0.0], [2.0, 0.0, 1.0]], "float32")
    y_pred = squash(Tensor(z))
    np.testing.assert_array_equal(loss(WRONG, y_pred).numpy(), loss(WRONG, y_pred.numpy()).numpy())


def test_from_logits_equals_fused() -> None:
    z = Tensor(np.random.default_rng(0).normal(size=(5, 4)).astype("float32"))
    t = np.eye(4, dtype="float32")[[0, 1, 2, 3, 0]]
    for function in (losses.categorical_crossentropy, losses.categorical_focal_crossentropy):
        for options in ({}, {"label_smoothing": 0.1}):
            fused = function(t, activations.softmax(z), **options).numpy()
            np.testing.assert_array_equal(function(t, z, from_logits=True, **options).numpy(), fused)
            np.testing.assert_allclose(function(t, ops.softmax(z).numpy(), **options).numpy(), fused, rtol=1e-5)


def test_sparse_is_the_dense_rule_on_one_hot_rows() -> None:
    rng = np.random.default_rng(1)
    z, labels = rng.normal(size=(2, 3, 4)), rng.integers(0, 4, (2, 3))
    dense, sparse = losses.categorical_crossentropy, losses.sparse_categorical_crossentropy
    np.testing.assert_array_equal(sparse(labels, z, True).numpy(), dense(np.eye(4)[labels], z, True).numpy())
    moved = np.moveaxis(z, -1, 1)
    np.testing.assert_array_equal(sparse(labels, moved, True, axis=1).numpy(), sparse(labels, z, True).numpy())


# --- recorded as eager -------------------------------------------------------------------------------------------


def recorded(function: Any, *arrays: Any) -> Any:
    """Record `function` on inputs of these shapes, and run the graph."""
    with Trace() as trace:
        symbols = [trace.input(f"x{i}", a.shape, a.dtype) for i, a in enumerate(arrays)]
        graph = trace.graph({"out": function(*symbols)})
    return prepare(graph).run({f"x{i}": a for i, a in enumerate(arrays)})["out"]


@pytest.mark.parametrize("name", sorted(losses.names.CLASSES))
def test_recorded_equals_eager(name: str) -> None:
    rng = np.random.default_rng(2)
    loss = losses.get(name)
    logits = rng.normal(size=(6, 3)).astype("float32")
    y = rng.integers(0, 3, 6)
    y = y if name.startswith("Sparse") else np.eye(3)[y].astype("uint8")
    weight = rng.random(6).astype("float32")
    squash = activations.sigmoid if name.startswith("Binary") else activations.softmax
    whole = name in ("Dice", "Tversky")  # one value for the batch

    def step(target: Any, z: Any, w: Any) -> Any:
        return loss(target, squash(z), sample_weight=None if whole else w)

    eager = step(Tensor(y), Tensor(logits), Tensor(weight)).numpy()
    np.testing.assert_allclose(recorded(step, y, logits, weight), eager, rtol=1e-6)
    assert eager.shape == ()


def test_one_readable_node_on_logits() -> None:
    with Trace() as trace:
        z, y = trace.input("z", (4, 3), FLOAT), trace.input("y", (4,), np.dtype("int64"))
        graph = trace.graph({"loss": losses.SparseCategoricalCrossentropy()(y, activations.softmax(z))})
    assert [node.op.name for node in graph.operations] == ["one_hot", "softmax_cross_entropy", "mean"]


# --- reduction and weights ---------------------------------------------------------------------------------------

VALUES = ([[0.0], [0.0], [0.0]], [[1.0], [2.0], [3.0]])  # squared: 1, 4, 9


@pytest.mark.parametrize(
    ("reduction", "weight", "wanted"),
    [
        ("sum_over_batch_size", None, 14 / 3),
        ("sum_over_batch_size", [1.0, 0.0, 2.0], 19 / 3),
        ("mean", [1.0, 0.0, 2.0], 19 / 3),
        ("mean_with_sample_weight", [1.0, 0.0, 2.0], 19 / 3),
        ("mean_with_sample_weight", [1.0, 0.0, 0.0], 1.0),
        ("mean_with_sample_weight", [0.0, 0.0, 0.0], 0.0),
        ("sum", [1.0, 0.0, 2.0], 19.0),
        ("sum", 2.0, 28.0),
        ("sum", [[1.0], [0.0], [2.0]], 19.0),
        ("none", None, [1.0, 4.0, 9.0]),
        (None, [1.0, 0.0, 2.0], [1.0, 0.0, 18.0]),
    ],
)
def test_reductions(reduction: str | None, weight: Any, wanted: Any) -> None:
    loss = losses.MeanSquaredError(reduction=reduction)
    np.testing.assert_allclose(loss(*VALUES, sample_weight=weight).numpy(), wanted, rtol=1e-6)


def test_a_weight_per_sample_counts_for_all_its_values() -> None:
    errors = np.arange(1.0, 5.0, dtype="float32").reshape(2, 2, 1)
    loss = losses.MeanSquaredError(reduction="sum")
    assert loss(errors * 0, errors, sample_weight=[1.0, 10.0]).item() == 1 + 4 + 90 + 160


@pytest.mark.parametrize("weight", [[1.0, 2.0], np.ones((2, 3)), np.ones((3, 2))])
def test_weights_that_do_not_fit(weight: Any) -> None:
    with pytest.raises(ShapeError, match="sample_weight has shape"):
        losses.MeanSquaredError()(*VALUES, sample_weight=weight)


def test_ignored_class_counts_nowhere() -> None:
    z, y = np.random.default_rng(3).normal(size=(4, 3)), np.array([0, 255, 2, 255])
    loss = losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=255)
    rest = losses.SparseCategoricalCrossentropy(from_logits=True)(y[::2], z[::2]).item()
    assert loss(y, z).item() == pytest.approx(rest)
    assert loss(y, z, sample_weight=[1.0, 5.0, 1.0, 5.0]).item() == pytest.approx(rest)
    _, gradient = value_and_gradient(lambda x: loss(y, x), z)
    assert not gradient[1::2].any()
    assert gradient[::2].all()


# --- shapes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "true_shape", "pred_shape", "wanted"),
    [
        (losses.mse, (4,), (4, 1), (4,)),
        (losses.mse, (4, 1), (4,), (4,)),
        (losses.mse, (4,), (4,), ()),
        (losses.mse, (4, 2), (4, 2, 1), (4,)),
        (losses.mse, (2, 3, 5), (2, 3, 5), (2, 3)),
        (losses.binary_crossentropy, (4,), (4, 1), (4,)),
        (losses.mse, (4,), (4, 10), ShapeError),
        (losses.mse, (4, 1), (4, 10), ShapeError),
        (losses.mse, (1, 10), (4, 10), ShapeError),
        (losses.mse, (4, 4), (4, 1), ShapeError),
        (losses.binary_crossentropy, (4, 2), (4, 3), ShapeError),
        (losses.categorical_crossentropy, (4,), (4, 3), ShapeError),
        (losses.categorical_crossentropy, (4, 2), (4, 3), ShapeError),
        (losses.categorical_crossentropy, (4, 1), (4, 3), ShapeError),
        (losses.sparse_categorical_crossentropy, (4, 3), (4, 3), ShapeError),
        (losses.sparse_categorical_crossentropy, (3,), (4, 3), ShapeError),
    ],
)
def test_shapes(function: Any, true_shape: Any, pred_shape: Any, wanted: Any) -> None:
    y_true, y_pred = np.zeros(true_shape, "int32"), np.full(pred_shape, 0.5, "float32")
    if wanted is ShapeError:
        with pytest.raises(ShapeError) as error:
            function(y_true, y_pred)
        assert str(true_shape) in str(error.value)
        assert str(pred_shape) in str(error.value)
    else:
        assert function(y_true, y_pred).shape == wanted


def test_dtypes_follow_the_predictions() -> None:
    for dtype in ("float32", "float64"):
        for target in ("uint8", "bool", "float64", "int64"):
            loss = losses.binary_crossentropy(np.ones((2, 3), target), np.full((2, 3), 0.5, dtype))
            assert loss.dtype == dtype


# --- targets at the border ---------------------------------------------------------------------------------------

TEN, ONE, THREE = (None, 10), (None, 1), (None, 3)
NAN = float("nan")
TARGETS: list[tuple[str, Any, Any, type[Exception] | None, list[str]]] = [
    ("sparse_categorical_crossentropy", [0, 9, 3], TEN, None, []),
    ("sparse_categorical_crossentropy", [[0], [9]], TEN, None, []),
    ("sparse_categorical_crossentropy", np.array([0, 9], "uint8"), TEN, None, []),
    ("sparse_categorical_crossentropy", np.array([], "int32"), TEN, None, []),
    ("sparse_categorical_crossentropy", [0, 3, -1, -1], TEN, LabelError, ["y[2] is -1 (2 places", "0 to 9"]),
    ("sparse_categorical_crossentropy", [0, 10], TEN, LabelError, ["y[1] is 10", "10 classes"]),
    ("sparse_categorical_crossentropy", [[3], [12]], TEN, LabelError, ["y[1] is 12"]),
    ("sparse_categorical_crossentropy", [0.0, 1.7], TEN, LabelError, ["y[1] is 1.7"]),
    ("sparse_categorical_crossentropy", [0.0, NAN], TEN, LabelError, ["y[1] is nan"]),
    ("sparse_categorical_crossentropy", [0.0, 1.0], TEN, LabelError, ["float64", "astype('int32')"]),
    ("sparse_categorical_crossentropy", np.eye(3), THREE, LabelError, ["Use categorical_crossentropy"]),
    ("sparse_categorical_crossentropy", [[[1]]], TEN, ShapeError, ["(1, 1, 1)"]),
    ("sparse_categorical_crossentropy", ["cat", "dog"], TEN, LabelError, ["y[0] is", "cat", "np.unique"]),
    ("sparse_categorical_crossentropy", np.array([1, None]), TEN, LabelError, ["object"]),
    ("categorical_crossentropy", np.eye(3), THREE, None, []),
    ("categorical_crossentropy", [[0.2, 0.3, 0.5]], THREE, None, []),
    ("categorical_crossentropy", [0, 1, 2], THREE, LabelError, ["sparse_categorical_crossentropy"]),
    ("categorical_crossentropy", [[0], [1]], THREE, LabelError, ["sparse_categorical_crossentropy"]),
    ("categorical_crossentropy", np.eye(4), THREE, ShapeError, ["(4, 4)", "('batch', 3)"]),
    ("categorical_crossentropy", [[1, 0, 0], [0, -1, 2]], THREE, LabelError, ["y[1, 1] is -1"]),
    ("categorical_crossentropy", [[1, 0, NAN]], THREE, LabelError, ["y[0, 2] is nan"]),
    ("categorical_focal_crossentropy", [0, 1, 2], THREE, LabelError, ["to_categorical"]),
    ("binary_crossentropy", [0, 1, 1], ONE, None, []),
    ("binary_crossentropy", [[0.5], [1.0]], ONE, None, []),
    ("binary_crossentropy", [True, False], ONE, None, []),
    ("binary_crossentropy", [0, 2], ONE, LabelError, ["y[1] is 2", "sparse_categorical_crossentropy"]),
    ("binary_crossentropy", [0.0, NAN], ONE, LabelError, ["y[1] is nan"]),
    ("binary_crossentropy", [-1, 1], ONE, LabelError, ["y[0] is -1"]),
    ("binary_crossentropy", [0, 1], THREE, ShapeError, ["(2,)"]),
    ("mean_squared_error", [1.5, -2.0], ONE, None, []),
    ("mean_squared_error", [1, 2], ONE, None, []),
    ("mean_squared_error", [1.0, NAN], ONE, LabelError, ["y[1] is nan"]),
    ("mean_squared_error", [[1.0, float("inf"), 0.0]], THREE, LabelError, ["y[0, 1] is inf"]),
    ("mean_squared_error", [1.0, 2.0], THREE, ShapeError, ["(2,)", "('batch', 3)"]),
    ("mean_squared_error", [1j], ONE, LabelError, ["complex128"]),
    ("mean_squared_logarithmic_error", [-1.0], ONE, LabelError, ["y[0] is -1.0", "below 0"]),
    ("poisson", [3, -2], ONE, LabelError, ["y[1] is -2"]),
    ("kl_divergence", [[0.5, -0.1, 0.6]], THREE, LabelError, ["y[0, 1] is -0.1"]),
    ("hinge", [-1, 1], ONE, None, []),
    ("hinge", [0, 1], ONE, None, []),
    ("hinge", [-1, 0, 1], ONE, LabelError, ["y[1] is 0"]),
    ("hinge", [2], ONE, LabelError, ["y[0] is 2"]),
    ("categorical_hinge", [0, 1], THREE, LabelError, ["to_categorical"]),
]


@pytest.mark.parametrize(("name", "y", "shape", "error", "words"), TARGETS)
def test_targets(name: str, y: Any, shape: Any, error: type[Exception] | None, words: list[str]) -> None:
    loss = losses.for_output(name, (None,), shape)
    if error is None:
        assert loss.check_targets(np.asarray(y), shape) is None
        return
    with pytest.raises(error) as caught:
        loss.check_targets(np.asarray(y), shape)
    message = str(caught.value)
    assert not [word for word in [*words, name] if word not in message], message


def test_ignored_class_is_no_bad_label() -> None:
    loss = losses.SparseCategoricalCrossentropy(ignore_class=-1)
    assert loss.check_targets(np.array([0, -1, 2]), THREE) is None
    with pytest.raises(LabelError, match=r"y\[1\] is -2"):
        loss.check_targets(np.array([-1, -2]), THREE)


def test_a_label_out_of_range_is_refused_at_the_prompt_too() -> None:
    with pytest.raises(LabelError, match=r"y_true\[1\] is 3"):
        losses.sparse_categorical_crossentropy([1, 3], PROBABILITIES)


def test_losses_of_ones_own_take_any_number() -> None:
    loss = losses.for_output(lambda t, p: ops.square(1 - t - p), (None,), ONE)
    assert loss.check_targets(np.array([NAN, 3]), ONE) is None
    with pytest.raises(LabelError, match="expects numbers"):
        loss.check_targets(np.array(["a"]), ONE)
    assert loss(np.array([[2]], "uint8"), [[0.5]]).item() == 2.25  # 1 - 2 does not wrap around


# --- names -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["mse", "MSE", "bce", "BCE", "kld", "KLD", "MeanSquaredError", "huber", "ce"])
def test_names(name: str) -> None:
    assert callable(losses.get(name))


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("mean_square_error", "mean_squared_error"),
        ("catgorical_crossentropy", "categorical_crossentropy"),
        ("msee", "mse"),
    ],
)
def test_unknown_names_get_a_hint(name: str, hint: str) -> None:
    with pytest.raises(ConfigError, match=f'Did you mean "{hint}"'):
        losses.get(name)


@pytest.mark.parametrize("identifier", [3, ["mse"], object()])
def test_what_is_no_loss(identifier: Any) -> None:
    with pytest.raises(ConfigError, match="loss is"):
        losses.get(identifier)


@pytest.mark.parametrize(
    ("true_shape", "pred_shape", "wanted"),
    [
        ((4,), (4, 1), "binary_crossentropy"),
        ((4, 1), (4, 1), "binary_crossentropy"),
        ((4,), (4, 3), "sparse_categorical_crossentropy"),
        ((4, 1), (4, 3), "sparse_categorical_crossentropy"),
        ((4, 3), (4, 3), "categorical_crossentropy"),
        ((4, 2), (4, 2, 3), "sparse_categorical_crossentropy"),
    ],
)
def test_crossentropy_by_shape(true_shape: Any, pred_shape: Any, wanted: str) -> None:
    for name in ("ce", "crossentropy", losses.crossentropy):
        loss = losses.for_output(name, true_shape, pred_shape)
        assert loss.name == wanted
        assert isinstance(loss, losses.names.RuleLoss)


@pytest.mark.parametrize("name", sorted(losses.names.CLASSES))
def test_written_down_and_read_again(name: str) -> None:
    loss = losses.get(name)
    loss.reduction = "sum"
    again = losses.deserialize(losses.serialize(loss))
    assert type(again) is type(loss)
    assert again.get_config() == loss.get_config()
    assert losses.serialize(loss)["module"] == "keras.losses"


def test_clip_and_functions_survive_writing() -> None:
    loss = losses.CategoricalCrossentropy(probabilities="clip", label_smoothing=0.1)
    assert losses.deserialize(losses.serialize(loss)).options == loss.options
    assert losses.get(losses.serialize(losses.mse)) is losses.mse


def test_own_loss_is_found_in_custom_objects() -> None:
    class Cubic(losses.Loss):
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return ops.mean(ops.absolute(y_pred - y_true) ** 3, -1)

    again = losses.deserialize(losses.serialize(Cubic(reduction="sum")), {"Cubic": Cubic})
    assert again.name == "cubic"
    assert again([[0.0], [0.0]], [[1.0], [2.0]]).item() == 9.0
    with pytest.raises(ConfigError, match="Cubic"):
        losses.deserialize(losses.serialize(Cubic()))


@pytest.mark.parametrize("options", [{"reduction": "avg"}, {"reduction": "summ"}])
def test_wrong_options(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="Unknown reduction"):
        losses.MeanSquaredError(**options)
    with pytest.raises(ConfigError, match="Unknown probabilities"):
        losses.categorical_crossentropy(ONE_HOT, PROBABILITIES, probabilities="clipped")
