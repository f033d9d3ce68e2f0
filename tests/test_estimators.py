"""The estimators are what scikit-learn expects: its own checks, without a single expected failure, are the judge.

Below them stands what those checks do not ask: searches, calibration, files, repeating and going on to the last bit.
"""

from __future__ import annotations

import copy
import json
import pickle  # noqa: TID251 - joblib sends estimators to its workers this way
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_iris, make_multilabel_classification
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from backlit import arrays, callbacks, compat, execute, initializers, losses, models, optimizers, regularizers
from backlit.errors import ConfigError, DataError, LabelError, ModelFileError, ShapeError
from backlit.estimators import NeuralNetClassifier, NeuralNetRegressor, load

X, Y = load_iris(return_X_y=True)
X = StandardScaler().fit_transform(X)
SMALL: dict[str, Any] = {"hidden_layer_sizes": (8,), "learning_rate": 0.01, "random_state": 0}


@parametrize_with_checks([NeuralNetClassifier(), NeuralNetRegressor()])
def test_every_check_of_scikit_learn(estimator: Any, check: Any) -> None:
    check(estimator)


# --- learning ----------------------------------------------------------------------------------------------------


def test_weights_repetitions_and_absent_rows_are_the_same_training() -> None:
    weight = np.arange(len(Y)) % 3
    whole = NeuralNetClassifier(**SMALL, epochs=20).fit(X, Y, sample_weight=weight)
    repeated = NeuralNetClassifier(**SMALL, epochs=20).fit(X.repeat(weight, axis=0), Y.repeat(weight))
    np.testing.assert_allclose(whole.predict_proba(X), repeated.predict_proba(X), rtol=1e-9)


@pytest.mark.parametrize("options", [
    {}, {"dropout": 0.5, "batch_norm": True}, {"early_stopping": True, "batch_size": 16},
    {"hidden_layer_sizes": (6, 5), "activation": ["tanh", "leaky_relu"], "dropout": [0.2, 0.0], "optimizer": "sgd"},
])  # fmt: skip
def test_the_same_seed_gives_the_same_bits_and_another_does_not(options: dict[str, Any]) -> None:
    made = [NeuralNetClassifier(**SMALL | options | {"epochs": 4, "random_state": s}).fit(X, Y) for s in (1, 1, 2)]
    first, second, other = (network.predict_proba(X) for network in made)
    assert (first == second).all()
    assert not (first == other).all()


def test_threads_change_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for share in ("1", "2"):
        monkeypatch.setenv("OMP_NUM_THREADS", share)
        found.append(NeuralNetClassifier(**SMALL, epochs=5).fit(X, Y).predict_proba(X))
    assert (found[0] == found[1]).all()


def test_text_labels_two_classes_and_one_class() -> None:
    names = np.array(["setosa", "versicolor", "virginica"])[Y]
    network = NeuralNetClassifier(**SMALL).fit(X, names)
    assert network.classes_.tolist() == ["setosa", "versicolor", "virginica"]
    assert network.score(X, names) > 0.9
    two = NeuralNetClassifier(**SMALL).fit(X[:100], names[:100])
    assert (two.out_activation_, two.n_outputs_, two.coefs_[-1].shape) == ("logistic", 1, (8, 1))
    np.testing.assert_allclose(two.predict_proba(X[:9]).sum(axis=1), 1)
    assert (np.exp(two.predict_log_proba(X)) == pytest.approx(two.predict_proba(X), rel=1e-6)) is True
    one = NeuralNetClassifier(**SMALL, epochs=2).fit(X[:9], names[:9])
    assert one.predict(X).tolist() == ["setosa"] * len(X)


def test_the_attributes_of_scikit_learns_own_network() -> None:
    mine = NeuralNetClassifier((8, 5), epochs=3, random_state=0).fit(X, Y)
    peer = MLPClassifier((8, 5), max_iter=3, random_state=0)
    with pytest.warns(match="Maximum iterations"):
        peer.fit(X, Y)
    for name in ("n_iter_", "n_layers_", "n_outputs_", "out_activation_", "n_features_in_", "t_"):
        assert getattr(mine, name) == getattr(peer, name), name
    assert [w.shape for w in mine.coefs_] == [w.shape for w in peer.coefs_]
    assert [b.shape for b in mine.intercepts_] == [b.shape for b in peer.intercepts_]
    assert mine.best_loss_ == min(mine.loss_curve_)
    assert len(mine.loss_curve_) == 3
    assert mine.validation_scores_ is mine.best_validation_score_ is None
    hidden = np.maximum(X @ mine.coefs_[0] + mine.intercepts_[0], 0)
    hidden = np.maximum(hidden @ mine.coefs_[1] + mine.intercepts_[1], 0)
    logits = hidden @ mine.coefs_[2] + mine.intercepts_[2]
    share = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(mine.predict_proba(X), share, rtol=1e-9)


