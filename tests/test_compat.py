"""Foreign names: what `import tensorflow` finds after `compat.install()`, and that it computes what TensorFlow does.

Names that are missing are told with their line and the nearest there is.
"""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from golden import tensorflow_calls

import backlit as bl
from backlit import compat
from backlit.compat import tf_data
from backlit.compat.modules import MODULES
from backlit.errors import BacklitError, ConfigError, DataError, UnsupportedImport, UnsupportedName

GOLDEN = json.loads(tensorflow_calls.PLACE.read_text())["answers"]


@pytest.fixture(autouse=True)
def _installed() -> Iterator[None]:
    compat.install()
    yield
    compat.uninstall()


def tensorflow() -> Any:
    return importlib.import_module("tensorflow")


@pytest.fixture(scope="module")
def scope() -> dict[str, Any]:
    """The names the golden calls use, for all of them: one of them changes `v`, as it did there."""
    compat.install()
    found: dict[str, Any] = {"tf": tensorflow(), "np": np}
    exec(tensorflow_calls.SETUP, found)  # noqa: S102 - our own text
    return found


@pytest.mark.parametrize("call", tensorflow_calls.calls())
def test_a_call_gives_what_tensorflow_gives(call: str, scope: dict[str, Any]) -> None:
    wanted = GOLDEN[call]
    found = np.asarray(eval(call, scope))  # noqa: S307 - our own text
    assert list(found.shape) == wanted["shape"]
    assert str(found.dtype) == wanted["dtype"]
    np.testing.assert_allclose(found, np.array(wanted["values"], found.dtype), rtol=2e-6, atol=2e-7)


def test_every_name_that_is_offered_can_be_had() -> None:
    later = {} if _has("backlit.preprocessing") else {"keras.preprocessing.image"}
    names = [(name, one) for name in MODULES if name not in later for one in dir(importlib.import_module(name))]
    offered = [(name, one) for name, one in names if f"{name}.{one}" not in later]
    assert [pair for pair in offered if not hasattr(importlib.import_module(pair[0]), pair[1])] == []
    assert len(offered) > 800


def _has(module: str) -> bool:
    from importlib.util import find_spec

    return find_spec(module) is not None


@pytest.mark.parametrize("root", ["tensorflow.keras", "keras", "tf_keras", "tensorflow.python.keras"])
def test_keras_is_one_library_under_each_of_its_names(root: str) -> None:
    module = importlib.import_module(f"{root}.layers")
    assert module.Dense is bl.layers.Dense
    assert importlib.import_module(f"{root}.datasets.mnist").load_data is bl.datasets.mnist.load_data
    assert importlib.import_module(f"{root}.utils").to_categorical is bl.datasets.to_categorical


@pytest.mark.parametrize(
    ("module", "name", "ours"),
    [
        ("keras.layers.core", "Dropout", bl.layers.Dropout),
        ("keras.layers.advanced_activations", "LeakyReLU", bl.layers.LeakyReLU),
        ("tensorflow.keras.layers.normalization", "BatchNormalization", bl.layers.BatchNormalization),
        ("keras.utils.np_utils", "to_categorical", bl.datasets.to_categorical),
        ("tensorflow.losses", "MeanSquaredError", bl.losses.MeanSquaredError),
        ("tensorflow.metrics", "Accuracy", bl.metrics.Accuracy),
        ("tensorflow.optimizers", "Adam", bl.optimizers.Adam),
        ("tensorflow.optimizers.schedules", "ExponentialDecay", bl.optimizers.schedules.ExponentialDecay),
    ],
)
def test_older_and_shorter_paths_lead_to_the_same_classes(module: str, name: str, ours: Any) -> None:
    assert getattr(importlib.import_module(module), name) is ours
    assert compat.missing_names(f"from {module} import {name}") == []


def test_programs_ask_for_silence_and_say_what_they_take() -> None:
    tf = tensorflow()
    before = tf.get_logger().level
    for ask in (
        lambda: tf.get_logger().setLevel("ERROR"),
        lambda: tf.compat.v1.logging.set_verbosity(tf.compat.v1.logging.ERROR),
        lambda: tf.autograph.set_verbosity(0),
    ):
        tf.get_logger().setLevel("INFO")
        ask()
        assert tf.compat.v1.logging.get_verbosity() == tf.compat.v1.logging.ERROR
    tf.get_logger().setLevel(before)
    double = tf.function(lambda x: 2 * x, input_signature=[tf.TensorSpec([None], tf.float32)])
    assert double(tf.constant([1.5])).numpy() == 3.0
    assert repr(tf.TensorSpec((None, 2), "int32")) == "TensorSpec(shape=(None, 2), dtype=int32, name=None)"


