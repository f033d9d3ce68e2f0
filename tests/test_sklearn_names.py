"""`fetch_openml` where OpenML is out of reach, and what stands in where scikit-learn is not installed at all.

What scikit-learn itself gives is the measure: the same DataFrame, the same rows of a split, the same counts.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backlit import compat
from backlit.compat.sklearn_names import metrics, model_selection, openml, watch
from backlit.errors import ConfigError, DataError, DownloadError, ShapeError, UnsupportedName

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def out_of_reach(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No OpenML, no cache of scikit-learn's, and a cache folder of our own."""
    monkeypatch.setattr(openml, "_reachable", lambda: False)
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path / "theirs"))
    monkeypatch.setenv("BACKLIT_HOME", str(tmp_path / "ours"))
    compat.install(tensorflow=False, book=False)
    yield
    compat.uninstall()


# whose turn it is


def test_other_data_sets_and_what_is_reachable_stay_with_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    fetch = openml.answered(lambda name, **options: asked.append((name, options)) or "theirs")
    monkeypatch.setattr(openml, "_reachable", lambda: True)
    assert fetch("adult", version=2) == fetch("mnist_784", version=1) == fetch(data_id=554) == "theirs"
    monkeypatch.setattr(openml, "_reachable", lambda: False)
    assert fetch("adult", version=2) == fetch("mnist_784", version=2) == "theirs"
    assert len(asked) == 5


def test_no_network_and_no_digits_raises_what_scikit_learn_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    def real(name: Any, **options: Any) -> Any:
        raise OSError("no route to host")

    def no_digits() -> Any:
        raise DownloadError("MNIST was not found.")

    monkeypatch.setattr(openml, "_digits", no_digits)
    with pytest.raises(OSError, match="no route"):
        openml.answered(real)("mnist_784", data_home="somewhere")


def test_scikit_learn_gets_its_own_function_back() -> None:
    datasets: Any = pytest.importorskip("sklearn.datasets")
    own = datasets.fetch_openml
    compat.install(tensorflow=False, book=False)
    assert datasets.fetch_openml is not own
    compat.uninstall()
    assert datasets.fetch_openml is own


# the digits


@pytest.mark.mnist
@pytest.mark.slow
def test_the_learners_notebook_with_pandas(
    seeds_dir: Path, mnist_dir: Path, out_of_reach: None, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """One of its twenty epochs: the printed digits, from a DataFrame that scikit-learn's own code made."""
    pytest.importorskip("sklearn")
    pytest.importorskip("pandas")
    monkeypatch.setenv("BACKLIT_DATA", str(mnist_dir))
    cells = json.loads((seeds_dir / "002_numpy_from_scratch.ipynb").read_text("utf-8"))["cells"]
    source = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    names: dict[str, Any] = {"__name__": "__main__"}
    with pytest.warns(UserWarning, match="OpenML is out of reach"):
        exec(source.replace("epochs=20", "epochs=1"), names)  # noqa: S102 - the cell of the notebook
    assert capsys.readouterr().out.startswith("Epoch 1, Loss: 0.3238\nTest Accuracy: ")
    assert type(names["X"]).__name__ == "DataFrame"
    assert list(names["mnist"].target.cat.categories) == list("0123456789")
    assert names["mnist"].feature_names[-1] == "pixel784"


@pytest.mark.mnist
def test_arrays_where_there_is_no_pandas(mnist_dir: Path, out_of_reach: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKLIT_DATA", str(mnist_dir))
    monkeypatch.setattr(openml, "find_spec", lambda name: None)
    with pytest.warns(UserWarning, match="out of reach"):
        found = openml.answered(lambda *_, **__: pytest.fail("asked"))("mnist_784", version=1)
    x = found["data"] / 255.0
    assert (x.shape, x.max(), x.values.shape) == ((70000, 784), 1.0, (70000, 784))
    assert type(x.values) is np.ndarray
    assert found.target[:3].tolist() == ["5", "0", "4"]
    assert found.target.astype(np.uint8).dtype == np.uint8


# without scikit-learn

WITHOUT = """
from backlit import compat
from backlit.compat.sklearn_names import watch
watch.is_installed = lambda: False
compat.install()
from sklearn.model_selection import train_test_split
import sklearn.metrics
print(sklearn.metrics.accuracy_score([1, 2], [1, 3]), train_test_split([1, 2, 3, 4], random_state=0))
for line in ("from sklearn.linear_model import Ridge", "from sklearn.datasets import load_iris"):
    try:
        exec(line)
    except ImportError as error:
        print(error)
"""


def test_names_where_scikit_learn_is_not_installed() -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, env=environment, check=True)
    lines = done.stdout.splitlines()
    assert lines[0].startswith("0.5 [array([")
    assert "sklearn.linear_model" in lines[1]
    assert all("pip install scikit-learn" in line for line in lines[1:3])


@pytest.mark.parametrize(
    "options",
    [
        {"test_size": 0.2, "random_state": 42}, {"random_state": 7}, {"train_size": 0.33, "random_state": 1},
        {"test_size": 5, "train_size": 9, "random_state": 3}, {"test_size": 0.3, "shuffle": False},
    ],
    ids=str,
)  # fmt: skip
def test_a_split_is_that_of_scikit_learn(options: dict[str, Any]) -> None:
    theirs: Any = pytest.importorskip("sklearn.model_selection")
    x, y = np.arange(46).reshape(23, 2), np.arange(23)
    ours, wanted = model_selection.train_test_split(x, y, **options), theirs.train_test_split(x, y, **options)
    for one, other in zip(ours, wanted, strict=True):
        np.testing.assert_array_equal(one, other)


def test_metrics_are_those_of_scikit_learn() -> None:
    theirs: Any = pytest.importorskip("sklearn.metrics")
    true, predicted = np.random.RandomState(0).randint(0, 4, (2, 100))
    np.testing.assert_array_equal(metrics.confusion_matrix(true, predicted), theirs.confusion_matrix(true, predicted))
    assert metrics.accuracy_score(true, predicted) == theirs.accuracy_score(true, predicted)
    assert metrics.accuracy_score(true, predicted, normalize=False) == theirs.accuracy_score(
        true, predicted, normalize=False
    )


def test_what_does_not_fit_is_named() -> None:
    with pytest.raises(DataError, match=r"\[2, 3\] rows"):
        model_selection.train_test_split([1, 2], [1, 2, 3])
    with pytest.raises(ConfigError, match=r"1.*rows"):
        model_selection.train_test_split([1])
    with pytest.raises(UnsupportedName, match="pip install scikit-learn"):
        model_selection.train_test_split([1, 2], stratify=[1, 2])
    with pytest.raises(UnsupportedName, match="pip install scikit-learn"):
        openml.fetch_openml("adult")
    with pytest.raises(ShapeError, match="class numbers"):
        metrics.accuracy_score([1, 2], [[1], [2]])


def test_watching_starts_before_and_after_the_import() -> None:
    pytest.importorskip("sklearn")
    code = (
        "from backlit.compat.sklearn_names import watch; watch.begin(); import sklearn.datasets as d; "
        "print(d.fetch_openml.answered_by_backlit, len(d.load_iris().data), d.__spec__.loader is d.__loader__); "
        "watch.release(); print(hasattr(d.fetch_openml, 'answered_by_backlit'))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.split() == ["True", "150", "True", "False"]
    assert watch.is_installed()
