"""Before the first step: data are checked against the model, and the model, the losses and the optimizer are built.

Everything a user can get wrong is found here, once per call, before any number is computed.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..arrays import floatx, is_dict, is_list
from ..errors import ConfigError, DataError, LabelError, ShapeError
from ..layers import nest
from ..layers.symbolic import KerasTensor
from . import border
from .arguments import optional_count, share, shuffling
from .batches import Batches, IterableBatches, is_source, split
from .row_source import RowSource, batches_of_source
from .step import Batch
from .streaming import batches_of


def checked(
    model: Any, x: Any, y: Any = None, sample_weight: Any = None, *, labelled: bool = True, finite: bool = True
) -> Batch:
    """Return the arrays of a call as a `Batch` that fits the model; builds what is not built yet.

    Without `finite`, NaN and infinity in x are left for the steps to find.
    """
    if x is None:
        raise DataError("x is None. Expected an array of samples, or a source of batches.")
    columns = border.as_columns("x", x, model.input_names)
    border.check_inputs(columns, model.input_shapes, finite)
    build_for(model, columns)
    if not labelled:
        return Batch(columns)
    require_compiled(model)
    shapes = model.output_shapes_for(columns)
    targets = border.as_columns("y", y, model.output_names)
    weights = border.as_columns("sample_weight", sample_weight, model.output_names)
    rows = border.check_lengths(columns, targets, weights)
    border.check_weights(weights, rows)
    _check_targets(model, targets, shapes)
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


def _check_targets(model: Any, targets: Any, shapes: list[Any]) -> None:
    """Match losses to outputs, and let each loss look at its targets."""
    names, compiled = model.output_names, model.compiled
    columns = _targets_by_output(targets, names)
    if len(columns) != len(shapes):
        raise DataError(f"y has {len(columns)} arrays, the model has {len(shapes)} outputs ({', '.join(names)}).")
    known = compiled.built
    compiled.build(names, [column for _, column in columns], [_Shaped(shape) for shape in shapes])
    compiled.built = known  # losses and metrics matched to targets that are refused must be matched again
    for loss, (label, target), shape in zip(compiled.output_losses, columns, shapes, strict=True):
        if loss is None:
            continue
        if target is None:
            missing = "y is missing" if targets is None else f"y lacks {label}"
            raise DataError(
                f"{missing}: the model was compiled with a loss, which needs targets. Pass x and y, not x alone."
            )
        border.check_finite(label, target, LabelError)
        loss.check_targets(target, shape, label)
    compiled.built = True


class _Shaped:
    """Something that only has a shape."""

    def __init__(self, shape: tuple[int | None, ...]) -> None:
        self.shape = shape


def _targets_by_output(targets: Any, names: list[str]) -> list[tuple[str, Any]]:
    """Return each output's targets (or None) and what to call them."""
    if targets is None:
        return [(name, None) for name in names]
    if is_dict(targets):
        return [(f"y[{name!r}]" if name in targets else repr(name), targets.get(name)) for name in names]
    return list(border.labeled("y", targets))


def training_data(
    model: Any, x: Any, y: Any, sample_weight: Any, class_weight: Any, batch_size: int | None, shuffle: Any,
    steps: int | None, validation_split: Any,
) -> tuple[Batches, Batch | None]:  # fmt: skip
    """Return the source of training batches, and the rows split off for validation, if any."""
    steps, shuffle = optional_count("steps_per_epoch", steps), shuffling(shuffle)
    batch_size, fraction = optional_count("batch_size", batch_size), share("validation_split", validation_split)
    rows = _rows_of_source(x)
    if rows is not None:
        _require_bare_source(y, sample_weight, fraction, batch_size)
        data = checked(model, *rows)
        if class_weight is not None:
            data = data._replace(sample_weight=_weighted(data.sample_weight, _class_weights(model, data, class_weight)))
        return batches_of_source(x, data, steps, model.epochs_trained), None
    if is_source(x):
        _require_bare_source(y, sample_weight, fraction, batch_size)
        seed = int(model.seed.value) if shuffle else None
        return IterableBatches(x, _batch_check(model, class_weight), steps, seed), None
    if class_weight is not None and sample_weight is not None:
        raise ConfigError("Give class_weight or sample_weight, not both: multiply them into one sample_weight.")
    data = checked(model, x, y, sample_weight)
    held_out = None
    if fraction:
        data, held_out = split(data, fraction)
    if class_weight is not None:  # for the training rows only, as in Keras
        data = data._replace(sample_weight=_class_weights(model, data, class_weight))
    size = _batch_size(batch_size, _rows(data), steps)
    return batches_of(data, size, shuffle, int(model.seed.value), steps, model.epochs_trained), held_out


