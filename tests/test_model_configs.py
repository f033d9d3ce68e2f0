"""Models as data: the layout is Keras', its own texts load, and what is written comes back the same."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from golden.config_recipes import CONFIGS, text
from golden.store import Case, read

import backlit
from backlit import layers, ops
from backlit.errors import ConfigError
from backlit.layers import nest
from backlit.layers.naming import clear_session
from backlit.models.drawing import clone_model, model_from_json, serialize, to_json

GOLDEN = read("configs").of(kind="config")
OLDER = {  # what Keras 3.15 writes and we leave out: it means nothing, or is the default of older versions
    "quantization_config", "renorm", "renorm_clipping", "renorm_momentum", "synchronized", "rms_scaling", "input_axes",
    "output_axes", "data_format", "sparse", "ragged", "optional", "compile_config", "mask",
}  # fmt: skip


@pytest.fixture(autouse=True)
def fresh_names() -> None:
    clear_session()


def plain(value: Any) -> Any:
    """Return a configuration without what differs on purpose."""
    if isinstance(value, list):
        return -1 if value == [-1] else [plain(one) for one in value]  # LayerNormalization's axis
    if not isinstance(value, dict):
        return value
    if value.get("class_name") == "DTypePolicy":
        return value["config"]["name"]
    left_out = {*OLDER, "build_config"} if value.get("class_name") in WITHOUT_BUILD else OLDER
    return {key: plain(one) for key, one in value.items() if key not in left_out}


WITHOUT_BUILD = ("LeakyReLU", "Dropout", "ELU", "Softmax", "Activation", "ReLU", "GaussianNoise", "Identity", "Reshape")


@pytest.mark.parametrize("case", GOLDEN, ids=str)
def test_same_layout_as_keras(case: Case) -> None:
    ours = json.loads(to_json(CONFIGS[case.id](backlit)))
    assert plain(ours) == plain(case["config"])


@pytest.mark.parametrize("case", GOLDEN, ids=str)
def test_what_keras_wrote_loads(case: Case) -> None:
    model = model_from_json(json.dumps(case["config"]))
    assert text(model) == case["summary"]


@pytest.mark.parametrize("case", GOLDEN, ids=str)
def test_same_summary_as_keras(case: Case) -> None:
    assert text(CONFIGS[case.id](backlit)) == case["summary"]


def feed(model: Any) -> Any:
    draw = np.random.default_rng(0)
    arrays = [draw.normal(size=(3, *symbol.shape[1:])).astype("float32") for symbol in model.inputs]
    return arrays if len(arrays) > 1 else arrays[0]


@pytest.mark.parametrize("name", [name for name in CONFIGS if name != "unbuilt"])
@pytest.mark.parametrize("copy", [lambda m: model_from_json(to_json(m)), clone_model], ids=["json", "clone"])
def test_copies_compute_the_same(name: str, copy: Callable[[Any], Any]) -> None:
    model = CONFIGS[name](backlit)
    other = copy(model)
    assert to_json(other) == to_json(model)
    assert not {id(w) for w in other.weights} & {id(w) for w in model.weights}
    other.set_weights(model.get_weights())
    if name == "arguments":  # dropout in prediction, too
        return
    for a, b in zip(leaves(model(feed(model))), leaves(other(feed(model))), strict=True):
        assert np.array_equal(a.numpy(), b.numpy())


def leaves(value: Any) -> list[Any]:
    return nest.flatten(value)


def symbolic_ops() -> Iterator[tuple[str, Callable[[Any], Any]]]:
    from backlit import activations

    yield "slice", lambda x: x[:, 1:]
    yield "sum", lambda x: ops.sum(x, axis=-1, keepdims=True)
    yield "softmax", ops.softmax
    yield "relu", activations.relu
    yield "leaky", lambda x: activations.relu(x, negative_slope=0.2)
    yield "gelu", activations.gelu
    yield "concatenate", lambda x: ops.concatenate([x, x])
    yield "where", lambda x: ops.where(x > 0, x, 0.5)
    yield "array", lambda x: x + np.array([1.0, 2.0, 3.0, 4.0], "float32")
    yield "product", lambda x: x @ np.eye(4, dtype="float32")


@pytest.mark.parametrize(("name", "op"), list(symbolic_ops()), ids=lambda v: v if isinstance(v, str) else "")
def test_ops_come_back(name: str, op: Callable[[Any], Any]) -> None:
    x = layers.Input((4,))
    model = backlit.Model(x, op(x))
    other = model_from_json(to_json(model))
    assert to_json(other) == to_json(model)
    assert np.array_equal(model(feed(model)).numpy(), other(feed(model)).numpy())


def test_a_model_that_starts_in_the_middle() -> None:
    x = layers.Input((4,))
    middle = layers.Dense(3, name="before")(x)
    model = backlit.Model(middle, layers.Dense(2, name="after")(middle))
    other = model_from_json(to_json(model))
    assert [layer.name for layer in model.layers] == ["after"]
    assert [type(layer).__name__ for layer in other.layers] == ["InputLayer", "Dense"]
    other.set_weights(model.get_weights())
    data = np.ones((2, 3), "float32")
    assert np.array_equal(model(data).numpy(), other(data).numpy())


def test_the_names_of_keras_lead_here() -> None:
    model = CONFIGS["ops"](backlit)
    assert model.to_json(indent=2) == to_json(model, indent=2)
    assert backlit.models.model_from_json(model.to_json()).to_json() == model.to_json()
    assert backlit.models.clone_model(model).to_json() == model.to_json()


def test_flags_survive() -> None:
    model = backlit.Sequential([layers.Input((3,)), layers.Dense(2, name="still", trainable=False), layers.Dense(1)])
    other = model_from_json(to_json(model))
    assert [layer.trainable for layer in other.layers] == [False, True]
    model.trainable = False
    assert not model_from_json(to_json(model)).trainable


class Scale(layers.Layer):
    """y = factor * x, a layer of one's own."""

    def __init__(self, factor: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, inputs: Any) -> Any:
        return self.factor * inputs


