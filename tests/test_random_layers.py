"""Augmentation layers: what Keras makes of an image where nothing is left to chance, and what is drawn otherwise."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backlit as bl
from backlit import layers
from backlit.errors import ConfigError, ShapeError
from backlit.layers.random_look import gaussian

FOLDER = Path(__file__).parent / "golden"
CASES = json.loads((FOLDER / "random_layers.json").read_text())
GOLDEN = np.load(FOLDER / "random_layers.npz")
IMAGES = np.random.default_rng(1).random((64, 8, 10, 2)).astype("float32")
KINDS: dict[str, Any] = {
    "RandomRotation": lambda: layers.RandomRotation(0.2),
    "RandomTranslation": lambda: layers.RandomTranslation(0.2, (0.1, 0.3)),
    "RandomZoom": lambda: layers.RandomZoom(0.3),
    "RandomShear": lambda: layers.RandomShear(0.3, (0.1, 0.2)),
    "RandomAffine": lambda: layers.RandomAffine(0.1, 0.1, 0.2, 0.3, 0.1, 0.2, fill_mode="constant", fill_value=0.5),
    "RandomElastic": lambda: layers.RandomElastic(6.0, 2.0, rotation=0.05),
    "RandomFlip": lambda: layers.RandomFlip(),
    "RandomNoise": lambda: layers.RandomNoise(0.3),
    "RandomErasing": lambda: layers.RandomErasing(0.8, value_range=(0, 1)),
}


def seen(layer: Any, images: np.ndarray = IMAGES) -> np.ndarray:
    return np.asarray(layer(images, training=True))


@pytest.mark.parametrize("i", range(len(CASES)))
def test_a_fixed_change_is_that_of_keras(i: int) -> None:
    case, image = CASES[i], GOLDEN["image"]
    ours, theirs = seen(getattr(layers, case["layer"])(**case["settings"]), image[None])[0], GOLDEN[str(i)]
    close = np.isclose(ours, theirs, atol=2e-5)
    if case["settings"]["fill_mode"] in ("reflect", "nearest"):
        assert close.all()
    else:  # SciPy's modes do not blend the border with what lies beyond it: only there they differ
        everywhere = seen(getattr(layers, case["layer"])(**case["settings"] | {"fill_mode": "nearest"}), image[None])[0]
        inside = np.isclose(theirs, everywhere, atol=2e-5)
        assert inside.mean() > 0.3
        assert close[inside].all()


@pytest.mark.parametrize("name", KINDS)
def test_layers_work_in_training_alone(name: str) -> None:
    layer = KINDS[name]()
    np.testing.assert_array_equal(np.asarray(layer(IMAGES)), IMAGES)
    np.testing.assert_array_equal(np.asarray(layer(IMAGES, training=False)), IMAGES)
    first, second = seen(layer), seen(layer)
    assert first.shape == IMAGES.shape
    assert np.isfinite(first).all()
    assert not np.array_equal(first, second)
    changed = (first != IMAGES).any(axis=(1, 2, 3)).mean()
    assert changed > (0.4 if name in ("RandomFlip", "RandomErasing") else 0.95)


@pytest.mark.parametrize("name", KINDS)
def test_a_seed_repeats_the_draws(name: str) -> None:
    config = KINDS[name]().get_config() | {"seed": 12}
    kind = getattr(layers, name)
    again = kind.from_config(json.loads(json.dumps(config)))
    assert again.get_config() == config
    np.testing.assert_array_equal(seen(kind.from_config(config)), seen(again))
    assert not np.array_equal(seen(kind.from_config(config)), seen(kind.from_config(config | {"seed": 13})))


@pytest.fixture
def _executors() -> Iterator[None]:
    kept = bl.config.executor()
    yield
    bl.config.set_executor(kept)


@pytest.mark.usefixtures("_executors")
def test_a_network_of_all_of_them_trains_alike_in_both_executors() -> None:
    labels, weights = np.arange(64) % 3, []
    for executor in ("native", "interpreter"):
        bl.config.set_executor(executor)
        bl.set_random_seed(3)
        stack = [layers.Input((8, 10, 2)), *(make() for make in KINDS.values()), layers.Flatten()]
        model = bl.Sequential([*stack, layers.Dense(3, "softmax")])
        model.compile(bl.optimizers.SGD(0.01), "sparse_categorical_crossentropy")
        model.fit(IMAGES, labels, batch_size=30, epochs=2, verbose=0)
        weights.append(model.weights[0].numpy())
    np.testing.assert_allclose(weights[0], weights[1], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("layer", [KINDS["RandomElastic"](), KINDS["RandomFlip"](), KINDS["RandomErasing"]()])
def test_gradients_flow_through_to_the_images(layer: Any) -> None:
    images = bl.Variable(IMAGES[:3])
    with bl.GradientTape() as tape:
        loss = bl.ops.sum(layer(images, training=True))
    gradient = np.asarray(tape.gradient(loss, images))
    assert gradient.shape == (3, 8, 10, 2)
    assert (gradient != 0).any()


def test_flips_mirror() -> None:
    for mode, axes in (("horizontal", {2}), ("vertical", {1}), ("horizontal_and_vertical", {1, 2})):
        found = seen(layers.RandomFlip(mode, seed=1))
        mirrored = {1: 0, 2: 0}
        for image, after in zip(IMAGES, found, strict=True):
            matches = {
                axes: image[:: -1 if 1 in axes else 1, :: -1 if 2 in axes else 1] for axes in ((), (1,), (2,), (1, 2))
            }
            which = next(axes for axes, same in matches.items() if np.array_equal(same, after))
            for axis in which:
                mirrored[axis] += 1
        assert {axis for axis, count in mirrored.items() if count} == axes
        assert all(16 < mirrored[axis] < 48 for axis in axes)


def test_erasing_covers_a_rectangle_of_the_asked_size() -> None:
    blank = np.zeros((400, 20, 30, 1), "float32")
    found = seen(layers.RandomErasing(0.5, scale=(0.1, 0.4), fill_value=1.0, seed=2), blank)[..., 0]
    touched = found.any(axis=(1, 2))
    assert 0.4 < touched.mean() < 0.6
    for image in found[touched]:
        rows, columns = np.flatnonzero(image.any(1)), np.flatnonzero(image.any(0))
        assert image.sum() == len(rows) * len(columns)  # all of it, and nothing else
        assert np.sqrt(0.1) * 20 - 1 <= len(rows) <= np.sqrt(0.4) * 20 + 1
        assert np.sqrt(0.1) * 30 - 1 <= len(columns) <= np.sqrt(0.4) * 30 + 1
    noisy = seen(layers.RandomErasing(1.0, scale=0.5, value_range=(0, 1), seed=2), blank)
    assert (noisy >= 0).all()
    assert (noisy <= 1).all()
    assert noisy[noisy > 0].std() > 0.1


def test_noise_sets_the_asked_share_of_numbers() -> None:
    found = seen(layers.RandomNoise(0.25, (2.0, 3.0), seed=4))
    changed = found != IMAGES
    assert changed.mean() == pytest.approx(0.25, abs=0.02)
    assert 2.0 <= found[changed].min() <= found[changed].max() <= 3.0


def test_elastic_displacements_are_smooth_and_as_large_as_asked() -> None:
    layer = layers.RandomElastic(alpha=20.0, sigma=3.0, seed=5)
    rows, columns = (np.asarray(a) for a in layer.looked_at(200, 30, 30))
    away = np.stack([rows - np.arange(30).reshape(1, 30, 1), columns - np.arange(30).reshape(1, 1, 30)])
    inner = away[:, :, 12:18, 12:18]
    # an even draw from [-1, 1] deviates by 1 / sqrt(3); the squared weights of the Gaussian sum to 1 / (4 pi sigma^2)
    assert inner.std() == pytest.approx(20 / np.sqrt(3) / (2 * np.sqrt(np.pi) * 3), rel=0.1)
    assert np.abs(np.diff(away, axis=2)).max() < 0.5 * np.abs(away).max()
    np.testing.assert_allclose(gaussian(41, 2.0)[20].sum(), 1.0, rtol=1e-6)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: layers.RandomRotation(-0.1), "factor=-0.1: expected a number >= 0, or a pair"),
        (lambda: layers.RandomRotation((0.3, 0.1)), "lowest, highest"),
        (lambda: layers.RandomRotation("0.1"), "factor='0.1'"),
        (lambda: layers.RandomZoom((-1.0, 0.0)), "shows nothing"),
        (lambda: layers.RandomShear(1.5), "x_factor=1.5: expected a number between 0 and 1"),
        (lambda: layers.RandomTranslation(0.1, 0.1, fill_mode="mirror"), "Unknown fill_mode 'mirror'"),
        (lambda: layers.RandomTranslation(0.1, 0.1, interpolation="cubic"), "Unknown interpolation 'cubic'"),
        (lambda: layers.RandomRotation(0.1, fill_value=None), "fill_value"),
        (lambda: layers.RandomRotation(0.1, data_format="channels_first"), "channels_last"),
        (lambda: layers.RandomElastic(sigma=0), "sigma must be a positive number"),
        (lambda: layers.RandomElastic(alpha=-1), "alpha"),
        (lambda: layers.RandomFlip("sideways"), "Unknown mode 'sideways'"),
        (lambda: layers.RandomNoise(2), "rate between 0 and 1"),
        (lambda: layers.RandomErasing(scale=(0.2, 1.2)), "scale must lie between 0 and 1"),
        (lambda: layers.RandomErasing(fill_value="mean"), "fill_value"),
    ],
)
def test_bad_settings(make: Any, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        make()


@pytest.mark.parametrize("name", [name for name in KINDS if name != "RandomNoise"])
def test_what_is_no_batch_of_images_is_refused(name: str) -> None:
    with pytest.raises(ShapeError, match=r"images\[None\]"):
        seen(KINDS[name](), IMAGES[0])
    with pytest.raises(ShapeError, match=r"takes images \(n, height, width, channels\), got \(64, 10\)"):
        seen(KINDS[name](), IMAGES[:, 0, :, 0])