@pytest.mark.parametrize("mode", ["CONSTANT", "REFLECT", "SYMMETRIC"])
def test_gradients_pass_through_pad(mode: str) -> None:
    tf = tensorflow()
    x = tf.Variable([[1.0, 2.0, 3.0]])
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(tf.pad(x, [[0, 0], [2, 1]], mode))
    wanted = {"CONSTANT": [1, 1, 1], "REFLECT": [1, 3, 2], "SYMMETRIC": [2, 2, 2]}[mode]
    np.testing.assert_array_equal(tape.gradient(total, x).numpy(), [wanted])


def test_pad_refuses_what_it_cannot_do() -> None:
    tf = tensorflow()
    with pytest.raises(BacklitError, match=r"Expected \(before, behind\) for each axis"):
        tf.pad([[1.0]], [[1, 1]])
    with pytest.raises(ConfigError, match="mode is 'wrap'"):
        tf.pad([1.0], [[1, 1]], "wrap")


def test_of_a_class_the_nearest_is_a_class() -> None:
    with pytest.raises(UnsupportedName, match=r"The nearest we have is LayerNormalization\.$"):
        tensorflow().keras.layers.LayerNormalisation
    with pytest.raises(UnsupportedName, match=r"The nearest we have is Adam\.$"):
        tensorflow().keras.optimizers.adam


@pytest.mark.parametrize(
    ("name", "belongs"),
    [
        ("tensorflow.compat.v1.Session", "TensorFlow's sessions, files and servers"),
        ("tensorflow.compat.v1.disable_v2_behavior", "TensorFlow's sessions, files and servers"),
        ("keras.layers.Embedding", "text"),
        ("keras.datasets.boston_housing", "data sets other than MNIST and its relatives"),
    ],
)
def test_what_is_out_of_scope_is_said_of_the_right_thing(name: str, belongs: str) -> None:
    module, _, last = name.rpartition(".")
    with pytest.raises(UnsupportedName, match=f"it belongs to {belongs}, which is out of scope"):
        getattr(importlib.import_module(module), last)


def test_the_names_of_notebooks() -> None:
    tf = tensorflow()
    assert tf.keras.Sequential is bl.Sequential
    assert tf.GradientTape is bl.GradientTape
    assert isinstance(tf.keras.optimizers.legacy.Adam(learning_rate=0.1), bl.optimizers.Adam)
    assert tf.__version__.startswith("2.")
    assert tf.config.list_physical_devices("GPU") == []
    assert len(tf.config.list_physical_devices()) == 1
    assert tf.zeros(2).dtype == tf.float32
    assert tf.keras.backend.image_data_format() == "channels_last"
    with tf.device("/CPU:0"):
        assert float(tf.constant(1.0)) == 1.0

    @tf.function(jit_compile=True)
    def twice(x: Any) -> Any:
        return 2 * x

    assert twice(tf.constant(3)).numpy() == 6


def test_a_tape_follows_tensorflow_s_functions() -> None:
    tf = tensorflow()
    w, b = tf.Variable([[0.5], [-1.0]]), tf.Variable([0.25])
    with tf.GradientTape() as tape:
        y = tf.nn.sigmoid(tf.matmul([[1.0, 2.0], [3.0, 4.0]], w) + b)
        loss = tf.reduce_mean(tf.square(y - [[1.0], [0.0]]))
    dw, db = tape.gradient(loss, [w, b])
    y = 1 / (1 + np.exp(-(np.array([[1.0, 2.0], [3.0, 4.0]]) @ [[0.5], [-1.0]] + 0.25)))
    dz = (y - [[1.0], [0.0]]) * y * (1 - y)
    np.testing.assert_allclose(dw.numpy(), np.array([[1.0, 2.0], [3.0, 4.0]]).T @ dz, rtol=1e-5)
    np.testing.assert_allclose(db.numpy(), dz.sum(axis=0), rtol=1e-5)