def triple(x: Any) -> Any:
    return 3.0 * x


def test_things_of_ones_own_come_in_custom_objects() -> None:
    model = backlit.Sequential([layers.Input((3,)), Scale(2.0, name="twice"), layers.Dense(2, activation=triple)])
    entry = serialize(model)
    assert entry["config"]["layers"][1]["registered_name"] == "Scale"
    with pytest.raises(ConfigError, match="Unknown layer class 'Scale'"):
        model_from_json(json.dumps(entry))
    other = model_from_json(json.dumps(entry), {"Scale": Scale, "triple": triple})
    assert other.layers[0].factor == 2.0
    assert other.layers[1].activation is triple
    assert type(clone_model(model, custom_objects={"triple": triple}).layers[0]) is Scale


def test_clone_function_replaces_layers() -> None:
    def wider(layer: Any) -> Any:
        return layers.Dense(7 if layer.name == "hidden" else layer.units, name=layer.name)

    x = layers.Input((3,))
    model = backlit.Model(x, layers.Dense(2)(layers.Dense(4, name="hidden")(x)))
    assert clone_model(model, wider).count_params() == 3 * 7 + 7 + 7 * 2 + 2


def test_what_keras_2_wrote_loads() -> None:
    entries = [
        {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 4], "dtype": "float32", "name": "x"}},
        {"class_name": "Dense", "config": {"name": "a", "units": 3, "activation": "relu"}},
        {"class_name": "Add", "config": {"name": "b"}},
    ]
    nodes: list[Any] = [[], [[["x", 0, 0, {}]]], [[["a", 0, 0, {}], ["a", 0, 0, {}]]]]
    pairs = zip(entries, nodes, strict=True)
    drawn = [entry | {"name": entry["config"]["name"], "inbound_nodes": node} for entry, node in pairs]
    config = {"name": "old", "layers": drawn, "input_layers": [["x", 0, 0]], "output_layers": [["b", 0, 0]]}
    model = model_from_json(json.dumps({"class_name": "Functional", "config": config}))
    assert model.output_shape == (None, 3)
    assert backlit.Sequential.from_config({"name": "row", "layers": entries[:2]}).count_params() == 15


