"""Before the first step: data are checked against the model, and the model, the losses and the optimizer are built.

Everything a user can get wrong is found here, once per call, before any number is computed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import floatx
from ..errors import ConfigError, DataError, LabelError
from ..layers import nest
from ..layers.symbolic import KerasTensor
from . import border
from .batches import ArrayBatches, Batches, IterableBatches, is_source, split
from .step import Batch


def checked(model: Any, x: Any, y: Any = None, sample_weight: Any = None, *, labelled: bool = True) -> Batch:
    """Return the arrays of a call as a `Batch` that fits the model; builds what is not built yet."""
    if x is None:
        raise DataError("x is None. Expected an array of samples, or a source of batches.")
    columns = border.as_columns("x", x, model.input_names)
    build_for(model, columns)
    targets = border.as_columns("y", y, model.output_names if labelled else None) if y is not None else None
    weights = border.as_columns("sample_weight", sample_weight, model.output_names)
    rows = border.check_lengths(columns, targets, weights)
    border.check_inputs(columns, model.input_shapes)
    border.check_weights(weights, rows)
    if labelled:
        require_compiled(model)
        targets = _checked_targets(model, columns, targets)
    return Batch(columns, targets, weights)


def build_for(model: Any, columns: Any) -> None:
    """Build a model that waits for its first data, from the shapes of `columns`."""
    if model.built:
        return
    symbols = nest.map_structure(lambda a: KerasTensor((None, *a.shape[1:]), np.dtype(floatx())), columns)
    model.build_from_symbols(symbols)


def require_compiled(model: Any) -> None:
    """Raise `ConfigError` if `compile` was not called."""
    if model.compiled is None:
        raise ConfigError("The model is not compiled: call model.compile(optimizer=..., loss=...) first.")


def _checked_targets(model: Any, columns: Any, targets: Any) -> Any:
    """Match losses to outputs, and let each loss look at its targets."""
    shapes = model.output_shapes_for(columns)
    names = model.output_names
    leaves = _targets_by_output(targets, names)
    if len(leaves) != len(shapes):
        raise DataError(f"y has {len(leaves)} arrays, the model has {len(shapes)} outputs ({', '.join(names)}).")
    compiled = model.compiled
    compiled.build(names, leaves, [_Shaped(shape) for shape in shapes])
    for loss, target, shape in zip(compiled.output_losses, leaves, shapes, strict=True):
        if loss is None:
            continue
        if target is None:
            raise DataError("y is missing: the model was compiled with a loss, which needs targets.")
        _check_target(loss, target, shape)
    return targets


def _check_target(loss: Any, target: Any, shape: tuple[int | None, ...]) -> None:
    if target.dtype.kind == "f":
        border.check_finite("y", target, LabelError)
    check = getattr(loss, "check_targets", None)
    if check is not None:
        check(target, shape)


class _Shaped:
    """Something that only has a shape."""

    def __init__(self, shape: tuple[int | None, ...]) -> None:
        self.shape = shape


def _targets_by_output(targets: Any, names: list[str]) -> list[Any]:
    if isinstance(targets, dict):
        return [targets.get(name) for name in names]
    if targets is None:
        return [None] * len(names)
    return nest.flatten(targets)


def training_data(
    model: Any, x: Any, y: Any, sample_weight: Any, class_weight: Any, batch_size: int | None, shuffle: Any,
    steps: int | None, validation_split: float,
) -> tuple[Batches, Batch | None]:  # fmt: skip
    """Return the source of training batches, and the rows split off for validation, if any."""
    steps = _count("steps_per_epoch", steps)
    if is_source(x):
        _require_bare_source("x", y, sample_weight, validation_split)
        if batch_size is not None:
            raise ConfigError("batch_size was given with a source of batches, which makes its own. Leave it out.")
        seed = int(model.seed.value) if shuffle else None
        return IterableBatches(x, _batch_check(model, class_weight), steps, seed), None
    if class_weight is not None and sample_weight is not None:
        raise ConfigError("Give class_weight or sample_weight, not both: multiply them into one sample_weight.")
    data = checked(model, x, y, sample_weight)
    if class_weight is not None:
        data = data._replace(sample_weight=border.class_weights(data.y, class_weight))
    held_out = None
    if validation_split:
        data, held_out = split(data, validation_split)
    rows = len(nest.flatten(data.x)[0])
    size = _batch_size(batch_size, rows, steps)
    seed, first = int(model.seed.value), model.epochs_trained
    return ArrayBatches(data, size, _truth("shuffle", shuffle), seed, steps, first), held_out


def test_data(
    model: Any, x: Any, y: Any, sample_weight: Any, batch_size: int | None, steps: int | None, labelled: bool = True
) -> Batches:
    """Return the source of batches to evaluate or predict, in order."""
    steps = _count("steps", steps)
    if is_source(x):
        _require_bare_source("x", y, sample_weight, 0.0)
        return IterableBatches(x, _batch_check(model, None, labelled), steps)
    data = x if isinstance(x, Batch) else checked(model, x, y, sample_weight, labelled=labelled)
    rows = len(nest.flatten(data.x)[0])
    batches = ArrayBatches(data, _batch_size(batch_size, rows, None))
    if steps is not None:
        batches.steps = min(steps, batches.steps or steps)
    return batches


def validation_data(model: Any, given: Any, batch_size: int | None, steps: int | None) -> Batches:
    """Return the batches of `validation_data`: (x, y), (x, y, sample_weight) or a source of batches."""
    if isinstance(given, Batch):
        return test_data(model, given, None, None, batch_size, steps)
    if isinstance(given, (tuple, list)):
        if len(given) not in (1, 2, 3):
            raise ConfigError(f"validation_data must be (x, y) or (x, y, sample_weight), got {len(given)} parts.")
        x, y, weight = (*given, None, None)[:3]
        return test_data(model, x, y, weight, batch_size, steps)
    if not is_source(given):
        raise ConfigError(f"validation_data must be (x, y) or a source of batches, got {type(given).__name__}.")
    return test_data(model, given, None, None, batch_size, steps)


def _batch_check(model: Any, class_weight: Any, labelled: bool = True) -> Any:
    """Return the function that checks and converts each batch a source yields."""

    def check(item: Batch) -> Batch:
        batch = checked(model, item.x, item.y if labelled else None, item.sample_weight, labelled=labelled)
        weight = batch.sample_weight
        if class_weight is not None:
            by_class = border.class_weights(batch.y, class_weight)
            weight = by_class if weight is None else weight * by_class
        return Batch(
            nest.map_structure(border.as_float, batch.x),
            None if batch.y is None else nest.map_structure(lambda a: a if a is None else border.as_target(a), batch.y),
            None if weight is None else nest.map_structure(lambda a: a if a is None else border.as_float(a), weight),
        )

    return check


def _require_bare_source(name: str, y: Any, sample_weight: Any, validation_split: float) -> None:
    for argument, value in (("y", y), ("sample_weight", sample_weight)):
        if value is not None:
            raise ConfigError(f"{name} is a source of batches, which brings its own targets and weights; leave {argument} out.")
    if validation_split:
        raise ConfigError("validation_split needs arrays; a source of batches cannot be split. Use validation_data.")


def _count(name: str, value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or int(value) != value or value < 1:
        raise ConfigError(f"{name} must be a positive integer, got {value!r}.")
    return int(value)


def _batch_size(batch_size: Any, rows: int, steps: int | None) -> int:
    if batch_size is None:
        return -(-rows // steps) if steps else 32
    size = _count("batch_size", batch_size)
    assert size is not None
    return size


def _truth(name: str, value: Any) -> bool:
    if value in ("batch", "epoch"):
        return True
    if not isinstance(value, (bool, np.bool_)):
        raise ConfigError(f"{name} must be True or False, got {value!r}.")
    return bool(value)
