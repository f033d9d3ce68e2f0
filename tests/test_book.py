"""The book's modules: their numbers are those of NumPy by hand, their gradients those of central differences.

They are imported as the book does, through `backlit.compat.install()`; the learners' notebook runs with them in order.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backlit import compat
from backlit.compat.book import curves, functions, gradient, layers, multi_layer_net, optimizer, sigmoid_net, trainer
from backlit.compat.book.two_layer_net import TwoLayerNet
from backlit.errors import ConfigError, DataError, LabelError, ShapeError, UnsupportedName

X = np.array([[1.0, -0.5, 0.0], [-2.0, 3.0, 0.25]])


@pytest.fixture(autouse=True)
def repeatable() -> None:
    np.random.seed(3)


@pytest.fixture
def installed() -> Iterator[None]:
    compat.install(tensorflow=False)
    yield
    compat.uninstall()


# functions


def test_activations_and_their_slopes() -> None:
    s = 1 / (1 + np.exp(-X))
    np.testing.assert_allclose(functions.sigmoid(X), s, rtol=1e-15)
    np.testing.assert_allclose(functions.sigmoid_grad(X), s * (1 - s), rtol=1e-15)
    np.testing.assert_array_equal(functions.relu(X), np.maximum(0, X))
    np.testing.assert_array_equal(functions.relu_grad(X), X > 0)
    np.testing.assert_array_equal(functions.step_function(X), [[1, 0, 0], [0, 1, 1]])
    assert functions.identity_function(X) is X
    assert functions.sigmoid([1, 2]).dtype == np.float64, "whole numbers are computed in float64, as NumPy does"


def test_softmax_of_rows_and_of_one_row_without_overflow() -> None:
    for scores in (X, X[0], X + 1000):
        e = np.exp(scores - scores.max(axis=-1, keepdims=True))
        np.testing.assert_allclose(functions.softmax(scores), e / e.sum(axis=-1, keepdims=True), rtol=1e-15)


def test_losses_take_rows_numbers_and_single_examples() -> None:
    y = functions.softmax(X)
    by_hand = -(np.log(y[0, 2] + 1e-7) + np.log(y[1, 0] + 1e-7)) / 2
    assert functions.cross_entropy_error(y, [2, 0]) == pytest.approx(by_hand, rel=1e-14)
    assert functions.cross_entropy_error(y, [[0, 0, 1], [1, 0, 0]]) == pytest.approx(by_hand, rel=1e-14)
    assert functions.cross_entropy_error(y[0], [0, 0, 1]) == pytest.approx(-np.log(y[0, 2] + 1e-7), rel=1e-14)
    assert functions.softmax_loss(X, [2, 0]) == pytest.approx(by_hand, rel=1e-14)
    assert functions.mean_squared_error([1.0, 2.0], [0.0, 4.0]) == 2.5


@pytest.mark.parametrize(
    ("t", "error", "words"),
    [
        ([1, 2, 0], ShapeError, r"\(2, 3\).*\(3,\).*2 class numbers"),
        ([1, 3], LabelError, "3 in row 1.*0 to 2"),
        ([-1, 0], LabelError, "-1 in row 0"),
        (np.eye(3), ShapeError, r"\(3, 3\)"),
    ],
)
def test_targets_that_do_not_fit(t: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        functions.cross_entropy_error(functions.softmax(X), t)


def test_a_squared_error_of_two_shapes_is_refused() -> None:
    with pytest.raises(ShapeError, match="one shape"):
        functions.mean_squared_error(np.zeros((4, 1)), np.zeros(4))


# the numerical gradient


def test_numerical_gradient_moves_the_array_itself_and_puts_it_back() -> None:
    w, seen = np.array([3.0, 4.0]), []

    def f(_: Any) -> float:
        seen.append(w.copy())
        return float((w**2).sum())

    np.testing.assert_allclose(gradient.numerical_gradient(f, w), [6, 8], atol=1e-9)
    assert w.tolist() == [3.0, 4.0]
    assert [row.tolist() for row in seen[:2]] == [[3.0 + 1e-4, 4.0], [3.0 - 1e-4, 4.0]]


def test_numerical_gradient_refuses_whole_numbers_and_many_losses() -> None:
    with pytest.raises(DataError, match="int64"):
        gradient.numerical_gradient(lambda x: x.sum(), np.array([3, 4]))
    w = np.ones(2)
    with pytest.raises(ShapeError, match=r"np\.sum"):
        gradient.numerical_gradient(lambda x: x**2, w)
    assert w.tolist() == [1, 1], "moved back although f failed"


# layers


def affine() -> layers.Affine:
    return layers.Affine(np.random.randn(3, 4), np.random.randn(4))


def normalization() -> layers.BatchNormalization:
    return layers.BatchNormalization(np.array([1.0, 2.0, 3.0]), np.array([0.1, 0.2, 0.3]))


@pytest.mark.parametrize("make", [layers.Relu, layers.Sigmoid, affine, normalization])
def test_backward_is_the_slope_of_forward(make: Any) -> None:
    node, x = make(), np.random.randn(5, 3)
    dout = np.random.randn(*node.forward(x).shape)

    def loss(_: Any) -> float:
        return float((node.forward(x) * dout).sum())

    expected = {"x": gradient.numerical_gradient(loss, x)}
    for name in {"W", "b", "gamma", "beta"} & set(vars(node)):
        expected[name] = gradient.numerical_gradient(loss, getattr(node, name))
    node.forward(x)
    found = {"x": node.backward(dout)}
    found.update({name: getattr(node, f"d{name}") for name in expected if name != "x"})
    for name, slope in expected.items():
        np.testing.assert_allclose(found[name], slope, atol=2e-7, err_msg=name)


@pytest.mark.parametrize("t", [[2, 0], np.array([[0, 0, 1], [1, 0, 0]])], ids=["numbers", "one-hot"])
def test_softmax_with_loss(t: Any) -> None:
    node, x = layers.SoftmaxWithLoss(), X / 10
    slope = gradient.numerical_gradient(lambda _: node.forward(x, t), x)
    assert node.forward(x, t) == node.loss == functions.cross_entropy_error(node.y, t)
    np.testing.assert_allclose(node.backward(), slope, atol=2e-6)  # the loss has 1e-7 in its logarithm
    np.testing.assert_allclose(node.backward(3), 3 * slope, atol=6e-6)


def test_relu_keeps_its_mask_and_changes_neither_argument() -> None:
    node, x, dout = layers.Relu(), X.copy(), np.ones_like(X)
    np.testing.assert_array_equal(node.forward(x), np.maximum(X, 0))
    np.testing.assert_array_equal(node.mask, X <= 0)
    np.testing.assert_array_equal(node.backward(dout), X > 0)
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(dout, 1)


def test_affine_takes_pictures_as_rows() -> None:
    node = layers.Affine(np.random.randn(6, 2), np.zeros(2))
    x = np.random.randn(4, 1, 2, 3)
    np.testing.assert_allclose(node.forward(x), x.reshape(4, 6) @ node.W)
    assert node.backward(np.ones((4, 2))).shape == x.shape


def test_dropout_scales_when_it_does_not_train() -> None:
    node, x = layers.Dropout(0.25), np.ones((200, 50))
    kept = node.forward(x)
    assert kept.mean() == pytest.approx(0.75, abs=0.02)
    np.testing.assert_array_equal(node.backward(x), kept)
    np.testing.assert_array_equal(node.forward(x, train_flg=False), 0.75)


def test_batch_normalization_follows_the_batches() -> None:
    node, x = normalization(), np.random.randn(50, 3) * 2 + 5
    node.forward(x)
    np.testing.assert_allclose(node.running_mean, 0.1 * x.mean(axis=0))
    np.testing.assert_allclose(node.running_var, 0.1 * x.var(axis=0))
    for _ in range(300):
        node.forward(x)
    np.testing.assert_allclose(node.forward(x, train_flg=False), node.forward(x), atol=1e-6)


@pytest.mark.parametrize("make", [layers.Relu, layers.Sigmoid, affine, layers.SoftmaxWithLoss, normalization])
def test_backward_before_forward_says_so(make: Any) -> None:
    with pytest.raises(ConfigError, match=r"forward was not.*call forward first"):
        make().backward(np.ones((2, 3)))


def test_what_a_forward_without_return_leads_to() -> None:
    with pytest.raises(DataError, match=r"x is None.*lacks its `return`"):
        affine().forward(None)
    with pytest.raises(ShapeError, match=r"\(2, 5\).*\(3, 4\).*\(batch, 3\)"):
        affine().forward(np.ones((2, 5)))


# optimizers


def by_hand(name: str, w: np.ndarray, gradients: list[np.ndarray]) -> np.ndarray:
    """The recurrences as the book writes them."""
    a = b = np.zeros_like(w)
    for step, g in enumerate(gradients, 1):
        if name == "SGD":
            w = w - 0.01 * g
        elif name == "Momentum":
            a = 0.9 * a - 0.01 * g
            w = w + a
        elif name == "Nesterov":
            w = w + 0.9 * 0.9 * a - 1.9 * 0.01 * g
            a = 0.9 * a - 0.01 * g
        elif name == "AdaGrad":
            a = a + g * g
            w = w - 0.01 * g / (np.sqrt(a) + 1e-7)
        elif name == "RMSprop":
            a = 0.99 * a + 0.01 * g * g
            w = w - 0.01 * g / (np.sqrt(a) + 1e-7)
        else:
            a, b = a + 0.1 * (g - a), b + 0.001 * (g * g - b)
            w = w - 0.001 * np.sqrt(1 - 0.999**step) / (1 - 0.9**step) * a / (np.sqrt(b) + 1e-7)
    return w


@pytest.mark.parametrize("name", optimizer.__all__)
def test_optimizers_follow_the_book(name: str) -> None:
    start, gradients = np.random.randn(3, 2), [np.random.randn(3, 2) for _ in range(5)]
    params = {"W1": start.copy(), "x": 1.5}
    held, steps = params["W1"], getattr(optimizer, name)()
    for g in gradients:
        steps.update(params, {"W1": g, "x": 2 * params["x"]})
    assert params["W1"] is held, "layers hold the same array"
    np.testing.assert_allclose(held, by_hand(name, start, gradients), rtol=1e-12)
    assert params["x"] < 1.5, "plain numbers work, too"


def test_optimizers_read_their_settings_at_every_step() -> None:
    steps, params = optimizer.SGD(0.1), {"w": np.ones(1)}
    steps.update(params, {"w": np.ones(1)})
    steps.lr = 0.5
    steps.update(params, {"w": np.ones(1)})
    assert params["w"].tolist() == [0.4]


def test_optimizers_name_what_is_wrong() -> None:
    with pytest.raises(ConfigError, match=r"'W2'.*'W1'"):
        optimizer.Adam().update({"W2": np.ones(2)}, {"W1": np.ones(2)})
    with pytest.raises(ShapeError, match=r"\(1,\).*\(2,\)"):
        optimizer.SGD().update({"w": np.ones(2)}, {"w": np.ones(1)})
    with pytest.raises(DataError, match="int64"):
        optimizer.SGD().update({"w": np.array([1, 2])}, {"w": np.ones(2)})


# networks


NETWORKS = {
    "chapter 5": lambda: TwoLayerNet(6, 4, 3, 0.5),
    "chapter 4": lambda: sigmoid_net.TwoLayerNet(6, 4, 3, 0.5),
    "many layers, weight decay": lambda: multi_layer_net.MultiLayerNet(6, [5, 4], 3, "sigmoid", "xavier", 0.1),
    "batch normalization": lambda: multi_layer_net.MultiLayerNetExtend(6, [5, 4], 3, use_batchnorm=True),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_agree_with_central_differences(name: str) -> None:
    network = NETWORKS[name]()
    x, t = np.random.randn(7, 6), np.eye(3)[[0, 1, 2, 0, 1, 2, 0]]
    slopes, gradients = network.numerical_gradient(x, t), network.gradient(x, t)
    assert list(slopes) == list(gradients) == list(network.params)
    for key, slope in slopes.items():
        np.testing.assert_allclose(gradients[key], slope, atol=1e-5, err_msg=key)
    assert network.lastLayer is network.last_layer
    assert network.predict(x).shape == (7, 3)


def test_chapter_4_gives_probabilities() -> None:
    network = NETWORKS["chapter 4"]()
    np.testing.assert_allclose(network.predict(np.random.randn(7, 6)).sum(axis=1), 1)


def test_names_of_layers_and_parameters() -> None:
    network = multi_layer_net.MultiLayerNetExtend(6, [5], 3, use_dropout=True, use_batchnorm=True)
    assert list(network.layers) == ["Affine1", "BatchNorm1", "Activation_function1", "Dropout1", "Affine2"]
    assert list(network.params) == ["W1", "b1", "gamma1", "beta1", "W2", "b2"]
    with pytest.raises(ConfigError, match=r"'tanh'.*'relu' or 'sigmoid'"):
        multi_layer_net.MultiLayerNet(6, [5], 3, activation="tanh")
    with pytest.raises(ConfigError, match="'glorot'"):
        multi_layer_net.MultiLayerNet(6, [5], 3, weight_init_std="glorot")


@pytest.mark.parametrize("name", [*optimizer.__all__, "rmsprpo"])
def test_the_trainer_learns(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    x = np.random.randn(300, 4)
    t = (x.sum(axis=1) > 0).astype(np.int64)
    network = multi_layer_net.MultiLayerNet(4, [16], 2)
    run = trainer.Trainer(network, x, t, x, t, 8, 50, name, {"lr": 0.05})
    run.train()
    assert (len(run.train_loss_list), len(run.train_acc_list), len(run.test_acc_list)) == (48, 8, 8)
    assert run.train_loss_list[-1] < 0.7 * run.train_loss_list[0]
    assert network.accuracy(x, t) > 0.85
    assert "=== epoch:8, train acc:" in capsys.readouterr().out


def test_the_trainer_names_what_is_wrong() -> None:
    network = NETWORKS["chapter 5"]()
    with pytest.raises(ConfigError, match="'adamw'"):
        trainer.Trainer(network, X, X, X, X, optimizer="adamw")
    with pytest.raises(DataError, match="2 examples and 1"):
        trainer.Trainer(network, X, X[:1], X, X)


# curves


def test_a_smooth_curve_has_its_length_and_its_mean_shape() -> None:
    line = np.arange(30.0)
    np.testing.assert_allclose(curves.smooth_curve(line)[5:-5], line[5:-5])
    window = np.kaiser(11, 2)
    middle = curves.smooth_curve(np.eye(30)[15])[10:21]
    np.testing.assert_allclose(middle, window / window.sum(), atol=1e-15)
    with pytest.raises(ShapeError, match="11 numbers or more"):
        curves.smooth_curve(np.ones(10))


def test_a_shuffled_data_set_keeps_its_pairs() -> None:
    x, t = curves.shuffle_dataset(np.arange(100) * 2, np.arange(100))
    assert (x == 2 * t).all()
    assert (t != np.arange(100)).any()
    with pytest.raises(DataError, match="100 examples and 99"):
        curves.shuffle_dataset(np.arange(100), np.arange(99))


# under the book's names


def test_imports_as_in_the_book(installed: None) -> None:
    names: dict[str, Any] = {}
    exec("from common.layers import *", names)  # noqa: S102 - as at the top of a program
    assert names["Affine"] is layers.Affine
    assert names["softmax"] is functions.softmax
    assert names["np"] is np
    with pytest.raises(UnsupportedName, match=r"Convolution.*out of scope.*rows of 784"):
        names["Convolution"](1, 2)
    with pytest.raises(ImportError, match="simple_convnet"):
        importlib.import_module("common.simple_convnet")


def test_modules_of_ones_own_win(installed: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "dataset").mkdir()
    (tmp_path / "dataset" / "0.png").touch()
    assert importlib.import_module("dataset.mnist").load_mnist, "a folder of pictures is no module"
    compat.install(tensorflow=False)
    (tmp_path / "dataset" / "cats.py").write_text("CATS = 9")
    importlib.invalidate_caches()
    assert importlib.import_module("dataset.cats").CATS == 9
    assert [str(one) for one in compat.missing_names("from dataset.dogs import DOGS")] == []
    del sys.modules["dataset.cats"], sys.modules["dataset"]


def test_reading_a_program_finds_the_book_names_that_are_missing(installed: None) -> None:
    found = compat.missing_names("from common.layers import Affine, LSTM\nfrom common.simple_convnet import Net")
    assert [one.name for one in found] == ["common.layers.LSTM", "common.simple_convnet"]
    assert "recurrence" in found[0].reason


@pytest.mark.mnist
def test_digits_as_in_the_book(mnist_dir: Path, monkeypatch: pytest.MonkeyPatch, installed: None) -> None:
    monkeypatch.setenv("BACKLIT_DATA", str(mnist_dir))
    from dataset.mnist import load_mnist  # pyright: ignore[reportMissingImports]

    (x, t), (x_test, t_test) = load_mnist(one_hot_label=True)
    assert (x.shape, x.dtype, t.shape, t.dtype) == ((60000, 784), np.float32, (60000, 10), np.float64)
    assert (x.max(), t.sum(axis=1).max()) == (1.0, 1.0)
    (raw, labels), _ = load_mnist(normalize=False, flatten=False)
    assert (raw.shape, raw.dtype, labels.shape) == ((60000, 1, 28, 28), np.uint8, (60000,))
    assert len(x_test) == len(t_test) == 10000


@pytest.mark.mnist
@pytest.mark.slow
def test_the_learners_notebook_in_order(
    seeds_dir: Path, mnist_dir: Path, monkeypatch: pytest.MonkeyPatch, installed: None, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """All cells but the one whose picture is missing; 1,201 of the 10,000 iterations, three lines of accuracies."""
    monkeypatch.setenv("BACKLIT_DATA", str(mnist_dir))
    monkeypatch.setenv("MPLBACKEND", "Agg")
    monkeypatch.chdir(tmp_path)
    cells = json.loads((seeds_dir / "004_computational_graph.ipynb").read_text("utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    failed, names = {}, {"__name__": "__main__"}
    for number, source in enumerate(sources):
        code = compile(source.replace("iters_num = 10000", "iters_num = 1201"), f"cell {number}", "exec")
        try:
            exec(code, names)  # noqa: S102 - a cell of the notebook
        except Exception as error:  # noqa: BLE001 - whatever a cell raises
            failed[number] = error
    assert list(failed) == [6]
    assert isinstance(failed[6], FileNotFoundError)
    assert "ch05_1.png" in str(failed[6])
    printed = capsys.readouterr().out.splitlines()
    assert {"220.00000000000003", "2.2 110.00000000000001 200"} < set(printed)
    assert "110.00000000000001 2.2 3.3000000000000003 165.0 650" in printed
    differences = [float(line.split(":")[1]) for line in printed if line[:3] in ("W1:", "b1:", "W2:", "b2:")]
    assert len(differences) == 4
    assert max(differences) < 1e-6
    accuracies = [tuple(map(float, line.split())) for line in printed[-3:]]
    assert accuracies[1] == pytest.approx((0.9043, 0.9072), abs=0.01)
    assert accuracies[2] == pytest.approx((0.9200, 0.9211), abs=0.01)
