"""Names that are in no table, and settings of layers, losses, optimizers and callbacks that cannot be meant."""

from __future__ import annotations

import numpy as np

import backlit as bl
from backlit import (
    activations,
    callbacks,
    config,
    constraints,
    datasets,
    initializers,
    layers,
    losses,
    metrics,
    optimizers,
    regularizers,
)
from backlit.errors import ConfigError, DataError, ShapeError

from .row import Row, right, wrong

TYPOS = {
    ("activation", activations.get): {"sofmax": "softmax", "rellu": "relu", "Sigmoyd": "sigmoid"},
    ("initializer", initializers.get): {"he_norm": "he_normal", "glorot_unform": "glorot_uniform"},
    ("regularizer", regularizers.get): {"l1l2": "L1L2"},
    ("constraint", constraints.get): {"maxnrm": "MaxNorm", "non_negg": "non_neg"},
    ("loss", losses.get): {
        "categorical_crossentropi": "categorical_crossentropy",
        "MeanSquareError": "MeanSquaredError",
    },
    ("metric", metrics.get): {"acuracy": "accuracy", "precison": "precision"},
    ("optimizer", optimizers.get): {"adm": "adam", "rms_prop": "rmsprop"},
    ("dataset", datasets.load): {"mnits": "mnist", "fashion-mnist": "fashion_mnist"},
}
NAMES = (
    [
        wrong(
            f"{kind} {typo}",
            ConfigError,
            f'Unknown {kind} {typo!r}. Did you mean "{meant}"',
            lambda get=get, typo=typo: get(typo),
        )
        for (kind, get), typos in TYPOS.items()
        for typo, meant in typos.items()
    ]
    + [wrong(f"{kind} 3.5", ConfigError, "3.5", lambda get=get: get(3.5)) for kind, get in TYPOS if kind != "dataset"]
    + [
        wrong(
            "a name like no other",
            ConfigError,
            "Unknown optimizer 'zzz'. Known names: .*adam",
            lambda: optimizers.get("zzz"),
        ),
        wrong(
            "a layer for an activation",
            ConfigError,
            "'LeakyReLU' is a layer",
            lambda: layers.Dense(3, activation="LeakyReLU"),
        ),
        wrong(
            "a reduction typo",
            ConfigError,
            "Unknown reduction 'sun'.*\"sum\"",
            lambda: losses.MeanSquaredError(reduction="sun"),
        ),
        right("an optimizer in capitals", "adam", lambda: optimizers.get("ADAM").name),
    ]
)


def layer(name: str, says: str, /, *args: object, **options: object) -> Row:
    """Making the layer `name` so raises `ConfigError`."""
    shown = ", ".join([*map(repr, args), *(f"{k}={v!r}" for k, v in options.items())])
    return wrong(f"{name}({shown})", ConfigError, says, lambda: getattr(layers, name)(*args, **options))


LAYERS = [
    *(layer("Dense", f"positive integer number of units, got units={n!r}", n) for n in (0, -3, 3.0, "3", None, True)),
    layer("Dense", "Dense has no argument 'unit'. Did you mean \"units\"", 3, unit=4),
    layer(
        "Dense", "no argument 'kernel_initialiser'. Did you mean \"kernel_initializer\"", 3, kernel_initialiser="zeros"
    ),
    layer("Dense", 'Did you mean "activation"', 3, activaton="relu"),
    layer("Dense", "Unknown regularizer 'l3'. Known names: .*l1_l2", 3, kernel_regularizer="l3"),
    layer("Dense", 'Did you mean "he_normal"', 3, kernel_initializer="he_norml"),
    layer("Dense", "name must be a non-empty string.*got 3", 3, name=3),
    layer("Dense", "name must be a non-empty string.*'a/b'", 3, name="a/b"),
    layer("Dense", "dtype must be.*'float16'", 3, dtype="float16"),
    layer("Dense", "Unknown dtype 'float23'", 3, dtype="float23"),
    layer("Dense", "input_shape.*'4'", 3, input_shape="4"),
    layer("Dense", "input_shape.*-4", 3, input_shape=(-4,)),
    *(
        layer("Dropout", f"rate between 0 and 1.*got rate={rate!r}", rate)
        for rate in (1.5, -0.1, "0.5", None, float("nan"))
    ),
    layer("Dropout", 'Did you mean "rate"|no argument', 0.5, rat=0.5),
    layer("GaussianNoise", "deviation >= 0, got stddev=-1", -1),
    layer("GaussianNoise", "deviation >= 0, got stddev='1'", "1"),
    layer("LeakyReLU", "^negative_slope must be a number >= 0, got -0.1", -0.1),
    layer("LeakyReLU", "^negative_slope must be a number >= 0, got None", None),
    layer("LeakyReLU", "^negative_slope must be a number >= 0, got 'a'", "a"),
    layer("ReLU", "^max_value must be a number >= 0, got -1", max_value=-1),
    layer("ELU", "alpha.*'a'", "a"),
    layer("Softmax", "axis.*'last'", "last"),
    layer("Activation", 'Did you mean "relu"', "relo"),
    layer("BatchNormalization", "momentum between 0 and 1, got 1.5", momentum=1.5),
    layer("BatchNormalization", "momentum between 0 and 1, got 'a'", momentum="a"),
    layer("BatchNormalization", "epsilon >= 0, got -1", epsilon=-1),
    layer("BatchNormalization", "axis.*'last'", axis="last"),
    layer("LayerNormalization", "epsilon >= 0, got 'a'", epsilon="a"),
    layer("Flatten", "data_format must be", "rows"),
    layer("Reshape", "at most one of them -1.*got \\(-1, -1\\)", (-1, -1)),
    layer("Reshape", "got None", None),
    layer("Reshape", "got '22'", "22"),
    layer("Rescaling", "scale.*'a'", "a"),
    layer("Concatenate", "axis.*'last'", axis="last"),
    layer("Input", "needs a shape"),
    layer("Input", r"positive integers \(or None\), got \(0,\)", (0,)),
    layer("Input", r"positive integers \(or None\), got \(2.5,\)", (2.5,)),
    layer("Input", "positive integers \\(or None\\), got '784'", "784"),
    layer("Input", "positive integers \\(or None\\), got 2.5", 2.5),
    layer("Input", "Unknown dtype 'int99'", (4,), dtype="int99"),
    layer("Input", "not both", (4,), batch_shape=(None, 4)),
    layer("Input", "no argument 'shap'", (4,), shap=4),
    right("NumPy's integer as units", 3, lambda: layers.Dense(np.int64(3)).units),
    right("NumPy's integer as a shape", (None, 4), lambda: layers.Input((np.int64(4),)).shape),
]