def test_early_stopping_keeps_the_best_epoch() -> None:
    network = NeuralNetClassifier(**SMALL, early_stopping=True, n_iter_no_change=3, tol=0.05).fit(X, Y)
    assert network.n_iter_ < network.epochs
    assert len(network.validation_scores_) == network.n_iter_
    assert network.best_loss_ is None
    assert network.callbacks_[-1].best_epoch == network.n_iter_ - 4


def test_rows_to_validate_with_may_be_given() -> None:
    network = NeuralNetRegressor(**SMALL, epochs=5).fit(X, X[:, 0], X_val=X[:20], y_val=X[:20, 0])
    assert len(network.history_["val_loss"]) == 5
    assert network.score(X[:20], X[:20, 0]) == pytest.approx(network.validation_scores_[-1], rel=1e-6)
    with pytest.raises(DataError, match="belong together"):
        network.fit(X, X[:, 0], X_val=X)


def test_progress_of_the_loss_ends_the_training() -> None:
    network = NeuralNetClassifier(**SMALL, tol=10.0, n_iter_no_change=4).fit(X, Y)
    assert network.n_iter_ == 5
    assert NeuralNetClassifier(**SMALL, tol=10.0, n_iter_no_change=None, epochs=9).fit(X, Y).n_iter_ == 9


def test_class_weights_move_the_border() -> None:
    hard, easy = (NeuralNetClassifier(**SMALL, class_weight={0: 1, 1: w, 2: 1}).fit(X, Y) for w in (0.01, 100))
    assert (hard.predict(X) == 1).sum() < (easy.predict(X) == 1).sum()
    balanced = NeuralNetClassifier(**SMALL, class_weight="balanced", epochs=20).fit(X[:120], Y[:120])
    weight = np.array([1.0, 1.0, 2.5])[Y[:120]]
    by_hand = NeuralNetClassifier(**SMALL, epochs=20).fit(X[:120], Y[:120], sample_weight=weight)
    np.testing.assert_allclose(balanced.predict_proba(X), by_hand.predict_proba(X), rtol=1e-9)


def test_warm_start_and_partial_fit_go_on() -> None:
    network = NeuralNetClassifier(**SMALL, epochs=3, warm_start=True, n_iter_no_change=None).fit(X, Y).fit(X, Y)
    whole = NeuralNetClassifier(**SMALL, epochs=6, n_iter_no_change=None).fit(X, Y)
    steps = NeuralNetClassifier(**SMALL)
    for _ in range(6):
        steps.partial_fit(X, Y, classes=[0, 1, 2])
    for other in (network, steps):
        assert (other.predict_proba(X) == whole.predict_proba(X)).all()
        assert other.loss_curve_ == whole.loss_curve_
        assert (other.n_iter_, other.t_) == (6, 6 * len(X))


def test_partial_fit_needs_all_classes_first() -> None:
    with pytest.raises(ConfigError, match="first call to partial_fit"):
        NeuralNetClassifier(**SMALL).partial_fit(X, Y)
    with pytest.raises(ConfigError, match="balanced"):
        NeuralNetClassifier(**SMALL, class_weight="balanced").partial_fit(X, Y, classes=[0, 1, 2])
    network = NeuralNetClassifier(**SMALL).partial_fit(X[:50], Y[:50], classes=[0, 1, 2])
    with pytest.raises(LabelError, match="holds 3"):
        network.partial_fit(X, Y + 1)


def test_many_labels_and_many_outputs() -> None:
    x, labels = make_multilabel_classification(random_state=0)
    network = NeuralNetClassifier(**SMALL, early_stopping=True).fit(StandardScaler().fit_transform(x), labels)
    assert network.predict_proba(x).shape == network.predict(x).shape == labels.shape
    both = np.stack([np.array(["a", "b", "c"])[Y], np.array(["low", "high"])[Y % 2]], axis=1)
    several = NeuralNetClassifier(**SMALL, class_weight="balanced", early_stopping=True).fit(X, both)
    assert [p.shape for p in several.predict_proba(X)] == [(150, 3), (150, 2)]
    assert [c.tolist() for c in several.classes_] == [["a", "b", "c"], ["high", "low"]]
    assert several.score(X, both) == (several.predict(X) == both).all(axis=1).mean() > 0.7
    assert (pickle.loads(pickle.dumps(several)).predict(X) == several.predict(X)).all()


