"""What every test starts from: the real data where it exists, a private cache, and the same global state.

Nothing here touches the network or the user's own folders; a fixture that lacks its files skips and says which.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

if "PYTEST_XDIST_WORKER" in os.environ:  # one BLAS thread per worker, before NumPy is loaded
    for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
MNIST_FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)

settings.register_profile("backlit", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("backlit")


def pytest_configure(config: pytest.Config) -> None:
    """Give the session cache folders of its own, for data and for code; workers inherit the first process' choice."""
    for name in {"BACKLIT_HOME", "BACKLIT_CACHE"} - set(os.environ):
        os.environ[name] = tempfile.mkdtemp(prefix="backlit-tests-")
        config.add_cleanup(lambda name=name: shutil.rmtree(os.environ.pop(name), ignore_errors=True))


@pytest.fixture(scope="session")
def mnist_dir() -> Path:
    """Return the folder that holds the four gzipped IDX files of the real MNIST."""
    given = os.environ.get("BACKLIT_DATA")
    places = [Path(given) / "mnist", Path(given)] if given else [SHARED / "data" / "mnist"]
    for place in places:
        if all((place / name).is_file() for name in MNIST_FILES):
            return place.resolve()
    pytest.skip(f"the real MNIST is not at hand: set BACKLIT_DATA to a folder with mnist/{MNIST_FILES[0]} and so on")


@pytest.fixture(scope="session")
def seeds_dir() -> Path:
    """Return the folder of the learners' notebooks, which are not part of the repository."""
    place = SHARED / "seeds"
    if not any(place.glob("*.ipynb")):
        pytest.skip("the learners' notebooks are not at hand: they are read from shared/seeds beside the clone")
    return place.resolve()


@pytest.fixture
def interpreted(same_start: None) -> None:
    """Let steps run in the interpreter, whose numbers are those of an eager run to the last bit."""
    from backlit import config

    config.set_executor("interpreter")


@pytest.fixture(autouse=True)
def same_start() -> Iterator[None]:
    """Start each test from float32, epsilon 1e-7, seed 0 and unused names, whatever the one before it did."""
    from backlit import arrays, config, seeds
    from backlit.layers import naming

    arrays.set_floatx("float32")
    arrays.set_epsilon(1e-7)
    seeds.set_random_seed(0)
    naming.clear_session()
    executor = config.executor()
    yield
    config.set_executor(executor)
    arrays.set_floatx("float32")
    arrays.set_epsilon(1e-7)