def test_data(
    model: Any, x: Any, y: Any, sample_weight: Any, batch_size: int | None, steps: int | None, labelled: bool = True,
    name: str = "x", finite: bool = True,
) -> Batches:  # fmt: skip
    """Return the source of batches to evaluate or predict, in order."""
    rows = _rows_of_source(x)
    if rows is not None:
        _require_bare_source(y, sample_weight, 0.0, batch_size)
        return batches_of_source(x, checked(model, *rows, labelled=labelled), steps, 0)
    if is_source(x):
        _require_bare_source(y, sample_weight, 0.0, batch_size)
        return IterableBatches(x, _batch_check(model, None, labelled), steps, name=name)
    data = x if isinstance(x, Batch) else checked(model, x, y, sample_weight, labelled=labelled, finite=finite)
    batches = batches_of(data, _batch_size(batch_size, _rows(data), steps))
    if steps is not None:
        batches.steps = min(steps, batches.steps or steps)
    return batches


def validation_data(model: Any, given: Any, batch_size: int | None, steps: int | None) -> Batches:
    """Return the batches of `validation_data`: (x, y), (x, y, sample_weight) or a source of batches."""
    if isinstance(given, Batch):
        return test_data(model, given, None, None, batch_size, steps)
    if is_list(given) and not is_source(given):
        if len(given) not in (1, 2, 3):
            raise ConfigError(f"validation_data must be (x, y) or (x, y, sample_weight), got {len(given)} parts.")
        with within("validation_data"):
            x, y, weight = (*given, None, None)[:3]
            return test_data(model, x, y, weight, batch_size, steps)
    if not is_source(given):
        raise ConfigError(f"validation_data must be (x, y) or a source of batches, got {type(given).__name__}.")
    return test_data(model, given, None, None, None, steps, name="validation_data")


@contextmanager
def within(argument: str) -> Generator[None]:
    """Say in errors which argument of `fit` the wrong `x` or `y` came in."""
    try:
        yield
    except (ConfigError, DataError, LabelError, ShapeError) as error:
        raise type(error)(f"In {argument}: {error}") from None


def _batch_check(model: Any, class_weight: Any, labelled: bool = True) -> Any:
    """Return the function that checks and converts each batch a source yields."""

    def check(item: Batch) -> Batch:
        batch = checked(model, item.x, item.y if labelled else None, item.sample_weight, labelled=labelled)
        weight = batch.sample_weight
        if class_weight is not None:
            weight = _weighted(weight, _class_weights(model, batch, class_weight))
        return Batch(
            nest.map_structure(border.as_float, batch.x),
            None if batch.y is None else nest.map_structure(lambda a: a if a is None else border.as_target(a), batch.y),
            None if weight is None else nest.map_structure(lambda a: a if a is None else border.as_float(a), weight),
        )

    return check


def _rows_of_source(x: Any) -> tuple[Any, Any, Any] | None:
    """Return the arrays of a source whose change can be recorded into the step."""
    return x.rows() if is_source(x) and isinstance(x, RowSource) else None


def _weighted(weight: Any, by_class: Any) -> Any:
    return by_class if weight is None else weight * by_class.reshape(weight.shape)


def _class_weights(model: Any, data: Batch, class_weight: Any) -> Any:
    """Return the weight of each sample by its class. An output of width 1 says yes or no."""
    width = model.output_shapes_for(data.x)[0][-1]
    return border.class_weights(data.y, class_weight, 2 if width == 1 else width)


def _require_bare_source(y: Any, sample_weight: Any, fraction: float, batch_size: int | None) -> None:
    for argument, value in (("y", y), ("sample_weight", sample_weight)):
        if value is not None:
            raise ConfigError(f"x is a source of batches, with its own targets and weights: leave {argument} out.")
    if fraction:
        raise ConfigError("validation_split needs arrays; a source of batches cannot be split. Use validation_data.")
    if batch_size is not None:
        raise ConfigError("batch_size was given with a source of batches, which makes its own. Leave it out.")


def _rows(data: Batch) -> int:
    return len(nest.flatten(data.x)[0])


def _batch_size(batch_size: int | None, rows: int, steps: int | None) -> int:
    if batch_size is None:
        return -(-rows // steps) if steps else 32
    return batch_size
