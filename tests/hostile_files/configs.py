"""Configurations that name code, paths and giants: what `from_config` must not believe.

The same layer is put into every format that holds a configuration.
"""

from __future__ import annotations

import base64
import io
import json
import marshal
from collections.abc import Callable
from typing import Any

import h5py
import numpy as np

from benchmarks.fuzz.readers import small_model, written

from .archives import keras_file

Case = tuple[str, Callable[[], bytes]]
CODE = base64.b64encode(marshal.dumps(compile("__import__('os').system('touch pwned')", "x", "eval"))).decode()
LAMBDA = {
    "module": "keras.layers", "class_name": "Lambda", "registered_name": None,
    "config": {"name": "lambda", "function": {"class_name": "__lambda__", "config": {"code": CODE}}},
}  # fmt: skip


def layer(class_name: Any, config: Any = None, module: Any = "keras.layers", registered_name: Any = None) -> Any:
    return {"module": module, "class_name": class_name, "config": config or {}, "registered_name": registered_name}


def function(name: str, module: str) -> dict[str, Any]:
    return {"module": module, "class_name": "function", "config": name, "registered_name": "function"}


def network(*layers: Any, compiled: Any = None) -> dict[str, Any]:
    first = {"module": "keras.layers", "class_name": "InputLayer", "config": {"batch_shape": [None, 3]}}
    row: dict[str, Any] = {"class_name": "Sequential", "config": {"name": "m", "layers": [first, *layers]}}
    return row if compiled is None else row | {"compile_config": compiled}


def dense(**settings: Any) -> dict[str, Any]:
    return layer("Dense", {"units": 2} | settings)


def compiled(**settings: Any) -> dict[str, Any]:
    return network(dense(), compiled={"optimizer": "sgd", "loss": "mse"} | settings)


def drawing(layers: list[Any], inputs: Any, outputs: Any) -> dict[str, Any]:
    config = {"name": "m", "layers": layers, "input_layers": inputs, "output_layers": outputs}
    return {"class_name": "Functional", "config": config}


def node(*places: tuple[str, int, int]) -> dict[str, Any]:
    tensors = [{"class_name": "__keras_tensor__", "config": {"keras_history": list(place)}} for place in places]
    return {"args": [tensors[0] if len(tensors) == 1 else tensors], "kwargs": {}}


def start() -> dict[str, Any]:
    return {"class_name": "InputLayer", "name": "i", "config": {"batch_shape": [None, 3], "name": "i"},
            "inbound_nodes": []}  # fmt: skip


def added(name: str, *places: tuple[str, int, int], kind: str = "Add") -> dict[str, Any]:
    return {"class_name": kind, "name": name, "config": {"name": name}, "inbound_nodes": [node(*places)]}


def many_layers(count: int) -> dict[str, Any]:
    return network(*(layer("Dropout", {"rate": 0.5, "name": f"d{i}"}) for i in range(count)))


def backwards(count: int) -> dict[str, Any]:
    rows = [added(f"l{i}", (f"l{i - 1}" if i else "i", 0, 0), kind="Flatten") for i in range(count)]
    return drawing([start(), *reversed(rows)], [["i", 0, 0]], [[f"l{count - 1}", 0, 5]])