def test_a_regressor_of_several_targets_with_another_loss() -> None:
    network = NeuralNetRegressor((16,), loss=losses.Huber(), learning_rate=0.01, random_state=0, epochs=300)
    targets = np.stack([X[:, 0] + X[:, 1], X[:, 2]], axis=1)
    assert network.fit(X, targets).score(X, targets) > 0.9
    assert network.predict(X).shape == targets.shape
    assert network.fit(X, targets[:, :1]).predict(X).shape == (150,)
    with pytest.raises(ShapeError, match="2 targets"):
        network.fit(X, targets).partial_fit(X, targets[:, 0])


# --- data --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("dtype", "asked", "expected"), [
    ("float64", "auto", "float64"), ("float32", "auto", "float32"), ("uint8", "auto", "float32"),
    ("float64", "float32", "float32"), ("int64", "float64", "float64"),
])  # fmt: skip
def test_the_dtype_of_the_arithmetic(dtype: str, asked: str, expected: str) -> None:
    x = (X * 10 + 40).astype(dtype)
    network = NeuralNetClassifier(**SMALL, epochs=1, dtype=asked).fit(x, Y)
    assert network.predict_proba(x).dtype == network.coefs_[0].dtype == expected
    assert arrays.floatx() == "float32"


def test_frames_come_with_names() -> None:
    frame = pd.DataFrame(X, columns=list("abcd"))
    network = NeuralNetClassifier(**SMALL, epochs=2).fit(frame, pd.Series(Y, index=range(7, 157)))
    assert network.feature_names_in_.tolist() == list("abcd")
    assert (network.predict_proba(frame) == NeuralNetClassifier(**SMALL, epochs=2).fit(X, Y).predict_proba(X)).all()
    with pytest.raises(ValueError, match="feature names"):
        network.predict(frame[["b", "a", "c", "d"]])


def test_sparse_rows_are_the_same_rows() -> None:
    sparse = pytest.importorskip("scipy.sparse")
    thin = np.where(X > 0.5, X, 0)
    network = NeuralNetClassifier(**SMALL, epochs=3)
    dense = network.fit(thin, Y).predict_proba(thin)
    for kind in (sparse.csr_array, sparse.csc_matrix):
        assert (network.fit(kind(thin), Y).predict_proba(kind(thin)) == dense).all()


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"hidden_layer_sizes": (5, 0)}, "hidden_layer_sizes"), ({"hidden_layer_sizes": "many"}, "hidden_layer_sizes"),
    ({"activation": ["relu", "tanh"]}, "activation"), ({"activation": "relo"}, "relo"),
    ({"dropout": 1.0}, "dropout"),
    ({"batch_norm": 3}, "batch_norm"), ({"optimizer": "adm"}, "adam"), ({"learning_rate": -1}, "learning_rate"),
    ({"batch_size": 0}, "batch_size"), ({"epochs": 0}, "epochs"), ({"n_iter_no_change": 0}, "n_iter_no_change"),
    ({"tol": -1.0}, "tol"), ({"validation_fraction": 1.0}, "validation_fraction"), ({"dtype": "float16"}, "dtype"),
    ({"warm_start": "yes"}, "warm_start"), ({"callbacks": [3]}, "callbacks"), ({"kernel_initializer": "x"}, "x"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "named"), WRONG, ids=lambda value: str(value)[:40])
def test_wrong_arguments_are_named_when_fit_begins(arguments: dict[str, Any], named: str) -> None:
    estimator = NeuralNetClassifier(**{"hidden_layer_sizes": (4,), "epochs": 1} | arguments)
    with pytest.raises(ConfigError, match=named):
        estimator.fit(X, Y)


def test_wrong_weights_are_named() -> None:
    with pytest.raises(DataError, match="row 2"):
        NeuralNetClassifier(**SMALL).fit(X[:3], Y[:3], sample_weight=[1, 1, -1])
    with pytest.raises(ShapeError, match="a weight for each row"):
        NeuralNetRegressor(**SMALL).fit(X, Y, sample_weight=[1, 2])
    with pytest.raises(DataError, match="zero"):
        NeuralNetRegressor(**SMALL).fit(X, Y, sample_weight=np.zeros(150))


