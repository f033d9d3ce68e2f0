"""Normalization, Dot and Lambda: numbers worked out by hand, what cannot be is named, and files bring them back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backlit as bl
from backlit import formats, layers, ops
from backlit.errors import ConfigError, DataError, ModelFileError, ShapeError

ROWS = np.array([[0, 7, 4], [2, 9, 6], [0, 7, 4], [2, 9, 6]], "float32")  # means 1, 8, 5, variances 1
X = np.random.default_rng(0).normal(3.0, 2.0, (50, 4)).astype("float32")


def squared(x: Any, by: float = 1.0) -> Any:
    return x * x * by


def test_statistics_of_each_feature() -> None:
    layer = layers.Normalization()
    layer.adapt(ROWS)
    np.testing.assert_allclose(layer.mean.numpy(), [[1, 8, 5]])
    np.testing.assert_allclose(layer(ROWS).numpy(), [[-1, -1, -1], [1, 1, 1]] * 2)
    back = layers.Normalization(invert=True)
    back.adapt(ROWS)
    np.testing.assert_allclose(back(np.array([[1.0, 2, 3]])).numpy(), [[2, 10, 8]])


def test_one_mean_for_all_and_constant_features() -> None:
    layer = layers.Normalization(axis=None)
    layer.adapt(ROWS)
    np.testing.assert_allclose(layer(ROWS).numpy(), (ROWS - ROWS.mean()) / ROWS.std(), rtol=1e-6)
    constant = layers.Normalization()
    constant.adapt(np.full((3, 1), 5.0))
    np.testing.assert_allclose(constant(np.array([[5.0], [6.0]])).numpy(), [[0], [1e7]], rtol=1e-6)


def test_numbers_that_are_given() -> None:
    given = layers.Normalization(mean=3.0, variance=2.0)
    np.testing.assert_allclose(given(np.array([[1.0], [3.0]])).numpy(), [[-np.sqrt(2)], [0]], rtol=1e-6)
    assert given.weights == []
    by_feature = layers.Normalization(mean=[1.0, 2.0], variance=[4.0, 1.0])
    np.testing.assert_allclose(by_feature(np.array([[3.0, 3.0]])).numpy(), [[1, 1]])
    assert layers.Normalization.from_config(by_feature.get_config()).get_config() == by_feature.get_config()


@pytest.mark.parametrize("sizes", [[50], [1, 49], [20, 20, 10], [0, 50]])
@pytest.mark.parametrize("axis", [-1, [1, 2], None])
def test_batches_give_what_the_whole_gives(sizes: list[int], axis: Any) -> None:
    data = X.reshape(50, 2, 2)
    whole, parts = layers.Normalization(axis), layers.Normalization(axis)
    whole.adapt(data)
    parts.adapt((part, None) for part in np.split(data, np.cumsum(sizes)[:-1]))
    for ours, theirs in zip(parts.weights, whole.weights, strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-6)
    rest = {-1: (0, 1), None: (0, 1, 2)}.get(axis if not isinstance(axis, list) else 0, (0,))
    np.testing.assert_allclose(whole.weights[1].numpy(), data.var(rest), rtol=1e-5)


def test_what_adapt_refuses() -> None:
    with pytest.raises(DataError, match="no data"):
        layers.Normalization().adapt([])
    with pytest.raises(DataError, match="NaN or infinity"):
        layers.Normalization().adapt(np.array([[np.nan]]))
    with pytest.raises(DataError, match="Expected numbers"):
        layers.Normalization().adapt(np.array([["a"]]))
    with pytest.raises(DataError, match="given a int"):
        layers.Normalization().adapt(3)
    with pytest.raises(ConfigError, match="nothing to adapt"):
        layers.Normalization(mean=0.0, variance=1.0).adapt(ROWS)
    layer = layers.Normalization()
    layer.adapt(ROWS)
    with pytest.raises(ShapeError, match="was built for"):
        layer.adapt(X)
    for options in ({"mean": 1.0}, {"mean": [1.0], "variance": [1.0, 2.0]}, {"mean": [[1.0]], "variance": [[1.0]]}):
        with pytest.raises(ConfigError, match="Normalization"):
            layers.Normalization(**options)


@pytest.mark.parametrize("ending", [".keras", ".h5", ".safetensors", ".npz", ".onnx"])
def test_statistics_are_in_the_file_and_training_leaves_them(ending: str, tmp_path: Path) -> None:
    standard = layers.Normalization()
    standard.adapt(X)
    model = bl.Sequential([layers.Input((4,)), standard, layers.Dense(2)])
    model.compile("ftrl", "mse")
    before = standard.get_weights()
    model.fit(X, X[:, :2], epochs=2, verbose=0)
    for ours, theirs in zip(standard.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    model.save(tmp_path / f"m{ending}")
    again = formats.load_model(tmp_path / f"m{ending}")
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))


@pytest.mark.parametrize("axes", [1, 2, -1, (1, 2), (2, 1), [-1, -2]])
@pytest.mark.parametrize("normalize", [False, True])
def test_dot_of_matrices(axes: Any, normalize: bool) -> None:
    a, b = X[:24].reshape(6, 4, 4), X[24:48].reshape(6, 4, 4)
    first, second = axes if isinstance(axes, (tuple, list)) else (axes, axes)
    p, q = np.moveaxis(a, first, -1), np.moveaxis(b, second, -1)
    if normalize:
        p, q = (v / np.linalg.norm(v, axis=-1, keepdims=True) for v in (p, q))
    y = layers.Dot(axes, normalize)([a, b]).numpy()
    np.testing.assert_allclose(y, np.einsum("bmk,bnk->bmn", p, q), rtol=2e-5, atol=1e-5)


def test_dot_of_vectors_and_of_other_shapes() -> None:
    np.testing.assert_allclose(layers.dot([X, X + 1], 1).numpy(), (X * (X + 1)).sum(1, keepdims=True), rtol=1e-6)
    y = layers.Dot((1, 1))([X, X.reshape(50, 4, 1) * np.ones(3)]).numpy()
    np.testing.assert_allclose(y, (X * X).sum(1, keepdims=True) * np.ones(3), rtol=1e-5)
    assert layers.Dot(1, normalize=True)([np.zeros((1, 2)), np.ones((1, 2))]).numpy() == 0
    for axes in (0, (0, 1), (1, 2, 3), "1", 1.5):
        with pytest.raises(ConfigError, match="Dot needs an axis"):
            layers.Dot(axes)
    with pytest.raises(ShapeError, match="cannot multiply"):
        layers.Dot(1)([X, X[:, :2]])
    with pytest.raises(ShapeError, match="list of two"):
        layers.Dot(1)([X, X, X])


def test_a_function_becomes_a_layer(tmp_path: Path) -> None:
    model = bl.Sequential([layers.Input((4,)), layers.Lambda(squared, arguments={"by": 0.5}), layers.Dense(1)])
    model.compile("sgd", "mse")
    np.testing.assert_allclose(model.layers[0](X).numpy(), X * X / 2, rtol=1e-6)
    for ending in (".keras", ".h5", ".npz"):
        model.save(tmp_path / f"m{ending}")
        again = formats.load_model(tmp_path / f"m{ending}", custom_objects={"squared": squared})
        np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))
        with pytest.raises(ModelFileError, match="function 'squared' of your own: pass custom_objects"):
            formats.load_model(tmp_path / f"m{ending}")


def test_a_function_hears_of_training_and_takes_lists() -> None:
    noisy = layers.Lambda(lambda x, training: x + (1.0 if training else 0.0))
    assert noisy(np.zeros((1, 1)), training=True).numpy().tolist() == [[1.0]]
    assert noisy(np.zeros((1, 1))).numpy().tolist() == [[0.0]]
    joined = layers.Lambda(lambda xs: ops.maximum(xs[0], xs[1]))([X, -X])
    np.testing.assert_array_equal(joined.numpy(), np.abs(X))


def test_a_function_without_a_name_is_not_saved_and_code_is_not_run(tmp_path: Path) -> None:
    model = bl.Sequential([layers.Input((4,)), layers.Lambda(lambda x: x * 2)])
    with pytest.raises(ConfigError, match="function without a name"):
        model.save(tmp_path / "m.keras")
    entry = {"class_name": "Lambda", "config": {"function": {"class_name": "__lambda__", "config": {"code": "4wA"}}}}
    for function in (entry["config"]["function"], ["4wA", None, None]):  # type: ignore[index]
        with pytest.raises(ConfigError, match="Code in files is never run"):
            bl.Sequential.from_config({"name": "s", "layers": [entry | {"config": {"function": function}}]})


def test_a_clone_shares_the_function_of_a_lambda_without_a_name() -> None:
    model = bl.Sequential([layers.Input((4,)), layers.Lambda(lambda x, by: x * by, arguments={"by": 3.0}, name="by")])
    copied = bl.models.clone_model(model)
    np.testing.assert_array_equal(copied.predict(X, verbose=0), model.predict(X, verbose=0))
    assert copied.layers[0] is not model.layers[0]
    assert copied.layers[0].name == "by"
