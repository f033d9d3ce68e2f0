"""`.keras` files: those of real Keras are read with the same outputs and the same next step, ours come back bit by bit.

What a hostile, damaged or foreign file holds is refused with one kind of error and before it costs memory.
"""

from __future__ import annotations

import copy
import errno
import io
import json
import os
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from backlit import Model, Sequential, files, layers, losses, optimizers
from backlit.errors import ConfigError, ModelFileError
from backlit.formats import archive, keras_archive, load_model, save_model
from backlit.formats.keras_archive import DIGEST

GOLDEN = Path(__file__).resolve().parent / "golden" / "archives"
NAMES = ("sequential", "functional", "ends")


@pytest.fixture(scope="module")
def golden():
    with np.load(GOLDEN / "archives.npz") as file:
        return dict(file)


def data(golden, name):
    targets = {key: golden[f"{name}/{key}"] for key in ("a", "b")} if name == "ends" else golden[f"{name}/y"]
    return golden[f"{name}/x"], targets


def predictions(model, x):
    found = model.predict(x, verbose=0)
    return found if isinstance(found, dict) else {"predicted": found}


def small(compiled=True, **options):
    model = Sequential([layers.Input((4,)), layers.Dense(5, activation="relu"), layers.Dense(3, activation="softmax")])
    if compiled:
        model.compile(**({"optimizer": "adam", "loss": "sparse_categorical_crossentropy"} | options))
        model.train_on_batch(np.eye(4, dtype="float32"), np.array([0, 1, 2, 0]))
    return model