SETTINGS = [
    wrong("learning_rate text", ConfigError, "learning_rate='0.1'", lambda: optimizers.SGD("0.1")),
    wrong("learning_rate NaN", ConfigError, "learning_rate=nan", lambda: optimizers.Adam(float("nan"))),
    wrong("learning_rate None", ConfigError, "learning_rate=None", lambda: optimizers.Adam(None)),
    wrong("learning_rate a function", ConfigError, "LearningRateSchedule", lambda: optimizers.Adam(lambda step: 0.1)),
    wrong("learning_rate two numbers", ConfigError, "learning_rate=", lambda: optimizers.Adam([0.1, 0.2])),
    wrong("momentum 2", ConfigError, "momentum=2.0", lambda: optimizers.SGD(momentum=2.0)),
    wrong("two ways of clipping", ConfigError, "at most one", lambda: optimizers.SGD(clipnorm=1.0, clipvalue=1.0)),
    wrong("lr", ConfigError, "'lr'. Use learning_rate=", lambda: optimizers.Adam(lr=0.1)),
    wrong(
        "an optimizer's unknown option", ConfigError, 'Did you mean "clipnorm"', lambda: optimizers.Adam(clip_norm=1.0)
    ),
    wrong(
        "assigning a bad rate",
        ConfigError,
        "learning_rate='fast'",
        lambda: setattr(optimizers.SGD(), "learning_rate", "fast"),
    ),
    wrong("a factor of 1", ConfigError, "factor=1.0", lambda: callbacks.ReduceLROnPlateau(factor=1.0)),
    wrong("an unknown mode", ConfigError, "mode='up'", lambda: callbacks.EarlyStopping(mode="up")),
    wrong("patience as text", ConfigError, "patience='3'", lambda: callbacks.EarlyStopping(patience="3")),
    wrong("an unknown floatx", ConfigError, "float16", lambda: config.set_floatx("float16")),
    wrong("epsilon 2", ConfigError, "between 0 and 0.5, got 2", lambda: config.set_epsilon(2)),
    wrong("epsilon as text", ConfigError, "epsilon.*'a'", lambda: config.set_epsilon("a")),
    wrong("a seed as text", ConfigError, "seed.*'a'", lambda: bl.set_random_seed("a")),
    wrong("top -1", ConfigError, "k=-1", lambda: metrics.TopKCategoricalAccuracy(k=-1)),
    wrong(
        "a metric of a wrong shape",
        ShapeError,
        r"\(2,\).*\(3,\)|\(3,\).*\(2,\)",
        lambda: metrics.MeanSquaredError()([1.0, 2.0], [1.0, 2.0, 3.0]),
    ),
    wrong(
        "a loss of a wrong shape",
        ShapeError,
        r"y_true has shape \(4, 3\) and y_pred has shape \(4, 1\)",
        lambda: losses.MeanSquaredError()(np.zeros((4, 3), "f4"), np.zeros((4, 1), "f4")),
    ),
    wrong("a loss of text", DataError, "'a'", lambda: losses.MeanSquaredError()(["a"], [1.0])),
    wrong("an l2 below 0", ConfigError, "l2.*-1", lambda: regularizers.L2(-1)),
    wrong("a negative deviation", ConfigError, "stddev", lambda: initializers.RandomNormal(stddev=-1)),
    wrong("a plateau of text", ConfigError, "monitor", lambda: callbacks.EarlyStopping(monitor=3)),
]

ROWS = [*NAMES, *LAYERS, *SETTINGS]
