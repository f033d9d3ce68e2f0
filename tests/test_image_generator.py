"""ImageDataGenerator: its changes are Keras', its draws depend on (seed, epoch, row) alone, and `fit` records them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backlit as bl
from backlit import layers
from backlit.errors import ConfigError, DataError, ShapeError
from backlit.preprocessing.image import ImageDataGenerator

FOLDER = Path(__file__).parent / "golden"
CASES = json.loads((FOLDER / "image_changes.json").read_text())
GOLDEN = np.load(FOLDER / "image_changes.npz")
MOVES: dict[str, Any] = {
    "rotation_range": 30, "width_shift_range": 0.3, "height_shift_range": 0.3, "zoom_range": 0.5, "shear_range": 5.0,
}  # fmt: skip
RNG = np.random.default_rng(6)
IMAGES = RNG.integers(0, 256, (70, 8, 6, 1)).astype("uint8")
LABELS = RNG.integers(0, 3, 70)


@pytest.mark.parametrize("i", range(len(CASES["changes"])))
def test_a_change_with_keras_axes_is_that_of_keras(i: int) -> None:
    case = CASES["changes"][i]
    made = ImageDataGenerator(axes="keras", **case["fill"])
    seen = made.apply_transform(GOLDEN[f"image {case['shape']}"], case["change"])
    np.testing.assert_allclose(seen, GOLDEN[f"change {i}"], atol=1.01 if "brightness" in case["change"] else 2e-3)


@pytest.mark.parametrize("i", range(len(CASES["standard"])))
def test_images_are_standardized_as_by_keras(i: int) -> None:
    made = ImageDataGenerator(**CASES["standard"][i])
    made.fit(GOLDEN["data"])
    whole = made.standardize(GOLDEN["data"])
    by_image = np.stack([made.standardize(image) for image in GOLDEN["data"]])
    np.testing.assert_allclose(by_image, GOLDEN[f"standard {i}"], rtol=2e-4, atol=2e-5)
    np.testing.assert_allclose(whole, by_image, rtol=1e-5, atol=1e-5)
    images, *_ = next(made.flow(GOLDEN["data"], np.zeros(20), batch_size=20, shuffle=False))
    np.testing.assert_allclose(images, by_image, rtol=1e-4, atol=1e-5)


def test_documented_axes_move_what_the_arguments_name() -> None:
    image = np.zeros((9, 7, 1), "float32")
    image[4, 3] = 1.0
    made = ImageDataGenerator(fill_mode="constant")
    assert np.argwhere(made.apply_transform(image, {"tx": 1.0})[..., 0]).tolist() == [[3, 3]]  # looked a row further
    assert np.argwhere(made.apply_transform(image, {"ty": 2.0})[..., 0]).tolist() == [[4, 1]]
    column = np.zeros((9, 7, 1), "float32")
    column[:, 3] = 1.0
    assert made.apply_transform(column, {"zx": 2.0})[..., 0].sum() == pytest.approx(4.5, abs=0.51)  # half as high
    assert (made.apply_transform(column, {"zx": 2.0})[..., [0, 1, 2, 4, 5, 6], 0] == 0).all()
    np.testing.assert_array_equal(made.apply_transform(image, {}), image)


@pytest.mark.parametrize("axes", ["documented", "keras"])
def test_draws_lie_where_they_are_asked_for(axes: str) -> None:
    made = ImageDataGenerator(
        rotation_range=20, height_shift_range=0.25, width_shift_range=[1, 3], shear_range=4, zoom_range=(0.8, 1.1),
        channel_shift_range=9, brightness_range=(0.5, 1.5), horizontal_flip=True, axes=axes,
    )  # fmt: skip
    drawn = [made.get_random_transform((12, 10, 1), seed=i) for i in range(300)]
    for name, low, high in (
        ("theta", -20, 20), ("tx", -3, 3), ("shear", -4, 4), ("zx", 0.8, 1.1), ("zy", 0.8, 1.1),
        ("channel_shift_intensity", -9, 9), ("brightness", 0.5, 1.5),
    ):  # fmt: skip
        values = np.array([change[name] for change in drawn])
        assert low <= values.min() < low + 0.1 * (high - low), name
        assert high >= values.max() > high - 0.1 * (high - low), name
        assert abs(values.mean() - (low + high) / 2) < 0.1 * (high - low), name
    assert {change["ty"] for change in drawn} == {-3.0, -1.0, 1.0, 3.0}
    assert {change["flip_horizontal"] for change in drawn} == {True, False}
    assert {change["flip_vertical"] for change in drawn} == {False}
    assert not np.allclose([c["zx"] for c in drawn], [c["zy"] for c in drawn])
    assert made.get_random_transform((12, 10, 1), seed=3) == drawn[3]


def test_an_integer_shift_is_one_of_so_many_pixels() -> None:
    made = ImageDataGenerator(width_shift_range=3)
    assert {made.get_random_transform((5, 5, 1), i)["ty"] for i in range(200)} == {-2.0, -1.0, 0.0, 1.0, 2.0}


def test_a_flow_has_the_batches_keras_has() -> None:
    flow = ImageDataGenerator(**MOVES).flow(IMAGES, LABELS, batch_size=32)
    assert len(flow) == 3
    sizes = []
    for _ in range(5):
        x, y = next(flow)
        sizes.append(len(x))
        assert x.dtype == np.float32
        assert len(x) == len(y)
    assert sizes == [32, 32, 6, 32, 32]
    assert ImageDataGenerator().flow(IMAGES)[2].shape == (6, 8, 6, 1)
    with pytest.raises(IndexError, match="an epoch has 3"):
        flow[3]
    x, y, w = ImageDataGenerator().flow(IMAGES, LABELS, sample_weight=np.arange(70.0), shuffle=False)[1]
    np.testing.assert_array_equal(x, IMAGES[32:64])
    np.testing.assert_array_equal(w, np.arange(32.0, 64.0))


def test_what_is_drawn_for_an_image_depends_on_seed_epoch_and_row_alone() -> None:
    def epoch(batch_size: int, seed: int, shuffle: bool, passes: int = 1) -> dict[int, bytes]:
        flow = ImageDataGenerator(**MOVES).flow(IMAGES, np.arange(70), batch_size, shuffle, seed=seed)
        found: dict[int, bytes] = {}
        for _ in range(passes * len(flow)):
            x, y = next(flow)
            found |= {int(row): image.tobytes() for row, image in zip(y, x, strict=True)}
        return found

    first = epoch(32, 1, True)
    assert first == epoch(7, 1, False)
    assert all(first[i] != epoch(32, 2, True)[i] for i in first)
    assert all(first[i] != epoch(32, 1, True, 2)[i] for i in first)


class Watch(bl.callbacks.Callback):
    """Keeps nothing; asks for each batch, so that every step runs alone."""

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Look."""