# --- files of Keras ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_keras_predicts_and_trains_on_as_keras_does(golden, name):
    model = load_model(GOLDEN / f"{name}.keras")
    x, y = data(golden, name)
    for key, found in predictions(model, x).items():
        np.testing.assert_allclose(found, golden[f"{name}/predicted/{key}"], rtol=1e-5, atol=1e-6)
    assert int(model.optimizer.iterations) == 3
    model.train_on_batch(x, y)
    for i, weight in enumerate(model.get_weights()):
        np.testing.assert_allclose(weight, golden[f"{name}/after/{i}"], rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize("name", NAMES)
def test_what_we_write_is_laid_out_as_keras_does(name, tmp_path):
    theirs, ours = GOLDEN / f"{name}.keras", tmp_path / "m.keras"
    save_model(load_model(theirs), ours)
    with zipfile.ZipFile(theirs) as a, zipfile.ZipFile(ours) as b:
        assert a.namelist() == b.namelist()
        assert tree(a.read(archive.WEIGHTS)) == tree(b.read(archive.WEIGHTS))
        wanted, found = (json.loads(file.read(archive.CONFIG)) for file in (a, b))
    assert list(found) == [key for key in wanted if key in found]
    assert [e["class_name"] for e in found["config"]["layers"]] == [e["class_name"] for e in wanted["config"]["layers"]]
    assert_within(found, wanted, "")


def tree(data):
    found = {}

    def visit(name, thing):
        found[name] = (getattr(thing, "shape", None), str(getattr(thing, "dtype", "")), dict(thing.attrs))

    with h5py.File(io.BytesIO(data), "r") as file:
        file.visititems(visit)
    return found


def assert_within(found, wanted, path):
    """Every key we write is one that Keras writes in that place: older Kerases refuse what they do not know."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        if path.endswith(("dtype", "_initializer.config")):
            return
        assert set(found) <= set(wanted) | {"build_config"}, path
        for key in found:
            if key in wanted:
                assert_within(found[key], wanted[key], f"{path}.{key}")
    elif isinstance(found, list) and isinstance(wanted, list):
        assert len(found) == len(wanted), path
        for i, (a, b) in enumerate(zip(found, wanted, strict=True)):
            assert_within(a, b, f"{path}[{i}]")


# --- our own files -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_round_trip_is_bit_identical(golden, name, tmp_path):
    first = load_model(GOLDEN / f"{name}.keras")
    save_model(first, tmp_path / "m.keras")
    second = load_model(tmp_path / "m.keras")
    x, y = data(golden, name)
    for model in (first, second):
        model.train_on_batch(x, y)
    for a, b in zip(first.get_weights(), second.get_weights(), strict=True):
        assert np.array_equal(a, b)
    for a, b in zip(first.optimizer.variables, second.optimizer.variables, strict=True):
        assert np.array_equal(a.numpy(), b.numpy())
        assert a.dtype == b.dtype
    assert [layer.name for layer in first.layers] == [layer.name for layer in second.layers]
    assert second.get_config() == first.get_config()  # the configured initializers are back in their places


@pytest.mark.parametrize(
    "kind", ["SGD", "RMSprop", "Adam", "AdamW", "Adamax", "Nadam", "Adagrad", "Adadelta", "Ftrl", "Lion"]
)
def test_every_optimizer_continues(kind, tmp_path):
    model = small(optimizer=getattr(optimizers, kind)(0.01))
    save_model(model, tmp_path / "m.keras")
    back = load_model(tmp_path / "m.keras")
    assert type(back.optimizer) is type(model.optimizer)
    for one in (model, back):
        one.train_on_batch(np.eye(4, dtype="float32"), np.array([2, 1, 0, 0]))
    for a, b in zip(model.get_weights(), back.get_weights(), strict=True):
        assert np.array_equal(a, b)


@pytest.mark.filterwarnings("ignore::backlit.errors.LintWarning")
def test_options_of_the_optimizer_and_loss_objects_come_back(tmp_path):
    model = small(
        optimizer=optimizers.SGD(0.5, momentum=0.9, clipnorm=1.0, weight_decay=0.01),
        loss=losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    save_model(model, tmp_path / "m.keras")
    back = load_model(tmp_path / "m.keras")
    assert back.optimizer.get_config() == model.optimizer.get_config()
    assert back.loss.get_config() == model.loss.get_config()
    assert back.compiled.metrics == ["accuracy"]


def test_without_compile(tmp_path):
    save_model(small(compiled=False), tmp_path / "plain.keras")
    assert load_model(tmp_path / "plain.keras").optimizer is None
    save_model(small(), tmp_path / "compiled.keras")
    assert load_model(tmp_path / "compiled.keras", compile=False).optimizer is None


def test_float64_comes_back_as_float64(tmp_path):
    model = Sequential([layers.Input((3,), dtype="float64"), layers.Dense(2, dtype="float64")])
    save_model(model, tmp_path / "m.keras")
    back = load_model(tmp_path / "m.keras")
    assert [w.dtype for w in back.get_weights()] == [np.dtype("float64")] * 2
    assert np.array_equal(back.get_weights()[0], model.get_weights()[0])


class Scale(layers.Layer):
    def __init__(self, start=2.0, **kwargs):
        super().__init__(**kwargs)
        self.start = start

    def build(self, input_shape):
        self.factor = self.add_weight((), "ones", name="factor")

    def call(self, inputs):
        return inputs * self.factor * self.start


def strange(x):
    return x * x


def test_own_classes_and_functions_come_only_through_custom_objects(tmp_path):
    model = Sequential([layers.Input((3,)), Scale(3.0), layers.Dense(2, activation=strange)])
    model.layers[0].factor.assign(5.0)
    save_model(model, tmp_path / "m.keras")
    back = load_model(tmp_path / "m.keras", custom_objects={"Scale": Scale, "strange": strange})
    x = np.ones((2, 3), "float32")
    assert np.array_equal(back.predict(x, verbose=0), model.predict(x, verbose=0))
    with pytest.raises(ModelFileError, match="Scale"):
        load_model(tmp_path / "m.keras", custom_objects={"strange": strange})
    with pytest.raises(ModelFileError, match="strange"):
        load_model(tmp_path / "m.keras", custom_objects={"Scale": Scale})


def test_model_save_is_this(tmp_path):
    small().save(tmp_path / "m.keras")
    assert isinstance(load_model(str(tmp_path / "m.keras")), Sequential)


# --- writing ----------------------------------------------------------------------------------------------------


def test_endings_and_overwriting(tmp_path):
    with pytest.raises(ConfigError, match=r"ends in \.keras"):
        save_model(small(), tmp_path / "m.pkl")
    with pytest.raises(ConfigError, match=r"ends in \.keras"):
        load_model(tmp_path / "m.pt")
    save_model(small(), tmp_path / "m.keras")
    with pytest.raises(ConfigError, match="exists"):
        save_model(small(), tmp_path / "m.keras", overwrite=False)


def test_a_model_without_weights_is_not_saved(tmp_path):
    with pytest.raises(ConfigError, match="Build it first"):
        save_model(Sequential([layers.Dense(3)]), tmp_path / "m.keras")
    assert os.listdir(tmp_path) == []


def test_a_full_disk_leaves_the_good_file(tmp_path, monkeypatch):
    path = tmp_path / "m.keras"
    save_model(small(), path)
    good = path.read_bytes()

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(ModelFileError, match="No space left"):
        save_model(small(), path)
    assert path.read_bytes() == good
    assert os.listdir(tmp_path) == ["m.keras"]


def test_a_missing_folder(tmp_path):
    with pytest.raises(ModelFileError, match="could not be written"):
        save_model(small(), tmp_path / "no" / "m.keras")


# --- files that are refused --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    path = tmp_path_factory.mktemp("parts") / "m.keras"
    save_model(small(metrics=["accuracy"]), path)
    with zipfile.ZipFile(path) as file:
        found = {name: file.read(name) for name in file.namelist()}
    metadata = json.loads(found[archive.METADATA])
    assert len(metadata.pop(DIGEST)) == 64
    return found | {archive.METADATA: json.dumps(metadata).encode()}  # as Keras writes it: other checks get their turn


@pytest.mark.parametrize("name", [archive.METADATA, archive.CONFIG, archive.WEIGHTS])
def test_a_member_that_was_changed_with_its_checksum_is_refused(name, tmp_path):
    path = tmp_path / "m.keras"
    save_model(small(), path, notes={"classes": ["a", "b"]})
    with zipfile.ZipFile(path) as file:
        members = {member: file.read(member) for member in file.namelist()}
    changes = {
        archive.METADATA: (b'"a"', b'"c"'),
        archive.CONFIG: (b"relu", b"selu"),
        archive.WEIGHTS: (b"vars", b"bars"),
    }
    changed = members[name].replace(*changes[name], 1)
    assert changed != members[name]
    archive.write_archive(path, members | {name: changed})
    for read in (load_model, small().load_weights, keras_archive.notes):
        with pytest.raises(ModelFileError, match="digest does not agree"):
            read(path)


def test_notes_that_are_no_json_are_refused_when_they_are_saved(tmp_path):
    with pytest.raises(ConfigError, match="notes"):
        save_model(small(), tmp_path / "m.keras", notes={"best": float("nan")})
    assert list(tmp_path.iterdir()) == []


def rewritten(parts, path, change):
    """Write the good file again with its configuration changed in one place."""
    config = copy.deepcopy(json.loads(parts[archive.CONFIG]))
    text = change(config) if callable(change) else change
    members = parts | {archive.CONFIG: text if isinstance(text, bytes) else json.dumps(config).encode()}
    archive.write_archive(path, members)
    return path


def setting(*place_and_value):
    *place, last, value = place_and_value

    def change(config):
        for key in place:
            config = config[key]
        config[last] = value

    return change


def layer(index, key, value):
    return setting("config", "layers", index, "config", key, value)


def nested(config):
    deep = {"module": "keras.layers", "class_name": "Flatten", "config": {}}
    for _ in range(300):
        deep = {"module": "keras", "class_name": "Sequential", "config": {"name": "s", "layers": [deep]}}
    config["config"]["layers"].append(deep)


def twins(config):
    first, second = config["config"]["layers"][1:]
    second["config"]["name"] = first["config"]["name"]


LAMBDA = {"module": "keras.layers", "class_name": "Lambda", "config": {"function": "print(1)"}}
FOREIGN = {"module": "os", "class_name": "system", "config": {"command": "true"}}
FUNCTION = {"module": "os", "class_name": "function", "config": "system", "registered_name": "system"}

HOSTILE = {
    "no JSON": b"{",
    "no text": b"\xff\xfe",
    "a list": b"[]",
    "NaN": b'{"class_name": NaN}',
    "nothing": b"{}",
    "deep JSON": b"[" * 100_000,
    "a huge number": b'{"class_name": ' + b"9" * 5000 + b"}",
    "another class of model": setting("class_name", "Booster"),
    "a model class of another kind": setting("class_name", ["Sequential"]),
    "layers that are no list": setting("config", "layers", "abc"),
    "a layer that is a number": setting("config", "layers", 1, 5),
    "Lambda": setting("config", "layers", 1, LAMBDA),
    "a class from elsewhere": setting("config", "layers", 1, FOREIGN),
    "a function as activation": layer(1, "activation", FUNCTION),
    "an unknown activation": layer(1, "activation", "evil"),
    "an initializer from elsewhere": layer(1, "kernel_initializer", FOREIGN),
    "a regularizer from elsewhere": layer(1, "kernel_regularizer", FOREIGN),
    "an unknown setting": layer(1, "shell", "true"),
    "a path in a setting": layer(1, "name", "../../etc/passwd"),
    "a unit too many": layer(1, "units", 6),
    "a billion units": layer(1, "units", 10**9),
    "a huge input": layer(0, "batch_shape", [None, 10**12]),
    "more units than numbers have": layer(1, "units", 10**30),
    "fractional units": layer(1, "units", 2.5),
    "negative units": layer(1, "units", -1),
    "text for units": layer(1, "units", "5"),
    "another dtype": layer(1, "dtype", "object"),
    "two layers of one name": twins,
    "nested models without end": nested,
    "an unknown optimizer": setting("compile_config", "optimizer", {"class_name": "Evil", "config": {}}),
    "an unknown loss": setting("compile_config", "loss", "evil"),
    "a loss from elsewhere": setting("compile_config", "loss", FUNCTION),
    "a metric from elsewhere": setting("compile_config", "metrics", [FOREIGN]),
    "an optimizer with other memory": setting("compile_config", "optimizer", {"class_name": "SGD", "config": {}}),
    "an optimizer that is a list": setting("compile_config", "optimizer", [1]),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_configurations_are_refused(name, parts, tmp_path):
    path = rewritten(parts, tmp_path / "m.keras", HOSTILE[name])
    with pytest.raises(ModelFileError, match=r"m\.keras"):
        load_model(path)


def test_a_small_file_cannot_make_us_allocate(parts, tmp_path):
    import tracemalloc

    path = rewritten(parts, tmp_path / "m.keras", layer(1, "units", 2_000_000))
    tracemalloc.start()
    with pytest.raises(ModelFileError, match="more weights than it holds"):
        load_model(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8e6  # the kernel would have been 32 MB


@pytest.mark.parametrize("name", ["empty", "cut", "text", "of another network"])
def test_damaged_weights_leave_no_half_loaded_model(name, parts, tmp_path):
    other = io.BytesIO()
    with h5py.File(other, "w") as file:
        file.create_group("layers")
    good = parts[archive.WEIGHTS]
    bad = {"empty": b"", "cut": good[: len(good) // 2], "text": b"hello" * 100, "of another network": other.getvalue()}
    archive.write_archive(tmp_path / "m.keras", parts | {archive.WEIGHTS: bad[name]})
    with pytest.raises(ModelFileError):
        load_model(tmp_path / "m.keras")


@pytest.mark.parametrize(
    "place",
    [["nowhere", 0, 0], ["end", 7, 0], ["end", 0, 9], ["end", 0], "end", [[]], {}, None, [1, 2, 3], ["end", "0", 0]],
    ids=str,
)
def test_a_functional_model_with_loose_ends(place, tmp_path):
    start = layers.Input((3,))
    model = Model(start, layers.Dense(2, name="end")(start))
    save_model(model, tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as file:
        parts = {name: file.read(name) for name in file.namelist()}
    rewritten(parts, tmp_path / "bad.keras", setting("config", "output_layers", place))
    with pytest.raises(ModelFileError):
        load_model(tmp_path / "bad.keras")
