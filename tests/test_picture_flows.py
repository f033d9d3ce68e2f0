"""Flows over folders and tables of pictures, images as files, functions for one image: what Keras reads and makes."""

from __future__ import annotations

import gc
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from golden.keras_picture_flows import CHANGES, FILES, FOLDERS, FRAMES, LOADS, TABLE, flow_facts, parts, write

import backlit as bl
from backlit import datasets, layers
from backlit.datasets import picture_cache, picture_rows
from backlit.errors import ConfigError, DataError, ShapeError
from backlit.preprocessing import image
from backlit.preprocessing.image import ImageDataGenerator

pytest.importorskip("PIL")
GOLDEN = Path(__file__).parent / "golden"
ARRAYS = np.load(GOLDEN / "picture_flows.npz")
FACTS = json.loads((GOLDEN / "picture_flows.json").read_text())
SIZE: dict[str, Any] = {"target_size": (6, 5), "shuffle": False}
SQUARE = ARRAYS["square"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("pictures")
    write(made, [ARRAYS[f"picture {i}"] for i in range(len(FILES))])
    return made


def generator(**settings: Any) -> ImageDataGenerator:
    return ImageDataGenerator(rescale=0.5, validation_split=0.4, **settings)


def check(flow: Any, facts: dict[str, Any], golden: str) -> None:
    assert {**flow_facts(flow), "class_indices": getattr(flow, "class_indices", None)} == facts
    found = parts(next(flow))
    for i, part in enumerate(found):
        np.testing.assert_allclose(part, ARRAYS[f"{golden} {i}"], rtol=1e-6)
    assert f"{golden} {len(found)}" not in ARRAYS


@pytest.mark.parametrize("i", range(len(FOLDERS)))
def test_a_folder_gives_the_batches_keras_gives(folder: Path, i: int) -> None:
    flow = generator().flow_from_directory(folder, batch_size=20, **SIZE, **FOLDERS[i])
    check(flow, FACTS["folders"][i], f"folder {i}")


@pytest.mark.parametrize("i", range(len(FRAMES)))
@pytest.mark.parametrize("kind", ["dictionary", "DataFrame"])
def test_a_table_gives_the_batches_keras_gives(folder: Path, i: int, kind: str) -> None:
    table: Any = TABLE if kind == "dictionary" else pytest.importorskip("pandas").DataFrame(TABLE)
    with pytest.warns(UserWarning, match="2 of 10 rows are left out: filename names no picture file"):
        flow = generator().flow_from_dataframe(table, folder, batch_size=20, **SIZE, **FRAMES[i])
    check(flow, FACTS["frames"][i], f"frame {i}")


@pytest.mark.parametrize("i", range(len(LOADS)))
def test_pictures_are_loaded_as_by_keras(folder: Path, i: int) -> None:
    for j in (0, 1, 3):
        loaded = image.img_to_array(image.load_img(folder / FILES[j], **LOADS[i]))
        assert loaded.dtype == np.float32
        np.testing.assert_allclose(loaded, ARRAYS[f"load {i} {j}"], atol=1)  # of 255: Pillow's versions round apart


@pytest.mark.parametrize("i", range(len(CHANGES)))
def test_one_change_of_one_image_is_that_of_keras(i: int) -> None:
    name, given = CHANGES[i]
    x = np.moveaxis(SQUARE, 0, -1) if "brightness" in given else SQUARE
    keras = {"axes": "keras"} if "affine" in name else {}
    np.testing.assert_allclose(getattr(image, name)(x, **given, **keras), ARRAYS[f"change {i}"], rtol=1e-4, atol=2e-3)


def test_documented_axes_and_other_orders_of_axes() -> None:
    dot = np.zeros((1, 7, 9), "float32")
    dot[0, 3, 4] = 1.0
    assert np.argwhere(image.apply_affine_transform(dot, tx=2.0)[0]).tolist() == [[1, 4]]
    last = image.apply_affine_transform(np.moveaxis(dot, 0, -1), tx=2.0, row_axis=0, col_axis=1, channel_axis=2)
    assert np.argwhere(last[..., 0]).tolist() == [[1, 4]]


@pytest.mark.parametrize(
    "draw",
    [
        lambda x: image.random_rotation(x, 40), lambda x: image.random_shift(x, 0.2, 0.3),
        lambda x: image.random_shear(x, 20), lambda x: image.random_zoom(x, (0.5, 0.8)),
        lambda x: image.random_channel_shift(x, 40), lambda x: image.random_brightness(x.T, (0.2, 0.7)).T,
    ],
)  # fmt: skip
def test_what_is_drawn_is_repeated_by_the_seed(draw: Callable[[Any], np.ndarray]) -> None:
    bl.set_random_seed(4)
    first, second = draw(SQUARE), draw(SQUARE)
    bl.set_random_seed(4)
    np.testing.assert_array_equal(draw(SQUARE), first)
    assert first.shape == SQUARE.shape
    assert not np.allclose(first, second)


def test_arrays_become_pictures_and_files(tmp_path: Path) -> None:
    last = np.moveaxis(SQUARE, 0, -1)
    for i, scale in enumerate((True, False)):
        np.testing.assert_array_equal(image.array_to_img(last, scale=scale), ARRAYS[f"picture of array {i}"])
        np.testing.assert_array_equal(
            image.array_to_img(SQUARE, "channels_first", scale), ARRAYS[f"picture of array {i}"]
        )
    whole = np.rint(last)
    for name in ("one.png", "two.bmp", "three.tif"):
        image.save_img(tmp_path / name, whole, scale=False)
        np.testing.assert_array_equal(image.img_to_array(image.load_img(tmp_path / name)), whole)
    image.save_img(tmp_path / "four.jpg", np.dstack([whole, whole[..., 0]]), scale=False, quality=95)
    assert image.load_img(tmp_path / "four.jpg").size == (8, 8)
    assert image.img_to_array(image.load_img(tmp_path / "one.png"), "channels_first").shape == (3, 8, 8)
    assert image.array_to_img(np.full((2, 2, 1), 7.0)).getpixel((0, 0)) == 0
    assert image.array_to_img(np.full((2, 2, 1), 300.0), scale=False).getpixel((0, 0)) == 300


def model_for(outputs: int) -> Any:
    bl.set_random_seed(5)
    model = bl.Sequential([layers.Input((6, 5, 3)), layers.Flatten(), layers.Dense(outputs, "softmax")])
    model.compile(bl.optimizers.SGD(1e-4), "categorical_crossentropy")
    return model


@pytest.fixture(params=["memory", "map", "stream"])
def where(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """Pictures kept in memory, in a file that is used as a map, and in a file that is read in blocks."""
    monkeypatch.setenv("BACKLIT_HOME", str(tmp_path / "home"))
    if request.param != "memory":
        monkeypatch.setattr(picture_rows, "most_in_memory", 0)
        monkeypatch.setattr(picture_rows, "AT_ONCE", 200)
    bl.config.set_map_limit(0 if request.param == "stream" else 2**20)
    yield request.param
    bl.config.set_map_limit(None)
    gc.collect()
    assert list((tmp_path / "home").glob(".pictures*")) == []  # the files are gone with their flows


def counted_reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    read: list[str] = []
    plain = picture_cache.read_framed
    monkeypatch.setattr(picture_cache, "read_framed", lambda path, frame: read.append(path) or plain(path, frame))
    return read


def test_fit_evaluate_and_predict_take_folders(folder: Path, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def flow(**more: Any) -> Any:
        made = ImageDataGenerator(rescale=1 / 255, rotation_range=30)
        return made.flow_from_directory(folder, (6, 5), batch_size=3, seed=2, **more)

    batches = flow(shuffle=False)
    meant = model_for(3).fit(iter([next(batches) for _ in range(6)]), steps_per_epoch=3, epochs=2, verbose=0).history
    read, model, trained = counted_reads(monkeypatch), model_for(3), flow(shuffle=False)
    history = model.fit(trained, epochs=2, verbose=0).history
    assert sorted(read) == sorted(trained.filepaths)
    np.testing.assert_allclose(history["loss"], meant["loss"], rtol=1e-5)
    assert np.isfinite(model.evaluate(trained, verbose=0))
    assert model.predict(trained, verbose=0).shape == (8, 3)
    assert len(read) == 8
    shuffled = model_for(3).fit(flow(), epochs=2, verbose=0).history["loss"]
    assert shuffled == model_for(3).fit(flow(), epochs=2, verbose=0).history["loss"]
    np.testing.assert_array_equal(next(flow())[0], next(flow())[0])


@pytest.mark.usefixtures("where")
def test_a_data_set_from_a_folder_reads_each_picture_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = bl.datasets.image_dataset_from_directory(folder, batch_size=3, image_size=(6, 5), seed=3, verbose=False)
    read = counted_reads(monkeypatch)
    first, second = ([batch[0] for batch in source] for _ in range(2))
    assert sorted(read) == sorted(source.file_paths)
    assert sorted(x.tobytes() for x in np.concatenate(first)) == sorted(x.tobytes() for x in np.concatenate(second))
    assert np.concatenate(first).std() > 10


def test_binary_sparse_and_regression_targets_train(folder: Path) -> None:
    for class_mode, loss, units, classes in (
        ("binary", "binary_crossentropy", 1, ["a", "b"]), ("sparse", "sparse_categorical_crossentropy", 3, None),
        ("input", "mse", 90, None),
    ):  # fmt: skip
        flow = ImageDataGenerator(rescale=1 / 255).flow_from_directory(
            folder, (6, 5), class_mode=class_mode, classes=classes
        )
        head = [layers.Reshape((6, 5, 3))] if class_mode == "input" else []
        model = bl.Sequential([layers.Input((6, 5, 3)), layers.Flatten(), layers.Dense(units, "sigmoid"), *head])
        model.compile("sgd", loss)
        if class_mode == "input":
            with pytest.warns(UserWarning, match="images are their own labels"):
                losses = model.fit(flow, epochs=3, verbose=0).history["loss"]
        else:
            losses = model.fit(flow, epochs=3, verbose=0).history["loss"]
        assert losses[-1] < losses[0], class_mode


def test_several_outputs_and_weights_of_a_table_train(folder: Path) -> None:
    rows = {name: column[:8] for name, column in TABLE.items()}
    flow = generator().flow_from_dataframe(
        rows, folder, y_col=["height", "weight"], class_mode="multi_output", weight_col="weight", **SIZE
    )
    x, y, w = flow.next()
    assert x.shape == (8, 6, 5, 3)
    np.testing.assert_array_equal(y[0], rows["height"])
    np.testing.assert_array_equal(w, rows["weight"])
    inputs = layers.Input((6, 5, 3))
    flat = layers.Flatten()(inputs)
    model = bl.Model(inputs, [layers.Dense(1)(flat), layers.Dense(1)(flat)])
    model.compile(bl.optimizers.SGD(1e-7), ["mse", "mse"])
    losses = model.fit(
        generator().flow_from_dataframe(rows, folder, y_col=["height", "weight"], class_mode="multi_output", **SIZE),
        epochs=3, verbose=0,
    ).history["loss"]  # fmt: skip
    assert losses[-1] < losses[0]


def test_images_of_a_flow_are_written_where_one_asks(tmp_path: Path, folder: Path) -> None:
    x = np.random.default_rng(1).integers(0, 256, (5, 6, 5, 1)).astype("uint8")
    flow = ImageDataGenerator(horizontal_flip=True).flow(
        x, np.zeros(5), 3, seed=1, save_to_dir=tmp_path, save_prefix="s"
    )
    model = bl.Sequential([layers.Input((6, 5, 1)), layers.Flatten(), layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.warns(UserWarning, match="each image of each batch is written"):
        model.fit(flow, verbose=0)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"s_{row}_0.png" for row in range(5)]
    again = ImageDataGenerator(horizontal_flip=True).flow(x, batch_size=5, shuffle=False, seed=1)
    for row, one in enumerate(next(again)):
        written = image.img_to_array(image.load_img(tmp_path / f"s_{row}_0.png", "grayscale"))
        np.testing.assert_array_equal(written, np.floor(image.img_to_array(image.array_to_img(one))))
    next(ImageDataGenerator().flow_from_directory(folder, (6, 5), save_to_dir=tmp_path, save_format="jpeg"))
    assert len(list(tmp_path.glob("_*_0.jpeg"))) == 8


def test_what_a_flow_prints(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ImageDataGenerator().flow_from_directory(folder)
    ImageDataGenerator().flow_from_dataframe({"filename": FILES}, folder, class_mode=None, validate_filenames=False)
    said = capsys.readouterr().out.splitlines()
    assert said == ["Found 8 images belonging to 3 classes.", "Found 8 non-validated image filenames."]


def test_every_damaged_picture_is_named(tmp_path: Path, folder: Path) -> None:
    for name in ("x/one.png", "x/two.png", "y/three.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((folder / FILES[0]).read_bytes() if "two" in name else b"no picture")
    with pytest.raises(DataError, match=r"(?s)2 of 3 pictures.*one\.png.*three\.png"):
        ImageDataGenerator().flow_from_directory(tmp_path)
    flow = ImageDataGenerator().flow_from_dataframe(
        {"filename": ["x/one.png", "x/two.png", "y/three.png"], "n": [1, 2, 3]}, tmp_path, y_col="n", class_mode="raw",
        shuffle=False,
    )  # fmt: skip
    with pytest.raises(DataError, match=r"(?s)2 of 3 pictures.*one\.png.*three\.png"):
        next(flow)


def test_a_split_that_leaves_a_class_out_is_refused() -> None:
    x, y = np.zeros((10, 4, 4, 1), "uint8"), np.arange(10) // 5
    made = ImageDataGenerator(validation_split=0.2)
    with pytest.raises(DataError, match="class 1 has no image in validation"):
        made.flow(x, y, subset="training")
    assert made.flow(x, y, subset="training", ignore_class_split=True).n == 8
    assert made.flow(x, np.arange(10) % 2, subset="validation").n == 2
    assert made.flow(x, np.linspace(0, 1, 10), subset="training").n == 8


@pytest.mark.parametrize(
    ("use", "error", "says"),
    [
        (lambda g, f: g.flow_from_directory(f / "none"), DataError, "is no folder"),
        (lambda g, f: g.flow_from_directory(f / "a" / "sub"), DataError, "has no folders in it"),
        (lambda g, f: g.flow_from_directory(f, classes=["a", "d"]), ConfigError, "the folders in"),
        (lambda g, f: g.flow_from_directory(f, class_mode="one_hot"), ConfigError, "class_mode 'one_hot'"),
        (lambda g, f: g.flow_from_directory(f, class_mode="binary"), ConfigError, "needs two classes"),
        (lambda g, f: g.flow_from_directory(f, target_size=28), ConfigError, "target_size is 28"),
        (lambda g, f: g.flow_from_directory(f, color_mode="gray"), ConfigError, "color_mode 'gray'"),
        (lambda g, f: g.flow_from_directory(f, interpolation="cubic"), ConfigError, "interpolation 'cubic'"),
        (lambda g, f: g.flow_from_directory(f, subset="test"), ConfigError, "subset must be"),
        (lambda g, f: g.flow_from_directory(f, subset="validation"), DataError, "leaves none for subset='validation'"),
        (lambda g, f: g.flow_from_directory(f, save_to_dir=f / "none"), ConfigError, "is no folder. Make it first"),
        (lambda g, f: g.flow_from_directory(f, save_to_dir=f, save_prefix="../x"), ConfigError, "save_prefix"),
        (lambda g, f: g.flow_from_directory(f, save_to_dir=f, save_format="raw"), ConfigError, "save_format='raw'"),
        (lambda g, f: g.flow_from_dataframe(TABLE, f, x_col="file"), ConfigError, "no column 'file'.*filename, class"),
        (lambda g, f: g.flow_from_dataframe(3, f), ConfigError, "it is int"),
        (lambda g, f: g.flow_from_dataframe(TABLE, f, x_col="weight"), DataError, "weight of row 0 is 1.0"),
        (lambda g, f: g.flow_from_dataframe(few(y=[1] * 8), f, y_col="y"), DataError, r"astype\(str\)"),
        (lambda g, f: g.flow_from_dataframe(few(), f, y_col="several", class_mode="sparse"), DataError, "several of"),
        (lambda g, f: g.flow_from_dataframe(few(), f, class_mode="binary"), ConfigError, "needs two classes"),
        (lambda g, f: g.flow_from_dataframe(few(), f, class_mode="raw"), DataError, "class holds .* not numbers"),
        (lambda g, f: g.flow_from_dataframe(few(), f, class_mode="multi_output"), ConfigError, "a list of columns"),
        (lambda g, f: g.flow_from_dataframe(few(), f, weight_col="class"), DataError, "weight_col class holds"),
        (lambda g, f: g.flow_from_dataframe(few(), f, classes=["q"]), DataError, "No picture is left of 8 rows"),
        (lambda g, f: image.load_img(f / "a/notes.txt"), DataError, "is not a readable picture"),
        (lambda g, f: image.load_img(3), ConfigError, "path is int"),
        (lambda g, f: image.save_img(f / "x.doc", SQUARE), ConfigError, "'doc' is no format"),
        (lambda g, f: image.array_to_img(SQUARE[0]), ShapeError, "three axes"),
        (lambda g, f: image.array_to_img(SQUARE), ShapeError, "1, 3 or 4 channels, got 8"),
        (lambda g, f: image.array_to_img(np.full((2, 2, 1), np.nan)), DataError, "not finite"),
        (lambda g, f: image.img_to_array(np.zeros(3)), ShapeError, "2 or 3 axes"),
        (lambda g, f: image.img_to_array(SQUARE, "last"), ConfigError, "data_format 'last'"),
        (lambda g, f: image.apply_affine_transform(SQUARE, row_axis=0), ConfigError, "each once"),
        (lambda g, f: image.apply_affine_transform(SQUARE[0]), ShapeError, "one image of three axes"),
        (lambda g, f: image.random_zoom(SQUARE, 0.2), ConfigError, "zoom_range=0.2"),
        (lambda g, f: image.random_brightness(SQUARE, None), ConfigError, "brightness_range is None"),
    ],
)  # fmt: skip
def test_bad_use(folder: Path, use: Callable[[Any, Path], Any], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        use(ImageDataGenerator(), folder)


def few(**columns: Any) -> dict[str, Any]:
    """Return the rows of the table that name pictures."""
    return {name: column[: len(FILES)] for name, column in TABLE.items()} | columns


def test_programs_for_keras_find_these_names(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from backlit.compat.finder import value_of

    for module in ("tensorflow.keras.preprocessing.image", "keras.src.legacy.preprocessing.image",
                   "keras_preprocessing.image", "keras.legacy.preprocessing.image"):  # fmt: skip
        assert value_of(module, "ImageDataGenerator") is ImageDataGenerator
        assert value_of(module, "load_img") is image.load_img
    for name in ("load_img", "save_img", "array_to_img", "img_to_array"):
        assert value_of("tensorflow.keras.utils", name) is getattr(image, name)
    assert (
        value_of("keras.preprocessing.image", "image_dataset_from_directory") is datasets.image_dataset_from_directory
    )
    monkeypatch.chdir(folder.parent)
    assert ImageDataGenerator().flow_from_directory(folder.name, (6, 5)).filenames[0] == os.path.join("a", "1.png")