def test_random_numbers_repeat_after_set_seed() -> None:
    tf = tensorflow()
    tf.random.set_seed(1)
    first = tf.random.normal((3,)).numpy()
    tf.random.set_seed(1)
    np.testing.assert_array_equal(tf.random.normal((3,)).numpy(), first)
    assert tf.random.uniform((50,), 2, 3).numpy().min() >= 2


def test_datasets_are_chains_of_steps() -> None:
    data = tensorflow().data.Dataset
    slices = data.from_tensor_slices((np.arange(10.0), np.arange(10)))
    assert [y.numpy().tolist() for _, y in slices.batch(4)] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert len(slices.batch(4, drop_remainder=True)) == 2
    shuffled = slices.shuffle(10, seed=3)
    first, second = ([int(y) for _, y in shuffled] for _ in range(2))
    assert sorted(first) == sorted(second) == list(range(10))
    assert first != second
    again = slices.shuffle(10, seed=3, reshuffle_each_iteration=False)
    assert [int(y) for _, y in again] == [int(y) for _, y in again]
    near = [int(y) for _, y in slices.shuffle(2, seed=1)]
    assert all(value <= place + 1 for place, value in enumerate(near))  # the buffer holds two
    assert [int(n) for n in data.range(5).map(lambda n: n * n).filter(lambda n: n > 1)] == [4, 9, 16]
    assert [int(n) for n in data.range(3).repeat(2).skip(1).take(4)] == [1, 2, 0, 1]
    assert [(int(i), int(n)) for i, n in data.range(2).enumerate(5)] == [(5, 0), (6, 1)]
    assert [(int(a), int(b)) for a, b in data.zip((data.range(3), data.range(5, 9)))] == [(0, 5), (1, 6), (2, 7)]
    assert next(iter(data.from_tensor_slices({"a": [[1, 2]]})))["a"].numpy().tolist() == [1, 2]
    assert int(data.from_generator(lambda: iter([1, 2])).cardinality()) == -2
    cached = data.from_generator(lambda: iter([1, 2, 3])).cache()
    assert [int(n) for n in cached] == [int(n) for n in cached] == [1, 2, 3]
    assert [n.numpy().tolist() for n in data.range(5).batch(2).unbatch().batch(5)] == [[0, 1, 2, 3, 4]]


@pytest.mark.parametrize(
    ("size", "shift", "stride", "drop", "wanted"),
    [  # as tf.data.Dataset.range(7).window(...) gives them
        (3, None, 1, False, [[0, 1, 2], [3, 4, 5], [6]]),
        (3, 1, 1, True, [[0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5], [4, 5, 6]]),
        (2, 3, 2, False, [[0, 2], [3, 5], [6]]),
        (3, 2, 2, True, [[0, 2, 4], [2, 4, 6]]),
        (2, 5, 1, False, [[0, 1], [5, 6]]),
        (9, 1, 1, True, []),
    ],
)
def test_windows(size: int, shift: Any, stride: int, drop: bool, wanted: list[list[int]]) -> None:
    windows = tf_data.Dataset.range(7).window(size, shift, stride, drop)
    assert [[int(one) for one in window] for window in windows] == wanted
    assert len(windows) == len(wanted)


def test_windows_of_pairs_become_batches() -> None:
    pairs = tf_data.Dataset.from_tensor_slices((np.arange(6), np.arange(6) * 2))
    windows = pairs.window(3, 1, drop_remainder=True)
    batches = windows.flat_map(lambda a, b: tf_data.Dataset.zip((a.batch(3), b.batch(3))))
    assert [(a.numpy().tolist(), b.numpy().tolist()) for a, b in batches][1] == ([1, 2, 3], [2, 4, 6])


def test_what_elements_look_like() -> None:
    rows = tf_data.Dataset.from_tensor_slices({"x": np.zeros((10, 3), "float32"), "y": np.arange(10)})
    batched = rows.shuffle(10, seed=1).map(lambda one: (one["x"], one["y"])).batch(4)
    x, y = batched.prefetch(1).element_spec
    assert (x.shape, x.dtype.name, y.shape, y.dtype.name) == ((None, 3), "float32", (None,), "int64")
    flat = batched.map(lambda x, y: (x[:, 0], y.shape[0] * 0 + 1)).element_spec
    assert [one.shape for one in flat] == [(None,), ()]
    assert rows.batch(4, drop_remainder=True).element_spec["x"].shape == (4, 3)
    assert rows.element_spec["x"].shape == (3,)
    with pytest.raises(DataError, match="no elements"):
        _ = tf_data.Dataset.from_generator(lambda: iter(())).element_spec