def trained(
    x: Any, y: Any = None, eagerly: bool = False, **settings: Any
) -> tuple[list[np.ndarray], dict[str, list[float]]]:
    bl.set_random_seed(5)
    model = bl.Sequential([layers.Input((8, 6, 1)), layers.Flatten(), layers.Dense(3, "softmax")])
    model.compile(bl.optimizers.SGD(1e-5), "sparse_categorical_crossentropy", metrics=["accuracy"], run_eagerly=eagerly)
    history = model.fit(x, y, verbose=0, **{"epochs": 2, **settings}).history
    return [w.numpy() for w in model.weights], history


@pytest.fixture
def _executors() -> Iterator[None]:
    kept = bl.config.executor()
    yield
    bl.config.set_executor(kept)


@pytest.mark.usefixtures("_executors")
@pytest.mark.parametrize("steps", [None, 2])
def test_fit_records_the_change_and_every_executor_sees_the_same_images(steps: int | None) -> None:
    def flow() -> Any:
        return ImageDataGenerator(**MOVES, horizontal_flip=True, rescale=1 / 255).flow(IMAGES, LABELS, 32, seed=3)

    by_hand = flow()
    batches = [next(by_hand) for _ in range(6)]
    batches = [b for i, b in enumerate(batches) if i % 3 < (steps or 3)]
    meant, history = trained(iter(batches), steps_per_epoch=steps or 3)
    for executor in ("native", "interpreter"):
        bl.config.set_executor(executor)
        for callbacks in ([], [Watch()]):
            weights, found = trained(flow(), steps_per_epoch=steps, callbacks=callbacks)
            for ours, theirs in zip(weights, meant, strict=True):
                np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-7)
            np.testing.assert_allclose(found["loss"], history["loss"], rtol=1e-5)