def test_before_fit_there_is_nothing(tmp_path: Path) -> None:
    network = NeuralNetClassifier()
    for missing in ("coefs_", "intercepts_", "classes_"):
        assert not hasattr(network, missing)
    with pytest.raises(NotFittedError):
        network.predict(X)
    with pytest.raises(ConfigError, match="Call fit first"):
        network.save(tmp_path / "nothing.keras")


# --- in scikit-learn's tools -------------------------------------------------------------------------------------


def test_a_search_in_two_processes_finds_what_one_finds() -> None:
    line = make_pipeline(StandardScaler(), NeuralNetClassifier(epochs=5, random_state=0, callbacks=callbacks.History()))
    grid = {"neuralnetclassifier__optimizer": ["sgd", optimizers.Adam(0.05)]}
    two, one = (GridSearchCV(line, grid, cv=3, n_jobs=n).fit(X, Y) for n in (2, None))
    assert (two.cv_results_["mean_test_score"] == one.cv_results_["mean_test_score"]).all()
    assert two.best_params_["neuralnetclassifier__optimizer"].get_config()["learning_rate"] == pytest.approx(0.05)
    assert (two.predict_proba(X) == one.predict_proba(X)).all()


def test_cross_validation_and_calibration() -> None:
    assert cross_val_score(NeuralNetClassifier(**SMALL), X, Y, cv=3).min() > 0.85
    assert CalibratedClassifierCV(NeuralNetClassifier(**SMALL), cv=3).fit(X, Y).score(X, Y) > 0.85


def test_what_was_given_stays_as_it_was() -> None:
    slower, adam = callbacks.ReduceLROnPlateau("loss", patience=1, min_delta=1.0), optimizers.Adam(0.01)
    network = NeuralNetClassifier((4,), callbacks=[slower], optimizer=adam, epochs=5, random_state=0).fit(X, Y)
    assert network.callbacks_[0] is not slower
    assert slower.model is None
    assert not adam.built
    assert network.history_["learning_rate"][-1] < 0.01
    assert clone(network).optimizer.get_config() == adam.get_config()