def test_looking_at_elements_does_not_change_what_comes() -> None:
    def numbers(look: bool) -> list[int]:
        shuffled = tf_data.Dataset.from_tensor_slices(np.arange(20)).map(lambda x: x).shuffle(20, seed=3)
        if look:
            _ = shuffled.batch(2).element_spec
        return [int(one) for one in shuffled]

    assert numbers(look=True) == numbers(look=False)


def test_options_are_kept_without_effect() -> None:
    options = tf_data.Options()
    options.threading.private_threadpool_size = 4
    options.experimental_deterministic = False
    assert options.threading.private_threadpool_size == 4
    assert len(tf_data.Dataset.range(3).with_options(options)) == 3


def test_fit_takes_a_dataset() -> None:
    tf = tensorflow()
    x = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
    y = (x[:, 0] > 0).astype("int32")
    train = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(64).batch(16).prefetch(tf.data.AUTOTUNE)
    model = tf.keras.Sequential([tf.keras.layers.Dense(8, activation="relu"), tf.keras.layers.Dense(2)])
    loss = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=tf.keras.optimizers.Adam(0.05), loss=loss, metrics=["accuracy"])
    history = model.fit(train, epochs=8, validation_data=train, verbose=0).history
    assert history["val_accuracy"][-1] > 0.9
    assert model.predict(train.map(lambda x, y: x), verbose=0).shape == (64, 2)


ABSENT: list[tuple[str, type[Exception], list[str]]] = [
    ("from tensorflow.keras.layers import Conv2D", UnsupportedImport, ["Conv2D", "convolutions", "out of scope"]),
    ("import keras.applications", UnsupportedImport, ["keras.applications", "out of scope"]),
    ("from tensorflow.keras.layers import Densse", UnsupportedImport, ["Densse", "missing", "Dense"]),
    ("import tensorflow as tf\n\ntf.reduce_men([1.0])", UnsupportedName, ["reduce_men", "line 3", "reduce_mean"]),
    ("import keras\nkeras.layers.LSTM(3)", UnsupportedName, ["LSTM", "recurrence", "line 2"]),
]


@pytest.mark.parametrize(("code", "kind", "told"), ABSENT)
def test_a_name_that_is_not_here_is_explained(code: str, kind: type[Exception], told: list[str]) -> None:
    with pytest.raises(kind) as caught:
        exec(compile(code, "<cell>", "exec"), {})  # noqa: S102 - the text above
    assert isinstance(caught.value, BacklitError)
    for part in told:
        assert part in str(caught.value)


def test_missing_names_are_found_without_running() -> None:
    source = """import tensorflow as tf, numpy as np
from tensorflow.keras.layers import Conv2D as C, Dense
from tensorflow.keras import layers
raise RuntimeError
x = layers.MaxPooling2D()(tf.reduce_men(np.foo))
y = tf.keras.layers.Dense(3).whatever
import tensorflow.keras.applications.vgg16
"""
    found = [(m.line, m.name, m.nearest) for m in compat.missing_names(source)]
    assert found == [
        (2, "tensorflow.keras.layers.Conv2D", None),
        (5, "tensorflow.keras.layers.MaxPooling2D", None),
        (5, "tensorflow.reduce_men", "reduce_mean"),
        (7, "tensorflow.keras.applications", None),
    ]
    assert "out of scope: convolutions" in str(compat.missing_names(source)[0])


def test_nothing_stays_behind_and_nothing_is_mixed(tmp_path: Any) -> None:
    """An installed TensorFlow is never imported; one that is there already is refused."""
    (tmp_path / "tensorflow.py").write_text("raise SystemExit('the real one')\n")
    (tmp_path / "keras.py").write_text("real = True\n")
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from backlit import compat\ncompat.install()\nimport tensorflow, keras\n"
        "assert keras.Sequential.__module__.startswith('backlit')\ncompat.uninstall()\n"
        "assert 'keras' not in sys.modules\nimport keras\nassert keras.real\n"
        "try:\n    compat.install()\nexcept compat.finder.ConfigError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert "restart the kernel" in done.stdout


