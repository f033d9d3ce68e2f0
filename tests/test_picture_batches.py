"""Batches of pictures from a folder: the files, the split and the order of Keras, and what `fit` makes of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from golden import keras_folders

import backlit
from backlit import layers
from backlit.datasets import image_dataset_from_directory as from_directory
from backlit.errors import ConfigError, DataError

Image = pytest.importorskip("PIL.Image", reason="pictures need the image extra")
GOLDEN = json.loads(Path(__file__).with_name("golden").joinpath("folders.json").read_text("utf-8"))


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    keras_folders.make(tmp_path / "all")
    return Path("all")


def batches(**given: Any) -> Any:
    return from_directory("all", **{"image_size": (4, 4), "verbose": False, **given})


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: str(case["arguments"]))
def test_the_files_are_those_of_keras(case: Any) -> None:
    source = batches(**case["arguments"])
    assert source.class_names == case["class_names"]
    assert [Path(path).relative_to("all").as_posix() for path in source.file_paths] == case["paths"]


def test_values_labels_and_dtypes() -> None:
    ((images, labels),) = batches(shuffle=False, color_mode="grayscale")
    assert (images.shape, images.dtype, labels.dtype) == ((25, 4, 4, 1), np.float32, np.int32)
    assert images[0, 0, 0, 0] == ord("a")
    assert images[10, 0, 0, 0] == 100 + ord("a")
    np.testing.assert_array_equal(labels, [0] * 11 + [1] * 9 + [2] * 5)
    ((colored, one_hot),) = batches(shuffle=False, label_mode="categorical")
    assert colored.shape == (25, 4, 4, 3)
    np.testing.assert_array_equal(one_hot, np.eye(3, dtype=np.float32)[labels])
    (alone,) = batches(label_mode=None)
    assert alone.shape == (25, 4, 4, 3)
    single = next(iter(batches(batch_size=None, shuffle=False)))
    assert (single[0].shape, int(single[1])) == ((4, 4, 3), 0)


def test_both_parts_at_once_are_the_two_parts() -> None:
    both = batches(seed=1, validation_split=0.2, subset="both")
    parts = [batches(seed=1, validation_split=0.2, subset=name) for name in ("training", "validation")]
    assert [part.file_paths for part in both] == [part.file_paths for part in parts]
    assert len(set(both[0].file_paths) | set(both[1].file_paths)) == 25


def test_every_pass_has_every_file_in_another_order_that_the_seed_repeats() -> None:
    source, again = batches(seed=3, batch_size=10), batches(seed=3, batch_size=10)
    passes = [np.concatenate([x[:, 0, 0, 0] for x, _ in source]) for _ in range(2)]
    np.testing.assert_array_equal(passes[0], np.concatenate([x[:, 0, 0, 0] for x, _ in again]))
    assert not np.array_equal(*passes)
    np.testing.assert_array_equal(*map(np.sort, passes))
    assert len(source) == 3


def test_labels_of_ones_own() -> None:
    source = batches(labels=[i % 2 for i in range(25)], shuffle=False)
    assert source.class_names == ["0", "1"]
    np.testing.assert_array_equal(next(iter(source))[1], np.arange(25) % 2)
    flat = batches(labels=None, label_mode=None, shuffle=False)
    assert len(flat.file_paths) == 25
    assert flat.class_names == []


def test_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    batches(verbose=True, seed=1, validation_split=0.2, subset="both")
    assert capsys.readouterr().out == (
        "Found 25 files belonging to 3 classes.\nUsing 20 files for training.\nUsing 5 files for validation.\n"
    )


def test_fit_takes_them() -> None:
    backlit.set_random_seed(0)
    train, check = batches(seed=1, validation_split=0.2, subset="both", batch_size=4, color_mode="grayscale")
    stack = [layers.Input((4, 4, 1)), layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(3, "softmax")]
    model = backlit.Sequential(stack)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(train, validation_data=check, epochs=3, verbose=0).history
    assert len(history["val_loss"]) == 3
    assert model.optimizer.iterations.numpy() == 15


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"label_mode": "onehot"}, "label_mode"),
        ({"color_mode": "gray"}, 'Did you mean "grayscale"'),
        ({"image_size": 28}, "image_size is 28"),
        ({"image_size": (0, 28)}, "image_size"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"validation_split": 0.2}, "Give both, or neither"),
        ({"subset": "training"}, "Give both, or neither"),
        ({"validation_split": 1.2, "subset": "training", "seed": 1}, "validation_split is 1.2"),
        ({"validation_split": 0.2, "subset": "test", "seed": 1}, "subset"),
        ({"validation_split": 0.2, "subset": "training"}, "give a seed"),
        ({"validation_split": 0.01, "subset": "validation", "seed": 1}, "leaves none"),
        ({"interpolation": "gaussian"}, "interpolation"),
        ({"crop_to_aspect_ratio": True, "pad_to_aspect_ratio": True}, "Choose one"),
        ({"data_format": "channels_first"}, "channels_last"),
        ({"label_mode": "binary"}, "needs two classes"),
        ({"class_names": ["a", "b"]}, "Name each once"),
        ({"labels": None}, "label_mode=None"),
        ({"labels": None, "label_mode": None, "class_names": ["a"]}, "class_names"),
    ],
)
def test_impossible_arguments(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        batches(**given)


def test_labels_that_do_not_fit_and_pictures_that_cannot_be_read(root: Path) -> None:
    with pytest.raises(DataError, match="Expected one each"):
        batches(labels=[1, 2])
    Path("all/b/bad.png").write_bytes(b"no")
    Path("all/c/worse.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"2 of 27 pictures(?s:.*)bad\.png(?s:.*)worse\.png"):
        batches()
    with pytest.raises(DataError, match="nowhere is no folder"):
        from_directory("nowhere")
