"""Things users get wrong, one function each: `k` is the library, `keras` or `backlit`.

What Keras does with each of them is recorded as information; where it stays silent Backlit may well refuse.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Recipe = Callable[[Any], Any]
X = np.random.default_rng(0).normal(size=(10, 4)).astype("float32")
LABELS = np.array([0, 1, 2, 0, 1, 2, 0, 1, 2, 0])
ONEHOT = np.eye(3, dtype="float32")[LABELS]
SPARSE, CATEGORICAL = "sparse_categorical_crossentropy", "categorical_crossentropy"


def model(k: Any, loss: Any = SPARSE, units: int = 3, out: str | None = "softmax", **options: Any) -> Any:
    """Return a compiled 4-3 model."""
    made = k.models.Sequential([k.layers.Input(shape=(4,)), k.layers.Dense(units, activation=out)])
    made.compile("sgd", loss, **options)
    return made


def fit(x: Any, y: Any, loss: str = SPARSE, units: int = 3, out: str | None = "softmax", **options: Any) -> Recipe:
    """Return a recipe that fits the 4-3 model and says the loss."""

    def run(k: Any) -> Any:
        return model(k, loss, units, out).fit(x, y, verbose=0, shuffle=False, **options).history["loss"]

    return run


def changed(x: np.ndarray, value: Any, *where: int) -> np.ndarray:
    """Return a copy with one entry changed."""
    x = np.array(x, dtype="float64")
    x[where] = value
    return x


def wrong_labels() -> dict[str, Recipe]:
    """Targets that do not fit the loss."""
    return {
        "label-minus-one": fit(X, changed(LABELS, -1, 3).astype(int)),
        "label-too-large": fit(X, changed(LABELS, 3, 3).astype(int)),
        "label-fraction": fit(X, changed(LABELS, 1.7, 3)),
        "label-nan": fit(X, changed(LABELS, np.nan, 3)),
        "label-float-whole": fit(X, LABELS.astype("float64")),
        "label-bool": fit(X, LABELS > 0, units=2),
        "label-uint8": fit(X, LABELS.astype("uint8")),
        "label-text": fit(X, np.array(["a", "b", "c", "a", "b", "c", "a", "b", "c", "a"])),
        "label-list": fit(X, LABELS.tolist()),
        "onehot-for-sparse": fit(X, ONEHOT),
        "sparse-for-onehot": fit(X, LABELS, CATEGORICAL),
        "sparse-column-for-onehot": fit(X, LABELS[:, None], CATEGORICAL),
        "onehot-of-four-classes": fit(X, np.eye(4)[LABELS], CATEGORICAL),
        "onehot-sums-to-two": fit(X, ONEHOT * 2, CATEGORICAL),
        "onehot-negative": fit(X, -ONEHOT, CATEGORICAL),
        "binary-labels-two": fit(X, LABELS[:, None], "binary_crossentropy", 1, "sigmoid"),
        "binary-labels-flat": fit(X, LABELS > 0, "binary_crossentropy", 1, "sigmoid"),
        "mse-flat-against-column": fit(X, X[:, 0], "mse", 1, None),
        "mse-two-columns-against-one": fit(X, X[:, :2], "mse", 1, None),
        "softmax-one-unit": fit(X, ONEHOT[:, :1], CATEGORICAL, 1),
        "target-none": fit(X, None),
    }


def wrong_inputs() -> dict[str, Recipe]:
    """Inputs of the wrong shape, dtype or content."""
    ten = LABELS
    return {
        "x-nan": fit(changed(X, np.nan, 3, 1), ten),
        "x-inf": fit(changed(X, np.inf, 3, 1), ten),
        "x-rank-1": fit(X[:, 0], ten),
        "x-rank-3": fit(X[:, None], ten),
        "x-five-features": fit(np.ones((10, 5)), ten),
        "x-one-sample-flat": lambda k: model(k).predict(X[0], verbose=0).shape,
        "x-empty": fit(X[:0], ten[:0]),
        "x-one-row": fit(X[:1], ten[:1]),
        "x-object": fit(X.astype(object), ten),
        "x-text": fit(X.astype(str), ten),
        "x-complex": fit(X.astype("complex64"), ten),
        "x-bool": fit(X > 0, ten),
        "x-int8": fit((X * 3).astype("int8"), ten),
        "x-float16": fit(X.astype("float16"), ten),
        "x-float64": fit(X.astype("float64"), ten),
        "x-list": fit(X.tolist(), ten),
        "x-list-of-rows": fit(list(X), ten),
        "x-ragged": fit([[1, 2, 3, 4], [1, 2]], ten[:2]),
        "x-fortran": fit(np.asfortranarray(X), ten),
        "x-reversed": fit(X[::-1], ten),
        "lengths-differ": fit(X, ten[:7]),
        "predict-empty": lambda k: model(k).predict(X[:0], verbose=0).shape,
        "x-none": fit(None, ten),
        "evaluate-empty": lambda k: model(k).evaluate(X[:0], ten[:0], verbose=0),
    }


def wrong_fit() -> dict[str, Recipe]:
    """Arguments of fit that cannot be meant."""
    return {
        "batch-size-zero": fit(X, LABELS, batch_size=0),
        "batch-size-negative": fit(X, LABELS, batch_size=-4),
        "batch-size-float": fit(X, LABELS, batch_size=4.0),
        "batch-larger-than-data": fit(X, LABELS, batch_size=100),
        "epochs-zero": lambda k: len(model(k).fit(X, LABELS, epochs=0, verbose=0).epoch),
        "epochs-negative": lambda k: len(model(k).fit(X, LABELS, epochs=-1, verbose=0).epoch),
        "validation-split-one": fit(X, LABELS, validation_split=1.0),
        "validation-split-negative": fit(X, LABELS, validation_split=-0.1),
        "validation-split-tiny": fit(X, LABELS, validation_split=0.01),
        "validation-split-with-generator": fit(iter([(X, LABELS)]), None, validation_split=0.2),
        "validation-data-three-of-four": fit(X, LABELS, validation_data=(X,)),
        "class-and-sample-weight": fit(X, LABELS, class_weight={0: 1.0}, sample_weight=np.ones(10)),
        "class-weight-unknown-class": fit(X, LABELS, class_weight={7: 2.0}),
        "class-weight-negative": fit(X, LABELS, class_weight={0: -1.0}),
        "class-weight-binary-column": fit(
            X, LABELS[:, None] > 0, "binary_crossentropy", 1, "sigmoid", class_weight={0: 2.0}
        ),
        "sample-weight-short": fit(X, LABELS, sample_weight=np.ones(7)),
        "sample-weight-zero": fit(X, LABELS, sample_weight=np.zeros(10)),
        "sample-weight-negative": fit(X, LABELS, sample_weight=-np.ones(10)),
        "sample-weight-nan": fit(X, LABELS, sample_weight=changed(np.ones(10), np.nan, 2)),
        "y-with-generator": fit(iter([(X, LABELS)]), LABELS),
        "generator-empty": fit(iter([]), None),
        "generator-runs-dry": fit(iter([(X, LABELS)]), None, epochs=2, steps_per_epoch=1),
        "steps-beyond-data": fit(X, LABELS, batch_size=5, steps_per_epoch=7),
        "unknown-argument": fit(X, LABELS, workers=2),
        "verbose-three": lambda k: model(k).fit(X, LABELS, verbose=3).history["loss"],
        "not-compiled": lambda k: k.models.Sequential([k.layers.Dense(3)]).fit(X, LABELS, verbose=0),
        "callbacks-not-a-list": fit(X, LABELS, callbacks="early_stopping"),
        "monitor-unknown": lambda k: fit(X, LABELS, epochs=2, callbacks=[k.callbacks.EarlyStopping("val_los")])(k),
        "plateau-factor-one": lambda k: k.callbacks.ReduceLROnPlateau(factor=1.0).factor,
        "early-stopping-mode": lambda k: k.callbacks.EarlyStopping(mode="up").mode,
    }


def wrong_models() -> dict[str, Recipe]:
    """Layers, models and compile calls that cannot be meant."""

    def layers(name: str, *args: Any, **options: Any) -> Recipe:
        return lambda k: type(getattr(k.layers, name)(*args, **options)).__name__

    def call(name: str, shapes: list[tuple[int, ...]], **options: Any) -> Recipe:
        def run(k: Any) -> Any:
            arrays = [np.ones(shape, "float32") for shape in shapes]
            return tuple(getattr(k.layers, name)(**options)(arrays if len(arrays) > 1 else arrays[0]).shape)

        return run

    return {
        "units-zero": layers("Dense", 0),
        "units-float": layers("Dense", 3.0),
        "units-text": layers("Dense", "3"),
        "activation-typo": layers("Dense", 3, activation="sofmax"),
        "activation-layer-name": layers("Dense", 3, activation="LeakyReLU"),
        "initializer-typo": layers("Dense", 3, kernel_initializer="he_norm"),
        "dropout-above-one": layers("Dropout", 1.5),
        "dropout-negative": layers("Dropout", -0.1),
        "leaky-negative": layers("LeakyReLU", negative_slope=-0.1),
        "noise-above-one": layers("GaussianNoise", 2.0),
        "layer-unknown-argument": layers("Dense", 3, unit=4),
        "momentum-above-one": layers("BatchNormalization", momentum=1.5),
        "dense-rank-1": call("Dense", [(4,)], units=3),
        "add-one": call("Add", [(4, 3)]),
        "add-shapes": call("Add", [(4, 3), (4, 2)]),
        "concatenate-shapes": call("Concatenate", [(4, 3, 2), (4, 2, 3)]),
        "reshape-impossible": call("Reshape", [(4, 6)], target_shape=(4, 2)),
        "subtract-three": call("Subtract", [(4, 3), (4, 3), (4, 3)]),
        "two-layers-one-name": lambda k: k.models.Sequential(
            [k.layers.Dense(3, name="a"), k.layers.Dense(3, name="a")]
        ),
        "sequential-not-a-layer": lambda k: k.models.Sequential([3]),
        "model-outputs-unconnected": lambda k: k.models.Model(k.layers.Input((4,)), k.layers.Input((3,))),
        "optimizer-typo": lambda k: model(k).compile("adm", SPARSE),
        "loss-typo": lambda k: model(k, "categorical_crossentropi").fit(X, ONEHOT, verbose=0),
        "metric-typo": lambda k: model(k, metrics=["accurac"]).fit(X, LABELS, verbose=0),
        "metrics-not-a-list": lambda k: model(k, metrics="accuracy"),
        "loss-missing": lambda k: model(k, None).fit(X, LABELS, verbose=0).history["loss"],
        "learning-rate-negative": lambda k: float(np.asarray(k.optimizers.SGD(-0.1).learning_rate)),
        "learning-rate-text": lambda k: float(np.asarray(k.optimizers.SGD("0.1").learning_rate)),
        "momentum-two": lambda k: k.optimizers.SGD(momentum=2.0).momentum,
        "beta-one": lambda k: k.optimizers.Adam(beta_1=1.0).beta_1,
        "two-clips": lambda k: k.optimizers.SGD(clipnorm=1.0, clipvalue=1.0).clipnorm,
        "ema-momentum-two": lambda k: k.optimizers.SGD(use_ema=True, ema_momentum=2.0).ema_momentum,
        "optimizer-lr": lambda k: float(np.asarray(k.optimizers.Adam(lr=0.1).learning_rate)),
        "set-weights-short": lambda k: model(k).set_weights([np.zeros((4, 3))]),
        "set-weights-shape": lambda k: model(k).set_weights([np.zeros((3, 4)), np.zeros(3)]),
        "reduction-typo": lambda k: k.losses.MeanSquaredError(reduction="avg").reduction,
        "predict-unbuilt": lambda k: k.models.Sequential([k.layers.Dense(3)]).predict(X, verbose=0).shape,
        "summary-too-narrow": lambda k: model(k).summary(line_length=5),
        "loss-shapes-broadcast": lambda k: (
            np.asarray(k.losses.MeanSquaredError()(np.zeros((4, 3), "float32"), np.zeros((4, 1), "float32"))).shape
        ),
        "layer-in-two-places": lambda k: k.models.Sequential([k.layers.Input((4,))] + [k.layers.Dense(4)] * 2),
    }


def recipes() -> dict[str, Recipe]:
    """Return every misuse by name."""
    return {**wrong_labels(), **wrong_inputs(), **wrong_fit(), **wrong_models()}
