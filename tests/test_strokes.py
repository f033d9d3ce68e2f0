"""The built-in strokes: every image is a function of its number alone, drawn fast, and neither trivial nor hopeless.

What they look like cannot be asserted; that they are framed like MNIST and that no two are alike can.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backlit.datasets import cache, strokes, strokes_ink, strokes_shapes
from backlit.errors import ConfigError


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BACKLIT_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def many() -> tuple[np.ndarray, np.ndarray]:
    return strokes.draw(np.arange(6000))


@settings(max_examples=60)
@given(st.lists(st.integers(0, 2**48 - 1) | st.integers(0, 5999), max_size=12), st.integers(0, 2**63))
def test_an_image_depends_only_on_seed_and_number(indices: list[int], seed: int) -> None:
    together, labels = strokes.draw(np.array(indices, np.int64), seed)
    assert together.shape == (len(indices), 28, 28)
    for k, index in enumerate(indices):
        alone, label = strokes.draw([index], seed)
        np.testing.assert_array_equal(alone[0], together[k])
        assert label[0] == labels[k]


@pytest.mark.parametrize("chunk", [1, 7, 100, 1024, 5000])
def test_same_bits_for_every_chunk_size(
    many: tuple[np.ndarray, np.ndarray], chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strokes, "_CHUNK", chunk)
    count = 40 * chunk if chunk < 100 else 6000
    x, y = strokes.draw(np.arange(min(count, 6000)))
    np.testing.assert_array_equal(x, many[0][: len(x)])
    np.testing.assert_array_equal(y, many[1][: len(y)])


def test_order_and_repetition_do_not_matter(many: tuple[np.ndarray, np.ndarray]) -> None:
    order = np.random.default_rng(0).integers(0, 6000, 700)
    x, y = strokes.draw(order)
    np.testing.assert_array_equal(x, many[0][order])
    np.testing.assert_array_equal(y, many[1][order])


def test_seeds_and_numbers_differ(many: tuple[np.ndarray, np.ndarray]) -> None:
    assert len(np.unique(many[0].reshape(6000, -1), axis=0)) == 6000
    assert (strokes.draw(np.arange(50), 1)[0] != many[0][:50]).any(axis=(1, 2)).all()


def test_framed_like_mnist(many: tuple[np.ndarray, np.ndarray]) -> None:
    x, y = many
    assert (x.dtype, y.dtype) == (np.uint8, np.uint8)
    counts = np.bincount(y, minlength=10)
    assert counts.min() > 500
    assert counts.max() < 700
    ink = x.astype(np.float64)
    total = ink.sum(axis=(1, 2))
    across, down = (
        (ink.sum(axis=1) * np.arange(28)).sum(axis=1) / total,
        (ink.sum(axis=2) * np.arange(28)).sum(axis=1) / total,
    )
    assert np.abs(across - 14).mean() < 0.35
    assert np.abs(down - 14).mean() < 0.35
    assert np.abs(across - 14).max() < 2
    solid = x > 127
    extent = np.maximum(solid.any(axis=1).sum(axis=1), solid.any(axis=2).sum(axis=1))
    assert np.median(extent) in (18, 19, 20)
    assert extent.min() >= 12
    assert extent.max() <= 22
    assert 0.75 < (x == 0).mean() < 0.85  # MNIST: 0.81
    assert 26 < x.mean() < 38  # MNIST: 33.3
    assert (x.max(axis=(1, 2)) >= 150).all()


def test_load_data_is_kept_and_the_parts_do_not_depend_on_each_other(own_cache: Path) -> None:
    (x, y), (x_test, y_test) = strokes.load_data(300, 50)
    assert (x.shape, y.shape, x_test.shape, y_test.shape) == ((300, 28, 28), (300,), (50, 28, 28), (50,))
    (more, _), (fewer, _) = strokes.load_data(400, 20)
    np.testing.assert_array_equal(more[:300], x)
    np.testing.assert_array_equal(fewer, x_test[:20])
    assert not (x[:50] == x_test).all(axis=(1, 2)).any()
    kept = list((own_cache / "strokes").iterdir())
    assert len(kept) == 2
    before = {file: file.stat().st_mtime_ns for file in kept}
    (again, _), _ = strokes.load_data(300, 50)
    np.testing.assert_array_equal(again, x)
    assert {file: file.stat().st_mtime_ns for file in kept} == before


@pytest.mark.parametrize("damage", ["truncated", "foreign", "other pixels", "other shape"])
def test_a_damaged_cache_is_drawn_again(own_cache: Path, damage: str) -> None:
    (x, y), (x_test, y_test) = strokes.load_data(40, 10)
    (file,) = (own_cache / "strokes").iterdir()
    if damage == "truncated":
        file.write_bytes(file.read_bytes()[:-3000])
    elif damage == "foreign":
        file.write_bytes(b"not a zip")
    else:
        other = 255 - x if damage == "other pixels" else x[:30]
        np.savez(file, x_train=other, y_train=y, x_test=x_test, y_test=y_test)
    (again, _), _ = strokes.load_data(40, 10)
    np.testing.assert_array_equal(again, x)


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("BACKLIT_HOME", str(tmp_path / "file"))
    assert not cache.write_npz(tmp_path / "file" / "a.npz", {})
    (x, _), _ = strokes.load_data(5, 5)
    assert x.shape == (5, 28, 28)


def test_no_images_at_all(own_cache: Path) -> None:
    (x, y), _ = strokes.load_data(0, 3)
    assert (x.shape, y.shape) == ((0, 28, 28), (0,))
    assert strokes.draw([])[0].shape == (0, 28, 28)


@pytest.mark.parametrize("indices", [[-1], [0.5], [2**48], [[1, 2]], ["a"]])
def test_bad_indices(indices: list[object]) -> None:
    with pytest.raises(ConfigError, match="indices"):
        strokes.draw(indices)


@pytest.mark.parametrize("sizes", [{"train": -1}, {"test": -5}])
def test_bad_sizes(sizes: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=next(iter(sizes))):
        strokes.load_data(**sizes)


def test_every_way_of_writing_is_used_and_well_formed(many: tuple[np.ndarray, np.ndarray]) -> None:
    first, shares = strokes_shapes.habits()
    drawn = {int(g) for g in strokes._choose(*strokes._words(np.arange(6000, dtype=np.uint64), 0)[:2])}
    assert drawn == set(range(len(strokes_shapes.WRITING)))
    assert (np.diff(shares, axis=1) >= 0).all()
    assert (shares[:, -1] == 65536).all()
    assert first.tolist() == sorted(first.tolist())
    for glyph in strokes_shapes.glyphs():
        np.testing.assert_allclose(glyph.blend.sum(axis=1), 1, atol=1e-6)
        assert glyph.corners.min() >= 0
        assert glyph.corners.max() < len(glyph.points)


def test_blur_sums_are_exact_whole_numbers() -> None:
    for matrix in strokes_ink._BLUR:
        np.testing.assert_array_equal(matrix, np.rint(matrix))
        np.testing.assert_array_equal(matrix, matrix.T)
        assert matrix.sum(axis=1).max() <= 256
    # 256 times the largest grid value stays below 2**24, so float32 adds it exactly in any order
    x, y = (np.full((strokes_shapes.SAMPLES, 1), 13.25, np.float32) for _ in range(2))
    assert strokes_ink.drop(x, y, np.full_like(x, 0.25), np.zeros(1, np.intp)).max() * 256 < 2**24


@pytest.mark.slow
def test_a_perceptron_finds_them_neither_trivial_nor_hopeless() -> None:
    neural = pytest.importorskip("sklearn.neural_network")
    (x, y), (x_test, y_test) = (strokes.draw(np.arange(10000)), strokes.draw(strokes.TEST_START + np.arange(3000)))
    network = neural.MLPClassifier((100,), batch_size=100, max_iter=5, random_state=0)
    network.n_iter_no_change = 100
    with pytest.warns(UserWarning, match="Maximum iterations"):
        network.fit(x.reshape(-1, 784).astype(np.float32) / 255, y)
    accuracy = network.score(x_test.reshape(-1, 784).astype(np.float32) / 255, y_test)
    assert 0.93 < accuracy < 0.995  # 0.98 with all 60,000
