"""Whatever has a configuration comes back from it: optimizers, losses, metrics, initializers and their small kin.

Layers and whole models are in `test_model_configs`; here each vocabulary is walked through by its own table.
"""

from __future__ import annotations

import inspect
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backlit as bl
from backlit import constraints, initializers, layers, losses, metrics, optimizers, regularizers
from backlit.errors import ConfigError, ModelFileError
from backlit.formats import load_model

ABSTRACT = {
    "FunctionLoss", "Initializer", "Loss", "LossFunctionWrapper", "MeanMetricWrapper", "Metric", "Optimizer",
    "RandomInitializer", "Regularizer", "Constraint",
}  # fmt: skip
NEEDED: dict[str, Any] = {"target_class_ids": [0, 1], "num_classes": 3}  # 0.5 for any other argument without a default
ROWS = np.ones((4, 2), "float32")
TARGET = np.array([[1], [0], [1], [1]], "float32")


def made(cls: type) -> Any:
    needed = [
        name
        for name, p in inspect.signature(cls).parameters.items()
        if p.default is p.empty and p.kind == p.POSITIONAL_OR_KEYWORD
    ]
    return cls(**{name: NEEDED.get(name, 0.5) for name in needed})


MEMBERS = {
    f"{vocabulary.__name__.rpartition('.')[2]}.{cls.__name__}": (vocabulary, cls)
    for vocabulary in (optimizers, losses, metrics, initializers, regularizers, constraints)
    for cls in vars(vocabulary).values()
    if inspect.isclass(cls) and cls.__module__.startswith(vocabulary.__name__) and cls.__name__ not in ABSTRACT
}  # fmt: skip


def written(config: Any) -> Any:
    return json.loads(json.dumps(config))


@pytest.mark.parametrize("name", sorted(MEMBERS))
def test_comes_back_from_its_configuration(name: str) -> None:
    vocabulary, cls = MEMBERS[name]
    thing = made(cls)
    again = cls.from_config(written(thing.get_config()))
    assert again.get_config() == thing.get_config()
    found = vocabulary.deserialize(written(vocabulary.serialize(thing)))
    assert type(found) is cls
    assert found.get_config() == thing.get_config()


def own(y_true: Any, y_pred: Any, times: float = 1.0) -> Any:
    return times * bl.ops.mean(bl.ops.square(y_true - y_pred), -1)


@pytest.mark.parametrize(
    "given",
    [
        {"loss": losses.LossFunctionWrapper(losses.binary_crossentropy, "sum", "smooth", label_smoothing=0.4)},
        {"loss": losses.LossFunctionWrapper(own, times=3.0)},
        {"loss": losses.LossFunctionWrapper(own)},
        {"metrics": [metrics.MeanMetricWrapper(losses.binary_crossentropy, "smooth", label_smoothing=0.4)]},
        {"metrics": [metrics.MeanMetricWrapper(own, "tripled", times=3.0)]},
        {"metrics": [metrics.MeanMetricWrapper(own)]},
    ],
    ids=["loss", "own loss with settings", "own loss", "metric", "own metric with settings", "own metric"],
)
def test_settings_of_a_wrapped_function_are_kept_in_files(given: dict[str, Any], tmp_path: Path) -> None:
    model = bl.Sequential([layers.Input((2,)), layers.Dense(1, "sigmoid")])
    model.compile("sgd", **({"loss": "mse"} | given))
    model.save(tmp_path / "m.keras")
    again = load_model(tmp_path / "m.keras", custom_objects={"own": own})
    results = [one.evaluate(ROWS, TARGET, verbose=0, return_dict=True) for one in (model, again)]
    assert results[0] == results[1]


@pytest.mark.parametrize("wrapper", [losses.LossFunctionWrapper, metrics.MeanMetricWrapper])
@pytest.mark.parametrize(
    ("fn", "options", "said"),
    [
        (None, {}, "has the function None"),
        (losses.binary_crossentropy, {"smoothing": 0.1}, "cannot call binary_crossentropy .*'smoothing'"),
    ],
)
def test_a_function_that_cannot_be_called_is_refused_at_once(wrapper: Any, fn: Any, options: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        wrapper(fn, **options)


def test_a_file_whose_loss_cannot_be_called_is_refused(tmp_path: Path) -> None:
    model = bl.Sequential([layers.Input((2,)), layers.Dense(1, "sigmoid")])
    model.compile("sgd", losses.LossFunctionWrapper(own, times=3.0))
    model.save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as whole:
        members = {name: whole.read(name) for name in whole.namelist()}
    members["config.json"] = members["config.json"].replace(b'"times"', b'"never"')
    notes = json.loads(members["metadata.json"])
    notes.pop("backlit_sha256")  # the digest would tell, too
    members["metadata.json"] = json.dumps(notes).encode()
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as changed:
        for name, data in members.items():
            changed.writestr(name, data)
    with pytest.raises(ModelFileError, match=r"m\.keras.*never"):
        load_model(tmp_path / "m.keras", custom_objects={"own": own})