def test_workers_share_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    watch = callbacks.LambdaCallback(on_train_begin=lambda logs: seen.append(execute.threads()))
    monkeypatch.delenv("BACKLIT_THREADS", raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    NeuralNetRegressor(**SMALL, epochs=1, callbacks=watch).fit(X, Y)
    assert seen == [1]


def test_the_stand_ins_of_compat_do_not_disturb() -> None:
    compat.install(book=False)
    try:
        import tensorflow as tf  # type: ignore[import-not-found]

        assert tf.constant(1).numpy() == 1
        assert NeuralNetClassifier(**SMALL).fit(X, Y).score(X, Y) > 0.9
    finally:
        compat.uninstall()


STAND_IN = """
from backlit import compat
from backlit.compat.sklearn_names import watch
if {stand_in}:
    watch.is_installed = lambda: False
    compat.install(tensorflow=False, book=False)
    import sklearn.model_selection
else:
    import sys
    sys.modules["sklearn"] = None
try:
    from backlit.estimators import NeuralNetClassifier
except Exception as error:
    print(type(error).__name__, error)
"""


@pytest.mark.parametrize("stand_in", [True, False])
def test_without_scikit_learn_the_message_says_what_to_install(stand_in: bool) -> None:
    command = [sys.executable, "-c", STAND_IN.format(stand_in=stand_in)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert printed.startswith("ConfigError backlit.estimators.NeuralNetClassifier needs scikit-learn")
    assert "backlit[sklearn]" in printed


# --- files and copies --------------------------------------------------------------------------------------------

KEPT: list[Any] = [
    NeuralNetClassifier(**SMALL, dropout=0.3, batch_norm=True, epochs=4, warm_start=True, class_weight={0: 2.0, 1: 1}),
    NeuralNetClassifier(
        (4,), optimizer=optimizers.SGD(0.1, momentum=0.9), kernel_initializer=initializers.HeNormal(), epochs=4,
        kernel_regularizer=regularizers.L2(0.01), early_stopping=True, warm_start=True, random_state=1,
    ),
    NeuralNetRegressor(
        5, loss=losses.Huber(delta=0.5), dtype="float32", epochs=4, warm_start=True, random_state=2,
        learning_rate=optimizers.schedules.ExponentialDecay(0.01, 10, 0.9),
    ),
]  # fmt: skip


@pytest.mark.parametrize("way", ["file", "pickle", "copy"])
@pytest.mark.parametrize("original", KEPT, ids=["batch norm", "objects", "regressor"])
def test_a_kept_estimator_goes_on_to_the_last_bit(original: Any, way: str, tmp_path: Path) -> None:
    frame = pd.DataFrame(X, columns=list("abcd"))
    estimator = clone(original).fit(frame, Y)
    if way == "file":
        estimator.save(tmp_path / "iris.keras")
        twin = load(tmp_path / "iris.keras")
    else:
        twin = pickle.loads(pickle.dumps(estimator)) if way == "pickle" else copy.deepcopy(estimator)
    assert (twin.predict(frame) == estimator.predict(frame)).all()
    assert twin.feature_names_in_.tolist() == list("abcd")
    for name in ("n_iter_", "t_", "loss_curve_", "best_loss_", "validation_scores_", "out_activation_", "history_"):
        assert getattr(twin, name) == getattr(estimator, name)
    estimator.fit(frame, Y)
    twin.fit(frame, Y)
    assert twin.loss_curve_ == estimator.loss_curve_
    assert all((a == b).all() for a, b in zip(twin.coefs_, estimator.coefs_, strict=True))
    plain = {name: value for name, value in twin.get_params().items() if not hasattr(value, "get_config")}
    assert plain == {name: estimator.get_params()[name] for name in plain}


def test_the_file_is_a_model_too_and_holds_no_code(tmp_path: Path) -> None:
    names = np.array(["setosa", "versicolor", "virginica"], object)[Y]
    network = NeuralNetClassifier(**SMALL, dtype="float32", epochs=3).fit(X, names)
    network.save(tmp_path / "iris.keras")
    with zipfile.ZipFile(tmp_path / "iris.keras") as archive:
        assert not [name for name in archive.namelist() if not name.endswith((".json", ".h5"))]
    model = models.load_model(tmp_path / "iris.keras")
    assert (model.predict(X, verbose=0) == network.predict_proba(X)).all()
    assert (load(tmp_path / "iris.keras").predict(X) == network.predict(X)).all()


def test_what_cannot_be_kept_is_named(tmp_path: Path) -> None:
    path = tmp_path / "own.keras"
    own = NeuralNetClassifier((3,), activation=lambda x: x * 0.5, epochs=1).fit(X, Y)
    with pytest.raises(ConfigError, match="activation"):
        own.save(path)
    assert not path.exists()
    generator = NeuralNetClassifier((3,), random_state=np.random.RandomState(0), epochs=1).fit(X, Y)
    generator.save(path)
    assert load(path).random_state is None


CHANGES: list[tuple[list[Any], Any]] = [
    (["kind"], "Sequential"), (["params", "epochs"], {"code": "1"}), (["params", "unknown"], 1),
    (["design", "features"], 10**9), (["design", "hidden"], {"list": []}), (["design", "dtype"], "object"),
    (["design", "heads"], {"tuple": [2]}), (["targets"], None), (["targets", 1, 0, "array", 0], "V8"),
    (["counts"], [1]), (["history"], {"dict": []}), (["feature_names"], {"list": ["a"]}),
    (["targets", 0], "multilabel"), (["targets", 0], "multilabel-indicator"), (["targets", 1, 0, "array", 1], [0, 1]),
    (["design", "optimizer"], {"optimizer": {"class_name": "os.system", "config": {}}}), (["design"], []),
]  # fmt: skip


@pytest.mark.parametrize(("place", "value"), CHANGES, ids=str)
def test_notes_that_do_not_fit_are_refused(place: list[Any], value: Any, tmp_path: Path) -> None:
    path = tmp_path / "changed.keras"
    NeuralNetClassifier(**SMALL, epochs=1).fit(X, Y).save(path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    metadata = json.loads(members["metadata.json"])
    part = metadata["backlit_notes"]["estimator"]
    for step in place[:-1]:
        part = part[step]
    part[place[-1]] = value
    del metadata["backlit_sha256"]
    members["metadata.json"] = json.dumps(metadata).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    with pytest.raises(ModelFileError):
        load(path)


def test_a_plain_model_is_no_estimator(tmp_path: Path) -> None:
    NeuralNetRegressor(**SMALL, epochs=1).fit(X, Y).model_.save(tmp_path / "model.keras")
    with pytest.raises(ModelFileError, match="holds no estimator"):
        load(tmp_path / "model.keras")
