"""Arguments of compile, fit, evaluate and predict that cannot be meant, and sources of batches that go wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

import backlit as bl
from backlit import callbacks, layers
from backlit.errors import ConfigError, DataError, LabelError, ShapeError

from .row import (
    AMOUNT,
    BINARY,
    CLASSES,
    DENSE_CLASSES,
    LABELS,
    ONEHOT,
    SPARSE,
    YES_NO,
    Row,
    Source,
    X,
    changed,
    evaluate,
    fit,
    predict,
    refused,
    taken,
    two_ended,
)

WHOLE = "positive integer"
B = X[:, :2].copy()
D = X[:, :1].copy()


def batches(*items: Any) -> Source:
    """Return a generator of these batches."""
    return Source(lambda: iter([*items]))


def forever() -> Iterator[Any]:
    """Yield the same batch without end."""
    while True:
        yield X, LABELS


def not_compiled() -> Any:
    """Return a model that was never compiled."""
    return bl.Sequential([layers.Input((4,)), layers.Dense(3)])


def compiling(name: str, *says: str, **options: Any) -> Row:
    """`compile` with these arguments, or at the latest the `fit` after it, raises `ConfigError`."""

    def act(model: Any, **given: Any) -> Any:
        model.compile(**{"optimizer": "sgd", "loss": SPARSE, **given})
        model.fit(X, LABELS)

    return Row(name, act, CLASSES, ConfigError, says, given=options)


COUNTS = [
    refused(f"{name}={value!r}", ConfigError, f"^{name} must be an? .*integer.*got", **{name: value})
    for name, values in {
        "batch_size": (0, -4, 4.0, 2.5, "32", [32], float("nan"), True),
        "epochs": (0, -1, 2.0, "3", None, True),
        "initial_epoch": (-1, 1.0, "0", None),
        "steps_per_epoch": (0, -1, 1.5, "3"),
    }.items()
    for value in values
] + [
    refused(
        f"{name}={value!r} with validation", ConfigError, f"^{name} must be a", validation_split=0.2, **{name: value}
    )
    for name, values in {
        "validation_steps": (0, "1", 1.5),
        "validation_batch_size": (0, -1, "8"),
        "validation_freq": (0, -2, "2", 1.5, None, True, [], ["1"], [0]),
    }.items()
    for value in values
]
COUNTS += [
    refused("evaluate: batch_size=0", ConfigError, f"^batch_size must be a {WHOLE}, got 0", act=evaluate, batch_size=0),
    refused("evaluate: steps=-1", ConfigError, f"^steps must be a {WHOLE}, got -1", act=evaluate, steps=-1),
    refused(
        "predict: batch_size given labels",
        ConfigError,
        f"^batch_size must be a {WHOLE}",
        act=predict,
        batch_size=LABELS,
    ),
    refused("predict: steps='2'", ConfigError, f"^steps must be a {WHOLE}, got '2'", act=predict, steps="2"),
    taken("NumPy's integers", {"batch_size": 4, "epochs": 2}, batch_size=np.int64(4), epochs=np.int32(2)),
    taken("steps without a batch size", {"batch_size": 4}, steps_per_epoch=3),
]

SWITCHES = [
    refused("verbose=3", ConfigError, "^verbose must be 0.*got 3", verbose=3),
    refused("verbose='silent'", ConfigError, "^verbose must be 0.*got 'silent'", verbose="silent"),
    refused("verbose=None", ConfigError, "^verbose must be 0.*got None", verbose=None),
    refused("verbose=[1]", ConfigError, r"^verbose must be 0.*got \[1\]", verbose=[1]),
    refused("shuffle='yes'", ConfigError, "^shuffle must be True or False, got 'yes'", shuffle="yes"),
    refused("shuffle=None", ConfigError, "^shuffle must be True or False, got None", shuffle=None),
    refused(
        "shuffle of a source",
        ConfigError,
        "^shuffle must be True or False",
        x=batches((X, LABELS)),
        y=None,
        shuffle="no",
    ),
    refused(
        "evaluate: return_dict='loss'",
        ConfigError,
        "^return_dict must be True or False",
        act=evaluate,
        return_dict="loss",
    ),
    refused("evaluate: verbose=7", ConfigError, "^verbose must be", act=evaluate, verbose=7),
    refused("predict: verbose='x'", ConfigError, "^verbose must be", act=predict, verbose="x"),
    refused("an unknown argument", ConfigError, "fit has no argument 'epoch'. Did you mean \"epochs\"", epoch=3),
    refused("batchsize", ConfigError, 'Did you mean "batch_size"', batchsize=3),
    refused(
        "evaluate: an unknown argument",
        ConfigError,
        'evaluate has no argument.*Did you mean "batch_size"',
        act=evaluate,
        batch_sise=3,
    ),
    refused(
        "predict: an unknown argument",
        ConfigError,
        'predict has no argument.*Did you mean "steps"',
        act=predict,
        step=3,
    ),
    refused("callbacks as text", ConfigError, "^callbacks is 'early_stopping'", "Callback", callbacks="early_stopping"),
    refused(
        "a callback's class",
        ConfigError,
        r"^callbacks\[0\] is <class",
        "EarlyStopping()",
        callbacks=[callbacks.EarlyStopping],
    ),
    refused("a function as callback", ConfigError, r"^callbacks\[0\] is", callbacks=[print]),
    refused("not compiled", ConfigError, r"call model\.compile", model=not_compiled),
    refused("evaluate: not compiled", ConfigError, r"call model\.compile", model=not_compiled, act=evaluate),
]

VALIDATION = [
    refused(
        "validation_split=1.0", ConfigError, "^validation_split must lie between 0 and 1, got 1.0", validation_split=1.0
    ),
    refused("validation_split=-0.1", ConfigError, "^validation_split must lie.*got -0.1", validation_split=-0.1),
    refused("validation_split='0.2'", ConfigError, "^validation_split must.*got '0.2'", validation_split="0.2"),
    refused("validation_split=NaN", ConfigError, "^validation_split must.*got nan", validation_split=float("nan")),
    refused("validation_split=20", ConfigError, "^validation_split must.*got 20", validation_split=20),
    refused("validation_split=True", ConfigError, "^validation_split must.*got True", validation_split=True),
    refused(
        "a split that leaves nothing",
        ConfigError,
        "validation_split=0.5 of 1 samples leaves 0 to train",
        x=X[:1],
        y=LABELS[:1],
        validation_split=0.5,
    ),
    refused(
        "a split of a source",
        ConfigError,
        "^validation_split needs arrays",
        x=batches((X, LABELS)),
        y=None,
        validation_split=0.2,
    ),
    refused(
        "validation_data of four",
        ConfigError,
        "^validation_data must be.*got 4 parts",
        validation_data=(X, LABELS, None, None),
    ),
    refused("validation_data without y", DataError, "^In validation_data: y is missing", validation_data=(X,)),
    refused("validation_data an array", ConfigError, "^validation_data must be.*ndarray", validation_data=X),
    refused("validation_data text", ConfigError, "^validation_data must be.*str", validation_data="test"),
    refused("validation_data empty", ConfigError, "^validation_data must be.*got 0 parts", validation_data=()),
    refused(
        "a bad label to validate",
        LabelError,
        r"^In validation_data: y\[3\] is 5",
        validation_data=(X, changed(LABELS, 5, 3, dtype=int)),
    ),
    refused(
        "NaN to validate",
        DataError,
        "^In validation_data: x holds nan in row 1",
        validation_data=(changed(X, np.nan, 1, 1), LABELS),
    ),
    refused(
        "other features to validate",
        ShapeError,
        r"^In validation_data: x has shape \(10, 2\)",
        validation_data=(B, LABELS),
    ),
    refused(
        "other lengths to validate",
        DataError,
        "^In validation_data: .*x has 10, y has 4",
        validation_data=(X, LABELS[:4]),
    ),
    taken("validation_data as a list", {"validation_data": (X, LABELS)}, validation_data=[X, LABELS]),
    taken(
        "validation_data wins over a split",
        {"x": X[:8], "y": LABELS[:8], "validation_data": (X, LABELS)},
        validation_data=(X, LABELS),
        x=X[:8],
        y=LABELS[:8],
        validation_split=0,
    ),
]

WEIGHTS = [
    refused(
        "both weights",
        ConfigError,
        "class_weight or sample_weight, not both",
        "multiply",
        class_weight={0: 1.0},
        sample_weight=np.ones(10),
    ),
    refused("class_weight a list", ConfigError, "^class_weight must be a dict.*got list", class_weight=[1, 2, 3]),
    refused("class_weight text", ConfigError, "^class_weight must be a dict.*got str", class_weight="balanced"),
    refused("a class weight below 0", ConfigError, "^class_weight has 0: -1.0", "weights >= 0", class_weight={0: -1.0}),
    refused("a class weight NaN", ConfigError, "^class_weight has 1: nan", class_weight={1: float("nan")}),
    refused("a class weight as text", ConfigError, "^class_weight has 0: '2'", class_weight={0: "2"}),
    refused("a class by name", ConfigError, "^class_weight has 'cat': 2.0", "class numbers", class_weight={"cat": 2.0}),
    refused("a class 0.5", ConfigError, "^class_weight has 0.5: 2.0", class_weight={0.5: 2.0}),
    refused("a class -1", ConfigError, "^class_weight has -1: 2.0", class_weight={-1: 2.0}),
    refused("a class there is not", ConfigError, "^class_weight has 7: 2.0.*3 classes", class_weight={7: 2.0}),
    refused(
        "classes of amounts", DataError, "^class_weight needs classes.*row 0", model=AMOUNT, y=D, class_weight={0: 2.0}
    ),
    refused(
        "class_weight, two outputs",
        ConfigError,
        "^class_weight needs a model with a single output",
        model=lambda: two_ended(),
        x=[X, B],
        y=[LABELS, D],
        class_weight={0: 2.0},
    ),
    refused("too few weights", DataError, "sample_weight has 7", sample_weight=np.ones(7)),
    refused(
        "a weight below 0", DataError, "^sample_weight is -1.0 in row 4", sample_weight=changed(np.ones(10), -1, 4)
    ),
    refused(
        "a weight NaN", DataError, "^sample_weight holds nan in row 2", sample_weight=changed(np.ones(10), np.nan, 2)
    ),
    refused("weights as text", DataError, "^sample_weight holds text", sample_weight=["1"] * 10),
    refused(
        "weights of two columns", ShapeError, r"^sample_weight has shape \(10, 2\)", sample_weight=np.ones((10, 2))
    ),
    refused("one weight for all", DataError, "^sample_weight is a single number", sample_weight=2.0),
    refused(
        "evaluate: a weight below 0",
        DataError,
        "^sample_weight is -1.0 in row 0",
        act=evaluate,
        sample_weight=-np.ones(10),
    ),
    taken("weights as integers", {"sample_weight": np.arange(10.0)}, sample_weight=np.arange(10)),
    taken("weights as a column", {"sample_weight": np.arange(10.0)}, sample_weight=np.arange(10.0)[:, None]),
    taken("weights as a list", {"sample_weight": np.arange(10.0)}, sample_weight=list(range(10))),
    taken(
        "class weights of one-hot rows",
        {"y": ONEHOT, "sample_weight": np.where(LABELS == 1, 2.0, 1.0)},
        DENSE_CLASSES,
        y=ONEHOT,
        class_weight={1: 2},
    ),
    taken(
        "class weights of a column",
        {"y": BINARY, "sample_weight": np.where(BINARY == 1, 0.5, 1.0)},
        YES_NO,
        y=BINARY[:, None],
        class_weight={True: 0.5},
    ),
]
SOURCES = [
    refused("y beside a source", ConfigError, "^x is a source of batches.*leave y out", x=batches((X, LABELS))),
    refused(
        "weights beside a source",
        ConfigError,
        "leave sample_weight out",
        x=batches((X, LABELS)),
        y=None,
        sample_weight=np.ones(10),
    ),
    refused(
        "batch_size beside a source",
        ConfigError,
        "^batch_size was given with a source",
        x=batches((X, LABELS)),
        y=None,
        batch_size=2,
    ),
    refused("an empty source", DataError, "gave no batches", x=batches(), y=None),
    refused("an empty source with steps", DataError, "gave no batches", x=batches(), y=None, steps_per_epoch=3),
    refused(
        "batches of four",
        DataError,
        r"A batch must be x, \(x, y\) or .*tuple of 4",
        x=batches((X, LABELS, None, 1)),
        y=None,
    ),
    refused("batches of nothing", DataError, "^x is None", x=batches(None), y=None),
    refused("batches without targets", DataError, "^y is missing", x=batches(X), y=None),
    refused("batches of text", DataError, "^x is text", x=batches("abc"), y=None),
    refused("batches of numbers", DataError, "^x is a single number", x=Source(lambda: range(3)), y=None),
    refused(
        "a batch with a bad label",
        LabelError,
        r"^y\[3\] is 4",
        x=batches((X, changed(LABELS, 4, 3, dtype=int))),
        y=None,
    ),
    refused(
        "a batch with NaN", DataError, "^x holds nan in row 2", x=batches((changed(X, np.nan, 2, 2), LABELS)), y=None
    ),
    refused("a batch of two lengths", DataError, "x has 10, y has 3", x=batches((X, LABELS[:3])), y=None),
    refused("a batch of other features", ShapeError, r"^x has shape \(10, 2\)", x=batches((B, LABELS)), y=None),
    refused("a batch without rows", DataError, "^x is empty", x=batches((X[:0], LABELS[:0])), y=None),
    refused(
        "a weight in a batch below 0", DataError, "^sample_weight is -1.0", x=batches((X, LABELS, -np.ones(10))), y=None
    ),
    refused("evaluate: an empty source", DataError, "gave no batches", act=evaluate, x=batches(), y=None),
    refused("predict: an empty source", DataError, "gave no batches", act=predict, x=batches()),
    taken("lists as batches", {"shuffle": False}, x=batches([X, LABELS]), y=None),
    taken("an endless source", {"shuffle": False, "epochs": 2}, x=Source(forever), y=None, steps_per_epoch=1, epochs=2),
    taken(
        "a source that ends early",
        {"shuffle": False},
        x=batches((X, LABELS)),
        y=None,
        steps_per_epoch=3,
        warns="ended after 1 of 3 steps",
    ),
]

SEVERAL = [
    refused(
        "one array for two inputs",
        DataError,
        r"^x is one array, the model has 2 inputs \(a, b\)",
        model=two_ended,
        y=[LABELS, D],
    ),
    refused(
        "three arrays for two inputs",
        DataError,
        "^x has 3 arrays, the model has 2",
        model=two_ended,
        x=[X, B, B],
        y=[LABELS, D],
    ),
    refused("inputs swapped", ShapeError, r"^x\[0\] has shape \(10, 2\)", model=two_ended, x=[B, X], y=[LABELS, D]),
    refused("an input missing", DataError, "^x lacks 'b'", model=two_ended, x={"a": X}, y=[LABELS, D]),
    refused(
        "an input too many", DataError, "^x has the keys", model=two_ended, x={"a": X, "b": B, "c": B}, y=[LABELS, D]
    ),
    refused(
        "NaN in the second input",
        DataError,
        r"^x\['b'\] holds nan in row 3",
        model=two_ended,
        x={"a": X, "b": changed(B, np.nan, 3, 0)},
        y=[LABELS, D],
    ),
    refused(
        "inputs of two lengths", DataError, r"x\[0\] has 10, x\[1\] has 4", model=two_ended, x=[X, B[:4]], y=[LABELS, D]
    ),
    refused(
        "one target for two outputs",
        DataError,
        r"^y is one array, the model has 2 outputs \(c, d\)",
        model=two_ended,
        x=[X, B],
        y=D,
    ),
    refused("a target missing", DataError, "^y lacks 'd'", model=two_ended, x=[X, B], y={"c": LABELS}),
    refused(
        "targets swapped",
        LabelError,
        r"^y\[0\]\[0\] is 0\.12.*whole class number",
        model=two_ended,
        x=[X, B],
        y=[D, LABELS],
    ),
    refused(
        "a bad label by name",
        LabelError,
        r"^y\['c'\]\[5\] is 3",
        model=two_ended,
        x=[X, B],
        y={"d": D, "c": changed(LABELS, 3, 5, dtype=int)},
    ),
    refused(
        "three weights for two outputs",
        DataError,
        "^sample_weight has 3 arrays",
        model=two_ended,
        x=[X, B],
        y=[LABELS, D],
        sample_weight=[np.ones(10)] * 3,
    ),
    taken(
        "dicts in another order",
        {"x": [X, B], "y": [LABELS, D]},
        two_ended,
        x={"b": B, "a": X},
        y={"d": D, "c": LABELS},
    ),
    taken("a tuple of inputs", {"x": [X, B], "y": [LABELS, D]}, two_ended, x=(X, B), y=(LABELS, D)),
]

COMPILE = [
    compiling("compile: optimizer adm", 'optimizer.*Did you mean "adam"', optimizer="adm"),
    compiling("optimizer 3", "^3 is no optimizer", optimizer=3),
    compiling("optimizer None", "^None is no optimizer", optimizer=None),
    compiling("loss typo", 'loss.*Did you mean "categorical_crossentropy"', loss="categorical_crossentropi"),
    compiling("loss 3", "^loss is 3, a int", loss=3),
    compiling("no loss", r"^There is nothing to minimize: compile\(loss=", loss=None),
    compiling("two losses", "^loss has 2 entries, the model has 1 output", loss=["mse", "mae"]),
    compiling("a loss for another output", r'output \'outt\'.*Did you mean "out"', loss={"outt": SPARSE}),
    compiling("metric typo", "metric 'acuracy'.*Did you mean \"accuracy\"", metrics=["acuracy"]),
    compiling("metrics as text", r"^metrics must be a list.*Write metrics=\['accuracy'\]", metrics="accuracy"),
    compiling("metric 3", "3 is no metric", metrics=[3]),
    compiling("a metric of another output", r'Did you mean "out"', metrics={"oot": ["accuracy"]}),
    compiling("weighted_metrics as text", "^weighted_metrics must be a list", weighted_metrics="accuracy"),
    compiling("loss_weights text", "^loss_weights.*'a'", loss_weights=["a"]),
    compiling("loss_weights too many", "^loss_weights has 2 entries", loss_weights=[1, 2]),
    compiling("run_eagerly='yes'", "^run_eagerly must be True or False, got 'yes'", run_eagerly="yes"),
    compiling("optimiser", "compile has no argument 'optimiser'. Did you mean \"optimizer\"", optimiser="adam"),
    Row(
        "metrics for two outputs",
        lambda m: m.compile("sgd", [SPARSE, "mse"], metrics=["mae"]) or fit(m, x=[X, B], y=[LABELS, D]),
        two_ended,
        ConfigError,
        (r"^metrics has 1 entries, the model has 2 outputs",),
    ),
]

ROWS = [*COUNTS, *SWITCHES, *VALIDATION, *WEIGHTS, *SOURCES, *SEVERAL, *COMPILE]