URL, PASSWD = "http://127.0.0.1:9/vocabulary.txt", "/etc/passwd"
CONFIGS: dict[str, Any] = {
    # code (CVE-2024-3660, CVE-2025-1550, CVE-2025-8747, CVE-2025-9905, CVE-2025-9906)
    "lambda layer": network(LAMBDA),
    "lambda inside a model": network(network(LAMBDA)),
    "function of os": network(layer("system", {"command": "touch pwned"}, "os")),
    "class of subprocess": network(layer("Popen", {"args": ["touch", "pwned"]}, "subprocess")),
    "built-in eval": network(layer("eval", {"source": "1"}, "builtins")),
    "registered eval": network(layer("Dense", {"units": 1}, "builtins", "builtins>eval") | {"class_name": "eval"}),
    "import by name": network(layer("__import__", {"name": "antigravity"}, "builtins")),
    "dotted class": network(layer("Dense.__init__.__globals__", {"units": 2})),
    "abstract layer": network(layer("Layer", {})),
    "class that is a list": network(layer(["Dense"], {"units": 2})),
    "class that is a dict": network(layer({"class_name": "Dense"}, {})),
    "model of another module": network(layer("PreTrainedModel", {}, "transformers")),
    "unsafe loading switched on": network(layer("function", "enable_unsafe_deserialization", "keras.config")),
    "file fetched by a function": network(dense(activation=function("get_file", "keras.utils"))),
    "activation of os": network(dense(activation=function("system", "os"))),
    "activation by dotted name": network(dense(activation="os.system")),
    "initializer of subprocess": network(dense(kernel_initializer=layer("Popen", {"args": "ls"}, "subprocess"))),
    "regularizer of os": network(dense(kernel_regularizer=layer("system", {"command": "ls"}, "os"))),
    "constraint of os": network(dense(kernel_constraint=layer("system", {"command": "ls"}, "os"))),
    "loss that is eval": compiled(loss=function("eval", "builtins")),
    "metric of os": compiled(metrics=[function("system", "os")]),
    "metric class of os": compiled(metrics=[layer("system", {"command": "ls"}, "os")]),
    "optimizer of os": compiled(optimizer=layer("system", {"command": "ls"}, "os")),
    "schedule of os": compiled(optimizer=layer("SGD", {"learning_rate": layer("system", {"command": "ls"}, "os")})),
    "op of os": network(layer("System", {"op": "os.system", "attrs": {}, "arity": 1}, "backlit.ops")),
    "op with a strange setting": network(layer("Add", {"op": "add", "attrs": {"__class__": 1}}, "backlit.ops")),
    "op of keras by dotted name": network(layer("numpy.load", {}, "keras.src.ops.numpy")),
    # paths and addresses (CVE-2025-12058)
    "vocabulary in a file": network(layer("StringLookup", {"vocabulary": PASSWD})),
    "vocabulary at an address": network(layer("StringLookup", {"vocabulary": URL})),
    "text vectorization of a file": network(layer("TextVectorization", {"vocabulary": PASSWD})),
    "saved model on disk": network(layer("TFSMLayer", {"filepath": "/tmp", "call_endpoint": "serve"})),
    "torch module": network(layer("TorchModuleWrapper", {"module": CODE})),
    "path as a setting": network(dense(weights_path=PASSWD)),
    "address as an initializer": network(dense(kernel_initializer=URL)),
    # giants and damage (CVE-2026-0897)
    "more units than memory": network(dense(units=10**12)),
    "units beyond every integer": network(dense(units=10**300)),
    "units that are infinite": network(dense(units=1e999)),
    "units that are text": network(dense(units="2")),
    "units that are negative": network(dense(units=-2)),
    "units that are a list": network(dense(units=[2, 2])),
    "many thresholds": compiled(metrics=[layer("AUC", {"num_thresholds": 10**9})]),
    "many labels": compiled(metrics=[layer("AUC", {"num_labels": 10**8, "multi_label": True})]),
    "giant confusion matrix": compiled(metrics=[layer("MeanIoU", {"num_classes": 10**6})]),
    "many layers": many_layers(5000),
    "no layers": network() | {"config": {"layers": None}},
    "layers that are text": {"class_name": "Sequential", "config": {"layers": "Dense"}},
    "a graph in a circle": drawing(
        [start(), added("a", ("b", 0, 0), ("i", 0, 0)), added("b", ("a", 0, 0), ("i", 0, 0))],
        [["i", 0, 0]], [["b", 0, 0]],
    ),
    "a graph from nowhere": drawing([start(), added("a", ("z", 0, 0))], [["i", 0, 0]], [["a", 0, 0]]),
    "a graph written backwards": backwards(1000),
    "an output that is none": drawing([start(), added("a", ("i", 0, 5))], [["i", 0, 0]], [["a", 0, 0]]),
    "a node that is text": drawing([start() | {"inbound_nodes": "x"}], [["i", 0, 0]], [["i", 0, 0]]),
}  # fmt: skip
DAMAGED: dict[str, bytes] = {
    "deep brackets": b"[" * 200_000,
    "deep objects": b'{"config":' * 100_000 + b"1" + b"}" * 100_000,
    "an integer of many digits": b'{"class_name": "Sequential", "config": ' + b"9" * 100_000 + b"}",
    "no number": b'{"class_name": "Sequential", "config": {"layers": [NaN]}}',
    "text that is not UTF-8": b'{"class_name": "\xff\xfe"}',
    "an empty text": b"",
    "only null": b"null",
    "a pickle": b"\x80\x04cos\nsystem\n(S'touch pwned'\ntR.",
}