def test_a_foreign_module_imported_before_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    compat.uninstall()
    monkeypatch.setitem(sys.modules, "keras", sys)
    with pytest.raises(ConfigError, match="keras is imported"):
        compat.install()
    assert not compat.installed()


def test_spellings_of_keras_2() -> None:
    with pytest.warns(UserWarning, match="learning_rate="):
        assert float(bl.optimizers.Adam(lr=0.25).learning_rate) == 0.25
    with pytest.warns(UserWarning, match="InverseTimeDecay"):
        optimizer = bl.optimizers.SGD(1.0, decay=0.5)
    w = bl.Variable([0.0])
    for _ in range(3):
        optimizer.apply_gradients([(bl.Tensor([1.0]), w)])
    assert float(w.numpy()[0]) == pytest.approx(-(1 + 1 / 1.5 + 1 / 2))
    optimizer = bl.optimizers.SGD(0.5)
    optimizer.lr = 0.125
    assert float(optimizer.lr) == 0.125


def test_minimize_is_a_tape_and_a_step() -> None:
    w, target = bl.Variable([3.0, 1.0]), np.float32([1.0, 1.0])
    optimizer = bl.optimizers.SGD(0.25)
    with pytest.warns(UserWarning, match="apply_gradients"):
        optimizer.minimize(lambda: bl.ops.sum(bl.ops.square(w - target)), [w])
    np.testing.assert_array_equal(w.numpy(), [2.0, 1.0])
    with bl.GradientTape() as tape:
        loss = bl.ops.sum(bl.ops.square(w - target))
    with pytest.warns(UserWarning, match="apply_gradients"):
        optimizer.minimize(loss, lambda: [w], tape=tape)
    np.testing.assert_array_equal(w.numpy(), [1.5, 1.0])
    with pytest.warns(UserWarning, match="apply_gradients"), pytest.raises(ConfigError, match="tape="):
        optimizer.minimize(loss, [w])


def test_a_weight_may_be_named_first() -> None:
    class Scale(bl.layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.scale = self.add_weight("scale", shape=input_shape[-1:], initializer="ones")

        def call(self, inputs: Any) -> Any:
            return inputs * self.scale

    layer = Scale()
    with pytest.warns(UserWarning, match='name="scale"'):
        layer(np.ones((2, 3), "float32"))
    assert (layer.scale.name, layer.scale.shape) == ("scale", (3,))


def test_reset_states_is_reset_state() -> None:
    mean = bl.metrics.Mean()
    mean.update_state([1.0, 3.0])
    with pytest.warns(UserWarning, match="reset_state"):
        mean.reset_states()
    assert float(mean.result()) == 0.0


@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "average", "maximum", "minimum", "concatenate"])
def test_merging_functions_are_their_layers(name: str) -> None:
    a, b = np.float32([[1.0, 4.0]]), np.float32([[3.0, 2.0]])
    function, layer = getattr(tensorflow().keras.layers, name), getattr(bl.layers, name.capitalize())
    np.testing.assert_array_equal(function([a, b]).numpy(), layer()([a, b]).numpy())
    inputs = [bl.layers.Input((2,)), bl.layers.Input((2,))]
    model = bl.Model(inputs, function(inputs, name="met"))
    assert type(model.get_layer("met")) is layer
    np.testing.assert_array_equal(model.predict([a, b], verbose=0), layer()([a, b]).numpy())


def test_methods_of_keras_2() -> None:
    x, y = np.eye(4, dtype="float32"), np.arange(4) % 2
    model = bl.Sequential([bl.layers.Dense(2, input_dim=4)])
    model.compile("adam", bl.losses.SparseCategoricalCrossentropy(from_logits=True))
    with pytest.warns(UserWarning, match=r"model\.fit"):
        assert len(model.fit_generator([(x, y)], 1, epochs=2, verbose=0, workers=4).epoch) == 2
    with pytest.warns(UserWarning, match="argmax"):
        np.testing.assert_array_equal(model.predict_classes(x), model.predict(x, verbose=0).argmax(axis=-1))
    with pytest.warns(UserWarning, match=r"model\.predict"):
        assert model.predict_proba(x).shape == (4, 2)
