"""Every ending a model can be saved under: round trips, what Keras wrote, what a damaged file is answered with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import backlit as bl
from backlit import formats, layers
from backlit.cli.app import run
from backlit.errors import ConfigError, ModelFileError
from backlit.formats.by_extension import FORMATS

GOLDEN = Path(__file__).parent / "golden"
ARCHIVES = GOLDEN / "archives"
SAID = np.load(GOLDEN / "weight_files.npz")
X = np.random.default_rng(0).normal(size=(30, 5)).astype("float32")
Y = np.arange(30) % 3
WHOLE = [row.extension for row in FORMATS if {"save", "load", "load_weights"} <= set(row.verbs)]
RESUMED = [ending for ending in WHOLE if ending != ".onnx"]  # those that keep the optimizer's memory
WEIGHTS = [row.extension for row in FORMATS if "save_weights" in row.verbs]


def network() -> Any:
    stack = [layers.Dense(4, "relu"), layers.BatchNormalization(), layers.Dropout(0.2), layers.Dense(3, "softmax")]
    return bl.Sequential([layers.Input((5,)), *stack])


@pytest.fixture
def trained() -> Any:
    bl.set_random_seed(1)
    model = network()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(X, Y, epochs=2, verbose=0)
    return model


def branching() -> Any:
    a, b = layers.Input((5,), name="a"), layers.Input((2,), name="b")
    joined = layers.Concatenate()([layers.Dense(3, "tanh")(a), layers.Dense(2)(b)])
    return bl.Model([a, b], [layers.Dense(1, name="one")(joined), layers.Dense(2, "softmax", name="two")(joined)])


@pytest.mark.parametrize("ending", RESUMED)
def test_a_whole_model_goes_on_where_it_was(ending: str, trained: Any, tmp_path: Path) -> None:
    path = tmp_path / f"model{ending}"
    trained.save(path)
    again = formats.load_model(path)
    np.testing.assert_array_equal(again.predict(X, verbose=0), trained.predict(X, verbose=0))
    for ours, theirs in zip(again.optimizer.variables, trained.optimizer.variables, strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
    assert again.evaluate(X, Y, verbose=0) == trained.evaluate(X, Y, verbose=0)
    assert formats.load_model(path, compile=False).optimizer is None


@pytest.mark.parametrize("ending", WHOLE)
def test_a_model_with_branches(ending: str, tmp_path: Path) -> None:
    model, inputs = branching(), [X, X[:, :2]]
    model.save(tmp_path / f"model{ending}")
    again = formats.load_model(tmp_path / f"model{ending}")
    for ours, theirs in zip(again.predict(inputs, verbose=0), model.predict(inputs, verbose=0), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("ending", WEIGHTS)
def test_weights_alone(ending: str, trained: Any, tmp_path: Path) -> None:
    path = tmp_path / f"model{ending}"
    trained.save_weights(path)
    other = network()
    other.load_weights(path)
    np.testing.assert_array_equal(other.predict(X, verbose=0), trained.predict(X, verbose=0))
    smaller = bl.Sequential([layers.Input((5,)), layers.Dense(2)])
    before = smaller.get_weights()
    with pytest.raises(ModelFileError):
        smaller.load_weights(path)
    for ours, old in zip(smaller.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, old)


@pytest.mark.parametrize("name", ["small.weights.h5", "small.h5"])
def test_weights_that_keras_wrote(name: str) -> None:
    model = network()
    model.load_weights(ARCHIVES / name)
    np.testing.assert_allclose(model.predict(SAID["x"], verbose=0), SAID["y"], atol=1e-6)


def test_a_model_of_the_old_format_that_keras_wrote() -> None:
    model = formats.load_model(ARCHIVES / "small.h5")
    np.testing.assert_allclose(model.predict(SAID["x"], verbose=0), SAID["y"], atol=1e-6)
    assert int(model.optimizer.iterations.numpy()) == 3
    assert model.evaluate(SAID["x"], np.arange(12) % 3, verbose=0)[1] == pytest.approx(
        float((SAID["y"].argmax(1) == np.arange(12) % 3).mean())
    )


def test_a_model_that_keras_2_wrote_and_its_training_that_goes_on() -> None:
    said = np.load(ARCHIVES.parent / "keras_2_files.npz")
    model = formats.load_model(ARCHIVES / "keras_2.h5")
    np.testing.assert_allclose(model.predict(said["x"], verbose=0), said["outputs"], atol=1e-6)
    assert set(model.evaluate(said["x"], said["y"], verbose=0, return_dict=True)) == {"loss", "accuracy"}
    model.fit(said["x"], said["y"], batch_size=4, epochs=2, shuffle=False, verbose=0)
    for i, weight in enumerate(model.get_weights()):
        np.testing.assert_allclose(weight, said[f"weight_{i}"], atol=2e-5)


def test_an_h5_file_says_what_keras_needs_to_hear(trained: Any, tmp_path: Path) -> None:
    trained.compile("adam", "mse", metrics=["mae", "accuracy"])
    trained.save(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5") as file:
        network, training = (json.loads(file.attrs[name]) for name in ("model_config", "training_config"))
        assert list(file["model_weights"].attrs["layer_names"]) == [layer.name.encode() for layer in trained.layers]
    first = network["config"]["layers"][0]
    assert (network["class_name"], first["class_name"]) == ("Sequential", "InputLayer")
    assert first["config"]["batch_input_shape"] == [None, 5]  # Keras 2 knows no batch_shape
    assert not any("module" in entry for entry in network["config"]["layers"])  # Keras 3 tells the layouts apart by it
    assert training["loss"] == "mean_squared_error"  # Keras 3 does not find "mse" in an .h5 file
    assert [m if isinstance(m, str) else m["config"]["name"] for m in training["metrics"]] == ["mae", "accuracy"]
    again = formats.load_model(tmp_path / "m.h5")
    truth = np.eye(3, dtype="float32")[Y]
    ours, theirs = (one.evaluate(X, truth, verbose=0, return_dict=True) for one in (again, trained))
    assert ours == theirs
    assert set(ours) == {"loss", "mae", "accuracy"}


def test_an_h5_file_keeps_several_axes_where_keras_does_not_drop_them(tmp_path: Path) -> None:
    model = bl.Sequential([layers.Input((4, 3)), layers.LayerNormalization(axis=[1, 2]), layers.Flatten()])
    model.save(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5") as file:
        entries = json.loads(file.attrs["model_config"])["config"]["layers"]
    assert [entry.get("module") for entry in entries] == [None, "keras.layers", None]
    again = formats.load_model(tmp_path / "m.h5")
    assert again.layers[0].axis == [1, 2]


def test_names_longer_than_an_attribute_may_be(tmp_path: Path) -> None:
    long = [layers.Dense(1, name=f"{'long' * 300}_{i}") for i in range(60)]
    model = bl.Sequential([layers.Input((1,)), *long])
    model.save(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5") as file:
        assert "layer_names1" in file["model_weights"].attrs
    again = formats.load_model(tmp_path / "m.h5")
    for ours, theirs in zip(again.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("notes", "why"), [({"a": float("nan")}, "Out of range"), ({"a": object()}, "object"), ({"a": {1}}, "set")]
)
@pytest.mark.parametrize("ending", [".keras", ".npz", ".safetensors", ".onnx", ".py", ".c"])
def test_notes_that_are_no_json_are_refused_by_every_format(
    ending: str, notes: dict[str, Any], why: str, trained: Any, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=f"no JSON.*{why}"):
        formats.save_model(trained, tmp_path / f"m{ending}", notes=notes)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", [".safetensors", ".npz"])
def test_summary_of_weights_alone(
    ending: str, trained: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trained.save_weights(tmp_path / f"w{ending}")
    assert run(["summary", str(tmp_path / f"w{ending}")]) == 0
    assert "layers/dense/kernel" in capsys.readouterr().out


@pytest.mark.parametrize("ending", [".py", ".c"])
def test_summary_of_a_program_says_what_would_do(
    ending: str, trained: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trained.export(tmp_path / f"m{ending}")
    assert run(["summary", str(tmp_path / f"m{ending}")]) == 2
    assert "cannot be listed. Expected a name that ends in .keras" in capsys.readouterr().err


def test_the_network_without_its_weights(trained: Any, tmp_path: Path) -> None:
    trained.save(tmp_path / "model.json")
    again = formats.load_model(tmp_path / "model.json")
    assert again.to_json() == trained.to_json()
    assert again.count_params() == trained.count_params()


@pytest.mark.parametrize("source", WHOLE)
@pytest.mark.parametrize("target", [*WHOLE, ".weights.h5", ".json"])
def test_convert(source: str, target: str, trained: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = tmp_path / f"first{source}", tmp_path / f"second{target}"
    trained.save(first)
    assert run(["convert", str(first), str(second)]) == 0
    assert f"second{target}" in capsys.readouterr().out
    other = network()
    if target == ".json":
        other = formats.load_model(second)
        assert other.count_params() == trained.count_params()
        return
    other.load_weights(second)
    np.testing.assert_array_equal(other.predict(X, verbose=0), trained.predict(X, verbose=0))


def test_convert_to_what_cannot_be_written(trained: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trained.save(tmp_path / "m.keras")
    assert run(["convert", str(tmp_path / "m.keras"), str(tmp_path / "m.onxx")]) == 2
    assert "has no ending we know. Expected a name that ends in" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.keras"]


@pytest.mark.parametrize("ending", [*WHOLE, ".weights.h5"])
def test_summary_of_any_file(ending: str, trained: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / f"model{ending}"
    if ending in WHOLE:
        trained.save(path)
    else:
        trained.save_weights(path)
    assert run(["summary", str(path)]) == 0
    out = capsys.readouterr().out
    assert "dense" in out
    assert "(5, 4)" in out if ending == ".weights.h5" else "Total params" in out


@pytest.mark.parametrize("ending", [*WHOLE, ".weights.h5"])
def test_a_damaged_file_is_refused(ending: str, trained: Any, tmp_path: Path) -> None:
    path = tmp_path / f"model{ending}"
    whole = ending in WHOLE
    trained.save(path) if whole else trained.save_weights(path)
    data = path.read_bytes()
    for length in (0, 1, 7, 100, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:length])
        with pytest.raises(ModelFileError):
            formats.load_model(path) if whole else network().load_weights(path)
    path.write_bytes(b"\x00" * len(data))
    with pytest.raises(ModelFileError):
        formats.load_model(path) if whole else network().load_weights(path)
    path.unlink()
    with pytest.raises(ModelFileError):
        formats.load_model(path) if whole else network().load_weights(path)


def test_a_registered_class_needs_no_custom_objects(tmp_path: Path) -> None:
    @formats.register_keras_serializable(package="tests")
    class Doubling(layers.Layer):
        """y = 2 x"""

        def call(self, inputs: Any) -> Any:
            return inputs * 2.0

    model = bl.Sequential([layers.Input((5,)), Doubling(), layers.Dense(2)])
    model.save(tmp_path / "m.keras")
    again = formats.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))


def test_notes_stay_with_the_model(trained: Any, tmp_path: Path) -> None:
    formats.save_model(trained, tmp_path / "a.keras", notes={"preparation": {"kind": "test"}})
    again = formats.load_model(tmp_path / "a.keras")
    again.save(tmp_path / "b.keras")
    assert formats.read_notes(tmp_path / "b.keras") == {"preparation": {"kind": "test"}}


def test_an_existing_file_is_kept_when_asked(trained: Any, tmp_path: Path) -> None:
    for name, save in (("m.npz", trained.save), ("m.weights.h5", trained.save_weights)):
        (tmp_path / name).write_bytes(b"mine")
        with pytest.raises(ConfigError, match="exists"):
            save(tmp_path / name, overwrite=False)
        assert (tmp_path / name).read_bytes() == b"mine"


def test_real_keras_reads_our_weights(trained: Any, tmp_path: Path) -> None:
    keras = pytest.importorskip("keras")
    if not hasattr(keras, "src"):
        pytest.skip("keras is a foreign name of our own here")
    trained.save_weights(tmp_path / "m.weights.h5")
    stack = [keras.layers.Dense(4, activation="relu"), keras.layers.BatchNormalization(), keras.layers.Dropout(0.2)]
    theirs = keras.Sequential([keras.layers.Input((5,)), *stack, keras.layers.Dense(3, activation="softmax")])
    theirs.load_weights(tmp_path / "m.weights.h5")
    np.testing.assert_allclose(theirs.predict(X, verbose=0), trained.predict(X, verbose=0), atol=1e-6)