def damaged(change: Callable[[Any], Any]) -> str:
    """Return the text of a small model after `change` was made to it."""
    x = layers.Input((4,), name="x")
    entry = json.loads(to_json(backlit.Model(x, layers.Dense(2, name="d")(x))))
    change(entry)
    return json.dumps(entry)


def set_history(history: Any) -> Callable[[Any], Any]:
    def change(entry: Any) -> None:
        entry["config"]["layers"][1]["inbound_nodes"][0]["args"][0]["config"]["keras_history"] = history

    return change


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ("{", "not JSON"),
        ("[]", "class_name=None"),
        ('{"class_name": "Dense"}', "config=None"),
        ('{"class_name": "Densee", "config": {}}', 'Did you mean "Dense"'),
        ('{"class_name": "os.system", "config": {"command": "true"}}', "Unknown layer class"),
        ('{"class_name": "Lambda", "config": {"function": "x"}}', "names a function 'x' of your own"),
        (
            '{"class_name": "Lambda", "config": {"function": {"class_name": "__lambda__"}}}',
            "Code in files is never run",
        ),
        ('{"class_name": "Conv9", "config": {}}', "Unknown layer class"),
        ('{"class_name": "Layer", "config": {}}', "Unknown layer class"),
        ('{"class_name": "Dense", "config": {"units": 2, "lora_rank": 4}}', "lora_rank=4"),
        ('{"class_name": "BatchNormalization", "config": {"renorm": true}}', "renorm=True"),
        ('{"class_name": "Sequential", "config": {"layers": 3}}', "layers=3"),
        ('{"module": "keras.src.ops.numpy", "class_name": "Frobnicate", "config": {}}', "Unknown operation"),
        ('{"module": "backlit.ops", "class_name": "Add", "config": {"op": "system"}}', "Unknown operation"),
        ('{"module": "backlit.ops", "class_name": "Sum", "config": {"op": "sum", "attrs": {"a": 1}}}', "settings"),
        (damaged(set_history(["y", 0, 0])), "come from no layer"),
        (damaged(set_history(["d", 0, 0])), "come from no layer"),
        (damaged(set_history(["x", 0, 3])), "output 3"),
        (damaged(set_history("x")), "named 'x'"),
        (damaged(lambda e: e["config"].pop("output_layers")), "output_layers of the model are None"),
        (damaged(lambda e: e["config"]["layers"][1].pop("inbound_nodes")), "inbound_nodes=None"),
        (damaged(lambda e: e["config"]["layers"][1].update(inbound_nodes=["x"])), "connection of the model is 'x'"),
    ],
)
def test_bad_configurations_are_refused(bad: str, words: str) -> None:
    with pytest.raises(ConfigError) as error:
        model_from_json(bad)
    assert words in str(error.value)


def test_an_op_of_ones_own_cannot_be_saved() -> None:
    @ops.elementwise
    def cube(x: Any) -> Any:
        return x * x * x

    x = layers.Input((4,))
    with pytest.raises(ConfigError, match="'cube'"):
        to_json(backlit.Model(x, cube(x)))


def test_a_sequential_model_has_symbolic_ends() -> None:
    model = backlit.Sequential([backlit.layers.Input((4,)), backlit.layers.Dense(3), backlit.layers.Dense(2)])
    assert model.input.shape == (None, 4)
    hidden = backlit.Model(model.input, model.layers[0].output)
    assert hidden.predict(np.zeros((2, 4)), verbose=0).shape == (2, 3)
    assert model.output.shape == (None, 2)