def test_an_eager_model_sees_the_same_images() -> None:
    flows = [ImageDataGenerator(**MOVES).flow(IMAGES, LABELS, 32, seed=3) for _ in range(2)]
    meant, _ = trained(flows[0])
    ours, _ = trained(flows[1], eagerly=True)
    np.testing.assert_allclose(ours[0], meant[0], rtol=1e-5, atol=1e-7)


def test_evaluate_and_predict_take_flows() -> None:
    made = ImageDataGenerator(rescale=1 / 255)
    model = bl.Sequential([layers.Input((8, 6, 1)), layers.Flatten(), layers.Dense(3, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    scaled = (IMAGES / 255).astype("float32")
    found = model.predict(made.flow(IMAGES, shuffle=False), verbose=0)
    np.testing.assert_allclose(found, model.predict(scaled, verbose=0), rtol=1e-5)
    assert model.evaluate(made.flow(IMAGES, LABELS), verbose=0) == pytest.approx(
        model.evaluate(scaled, LABELS, verbose=0), rel=1e-5
    )
    history = model.fit(made.flow(IMAGES, LABELS), validation_data=made.flow(IMAGES, LABELS), verbose=0).history
    assert history["val_loss"][0] == pytest.approx(model.evaluate(scaled, LABELS, verbose=0), rel=1e-5)


def test_class_and_sample_weights_reach_the_step() -> None:
    made = ImageDataGenerator(rescale=1 / 255)
    only_ones = trained(made.flow(IMAGES, LABELS, 70, False), class_weight={0: 0.0, 1: 1.0, 2: 0.0}, epochs=1)[0]
    as_weights = trained(made.flow(IMAGES, LABELS, 70, False, sample_weight=(LABELS == 1) * 1.0), epochs=1)[0]
    np.testing.assert_allclose(only_ones[0], as_weights[0], rtol=1e-6)
    assert not np.allclose(only_ones[0], trained(made.flow(IMAGES, LABELS, 70, False), epochs=1)[0][0])


def test_a_function_of_python_is_called_for_each_image_and_said_to_be_slow() -> None:
    made = ImageDataGenerator(preprocessing_function=lambda image: image / 255)
    meant, _ = trained(ImageDataGenerator(rescale=1 / 255).flow(IMAGES, LABELS, 32, False))
    with pytest.warns(UserWarning, match="one by one"):
        ours, _ = trained(made.flow(IMAGES, LABELS, 32, False), shuffle=False)
    np.testing.assert_allclose(ours[0], meant[0], rtol=1e-5, atol=1e-7)


def test_bytes_stay_bytes_in_memory() -> None:
    flow = ImageDataGenerator(**MOVES).flow(IMAGES, LABELS)
    assert flow.x.dtype == np.uint8
    assert np.shares_memory(flow.x, IMAGES)


def test_subsets_part_the_rows() -> None:
    made = ImageDataGenerator(validation_split=0.3)
    validation, training = (made.flow(IMAGES, LABELS, subset=name) for name in ("validation", "training"))
    assert (validation.n, training.n) == (math.floor(70 * 0.3), 70 - math.floor(70 * 0.3))
    np.testing.assert_array_equal(np.concatenate([validation.x, training.x]), IMAGES)


def test_another_flow_of_a_generator_needs_no_new_recording() -> None:
    made = ImageDataGenerator(**MOVES)
    model = bl.Sequential([layers.Input((8, 6, 1)), layers.Flatten(), layers.Dense(3, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(made.flow(IMAGES, LABELS), verbose=0)
    recorded = len(model.steps)
    model.fit(made.flow(IMAGES, LABELS), verbose=0)
    assert len(model.steps) == recorded
    model.fit(ImageDataGenerator(rotation_range=90).flow(IMAGES, LABELS), verbose=0)
    assert len(model.steps) > recorded


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"rotation_range": -1}, "rotation_range=-1: expected a number >= 0, in degrees"),
        ({"rotation_range": "30"}, "rotation_range='30'"),
        ({"width_shift_range": -0.1}, "width_shift_range=-0.1"),
        ({"height_shift_range": []}, "height_shift_range"),
        ({"zoom_range": [1.2, 0.8]}, "zoom_range"),
        ({"zoom_range": (0.0, 1.0)}, "two positive numbers"),
        ({"brightness_range": 0.5}, "brightness_range=0.5: expected two numbers"),
        ({"fill_mode": "nearst"}, "nearest"),
        ({"interpolation_order": 3}, r"interpolation_order=3 is unknown. Expected one of \(0, 1\)"),
        ({"cval": None}, "cval=None"),
        ({"axes": "numpy"}, "axes='numpy'"),
        ({"horizontal_flip": 1}, "horizontal_flip must be True or False"),
        ({"rescale": "1/255"}, "rescale='1/255'"),
        ({"preprocessing_function": 3}, "must be callable"),
        ({"data_format": "channels_first"}, "channels_last"),
        ({"validation_split": 1.0}, "validation_split=1.0"),
    ],
)
def test_bad_settings(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        ImageDataGenerator(**settings)


@pytest.mark.parametrize(
    ("use", "error", "says"),
    [
        (lambda g: g.flow(IMAGES[..., 0]), ShapeError, r"Add the axis of channels: x\[..., None\]"),
        (lambda g: g.flow(IMAGES, LABELS[:5]), ShapeError, "x has 70 images, y has shape"),
        (lambda g: g.flow(IMAGES, batch_size=0), ConfigError, "batch_size must be a positive integer"),
        (lambda g: g.flow(IMAGES, shuffle="yes"), ConfigError, "shuffle must be True or False"),
        (lambda g: g.flow(IMAGES, seed=1.5), ConfigError, "seed must be an integer"),
        (lambda g: g.flow(IMAGES, subset="test"), ConfigError, "subset must be"),
        (lambda g: g.flow(IMAGES, subset="training"), DataError, "leaves 0 to validate"),
        (lambda g: g.flow(np.array([["a"]])), DataError, "not numbers"),
        (lambda g: g.apply_transform(IMAGES, {}), ShapeError, "takes one image"),
        (lambda g: g.apply_transform(IMAGES[0], {"angle": 3}), ConfigError, "Unknown 'angle'"),
        (lambda g: g.fit(IMAGES, rounds=0), ConfigError, "rounds=0"),
        (lambda g: g.standardize(np.zeros(3)), ShapeError, "standardize takes"),
    ],
)
def test_bad_use(use: Callable[[Any], Any], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        use(ImageDataGenerator())


def test_what_is_missing_or_contradictory_is_said() -> None:
    with pytest.warns(UserWarning, match="featurewise_center is switched on, too: zca_whitening builds on it"):
        ImageDataGenerator(zca_whitening=True)
    with pytest.warns(UserWarning, match="ZCA whitening replaces it"):
        ImageDataGenerator(zca_whitening=True, featurewise_center=True, featurewise_std_normalization=True)
    with pytest.warns(UserWarning, match=r"featurewise_center does nothing yet: call fit\(x_train\) first"):
        ImageDataGenerator(featurewise_center=True).flow(IMAGES)
    with pytest.warns(UserWarning, match="2 channels in its last axis"):
        ImageDataGenerator().flow(np.zeros((3, 4, 4, 2)))
    with pytest.raises(ShapeError, match="It must keep the shape"):
        ImageDataGenerator(preprocessing_function=lambda image: image[1:]).standardize(IMAGES[0])
