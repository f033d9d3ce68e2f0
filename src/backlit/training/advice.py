"""What `fit` tells once where its arguments harm the training: the facts are gathered here, the rules stand in `lints`.

Only plain cases are looked at: arrays in memory, one input and one output, layers in a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arrays import Array, is_array, is_list
from ..layers import nest
from ..lints.rules import (
    class_held_out,
    scaled_twice,
    scales_differ,
    scores_as_probabilities,
    softmax_of_one,
    test_set_steers,
    unscaled_pixels,
)
from ..lints.test_parts import data_set_of
from .batches import Batches, RowBatches
from .step import Batch

ROWS = 1000  # of the inputs that are looked at
LEAST_FEATURES = 64  # rows with fewer numbers are no pictures
NORMALIZING = ("Rescaling", "Normalization", "BatchNormalization", "LayerNormalization")
STEERING = ("EarlyStopping", "ReduceLROnPlateau", "ModelCheckpoint")
ENTROPIES = {
    "categorical_crossentropy": "softmax", "sparse_categorical_crossentropy": "softmax",
    "binary_crossentropy": "sigmoid",
}  # fmt: skip


def about_fit(model: Any, batches: Batches, validation: Batches | None, held_out: Batch | None, callbacks: Any) -> None:
    """Say what harms this training."""
    layers: list[Any] = model.layers if _in_a_row(model) else []
    _about_output(model, layers)
    if not isinstance(batches, RowBatches) or batches.change is not None:
        training = None
    else:
        training = _rows(batches.data.x)
    tested = _rows(validation.data.x) if isinstance(validation, RowBatches) else None
    _about_scale(layers, training, tested)
    if held_out is not None and isinstance(batches, RowBatches):
        _about_split(batches.data.y, held_out.y)
    if isinstance(validation, RowBatches) and held_out is None:
        _about_steering(validation.data.y, callbacks if is_list(callbacks) else [callbacks])


def _in_a_row(model: Any) -> bool:
    known = {kind.__name__ for kind in type(model).__mro__} & {"Sequential", "Functional"}
    return bool(known) and len(model.input_names or ()) == 1 and len(model.output_names) == 1


def _about_output(model: Any, layers: list[Any]) -> None:
    last: Any = layers[-1] if layers else None
    losses = model.compiled.output_losses
    if type(last).__name__ != "Dense" or len(losses) != 1:
        return
    activation = getattr(last.activation, "__name__", "") or getattr(last.activation, "name", "")
    squash = ENTROPIES.get(getattr(losses[0], "name", ""), "")
    if activation == "softmax" and last.units == 1:
        softmax_of_one.told()
    if squash and getattr(losses[0], "options", {}).get("from_logits") is False:
        scores_as_probabilities.told(activation, squash)


def _rows(x: Any) -> Array | None:
    """Return the first rows of a single input if they may be pictures."""
    leaves = nest.flatten(x)
    if len(leaves) != 1 or leaves[0].size // max(len(leaves[0]), 1) < LEAST_FEATURES:
        return None
    return np.asarray(leaves[0][:ROWS])


def _about_scale(layers: list[Any], training: Array | None, tested: Array | None) -> None:
    if training is None:
        return
    kinds = [type(layer).__name__ for layer in layers]
    if _are_pixels(training):
        if unscaled_pixels.meets_raw(kinds) and not set(NORMALIZING) & set(kinds):
            unscaled_pixels.told()
    elif _are_scaled(training):
        scales = [layer for layer in layers if type(layer).__name__ not in unscaled_pixels.PASSING][:1]
        scale = getattr(scales[0], "scale", None) if scales and type(scales[0]).__name__ == "Rescaling" else None
        if isinstance(scale, float) and 0 < scale < 0.02:
            scaled_twice.told(float(training.max()), scale)
    if tested is not None and tested.shape[1:] == training.shape[1:]:
        for a, b in ((training, tested), (tested, training)):
            if _are_pixels(a) and _are_scaled(b):
                scales_differ.told(float(training.max()), float(tested.max()))


def _are_pixels(rows: Array) -> bool:
    """Say whether these are whole numbers from 0 to 255, as pixels are."""
    low, high = rows.min(), rows.max()
    return bool(low >= 0 and 127 < high <= 255 and (rows.dtype.kind in "ui" or (rows == np.rint(rows)).all()))


def _are_scaled(rows: Array) -> bool:
    return rows.dtype.kind == "f" and bool(rows.min() >= 0 and 0.5 < rows.max() <= 1)


def _about_split(y: Any, held_out: Any) -> None:
    classes = _classes(y), _classes(held_out)
    if classes[0] is None or classes[1] is None:
        return
    labels, counts = np.unique(classes[1], return_counts=True)
    lost = labels[(counts >= 5) & ~np.isin(labels, classes[0])]
    if len(lost) > 0 and len(labels) <= 1000:
        class_held_out.told([int(label) for label in lost])


def _classes(targets: Any) -> Array | None:
    """Return the class of each row, from whole numbers or one-hot rows; None for other targets."""
    leaves = nest.flatten(targets)
    if len(leaves) != 1 or not is_array(leaves[0]):
        return None
    y = np.asarray(leaves[0])
    if y.ndim == 2 and y.shape[1] > 1:
        one_hot = bool(((y == 0) | (y == 1)).all() and (y.sum(1) == 1).all())
        return y.argmax(1) if one_hot else None
    return y.reshape(-1) if y.dtype.kind in "ui" else None


def _about_steering(y: Any, callbacks: Sequence[Any]) -> None:
    acting = [
        type(one).__name__
        for one in callbacks
        if type(one).__name__ in STEERING
        and str(getattr(one, "monitor", "")).startswith("val_")
        and getattr(one, "save_best_only", True)
    ]
    leaves: list[Any] = nest.flatten(y)
    data_set = data_set_of(leaves[0]) if acting and len(leaves) == 1 and hasattr(leaves[0], "argmax") else ""
    if data_set:
        test_set_steers.told(data_set, acting)