def in_keras(config: Any) -> bytes:
    return keras_file(config=config if isinstance(config, bytes) else json.dumps(config).encode())


def in_json(config: Any) -> bytes:
    return config if isinstance(config, bytes) else json.dumps(config).encode()


def in_legacy(config: Any) -> bytes:
    file = io.BytesIO()
    with h5py.File(file, "w") as store:
        store.attrs["model_config"] = in_json(config)
        store.create_group("model_weights").attrs["layer_names"] = np.array([], "S1")
    return file.getvalue()


def described(config: Any) -> str:
    return json.dumps({"backlit_version": "0", "model": config, "notes": {}})


def in_safetensors(config: Any) -> bytes:
    from safetensors.numpy import save

    return save({"layers/dense/bias": np.zeros(2, np.float32)}, {"format": "np", "backlit": described(config)})


def in_npz(config: Any) -> bytes:
    text = np.frombuffer(described(config).encode(), np.uint8)
    return written(".npz", lambda path: np.savez(path, description=text))


def with_notes(**notes: Any) -> bytes:
    from backlit.formats import save_model

    return written(".keras", lambda path: save_model(small_model(False), path, notes=notes))


TARGET = {"task": "classification", "classes": ["a", "b"], "center": 0.0, "scale": 1.0}
PREPARATIONS: dict[str, Any] = {
    "text": "table",
    "a list": [1],
    "a frame of another kind": {"kind": "pictures", "frame": {"path": PASSWD}, "target": TARGET},
    "a frame larger than memory": {"kind": "pictures", "frame": {"height": 10**6, "width": 10**6}, "target": TARGET},
    "a frame of text": {"kind": "pictures", "frame": {"height": "4", "width": "4"}, "target": TARGET},
    "no target": {"kind": "table", "columns": []},
    "columns of text": {"kind": "table", "columns": ["x"], "target": TARGET},
    "columns that are a number": {"kind": "table", "columns": 5, "target": TARGET},
    "a column of another kind": {"kind": "table", "columns": [{"kind": "eval"}], "target": TARGET},
}
ESTIMATORS: dict[str, Any] = {
    "text": "NeuralNetClassifier",
    "another kind": {"kind": "os.system"},
    "a kind that is a list": {"kind": ["NeuralNetClassifier"]},
    "without a design": {"kind": "NeuralNetClassifier"},
    "objects in an array": {
        "kind": "NeuralNetClassifier", "params": {"loss": {"array": ["O", [{"a": 1}]]}}, "design": {"dtype": "float32"},
    },
    "an array of another dtype": {
        "kind": "NeuralNetClassifier", "params": {"loss": {"array": ["V100000000", [1]]}},
        "design": {"dtype": "float32"},
    },
    "an optimizer of os": {
        "kind": "NeuralNetClassifier", "params": {"optimizer": {"optimizer": layer("system", {}, "os")}},
        "design": {"dtype": "float32"},
    },
}  # fmt: skip

CASES: dict[str, Case] = {
    **{f"keras: {name}": ("keras", lambda c=config: in_keras(c)) for name, config in (CONFIGS | DAMAGED).items()},
    **{f"json: {name}": ("json", lambda c=config: in_json(c)) for name, config in (CONFIGS | DAMAGED).items()},
    **{
        f"{reader}: {name}": (reader, lambda c=CONFIGS[name], put=put: put(c))
        for reader, put in (("h5", in_legacy), ("safetensors", in_safetensors), ("npz", in_npz))
        for name in ("lambda layer", "activation of os", "vocabulary in a file", "more units than memory")
    },
    **{
        f"preparation: {name}": ("preparation", lambda d=description: with_notes(preparation=d))
        for name, description in PREPARATIONS.items()
    },
    **{
        f"estimator: {name}": ("estimator", lambda d=description: with_notes(estimator=d))
        for name, description in ESTIMATORS.items()
    },
}
